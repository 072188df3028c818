/* The manifests of gemm_skinny: on every target and for every problem that they accept the default is valid
 * and there is a choice beside it; what is launched is within what devices can, and what the kernel expects.
 */
#include "tests/base/check.h"

#include "templates/gemm/gemm.h"
#include "tests/scale.h"
#include "tuner/base/gpu_target.h"
#include "tuner/base/rng.h"
#include "tuner/tuning.h"

enum { GRID_X_MAX = 0x7fffffff, GRID_YZ_MAX = 65535 };

static struct manifest **templates;
static size_t n_templates;
static const struct manifest *skinny[2]; /* plain, matrix */

static void facts_of(const struct gpu_target *target, int64_t units, struct device_facts *out)
{
    gpu_target_facts(target, NULL, out);
    out->value[DEVICE_FACT_units] = units;
}

static const char *pick(struct rng *rng, const char *const *words, size_t n)
{
    return words[rng_below(rng, n)];
}

/* Small ones as often as large ones. */
static long long random_size(struct rng *rng, unsigned bits)
{
    return 1 + (long long)rng_below(rng, (uint64_t)1 << (1 + rng_below(rng, bits)));
}

static void random_problem(struct rng *rng, bool matrix, struct problem *out)
{
    static const char *const types[] = {"f16", "bf16", "f8e4m3", "f8e4m3fnuz", "f32"};
    static const char *const outputs[] = {"f32", "f16", "bf16"};
    static const char *const layouts[] = {"nn", "nt"};
    static const char *const epilogues[] = {"none", "bias", "relu", "bias+gelu", "reglu", "bias+swiglu"};
    static const char *const alignments[] = {"al=2222", "al=3333", "al=4444", "al=8888", "al=4224"};
    const char *type = pick(rng, types, N_OF(types) - matrix);
    char text[PROBLEM_TEXT_BYTES];
    snprintf(text, sizeof text, "gemm a=%s b=%s d=%s %s %s %s m=%lld n=%lld k=%lld batch=%lld", type, type,
             pick(rng, outputs, N_OF(outputs)), pick(rng, layouts, N_OF(layouts)),
             pick(rng, epilogues, N_OF(epilogues)), pick(rng, alignments, N_OF(alignments)),
             1 + (long long)rng_below(rng, 16), 2 * random_size(rng, 16), random_size(rng, 15),
             rng_below(rng, 4) ? 1 : random_size(rng, 10));
    assert_ok(problem_parse(text, out));
}

static int64_t evaluate(const struct expr *expr, const int64_t *slots)
{
    int64_t value = -1;
    enum expr_fault fault = expr_eval(expr, slots, &value);
    if (fault != EXPR_FINE) fail_msg("%s", expr_fault_name(fault));
    return value;
}

static int64_t parameter(const struct manifest *manifest, const char *name, const int64_t *slots)
{
    for (uint32_t p = 0; p < manifest->n_parameters; p++)
        if (strcmp(manifest->parameters[p].name, name) == 0) return slots[manifest->parameters[p].slot];
    fail_msg("no parameter %s", name);
    return 0;
}

static int64_t lanes_k_of(const struct manifest *manifest, const int64_t *slots,
                          const struct gpu_target *target)
{
    if (manifest == skinny[0]) return parameter(manifest, "LANES_K", slots);
    return target->vendor == GPU_VENDOR_AMD && target->wave_size == 32 ? 2 : 4; /* as instructions want it */
}

/* What one block computes, from the kernel's own description. */
struct block {
    int64_t waves_k, columns, rows, step_k;
};

static struct block block_of(const struct manifest *manifest, const int64_t *slots,
                             const struct gpu_target *target, const struct problem *problem)
{
    int64_t per = 16 / (int64_t)dtype_bytes((enum dtype)problem->value[GEMM_A_TYPE]);
    int64_t lanes_k = lanes_k_of(manifest, slots, target), lanes_n = target->wave_size / lanes_k;
    int64_t tile = lanes_n * (gemm_b_transposed(problem) ? 1 : per);
    return (struct block){.waves_k = parameter(manifest, "WAVES_K", slots),
                          .columns = tile * parameter(manifest, "TILES", slots) *
                                     parameter(manifest, "WAVES_N", slots),
                          .rows = parameter(manifest, "ROWS", slots),
                          .step_k = lanes_k * per};
}

static int64_t blocks_for(int64_t size, int64_t part)
{
    return (size + part - 1) / part;
}

static void check_launch(const struct manifest *manifest, const int64_t *slots, const struct problem *problem,
                         const struct gpu_target *target)
{
    const struct manifest_step *zero = &manifest->steps[0], *product = &manifest->steps[1];
    struct block block = block_of(manifest, slots, target, problem);
    int64_t split = parameter(manifest, "SPLIT_K", slots), grid[3], m = problem->value[GEMM_M];
    int64_t threads = evaluate(&product->block[0], slots), shared = evaluate(&product->shared_bytes, slots);
    int64_t d_columns = gemm_is_glu(problem) ? block.columns / 2 : block.columns;
    int64_t passes = blocks_for(m, block.rows), batch = problem->value[GEMM_BATCH];
    int64_t tiles = blocks_for(problem->value[GEMM_N] / (gemm_is_glu(problem) ? 2 : 1), d_columns);
    for (int i = 0; i < 3; i++) grid[i] = evaluate(&product->grid[i], slots);
    assert_string_equal(product->entry, "gemm_skinny");
    assert_true(d_columns >= 1);
    assert_in_range(threads, 64, GPU_BLOCK_THREADS_MAX);
    assert_int_equal(threads % target->wave_size, 0);
    assert_in_range(grid[0], passes, GRID_X_MAX);
    assert_in_range(grid[2], 1, GRID_YZ_MAX);
    assert_true(grid[0] * threads < (int64_t)1 << 32); /* HIP counts threads, not blocks */
    assert_int_equal(grid[0] % passes, 0);
    assert_true(grid[0] <= tiles * passes);
    assert_int_equal(grid[1], split);
    assert_true(parameter(manifest, "BLOCKS", slots) || grid[0] == tiles * passes);
    assert_true(shared >= 4 * block.waves_k * block.rows * block.columns + (split > 1 ? 4 : 0));
    assert_in_range(shared, 1, target->lds_bytes);
    int64_t workspace = evaluate(&manifest->workspace_bytes, slots);
    assert_int_equal(evaluate(&zero->when, slots) != 0, split > 1);
    if (split == 1) {
        assert_int_equal(workspace, 0);
        return;
    }
    int64_t counts = evaluate(&zero->zero_bytes, slots), n = tiles * passes * batch;
    assert_int_equal(evaluate(&zero->zero_offset, slots), 0);
    assert_int_equal(counts, (n + 31) / 32 * 128);
    assert_int_equal(workspace, counts + 4 * n * split * block.rows * block.columns);
    assert_true(blocks_for(problem->value[GEMM_K], block.step_k) >= split);
}

static void open_space(const struct manifest *manifest, const struct problem *problem,
                       const struct gpu_target *target, int64_t units, struct tuning *out)
{
    struct device_facts facts;
    facts_of(target, units, &facts);
    struct tuning_scene scene = {.problem = problem, .facts = &facts, .target = target->name};
    char text[PROBLEM_TEXT_BYTES];
    problem_print(problem, text);
    if (tuning_open(&scene, manifest, out) != STATUS_OK)
        fail_msg("%s on %s: %s", text, target->name, status_message());
    if (!out->has_default) fail_msg("%s: %s: the default is not valid", text, target->name);
    out->scene = NULL; /* it ends with this function */
}

static void test_spaces(void **state)
{
    (void)state;
    struct rng rng;
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    rng_seed(&rng, 22);
    for (size_t i = 0; i < test_scaled(120); i++) {
        const struct gpu_target *target = &targets[i / 2 % n];
        struct problem problem;
        struct tuning tuning;
        if (!manifest_has_target(skinny[i % 2], target->name)) continue;
        random_problem(&rng, i % 2, &problem);
        open_space(skinny[i % 2], &problem, target, 1 + (int64_t)rng_below(&rng, 300), &tuning);
        bool exact;
        assert_true(space_count(tuning.space, &exact) > 1 && exact);
        for (unsigned j = 0; j < 20; j++) {
            struct configuration configuration = tuning.fallback;
            int64_t slots[SLOT_COUNT];
            if (j) assert_true(space_random(tuning.space, &rng, &configuration));
            memcpy(slots, tuning.slots, sizeof slots);
            space_values(tuning.space, &configuration, slots);
            check_launch(skinny[i % 2], slots, &problem, target);
        }
        tuning_close(&tuning);
    }
}

/* As large as a problem can be: nothing overflows. */
static void test_huge_problems(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "gemm bf16 nn m=16 n=8388608 k=1",
        "gemm bf16 nt bias+swiglu m=1 n=8388606 k=536870912",
        "gemm f16 nt al=1111 m=16 n=2 k=2147483647",
        "gemm a=f8e4m3 b=f8e4m3 d=f32 nn swiglu m=9 n=30000 k=30000 batch=100000",
        "gemm f16 nt al=2222 m=1 n=1 k=1 batch=2147483647",
    };
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    for (size_t i = 0; i < N_OF(texts) * 2; i++)
        for (size_t t = 0; t < n; t++) {
            struct problem problem;
            struct tuning tuning;
            int64_t slots[SLOT_COUNT];
            if (!manifest_has_target(skinny[i % 2], targets[t].name)) continue;
            assert_ok(problem_parse(texts[i / 2], &problem));
            open_space(skinny[i % 2], &problem, &targets[t], 132, &tuning);
            memcpy(slots, tuning.slots, sizeof slots);
            space_values(tuning.space, &tuning.fallback, slots);
            check_launch(skinny[i % 2], slots, &problem, &targets[t]);
            tuning_close(&tuning);
        }
}

static void test_refusals(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "gemm bf16 nt m=17 n=64 k=64",  "gemm bf16 tn m=4 n=64 k=64",
        "gemm bf16 tt m=4 n=64 k=64",   "gemm a=bf16 b=f16 d=f32 nt m=4 n=64 k=64",
        "gemm f8e4m3 nt m=4 n=64 k=64", "gemm bf16 nt m=1 n=8388609 k=64",
    };
    for (size_t i = 0; i < N_OF(texts) * 2; i++) {
        struct problem problem;
        struct device_facts facts;
        int64_t slots[SLOT_COUNT] = {0};
        assert_ok(problem_parse(texts[i / 2], &problem));
        facts_of(gpu_target_find("sm_90a"), 132, &facts);
        problem_slots(&problem, &facts, slots);
        assert_false(manifest_accepts(skinny[i % 2], slots, NULL));
    }
}

/* No start is dead: each is valid for one of these. */
static void test_starts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "gemm bf16 nt m=1 n=4096 k=4096",          "gemm bf16 nt m=4 n=4096 k=4096",
        "gemm bf16 nt m=16 n=4096 k=4096",         "gemm bf16 nt swiglu m=1 n=28672 k=4096",
        "gemm bf16 nt swiglu m=16 n=28672 k=4096", "gemm bf16 nt m=16 n=8192 k=28672",
        "gemm bf16 nt m=1 n=1280 k=8192",          "gemm bf16 nn m=16 n=4096 k=4096",
        "gemm bf16 nn m=1 n=4096 k=4096"};
    for (size_t which = 0; which < N_OF(skinny); which++) {
        const struct manifest *manifest = skinny[which];
        uint32_t valid = 0;
        for (size_t i = 0; i < N_OF(texts); i++) {
            struct problem problem;
            struct tuning tuning;
            struct configuration configuration;
            assert_ok(problem_parse(texts[i], &problem));
            open_space(manifest, &problem, gpu_target_find("sm_90a"), 132, &tuning);
            for (uint32_t s = 0; s < manifest->n_starts; s++)
                if (tuning_values_configuration(&tuning, manifest->starts[s], &configuration))
                    valid |= 1u << s;
            tuning_close(&tuning);
        }
        for (uint32_t s = 0; s < manifest->n_starts; s++)
            if (!(valid >> s & 1)) fail_msg("%s: start %u is valid for none", manifest->name, s);
    }
}

static void test_targets(void **state)
{
    (void)state;
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    for (size_t t = 0; t < n; t++) {
        assert_true(manifest_has_target(skinny[0], targets[t].name));
        assert_true(manifest_has_target(skinny[1], targets[t].name));
    }
}

static int set_up(void **state)
{
    (void)state;
    if (template_load(NULL, &templates, &n_templates) != STATUS_OK) return -1;
    for (size_t i = 0; i < n_templates; i++) {
        if (strcmp(templates[i]->name, "gemm_skinny") == 0) skinny[0] = templates[i];
        if (strcmp(templates[i]->name, "gemm_skinny_matrix") == 0) skinny[1] = templates[i];
    }
    return skinny[0] && skinny[1] ? 0 : -1;
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
                                       cmocka_unit_test(test_huge_problems), cmocka_unit_test(test_refusals),
                                       cmocka_unit_test(test_starts)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
