/* gemm_wgmma's manifest: for every problem that it accepts the default is valid and there is a choice beside
 * it; what it launches is within what a Hopper GPU and its copy engine can. */
#include "tests/base/check.h"

#include "templates/gemm/gemm.h"
#include "tests/scale.h"
#include "tuner/base/gpu_target.h"
#include "tuner/base/rng.h"
#include "tuner/tuning.h"

enum { BOX_MAX = 256, UNITS = 132, CLUSTER_MAX = 8, SWIZZLE_BYTES = 128 };

static struct manifest **templates;
static size_t n_templates;
static const struct manifest *wgmma;

static const char *pick(struct rng *rng, const char *const *words, size_t n)
{
    return words[rng_below(rng, n)];
}

static long long random_size(struct rng *rng)
{
    return 1 + (long long)rng_below(rng, (uint64_t)1 << (1 + rng_below(rng, 13)));
}

static void random_problem(struct rng *rng, struct problem *out)
{
    static const char *const types[] = {"f16", "bf16", "f8e4m3"};
    static const char *const outputs[] = {"f32", "f16", "bf16"};
    static const char *const layouts[] = {"nn", "nt", "tn", "tt"};
    static const char *const epilogues[] = {"none", "bias",       "relu",  "bias+gelu",
                                            "silu", "bias+reglu", "geglu", "swiglu"};
    const char *type = pick(rng, types, N_OF(types));
    char text[PROBLEM_TEXT_BYTES];
    snprintf(text, sizeof text, "gemm a=%s b=%s d=%s %s %s al=44%d%d m=%lld n=%lld k=%lld batch=%lld", type,
             type, pick(rng, outputs, N_OF(outputs)),
             type[1] == '8' ? "nt" : pick(rng, layouts, N_OF(layouts)), pick(rng, epilogues, N_OF(epilogues)),
             (int)rng_below(rng, 3) + 2, (int)rng_below(rng, 3) + 2, random_size(rng), 2 * random_size(rng),
             random_size(rng), rng_below(rng, 4) ? 1 : random_size(rng));
    assert_ok(problem_parse(text, out));
}

static int64_t evaluate(const struct expr *expr, const int64_t *slots)
{
    int64_t value = -1;
    enum expr_fault fault = expr_eval(expr, slots, &value);
    if (fault != EXPR_FINE) fail_msg("%s", expr_fault_name(fault));
    return value;
}

static void check_maps(const int64_t *slots, const struct problem *problem)
{
    int64_t element = problem->value[GEMM_A_TYPE] == DTYPE_F8E4M3 ? 1 : 2;
    for (uint32_t i = 0; i < 2; i++) {
        const struct manifest_map *map = &wgmma->maps[i];
        assert_int_equal(evaluate(&map->swizzle, slots), SWIZZLE_BYTES);
        assert_int_equal(evaluate(&map->box[0], slots) * element, SWIZZLE_BYTES);
        assert_in_range(evaluate(&map->box[1], slots), 8, BOX_MAX);
        assert_int_equal(evaluate(&map->box[1], slots) % 8, 0);
    }
}

static void check_launch(const int64_t *slots, const struct problem *problem)
{
    const struct manifest_step *zero = &wgmma->steps[0], *product = &wgmma->steps[1];
    int64_t workspace = evaluate(&wgmma->workspace_bytes, slots), streams = evaluate(&zero->when, slots);
    int64_t grid = evaluate(&product->grid[0], slots), cluster = evaluate(&product->cluster[0], slots);
    int64_t threads = evaluate(&product->block[0], slots);
    assert_true(threads == 256 || threads == 384 || threads == 512);
    assert_in_range(cluster, 1, CLUSTER_MAX);
    assert_in_range(grid, 1, UNITS);
    assert_int_equal(grid % cluster, 0);
    assert_in_range(evaluate(&product->shared_bytes, slots), 1, gpu_target_find("sm_90a")->lds_bytes);
    assert_int_equal(workspace != 0, streams != 0);
    if (streams) assert_in_range(evaluate(&zero->zero_bytes, slots), grid * threads / 128 * 4, workspace);
    assert_true(evaluate(&wgmma->deterministic, slots));
    check_maps(slots, problem);
}

static void open_space(const struct problem *problem, struct tuning *out)
{
    struct device_facts facts = {{0}};
    facts.value[DEVICE_FACT_units] = UNITS;
    facts.value[DEVICE_FACT_lds_bytes] = gpu_target_find("sm_90a")->lds_bytes;
    facts.value[DEVICE_FACT_wave_size] = 32;
    facts.value[DEVICE_FACT_max_block_threads] = GPU_BLOCK_THREADS_MAX;
    struct tuning_scene scene = {.problem = problem, .facts = &facts, .target = "sm_90a"};
    char text[PROBLEM_TEXT_BYTES];
    problem_print(problem, text);
    if (tuning_open(&scene, wgmma, out) != STATUS_OK) fail_msg("%s: %s", text, status_message());
    if (!out->has_default) fail_msg("%s: the default is not valid", text);
    out->scene = NULL; /* it ends with this function */
}

static void test_spaces(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 23);
    for (size_t i = 0; i < test_scaled(60); i++) {
        struct problem problem;
        struct tuning tuning;
        random_problem(&rng, &problem);
        open_space(&problem, &tuning);
        bool exact;
        assert_true(space_count(tuning.space, &exact) > 20);
        for (unsigned j = 0; j < 20; j++) {
            struct configuration configuration = tuning.fallback;
            int64_t slots[SLOT_COUNT];
            if (j) assert_true(space_random(tuning.space, &rng, &configuration));
            memcpy(slots, tuning.slots, sizeof slots);
            space_values(tuning.space, &configuration, slots);
            check_launch(slots, &problem);
        }
        tuning_close(&tuning);
    }
}

/* No start is dead: each is valid for one of these. */
static void test_starts(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "gemm bf16 nt m=4096 n=4096 k=4096", "gemm bf16 nt m=64 n=4096 k=14336",
        "gemm bf16 nt m=16 n=4096 k=4096",   "gemm a=f8e4m3 b=f8e4m3 d=bf16 nt m=4096 n=4096 k=4096",
        "gemm bf16 nt m=256 n=1024 k=4096",  "gemm bf16 nt m=1024 n=6144 k=4096",
        "gemm bf16 nt m=256 n=28672 k=4096"};
    uint32_t valid = 0;
    for (size_t i = 0; i < N_OF(texts); i++) {
        struct problem problem;
        struct tuning tuning;
        struct configuration configuration;
        assert_ok(problem_parse(texts[i], &problem));
        open_space(&problem, &tuning);
        for (uint32_t s = 0; s < wgmma->n_starts; s++)
            if (tuning_values_configuration(&tuning, wgmma->starts[s], &configuration)) valid |= 1u << s;
        tuning_close(&tuning);
    }
    for (uint32_t s = 0; s < wgmma->n_starts; s++)
        if (!(valid >> s & 1)) fail_msg("start %u is valid for none", s);
}

static int set_up(void **state)
{
    (void)state;
    if (template_load(NULL, &templates, &n_templates) != STATUS_OK) return -1;
    for (size_t i = 0; i < n_templates; i++)
        if (strcmp(templates[i]->name, "gemm_wgmma") == 0) wgmma = templates[i];
    return wgmma ? 0 : -1;
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
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spaces), cmocka_unit_test(test_starts)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
