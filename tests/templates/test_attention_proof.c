/* The attention proof: its reference against a loop written here, right kernels pass whatever they round, and
 * every mistake is caught in every type. */
#include "tests/templates/trial_attention.h"

#include "tests/scale.h"

enum { KEYS_MOST = 8192 };

/* ---- the reference ---- */

/* One output row of one head by the definition: all scores at once, the softmax, the sum. */
static void naive_row(const struct trial *t, int64_t b, int64_t query, int64_t h, double *o, double *lse)
{
    static double score[KEYS_MOST];
    const struct attention_args *a = &t->args;
    const int64_t *value = t->problem.value;
    bool varlen = value[ATTENTION_VARLEN], paged = a->page > 0;
    int64_t n = varlen ? a->q_offsets[b + 1] - a->q_offsets[b] : a->q_len, l = a->kv_len;
    if (a->kv_lengths) l = a->kv_lengths[b];
    if (varlen && !paged) l = a->kv_offsets[b + 1] - a->kv_offsets[b];
    assert_true(l <= KEYS_MOST);
    int64_t g = h * a->kv_heads / a->q_heads, p = query + l - n;
    double k_scale =
               a->k_scale ? (double)a->k_scale[b * a->scale_stride_batch + g * a->scale_stride_head] : 1,
           v_scale =
               a->v_scale ? (double)a->v_scale[b * a->scale_stride_batch + g * a->scale_stride_head] : 1;
    double sink = value[ATTENTION_SINKS] ? (double)a->sinks[h] : -INFINITY, largest = sink, sum = 0;
    int64_t q_at = varlen ? (a->q_offsets[b] + query) * a->q_stride_token
                          : b * a->q_stride_batch + query * a->q_stride_token;
    for (int64_t j = 0; j < l; j++) {
        int64_t row = paged ? a->block_table[b * a->table_stride + j / a->page] * a->k_stride_batch +
                                  j % a->page * a->k_stride_token
                      : varlen ? (a->kv_offsets[b] + j) * a->k_stride_token
                               : b * a->k_stride_batch + j * a->k_stride_token;
        bool seen = value[ATTENTION_MASK] == ATTENTION_FULL ||
                    (value[ATTENTION_MASK] == ATTENTION_CAUSAL && j <= p) ||
                    (value[ATTENTION_MASK] == ATTENTION_SLIDING && p - a->window < j && j <= p) ||
                    (value[ATTENTION_MASK] == ATTENTION_BAND && j < p + a->window && p < j + a->window);
        double s = 0;
        for (int64_t c = 0; c < value[ATTENTION_D]; c++)
            s += (double)t->first[ATTENTION_OPERAND_Q][q_at + h * a->q_stride_head + c] *
                 (double)t->first[ATTENTION_OPERAND_K][row + g * a->k_stride_head + c];
        s *= k_scale * (double)a->scale;
        if (value[ATTENTION_SOFTCAP]) s = (double)a->softcap * tanh(s / (double)a->softcap);
        score[j] = seen ? s : -INFINITY;
        largest = isnan(largest) || isnan(score[j]) ? NAN : fmax(largest, score[j]);
    }
    memset(o, 0, (size_t)value[ATTENTION_DV] * sizeof *o);
    *lse = -INFINITY;
    if (largest == -INFINITY) return;
    for (int64_t j = 0; j < l; j++) sum += exp(score[j] - largest);
    sum += exp(sink - largest);
    *lse = largest + log(sum);
    for (int64_t j = 0; j < l; j++) {
        int64_t row = paged ? a->block_table[b * a->table_stride + j / a->page] * a->v_stride_batch +
                                  j % a->page * a->v_stride_token
                      : varlen ? (a->kv_offsets[b] + j) * a->v_stride_token
                               : b * a->v_stride_batch + j * a->v_stride_token;
        if (score[j] == -INFINITY) continue;
        double weight = exp(score[j] - largest) / sum;
        for (int64_t c = 0; c < value[ATTENTION_DV]; c++)
            o[c] += weight * v_scale * (double)t->first[ATTENTION_OPERAND_V][row + g * a->v_stride_head + c];
    }
}

static void assert_close(const struct trial *t, const char *what, double value, double expected)
{
    char text[PROBLEM_TEXT_BYTES];
    problem_print(&t->problem, text);
    bool same = value == expected || (isnan(value) && isnan(expected)) ||
                fabs(value - expected) <= 1e-11 * (1 + fabs(expected));
    if (!same) fail_msg("%s: %s is %.17g in the reference, %.17g here", text, what, value, expected);
}

/* A region in the middle, so that its own place is looked at as well. */
static void compare_reference(const struct trial *t)
{
    const struct op_proof *proof = op_proof_find("attention");
    const int64_t *value = t->problem.value;
    bool varlen = value[ATTENTION_VARLEN];
    int64_t dv = value[ATTENTION_DV], heads = value[ATTENTION_Q_HEADS],
            tokens = varlen ? t->args.q_offsets[0] : 0;
    assert_true(!varlen || tokens > 0);
    static double result[TRIAL_HEAD_MAX + 4], allowed[TRIAL_HEAD_MAX + 4], o[TRIAL_HEAD_MAX];
    for (int64_t b = 0; b < value[ATTENTION_BATCH]; b++) {
        int64_t n = varlen ? t->args.q_offsets[b + 1] - t->args.q_offsets[b] : t->args.q_len;
        for (int64_t query = 0; query < n; query += query < 2 || query + 4 > n ? 1 : 7) {
            int64_t h = (query + b) % heads;
            int64_t place =
                t->args.o_stride_head < 0 ? heads - 1 - h : h; /* where the head's results stand */
            struct proof_region region = {.batch = varlen ? 0 : b,
                                          .row = varlen ? tokens + query : query,
                                          .rows = 1,
                                          .column = place * dv + 3,
                                          .columns = dv - 3};
            bool huge = t->kind == PROOF_INTEGERS && (query + place) % 8 == 7; /* ties may end either way */
            double lse;
            naive_row(t, b, query, h, o, &lse);
            proof->reference(&t->problem, &t->args, t->kind, &region, result, allowed);
            for (int64_t c = 0; c < region.columns; c++) {
                assert_close(t, "o", result[c], o[c + 3]);
                if (isnan(result[c])) continue;
                assert_true(allowed[c] >= 0 && (allowed[c] > 0 || result[c] == 0));
                assert_true(allowed[c] < 1 || huge);
            }
            if (!value[ATTENTION_LSE]) continue;
            region.output = 1, region.column = place, region.columns = 1;
            proof->reference(&t->problem, &t->args, t->kind, &region, result, allowed);
            assert_close(t, "lse", result[0], lse);
        }
        tokens += n;
    }
}

static void test_reference(void **state)
{
    (void)state;
    const struct op_proof *proof = op_proof_find("attention");
    for (uint64_t i = 0; i < test_scaled(35); i++) {
        struct problem problem;
        struct trial t;
        proof->sample(i, &problem);
        trial_begin(&t, &problem, i % 2 ? PROOF_NORMAL : PROOF_INTEGERS, i / 2 % proof->n_variants, i);
        compare_reference(&t);
        trial_end(&t);
    }
}

/* Several rows of all heads at once are what each is alone. */
static void test_regions(void **state)
{
    (void)state;
    const struct op_proof *proof = op_proof_find("attention");
    for (uint64_t i = 0; i < test_scaled(10); i++) {
        struct problem problem;
        struct trial t;
        struct proof_region whole = {0};
        proof->sample(i, &problem);
        trial_begin(&t, &problem, PROOF_NORMAL, 0, i);
        proof->output_shape(&problem, 0, &whole.rows, &whole.columns);
        double *value = malloc((size_t)(whole.rows * whole.columns) * sizeof *value), one[64];
        double *allowed = malloc((size_t)(whole.rows * whole.columns) * sizeof *allowed), its[64];
        whole.batch = t.operand[ATTENTION_OPERAND_O].batch - 1;
        proof->reference(&problem, &t.args, t.kind, &whole, value, allowed);
        for (int64_t row = 0; row < whole.rows; row += 13) {
            int64_t column = row * 37 % (whole.columns - 64);
            struct proof_region region = {
                .batch = whole.batch, .row = row, .rows = 1, .column = column, .columns = 64};
            proof->reference(&problem, &t.args, t.kind, &region, one, its);
            assert_memory_equal(one, value + row * whole.columns + column, sizeof one);
            assert_memory_equal(its, allowed + row * whole.columns + column, sizeof its);
        }
        free(value);
        free(allowed);
        trial_end(&t);
    }
}

/* ---- right kernels pass ---- */

static double run(const struct problem *problem, enum proof_inputs kind, unsigned variant, uint64_t seed,
                  const struct mutant *mutant, bool *caught)
{
    struct trial t;
    double worst;
    trial_begin(&t, problem, kind, variant, seed);
    trial_run(&t, mutant);
    *caught = trial_caught(&t, &worst);
    trial_end(&t);
    return worst;
}

static double assert_passes(const struct problem *problem, enum proof_inputs kind, unsigned variant,
                            uint64_t seed, const struct mutant *mutant)
{
    bool caught;
    char text[PROBLEM_TEXT_BYTES];
    double worst = run(problem, kind, variant, seed, mutant, &caught);
    problem_print(problem, text);
    if (caught)
        fail_msg("%s, inputs %d, variant %u, seed %llu, rounding %d, splits %d: off by %g of what is allowed",
                 text, kind, variant, (unsigned long long)seed, mutant->rounding, mutant->splits, worst);
    return worst;
}

static void test_right_kernels(void **state)
{
    (void)state;
    const struct op_proof *proof = op_proof_find("attention");
    for (uint64_t i = 0; i < test_scaled(35); i++) {
        struct problem problem;
        const struct mutant mutant = {.rounding = (enum rounding)(i % ROUNDINGS), .splits = 1 + (int)(i % 3)};
        proof->sample(i, &problem);
        for (int kind = 0; kind < 2; kind++)
            assert_passes(&problem, (enum proof_inputs)kind, i / 4 % proof->n_variants, i, &mutant);
    }
}

/* Weights rounded to the queries' type, over many inputs: nothing passes by luck alone. */
static void test_rounded_weights(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "attention bf16 causal d=64 q_heads=2 q_len=40 kv_len=90",
        "attention f16 d=128 q_heads=2 kv_heads=1 q_len=3 kv_len=700",
        "attention bf16 sinks lse d=64 q_heads=2 q_len=20 kv_len=40",
        "attention bf16 kv=f8e4m3 softcap d=64 q_heads=2 q_len=9 kv_len=300",
        "attention bf16 o=f32 d=64 q_heads=1 q_len=9 kv_len=300",
        "attention f32 sliding lse d=64 q_heads=2 window=30 q_len=40 kv_len=90",
    };
    double worst = 0;
    for (size_t i = 0; i < N_OF(texts); i++)
        for (uint64_t seed = 0; seed < test_scaled(6); seed++) {
            struct problem problem;
            const struct mutant mutant = {.rounding = (enum rounding)(seed % ROUNDINGS),
                                          .splits = 1 + (int)(seed / 4 % 4)};
            assert_ok(problem_parse(texts[i], &problem));
            for (int kind = 0; kind < 2; kind++)
                worst =
                    fmax(worst, assert_passes(&problem, (enum proof_inputs)kind, 0, 1000 + seed, &mutant));
        }
    print_message("largest error: %.2f of what is allowed\n", worst);
    assert_true(worst > 0.2); /* or what is allowed were far too much */
}

/* ---- mistakes are caught ---- */

/* The problem without its type; each is tried in all of `types`. */
static const struct {
    struct mutant mutant;
    const char *text, *types;
} mistakes[] = {
#define ALL    "f32 f16 bf16"
#define SMALL  "causal d=64 q_heads=4 kv_heads=2 q_len=70"
#define CACHED "causal d=64 q_heads=4 kv_heads=2 q_len=5 kv_len=170"
#define DECODE "d=64 q_heads=4 kv_heads=1 page=16 batch=3 varlen q_len=1 kv_len=260"
    {{.kind = DIAGONAL_BEFORE}, SMALL, ALL},
    {{.kind = DIAGONAL_BEHIND}, SMALL, ALL},
    {{.kind = DIAGONAL_BEFORE}, CACHED, ALL},
    {{.kind = DIAGONAL_BEHIND}, CACHED, ALL},
    {{.kind = DIAGONAL_BEFORE}, "causal d=64 q_heads=1 q_len=1500", ALL},
    {{.kind = DIAGONAL_BEHIND}, "causal d=64 q_heads=1 q_len=1500", ALL},
    {{.kind = ALIGN_TOP}, CACHED, ALL},
    {{.kind = ALIGN_TOP}, "causal d=64 q_heads=2 q_len=90 kv_len=30", ALL},
    {{.kind = NO_MASK_IN_LAST_TILE}, SMALL, ALL},
    {{.kind = NO_MASK_IN_LAST_TILE}, "sliding window=20 d=64 q_heads=2 q_len=64", ALL},
    {{.kind = WINDOW_WIDER}, "sliding window=20 d=64 q_heads=2 q_len=64", ALL},
    {{.kind = WINDOW_NARROWER}, "sliding window=20 d=64 q_heads=2 q_len=64", ALL},
    {{.kind = WINDOW_WIDER}, "band window=20 d=64 q_heads=2 q_len=64", ALL},
    {{.kind = WINDOW_NARROWER}, "band window=20 d=64 q_heads=2 q_len=64", ALL},
    {{.kind = WINDOW_NARROWER}, "sliding window=1024 d=64 q_heads=2 q_len=2 kv_len=3000", ALL},
    {{.kind = NO_RESCALE}, SMALL, ALL},
    {{.kind = NO_RESCALE}, "d=128 q_heads=2 q_len=2 kv_len=3000", ALL},
    {{.kind = NO_RESCALE_SUM}, SMALL, ALL},
    {{.kind = NO_RESCALE_SUM}, DECODE, ALL},
    {{.kind = STALE_MAXIMUM}, SMALL, ALL},
    {{.kind = STALE_MAXIMUM}, DECODE, ALL},
    {{.kind = SKIP_LAST_PAGE}, DECODE, ALL},
    {{.kind = SKIP_LAST_PAGE}, "page=256 d=64 q_heads=2 q_len=1 kv_len=4097", ALL},
    {{.kind = SKIP_LAST_PAGE}, SMALL, ALL},
    {{.kind = SKIP_FIRST_TILE}, SMALL, ALL},
    {{.kind = SKIP_FIRST_TILE}, "d=64 q_heads=2 q_len=1 kv_len=4097", ALL},
    {{.kind = TABLE_IGNORED}, DECODE, ALL},
    {{.kind = PAGE_SHIFTED}, DECODE, ALL},
    {{.kind = HEAD_ZERO}, SMALL, ALL},
    {{.kind = HEAD_MODULO}, SMALL, ALL},
    {{.kind = VALUE_HEAD}, SMALL, ALL},
    {{.kind = SPLIT_MISSING, .splits = 3}, DECODE, ALL},
    {{.kind = SPLIT_MISSING, .splits = 8}, "d=64 q_heads=2 q_len=1 kv_len=4096", ALL},
    {{.kind = SPLIT_EQUAL, .splits = 3}, DECODE, ALL},
    {{.kind = BEYOND_LENGTH}, DECODE, ALL},
    {{.kind = BEYOND_LENGTH}, "d=64 q_heads=2 batch=2 q_len=3 kv_len=70", ALL},
    {{.kind = BEYOND_LENGTH}, "d=64 q_heads=2 varlen batch=5 q_len=3 kv_len=70", ALL},
    {{.kind = BOUND_LENGTH}, "d=64 q_heads=2 varlen batch=5 q_len=3 kv_len=70", ALL},
    {{.kind = SEQUENCE_ZERO}, "d=64 q_heads=2 batch=2 q_len=3 kv_len=70", ALL},
    {{.kind = SEQUENCE_ZERO}, DECODE, ALL},
    {{.kind = DROP_KEY, .at = 0}, SMALL, ALL},
    {{.kind = DROP_KEY, .at = 31}, SMALL, ALL},
    {{.kind = DROP_KEY, .at = 69}, SMALL, ALL},
    {{.kind = DROP_KEY, .at = 0}, "d=64 q_heads=2 q_len=1 kv_len=4096", ALL},
    {{.kind = DROP_KEY, .at = 2049}, "d=64 q_heads=2 q_len=1 kv_len=4096", ALL},
    {{.kind = DROP_KEY, .at = 4095}, "d=64 q_heads=2 q_len=1 kv_len=4096", ALL},
    {{.kind = DROP_KEY, .at = 8000}, "d=128 q_heads=1 q_len=1 kv_len=8191", ALL},
    {{.kind = DOUBLE_KEY, .at = 0}, SMALL, ALL},
    {{.kind = DOUBLE_KEY, .at = 32}, CACHED, ALL},
    {{.kind = DOUBLE_KEY, .at = 1023}, "d=64 q_heads=2 q_len=1 kv_len=4096", ALL},
    {{.kind = DOUBLE_KEY, .at = 8000}, "d=128 q_heads=1 q_len=1 kv_len=8191", ALL},
    {{.kind = NO_SINK}, "sinks " SMALL, ALL},
    {{.kind = NO_SINK}, "sinks d=64 q_heads=2 q_len=1 kv_len=150", ALL},
    {{.kind = SINK_TWICE}, "sinks " SMALL, ALL},
    {{.kind = SINK_OF_HEAD_ZERO}, "sinks " SMALL, ALL},
    {{.kind = LSE_WITHOUT_SINK}, "sinks lse " SMALL, ALL},
    {{.kind = LSE_BASE_2}, "lse " SMALL, ALL},
    {{.kind = LSE_WITHOUT_MAXIMUM}, "lse " SMALL, ALL},
    {{.kind = DROP_KEY, .at = 5}, "lse " SMALL, ALL},
    {{.kind = NO_SOFTCAP}, "softcap " SMALL, ALL},
    {{.kind = NO_SCALE}, SMALL, ALL},
    {{.kind = SHORT_DOT}, SMALL, ALL},
    {{.kind = SHORT_DOT}, "d=256 q_heads=2 q_len=3 kv_len=500", ALL},
    {{.kind = NAN_WHERE_NOTHING_IS_SEEN}, "causal d=64 q_heads=2 q_len=90 kv_len=30", ALL},
    {{.kind = NAN_HIDDEN}, SMALL, ALL},
    {{.kind = HEAD_FORWARD, .variant = 2}, SMALL, ALL},
    {{.kind = BOUND_LENGTH}, "d=64 q_heads=2 batch=3 q_len=1 kv_len=70", ALL},
    {{.kind = BOUND_LENGTH}, "d=64 q_heads=2 batch=3 page=16 q_len=3 kv_len=70", ALL},
    {{.kind = NO_K_SCALE}, "kv=f8e4m3 " SMALL, "f16 bf16"},
    {{.kind = NO_V_SCALE}, "kv=f8e5m2 " SMALL, "f16 bf16"},
    {{.kind = SCALE_OF_HEAD_ZERO}, "kv=f8e4m3fnuz " SMALL, "f16 bf16"},
    {{.kind = DROP_KEY, .at = 100}, "kv=f8e4m3 " CACHED, "f16 bf16"},
};

static bool is_caught(const struct mutant *mutant, const char *type, const char *text)
{
    char whole[PROBLEM_TEXT_BYTES];
    struct problem problem;
    bool caught = false;
    snprintf(whole, sizeof whole, "attention %s %s", type, text);
    assert_ok(problem_parse(whole, &problem));
    struct mutant honest = *mutant;
    honest.kind = HONEST;
    for (int kind = 0; kind < 2; kind++) {
        bool found;
        assert_passes(&problem, (enum proof_inputs)kind, mutant->variant, 7, &honest);
        run(&problem, (enum proof_inputs)kind, mutant->variant, 7, mutant, &found);
        caught |= found;
    }
    return caught;
}

static void test_mistakes(void **state)
{
    (void)state;
    bool tried[MUTATIONS] = {false};
    for (size_t i = 0; i < N_OF(mistakes); i++) {
        char types[32], *save = NULL;
        snprintf(types, sizeof types, "%s", mistakes[i].types);
        for (char *type = strtok_r(types, " ", &save); type; type = strtok_r(NULL, " ", &save)) {
            struct mutant mutant = mistakes[i].mutant;
            tried[mutant.kind] = true;
            mutant.rounding = ROUND_NEAREST;
            if (!is_caught(&mutant, type, mistakes[i].text))
                fail_msg("mutation %d at %lld passes: %s %s", mutant.kind, (long long)mutant.at, type,
                         mistakes[i].text);
        }
    }
    for (int m = HONEST + 1; m < MUTATIONS; m++)
        if (!tried[m]) fail_msg("mutation %d is not tried", m);
}

/* Any one key, on integers alone: that is the case in which nothing may be lost. */
static void test_any_key(void **state)
{
    (void)state;
    static const char *const types[] = {"f32", "f16", "bf16"};
    for (size_t i = 0; i < N_OF(types); i++)
        for (int64_t n = 97; n < KEYS_MOST; n = n * 3 + 1)
            for (int64_t at = 0; at < n; at += n / (int64_t)test_scaled(5) + 1) {
                char text[PROBLEM_TEXT_BYTES];
                struct problem problem;
                struct mutant mutant = {
                    .kind = at % 2 ? DROP_KEY : DOUBLE_KEY, .at = at, .rounding = ROUND_NEAREST};
                bool caught;
                snprintf(text, sizeof text, "attention %s d=64 q_heads=1 q_len=1 kv_len=%lld", types[i],
                         (long long)n);
                assert_ok(problem_parse(text, &problem));
                run(&problem, PROOF_INTEGERS, 0, (uint64_t)at, &mutant, &caught);
                if (!caught) fail_msg("%s: key %lld may be missing or double", text, (long long)at);
            }
}

/* Every page that a table names is another one, whatever factors their number has. */
static void test_pages_are_apart(void **state)
{
    (void)state;
    enum { PAGES_MOST = 400, TABLE = ATTENTION_OPERAND_TABLE };
    for (int64_t used = 1; used < PAGES_MOST; used++) {
        char text[PROBLEM_TEXT_BYTES];
        struct problem problem;
        struct operand operands[OP_OPERANDS_MAX];
        int32_t table[PAGES_MOST];
        bool taken[PAGES_MOST + 8] = {false};
        snprintf(text, sizeof text, "attention bf16 d=8 q_heads=1 page=16 q_len=1 kv_len=%lld",
                 (long long)used * 16);
        assert_ok(problem_parse(text, &problem));
        attention_op.operands(&problem, operands);
        assert_int_equal(operands[TABLE].columns, used);
        op_proof_find("attention")->fill(&problem, &operands[TABLE], TABLE, PROOF_INTEGERS, 1, table);
        for (int64_t i = 0; i < used; i++) {
            assert_in_range(table[i], 0, attention_pages(&problem) - 1);
            if (taken[table[i]]) fail_msg("%s: page %d is named twice", text, table[i]);
            taken[table[i]] = true;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pages_are_apart), cmocka_unit_test(test_reference),
        cmocka_unit_test(test_regions),         cmocka_unit_test(test_right_kernels),
        cmocka_unit_test(test_rounded_weights), cmocka_unit_test(test_mistakes),
        cmocka_unit_test(test_any_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
