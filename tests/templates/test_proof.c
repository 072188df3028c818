/* The gemm proof: right kernels pass, every mistake is seen, integers stay exact, the reference is the
 * formula. */
#include "tests/templates/trial_gemm.h"

#include "tests/scale.h"
#include "tuner/base/rng.h"

#define FOR_EACH(item, array) for (size_t item = 0; item < N_OF(array); item++)

static const char *const words[] = {
    "f32 nn",           "f32 nt bias",          "f32 tn relu",      "f32 tt bias+gelu",   "bf16 nt",
    "bf16 nn silu",     "bf16 tt bias+reglu",   "bf16 nt geglu",    "f16 nt bias+swiglu", "f32 nt reglu",
    "f8e4m3 d=bf16 nt", "f8e5m2 d=f16 nn bias", "f16 tn bias+relu", "i8 d=i32 nt bias",   "bf16 nn d=f32",
    "f8e4m3 nt",        "f8e5m2 tn bias",       "bf16 d=f8e4m3 nt",
};

static void honest_case(const char *text, enum proof_inputs kind, uint64_t seed)
{
    struct trial t;
    const struct mutant honest = {.kind = HONEST};
    trial_begin(&t, text, kind, seed);
    for (unsigned v = 0; v < op_proof_find("gemm")->n_variants; v++)
        if (mutant_is_seen(&t, &honest, v, NULL))
            fail_msg("%s: inputs %d, variant %u: an honest kernel fails", text, (int)kind, v);
    trial_end(&t);
}

static void test_honest_kernels_pass(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 1);
    for (size_t i = 0; i < test_scaled(200); i++) {
        char text[PROBLEM_TEXT_BYTES];
        snprintf(text, sizeof text, "gemm %s m=%d n=%d k=%d batch=%d", words[rng_below(&rng, N_OF(words))],
                 1 + (int)rng_below(&rng, 40), 2 + 2 * (int)rng_below(&rng, 20),
                 1 + (int)rng_below(&rng, 300), 1 + (int)rng_below(&rng, 3));
        honest_case(text, PROOF_INTEGERS, rng_next(&rng));
        honest_case(text, PROOF_NORMAL, rng_next(&rng));
    }
}

/* Does this mistake change anything in such a problem? */
static bool applies(const struct trial *t, const struct mutant *how)
{
    int64_t m = trial_size(t, GEMM_M), n = trial_size(t, GEMM_N), k = trial_size(t, GEMM_K);
    bool batched = trial_size(t, GEMM_BATCH) > 1, bias = trial_size(t, GEMM_BIAS) != 0;
    int64_t act = trial_size(t, GEMM_ACT);
    switch (how->kind) {
    case SWAP_ROWS: return m >= how->at + 2;
    case SHIFT_ROWS: return m > 1;
    case SHIFT_K: return k > 1;
    case TRANSPOSE_A: return m == k && m > 1;
    case TRANSPOSE_B: return n == k && n > 1;
    case SAME_BATCH_A:
    case SAME_BATCH_B:
    case SAME_BATCH_C: return batched;
    case SAME_BATCH_BIAS: return batched && bias;
    case SKIP_BIAS: return bias;
    case SKIP_ACT: return act != GEMM_NONE;
    case SWAP_HALVES: return gemm_is_glu(&t->problem);
    default: return true;
    }
}

static void expect_seen(const struct trial *t, const char *text, const struct mutant *how)
{
    if (!applies(t, how)) return;
    if (!mutant_is_seen_anywhere(t, how))
        fail_msg("%s: inputs %d: mistake %d at %lld size %lld row %lld is not seen", text, (int)t->kind,
                 (int)how->kind, (long long)how->at, (long long)how->size, (long long)how->row);
}

static void every_mistake(const char *text, enum proof_inputs kind, uint64_t seed)
{
    struct trial t;
    trial_begin(&t, text, kind, seed);
    int64_t k = trial_size(&t, GEMM_K);
    for (int kind_of = SWAP_ROWS; kind_of < MUTATIONS; kind_of++)
        expect_seen(&t, text, &(struct mutant){.kind = (enum mutation)kind_of});
    if (kind == PROOF_INTEGERS || k < 64) { /* a single k among many may hide among normal values */
        for (int64_t at = 0; at < k; at += 1 + k / 23)
            expect_seen(&t, text, &(struct mutant){DROP_K, at, 1, 0});
        expect_seen(&t, text, &(struct mutant){DROP_K, k - 1, 1, 0});
        expect_seen(&t, text, &(struct mutant){DOUBLE_K, k / 2, 1, 0});
    }
    for (int64_t size = 2; size <= k && size <= 64; size *= 2) {
        expect_seen(&t, text, &(struct mutant){DROP_K, k - size, size, 0});
        expect_seen(&t, text, &(struct mutant){DOUBLE_K, (k / size - 1) * size, size, 0});
    }
    trial_end(&t);
}

static void test_mistakes_are_seen(void **state)
{
    (void)state;
    static const char *const sizes[] = {
        "m=1 n=16 k=64",  "m=1 n=8 k=300",   "m=3 n=16 k=33 batch=3",
        "m=16 n=16 k=16", "m=33 n=18 k=129", "m=70 n=8 k=300",
    };
    struct rng rng;
    rng_seed(&rng, 2);
    FOR_EACH(w, words)
    {
        size_t first = rng_below(&rng, N_OF(sizes)), n = test_scaled(2);
        for (size_t s = 0; s < n && s < 3 * N_OF(sizes); s++) {
            char text[PROBLEM_TEXT_BYTES];
            snprintf(text, sizeof text, "gemm %s %s", words[w], sizes[(first + s) % N_OF(sizes)]);
            every_mistake(text, PROOF_INTEGERS, rng_next(&rng));
            if (!strstr(words[w], "f8") && !strstr(words[w], "i8"))
                every_mistake(text, PROOF_NORMAL, rng_next(&rng));
        }
    }
}

/* Every single k, one by one, where rows are fewer, as many, and more than it takes to cover k. */
static void test_every_k_counts(void **state)
{
    (void)state;
    static const char *const problems[] = {
        "gemm bf16 nt m=1 n=8 k=512",       "gemm bf16 nn m=2 n=8 k=500",
        "gemm bf16 tn m=33 n=8 k=512",      "gemm bf16 tt m=64 n=8 k=129",
        "gemm f32 nt m=5 n=8 k=1000",       "gemm f32 nn bias+relu m=31 n=8 k=256",
        "gemm f16 nt bias m=7 n=8 k=65",    "gemm f8e4m3 nt m=9 n=8 k=130",
        "gemm f8e5m2 nt m=16 n=8 k=130",    "gemm bf16 nt silu m=1 n=16 k=200",
        "gemm bf16 nt reglu m=4 n=8 k=200",
    };
    FOR_EACH(i, problems)
    {
        struct trial t;
        trial_begin(&t, problems[i], PROOF_INTEGERS, i);
        for (int64_t k = 0; k < trial_size(&t, GEMM_K); k++) {
            expect_seen(&t, problems[i], &(struct mutant){DROP_K, k, 1, 0});
            expect_seen(&t, problems[i], &(struct mutant){DOUBLE_K, k, 1, 0});
        }
        trial_end(&t);
    }
}

/* A mistake in one tile of 16 rows: a stretch of k longer than k / (16 N), and the ragged tail of at most 8.
 */
static void test_every_tile_of_rows_counts(void **state)
{
    (void)state;
    static const char *const problems[] = {"gemm bf16 nt m=256 n=8 k=1024", "gemm f32 nn m=128 n=8 k=1024",
                                           "gemm bf16 nt m=48 n=8 k=1001"};
    struct rng rng;
    rng_seed(&rng, 3);
    FOR_EACH(i, problems)
    {
        struct trial t;
        trial_begin(&t, problems[i], PROOF_INTEGERS, i);
        int64_t m = trial_size(&t, GEMM_M), k = trial_size(&t, GEMM_K);
        for (size_t c = 0; c < test_scaled(60); c++) {
            int64_t row = 16 * (int64_t)rng_below(&rng, (uint64_t)(m / 16));
            int64_t at = (int64_t)rng_below(&rng, (uint64_t)(k - 16));
            expect_seen(&t, problems[i], &(struct mutant){DROP_K_IN_TILE, at, 16, row});
            expect_seen(&t, problems[i], &(struct mutant){DROP_K_IN_TILE, k - 1 - (int64_t)(c % 8), 1, row});
        }
        trial_end(&t);
    }
}

/* Whole sums, and partial sums over any range of k, are integers that D's type holds. */
static void check_exactness(const char *text, double limit)
{
    struct trial t;
    trial_begin(&t, text, PROOF_INTEGERS, 11);
    int64_t m = trial_size(&t, GEMM_M), n = trial_size(&t, GEMM_N), k = trial_size(&t, GEMM_K);
    for (int64_t i = 0; i < m; i++)
        for (int64_t j = 0; j < n; j++) {
            float low = 0, high = 0, sum = 0;
            for (int64_t p = 0; p < k; p++) {
                float b = t.logical[GEMM_OPERAND_B][p * n + j];
                assert_true(b != 0);
                sum += t.logical[GEMM_OPERAND_A][i * k + p] * b;
                low = fminf(low, sum);
                high = fmaxf(high, sum);
            }
            assert_true(high - low <= (float)limit);
        }
    for (int64_t p = 0; p < k; p++) {
        bool hit = false;
        for (int64_t i = 0; i < m; i++) hit |= t.logical[GEMM_OPERAND_A][i * k + p] != 0;
        assert_true(hit);
    }
    trial_end(&t);
}

static void test_integers_are_exact(void **state)
{
    (void)state;
    check_exactness("gemm bf16 nt m=1 n=16 k=20000", 256);
    check_exactness("gemm bf16 nn m=7 n=16 k=3001", 256);
    check_exactness("gemm bf16 tt m=200 n=5 k=1500", 256);
    check_exactness("gemm bf16 nt m=9 n=33 k=1", 256);
    check_exactness("gemm bf16 nt m=9 n=33 k=15", 256);
    check_exactness("gemm bf16 nt m=9 n=33 k=16", 256);
    check_exactness("gemm f32 nt m=2 n=16 k=9000", 1024);
    check_exactness("gemm f16 nt m=40 n=16 k=900", 1024);
    check_exactness("gemm f8e4m3 nt m=40 n=16 k=900", 16);
    check_exactness("gemm f8e5m2 nt m=3 n=16 k=900", 8);
    check_exactness("gemm i8 nt m=3 n=16 k=900", 127);
}

/* The formula of gemm_args.h, written down once more and differently: in long double, element by element. */
static void test_reference_is_the_formula(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 5);
    for (size_t c = 0; c < test_scaled(60); c++) {
        char text[PROBLEM_TEXT_BYTES];
        struct trial t;
        snprintf(text, sizeof text, "gemm f32 %s %s al=2222 m=%d n=%d k=%d batch=2",
                 (const char *[]){"nn", "nt", "tn", "tt"}[c % 4],
                 (const char *[]){"none", "bias+geglu", "swiglu", "bias+silu", "bias"}[c % 5],
                 1 + (int)rng_below(&rng, 150), 2 + 2 * (int)rng_below(&rng, 150),
                 1 + (int)rng_below(&rng, 200));
        trial_begin(&t, text, PROOF_NORMAL, c);
        struct gemm_args args;
        t.problem.op->bind(&t.problem, t.storage, NULL, &args);
        op_proof_find("gemm")->set_variant(&t.problem, 3, &args);
        int64_t m = args.m, n = args.n, k = args.k, rows, columns;
        op_proof_find("gemm")->output_shape(&t.problem, 0, &rows, &columns);
        struct proof_region r = {1, m / 3, m - m / 3, columns / 4, columns - columns / 4, 0};
        double *value = malloc((size_t)(r.rows * r.columns) * 16), *allowed = value + r.rows * r.columns;
        op_proof_find("gemm")->reference(&t.problem, &args, t.kind, &r, value, allowed);
        for (int s = 0; s < 50; s++) {
            int64_t i = r.row + (int64_t)rng_below(&rng, (uint64_t)r.rows);
            int64_t j = r.column + (int64_t)rng_below(&rng, (uint64_t)r.columns);
            long double x[2] = {0, 0};
            for (int half = 0; half < 2 && (half == 0 || columns < n); half++) {
                for (int64_t p = 0; p < k; p++)
                    x[half] += (long double)t.logical[GEMM_OPERAND_A][(m + i) * k + p] *
                               (long double)t.logical[GEMM_OPERAND_B][(k + p) * n + j + half * columns];
                x[half] *= 0.5L;
                if (t.problem.value[GEMM_BIAS])
                    x[half] += (long double)t.logical[GEMM_OPERAND_BIAS][n + j + half * columns];
            }
            long double y = x[0];
            int64_t act = t.problem.value[GEMM_ACT];
            if (act == GEMM_SWIGLU || act == GEMM_SILU) y /= 1 + expl(-x[0]);
            if (act == GEMM_GEGLU) /* 0.5 (1 + tanh z) = 1 / (1 + exp(-2z)) */
                y /= 1 +
                     expl(-2 * sqrtl(2 / 3.14159265358979323846L) * (x[0] + 0.044715L * x[0] * x[0] * x[0]));
            if (columns < n) y *= x[1];
            y += 0.5L * (long double)t.logical[GEMM_OPERAND_C][(rows + i) * columns + j];
            int64_t at = (i - r.row) * r.columns + j - r.column;
            assert_true(fabsl((long double)value[at] - y) < 1e-11L * (1 + fabsl(y)));
            assert_true(allowed[at] > 0 && allowed[at] < 1e-2);
        }
        free(value);
        trial_end(&t);
    }
}

/* k = 2048: one dropped product is seen in most elements, in bf16 too; an honest sum in any order passes. */
static void test_tolerance_is_tight(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        double seen_at_least;
    } cases[] = {{"gemm f32 nt m=32 n=16 k=2048", 0.9}, {"gemm bf16 nt m=32 n=16 k=2048", 0.5}};
    FOR_EACH(i, cases)
    {
        struct trial t;
        trial_begin(&t, cases[i].text, PROOF_NORMAL, 77);
        int64_t off = 0;
        mutant_is_seen(&t, &(struct mutant){DROP_K, 1000, 1, 0}, 0, &off);
        double share = (double)off / 512;
        print_message("%s: a dropped k is seen in %.0f %% of the elements\n", cases[i].text, 100 * share);
        assert_true(share >= cases[i].seen_at_least);
        trial_end(&t);
    }
}

static void test_fill_leaves_gaps_and_depends_on_seed(void **state)
{
    (void)state;
    struct problem p;
    assert_ok(problem_parse("gemm f32 nt m=5 n=4 k=3", &p));
    struct operand o[OP_OPERANDS_MAX];
    p.op->operands(&p, o);
    assert_int_equal(o[GEMM_OPERAND_A].pitch, 4); /* rows of 16 bytes */
    o[GEMM_OPERAND_A].pitch = 7;
    for (int kind = PROOF_INTEGERS; kind <= PROOF_NORMAL; kind++) {
        uint32_t a[35], b[35], c[35];
        memset(a, 0xab, sizeof a);
        memset(b, 0xab, sizeof b);
        memset(c, 0xab, sizeof c);
        op_proof_find("gemm")->fill(&p, &o[GEMM_OPERAND_A], GEMM_OPERAND_A, (enum proof_inputs)kind, 1, a);
        op_proof_find("gemm")->fill(&p, &o[GEMM_OPERAND_A], GEMM_OPERAND_A, (enum proof_inputs)kind, 1, b);
        op_proof_find("gemm")->fill(&p, &o[GEMM_OPERAND_A], GEMM_OPERAND_A, (enum proof_inputs)kind, 2, c);
        assert_memory_equal(a, b, sizeof a);
        assert_memory_not_equal(a, c, sizeof a);
        for (int r = 0; r < 5; r++)
            for (int column = 3; column < 7; column++) assert_int_equal(a[7 * r + column], 0xabababab);
    }
}

static void test_compare(void **state)
{
    (void)state;
    float stored[8] = {1, 2, NAN, -0.0f, INFINITY, 3, NAN, 5};
    double value[6] = {1, 2, 0, INFINITY, 3.25, 5}, allowed[6] = {0, 0, 0, 0, 0.5, 0}, worst;
    /* two rows of three in a pitch of four, the gap is not looked at; -0 is 0, an infinite result may be
     * infinite */
    float rows[8] = {1, 2, -0.0f, NAN, INFINITY, 3, 5, NAN};
    assert_int_equal(proof_compare(DTYPE_F32, rows, 4, 2, 3, value, allowed, &worst), -1);
    assert_true(worst == 0.5);
    rows[5] = 2.5f;
    assert_int_equal(proof_compare(DTYPE_F32, rows, 4, 2, 3, value, allowed, &worst), 4);
    assert_true(worst == 1.5);
    rows[1] = nextafterf(2, 3);
    assert_int_equal(proof_compare(DTYPE_F32, rows, 4, 2, 3, value, allowed, &worst), 1);
    assert_true(worst == HUGE_VAL);
    assert_int_equal(proof_compare(DTYPE_F32, stored + 2, 1, 1, 1, (double[]){3}, (double[]){1e300}, NULL),
                     0);
    assert_int_equal(proof_compare(DTYPE_F32, stored + 4, 1, 1, 1, (double[]){3}, (double[]){1e300}, NULL),
                     0);
    uint16_t half;
    dtype_store(DTYPE_BF16, &half, 257); /* rounds to 256: one rounding is free */
    assert_int_equal(proof_compare(DTYPE_BF16, &half, 1, 1, 1, (double[]){257}, (double[]){0}, NULL), -1);
    assert_int_equal(proof_compare(DTYPE_BF16, &half, 1, 1, 1, (double[]){255}, (double[]){0}, NULL), 0);
}

static void test_operand_copy(void **state)
{
    (void)state;
    const struct operand from = {
        .type = DTYPE_F32, .rows = 2, .columns = 2, .pitch = 3, .batch = 2, .batch_stride = 6};
    const struct operand to = {
        .type = DTYPE_F32, .rows = 2, .columns = 2, .pitch = 2, .batch = 2, .batch_stride = 5};
    const float source[12] = {1, 2, 0, 3, 4, 0, 5, 6, 0, 7, 8, 0};
    float target[10] = {9, 9, 9, 9, 9, 9, 9, 9, 9, 9};
    const float expected[10] = {1, 2, 3, 4, 9, 5, 6, 7, 8, 9};
    operand_copy(&from, source, &to, target);
    assert_memory_equal(target, expected, sizeof expected);
}

static void test_in_place(void **state)
{
    (void)state;
    struct problem p;
    assert_ok(problem_parse("gemm f32 nn al=4424 m=3 n=5 k=2", &p));
    float d[24], c[15];
    void *pointers[OP_OPERANDS_MAX] = {d, d, c, d};
    struct gemm_args args;
    p.op->bind(&p, pointers, NULL, &args);
    assert_int_equal(args.ldc, 5);
    assert_int_equal(args.ldd, 8);
    pointers[GEMM_OPERAND_C] = d;
    p.op->bind(&p, pointers, NULL, &args);
    assert_int_equal(args.ldc, 8);
    const struct op_proof *proof = op_proof_find("gemm");
    unsigned n_in_place = 0;
    for (unsigned v = 0; v < proof->n_variants; v++) n_in_place += proof->in_place(&p, v) == GEMM_OPERAND_C;
    assert_int_equal(n_in_place, 1);
    assert_null(op_proof_find("gem"));
}

/* Sizes from the table, the problem's own where those are small, odd columns of a glu made even, and no side
 * above `longest`. */
static void test_small_shapes(void **state)
{
    (void)state;
    static const struct {
        const char *own;
        int64_t longest;
        unsigned i;
        const char *small;
    } cases[] = {
        {"gemm f32 nt m=16 n=300 k=500", INT64_MAX, 0, "gemm f32 nt m=1 n=1 k=1"},
        {"gemm f32 nt m=16 n=300 k=500", INT64_MAX, 1, "gemm f32 nt m=16 n=83 k=139"},
        {"gemm f32 nt m=16 n=300 k=500", INT64_MAX, 2, "gemm f32 nt m=17 n=97 k=131"},
        {"gemm f32 nt m=16 n=300 k=500", INT64_MAX, 3, "gemm f32 nt m=15 n=127 k=63"},
        {"gemm f32 nt m=16 n=300 k=500", INT64_MAX, 4, "gemm f32 nt m=16 n=19 k=2311"},
        {"gemm f32 nt m=16 n=300 k=500", 521, 4, "gemm f32 nt m=16 n=19 k=521"},
        {"gemm f32 nt m=16 n=300 k=500", 521, 6, "gemm f32 nt m=521 n=7 k=29"},
        {"gemm bf16 tn bias+swiglu al=2222 m=300 n=300 k=48 batch=5", INT64_MAX, 7,
         "gemm bf16 tn bias+swiglu al=2222 m=13 n=34 k=65 batch=3"},
    };
    const struct op_proof *proof = op_proof_find("gemm");
    FOR_EACH(i, cases)
    {
        struct problem own, small;
        char text[PROBLEM_TEXT_BYTES];
        unsigned n = 0;
        assert_ok(problem_parse(cases[i].own, &own));
        assert_true(proof->small_shape(&own, cases[i].i, cases[i].longest, &small));
        problem_print(&small, text);
        assert_string_equal(text, cases[i].small);
        while (proof->small_shape(&own, n, cases[i].longest, &small)) {
            assert_ok(problem_check(&small));
            n++;
        }
        assert_int_equal(n, 9);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_honest_kernels_pass),
        cmocka_unit_test(test_mistakes_are_seen),
        cmocka_unit_test(test_every_k_counts),
        cmocka_unit_test(test_every_tile_of_rows_counts),
        cmocka_unit_test(test_integers_are_exact),
        cmocka_unit_test(test_reference_is_the_formula),
        cmocka_unit_test(test_tolerance_is_tight),
        cmocka_unit_test(test_fill_leaves_gaps_and_depends_on_seed),
        cmocka_unit_test(test_compare),
        cmocka_unit_test(test_operand_copy),
        cmocka_unit_test(test_in_place),
        cmocka_unit_test(test_small_shapes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
