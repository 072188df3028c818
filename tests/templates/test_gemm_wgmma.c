/* gemm_wgmma's manifest: for every problem that it accepts the default is valid and there is a choice beside
 * it; what it launches is within what a Hopper GPU and its copy engine can. */
#include "tests/templates/gpu_space.h"
#include "templates/gemm/gemm.h"

#include "tests/scale.h"

enum { BOX_MAX = 256, UNITS = 132, CLUSTER_MAX = 8, SWIZZLE_BYTES = 128 };

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

static void check_maps(const int64_t *slots, const struct problem *problem)
{
    int64_t element = problem->value[GEMM_A_TYPE] == DTYPE_F8E4M3 ? 1 : 2;
    for (uint32_t i = 0; i < 2; i++) {
        const struct manifest_map *map = &tested->maps[i];
        assert_int_equal(evaluate(&map->swizzle, slots), SWIZZLE_BYTES);
        assert_int_equal(evaluate(&map->box[0], slots) * element, SWIZZLE_BYTES);
        assert_in_range(evaluate(&map->box[1], slots), 8, BOX_MAX);
        assert_int_equal(evaluate(&map->box[1], slots) % 8, 0);
    }
}

static void check_launch(const int64_t *slots, const struct problem *problem)
{
    const struct manifest_step *zero = &tested->steps[0], *product = &tested->steps[1];
    int64_t workspace = evaluate(&tested->workspace_bytes, slots), streams = evaluate(&zero->when, slots);
    int64_t grid = evaluate(&product->grid[0], slots), cluster = evaluate(&product->cluster[0], slots);
    int64_t threads = evaluate(&product->block[0], slots);
    assert_true(threads == 256 || threads == 384 || threads == 512);
    assert_in_range(cluster, 1, CLUSTER_MAX);
    assert_in_range(grid, 1, UNITS);
    assert_int_equal(grid % cluster, 0);
    check_kernel(product, slots, gpu_target_find("sm_90a"));
    assert_int_equal(workspace != 0, streams != 0);
    if (streams) assert_in_range(evaluate(&zero->zero_bytes, slots), grid * threads / 128 * 4, workspace);
    assert_true(evaluate(&tested->deterministic, slots));
    check_maps(slots, problem);
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
        open_space(&problem, gpu_target_find("sm_90a"), UNITS, &tuning);
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
    check_starts(valid_starts_of(texts, N_OF(texts), "sm_90a", UNITS));
}

static int set_up(void **state)
{
    (void)state;
    return tested_load("gemm_wgmma");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_spaces), cmocka_unit_test(test_starts)};
    return cmocka_run_group_tests(tests, set_up, tested_free);
}
