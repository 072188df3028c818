/* gemm_simt's manifest: on every target and for every problem that it accepts the default is valid and there
 * is a choice beside it; what it launches is within what devices can. */
#include "tests/base/check.h"

#include "templates/gemm/gemm.h"
#include "tests/scale.h"
#include "tuner/base/gpu_target.h"
#include "tuner/base/rng.h"
#include "tuner/tuning.h"

enum { GRID_X_MAX = 0x7fffffff, GRID_YZ_MAX = 65535 };

static struct manifest **templates;
static size_t n_templates;
static const struct manifest *simt;

static void facts_of(const struct gpu_target *target, int64_t units, struct device_facts *out)
{
    *out = (struct device_facts){{0}};
    out->value[DEVICE_FACT_units] = units;
    out->value[DEVICE_FACT_lds_bytes] = target->lds_bytes;
    out->value[DEVICE_FACT_wave_size] = target->wave_size;
    out->value[DEVICE_FACT_max_block_threads] = GPU_BLOCK_THREADS_MAX;
}

static const char *pick(struct rng *rng, const char *const *words, size_t n)
{
    return words[rng_below(rng, n)];
}

/* Up to 5000, small ones as often as large ones. */
static long long random_size(struct rng *rng)
{
    uint64_t limit = (uint64_t)1 << (1 + rng_below(rng, 12));
    return 1 + (long long)rng_below(rng, limit < 4096 ? limit : 5000);
}

static void random_problem(struct rng *rng, struct problem *out)
{
    static const char *const types[] = {"f32", "f16", "bf16"};
    static const char *const layouts[] = {"nn", "nt", "tn", "tt"};
    static const char *const epilogues[] = {"none", "bias",       "relu",  "bias+gelu",
                                            "silu", "bias+reglu", "geglu", "swiglu"};
    static const char *const alignments[] = {"al=2222", "al=3333", "al=4444", "al=8888", "al=4224"};
    const char *type = pick(rng, types, N_OF(types));
    char text[PROBLEM_TEXT_BYTES];
    snprintf(text, sizeof text, "gemm a=%s b=%s d=%s %s %s %s m=%lld n=%lld k=%lld batch=%lld", type, type,
             pick(rng, types, N_OF(types)), pick(rng, layouts, N_OF(layouts)),
             pick(rng, epilogues, N_OF(epilogues)), pick(rng, alignments, N_OF(alignments)), random_size(rng),
             2 * random_size(rng), random_size(rng), rng_below(rng, 4) ? 1 : random_size(rng));
    assert_ok(problem_parse(text, out));
}

static int64_t evaluate(const struct expr *expr, const int64_t *slots)
{
    int64_t value = -1;
    enum expr_fault fault = expr_eval(expr, slots, &value);
    if (fault != EXPR_FINE) fail_msg("%s", expr_fault_name(fault));
    return value;
}

static void check_kernel(const struct manifest_step *step, const int64_t *slots,
                         const struct gpu_target *target)
{
    int64_t grid[3], threads = evaluate(&step->block[0], slots),
                     shared = evaluate(&step->shared_bytes, slots);
    for (int i = 0; i < 3; i++) grid[i] = evaluate(&step->grid[i], slots);
    assert_in_range(threads, target->wave_size, GPU_BLOCK_THREADS_MAX);
    assert_int_equal(threads % target->wave_size, 0);
    assert_int_equal(evaluate(&step->block[1], slots) * evaluate(&step->block[2], slots), 1);
    assert_in_range(shared, 0, target->lds_bytes);
    assert_in_range(grid[0], 1, GRID_X_MAX);
    assert_in_range(grid[1], 1, GRID_YZ_MAX);
    assert_in_range(grid[2], 1, GRID_YZ_MAX);
    assert_true(grid[0] * threads < (int64_t)1 << 32); /* HIP counts threads, not blocks */
}

/* What is launched for the values in `slots`: a product, and where its k is split a workspace and a reduction
 * of as many slices. */
static void check_launch(const int64_t *slots, const struct problem *problem, const struct gpu_target *target)
{
    const struct manifest_step *zero = &simt->steps[0], *product = &simt->steps[1], *reduce = &simt->steps[2];
    int64_t slices = evaluate(&product->grid[1], slots), workspace = evaluate(&simt->workspace_bytes, slots);
    assert_string_equal(product->entry, "gemm_simt");
    assert_string_equal(reduce->entry, "gemm_simt_reduce");
    assert_false(product->has_when);
    check_kernel(product, slots, target);
    assert_int_equal(evaluate(&reduce->when, slots) != 0, slices > 1);
    assert_in_range(slices, 1, problem->value[GEMM_K]);
    if (slices == 1) {
        assert_int_equal(workspace, 0);
        assert_false(evaluate(&zero->when, slots));
        return;
    }
    check_kernel(reduce, slots, target);
    assert_int_equal(evaluate(&reduce->grid[1], slots), slices);
    bool added = evaluate(&zero->when, slots) != 0;
    int64_t sums = problem->value[GEMM_M] * problem->value[GEMM_N] * problem->value[GEMM_BATCH];
    assert_true(workspace >= 4 * sums * (added ? 1 : slices));
    assert_true(workspace <= 4 * (sums + 6 * sums / problem->value[GEMM_N] + 6) * (added ? 1 : slices));
    if (added) assert_int_equal(evaluate(&zero->zero_bytes, slots), workspace);
    assert_int_equal(evaluate(&simt->deterministic, slots) != 0, !added);
}

static void open_space(const struct problem *problem, const struct gpu_target *target, int64_t units,
                       struct tuning *out)
{
    struct device_facts facts;
    facts_of(target, units, &facts);
    struct tuning_scene scene = {.problem = problem, .facts = &facts, .target = target->name};
    char text[PROBLEM_TEXT_BYTES];
    problem_print(problem, text);
    if (tuning_open(&scene, simt, out) != STATUS_OK)
        fail_msg("%s on %s: %s", text, target->name, status_message());
    if (!out->has_default) fail_msg("%s on %s: the default is not valid", text, target->name);
    out->scene = NULL; /* it ends with this function */
}

static void test_spaces(void **state)
{
    (void)state;
    struct rng rng;
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    rng_seed(&rng, 21);
    for (size_t i = 0; i < test_scaled(120); i++) {
        const struct gpu_target *target = &targets[i % n];
        struct problem problem;
        struct tuning tuning;
        random_problem(&rng, &problem);
        open_space(&problem, target, 1 + (int64_t)rng_below(&rng, 300), &tuning);
        bool exact;
        uint64_t count = space_count(tuning.space, &exact);
        assert_true(exact && count > 500);
        for (unsigned j = 0; j < 20; j++) {
            struct configuration configuration = tuning.fallback;
            int64_t slots[SLOT_COUNT];
            if (j) assert_true(space_random(tuning.space, &rng, &configuration));
            memcpy(slots, tuning.slots, sizeof slots);
            space_values(tuning.space, &configuration, slots);
            check_launch(slots, &problem, target);
        }
        tuning_close(&tuning);
    }
}

/* As large as a problem can be: nothing overflows. */
static void test_huge_problems(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "gemm f32 nn m=2147483647 n=536870910 k=1",
        "gemm bf16 nt bias+swiglu m=1 n=2147483646 k=536870912",
        "gemm f16 tn al=1111 m=2147483647 n=2 k=1000000000",
        "gemm f32 tt m=30000 n=30000 k=30000 batch=100000",
        "gemm f32 nt al=2222 m=1 n=1 k=1 batch=2147483647",
    };
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    for (size_t i = 0; i < N_OF(texts); i++)
        for (size_t t = 0; t < n; t++) {
            struct problem problem;
            struct tuning tuning;
            int64_t slots[SLOT_COUNT];
            assert_ok(problem_parse(texts[i], &problem));
            open_space(&problem, &targets[t], 132, &tuning);
            memcpy(slots, tuning.slots, sizeof slots);
            space_values(tuning.space, &tuning.fallback, slots);
            check_launch(slots, &problem, &targets[t]);
            tuning_close(&tuning);
        }
}

/* No start is dead: each is valid for one of these. */
static void test_starts(void **state)
{
    (void)state;
    static const char *const texts[] = {"gemm f32 nt m=4096 n=4096 k=4096", "gemm bf16 nt m=1 n=4096 k=4096",
                                        "gemm bf16 nt m=16 n=4096 k=4096"};
    uint32_t valid = 0;
    for (size_t i = 0; i < N_OF(texts); i++) {
        struct problem problem;
        struct tuning tuning;
        struct configuration configuration;
        assert_ok(problem_parse(texts[i], &problem));
        open_space(&problem, gpu_target_find("gfx942"), 304, &tuning);
        for (uint32_t s = 0; s < simt->n_starts; s++)
            if (tuning_values_configuration(&tuning, simt->starts[s], &configuration)) valid |= 1u << s;
        tuning_close(&tuning);
    }
    for (uint32_t s = 0; s < simt->n_starts; s++)
        if (!(valid >> s & 1)) fail_msg("start %u is valid for none", s);
}

static void test_targets(void **state)
{
    (void)state;
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    for (size_t t = 0; t < n; t++) assert_true(manifest_has_target(simt, targets[t].name));
}

static int set_up(void **state)
{
    (void)state;
    if (template_load(NULL, &templates, &n_templates) != STATUS_OK) return -1;
    for (size_t i = 0; i < n_templates; i++)
        if (strcmp(templates[i]->name, "gemm_simt") == 0) simt = templates[i];
    return simt ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_templates; i++) manifest_free(templates[i]);
    free(templates);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_targets), cmocka_unit_test(test_spaces),
                                       cmocka_unit_test(test_huge_problems), cmocka_unit_test(test_starts)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
