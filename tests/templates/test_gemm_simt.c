/* gemm_simt's manifest: on every target and for every problem that it accepts the default is valid and there
 * is a choice beside it; what it launches is within what devices can. */
#include "tests/templates/gpu_space.h"
#include "templates/gemm/gemm.h"

#include "tests/scale.h"

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

/* What is launched for the values in `slots`: a product, and where its k is split a workspace and a reduction
 * of as many slices. */
static void check_launch(const int64_t *slots, const struct problem *problem, const struct gpu_target *target)
{
    const struct manifest_step *zero = &tested->steps[0], *product = &tested->steps[1],
                               *reduce = &tested->steps[2];
    int64_t slices = evaluate(&product->grid[1], slots),
            workspace = evaluate(&tested->workspace_bytes, slots);
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
    assert_int_equal(evaluate(&tested->deterministic, slots) != 0, !added);
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
    check_starts(valid_starts_of(texts, N_OF(texts), "gfx942", 304));
}

static void test_targets(void **state)
{
    (void)state;
    check_all_targets();
}

static int set_up(void **state)
{
    (void)state;
    return tested_load("gemm_simt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_targets), cmocka_unit_test(test_spaces),
                                       cmocka_unit_test(test_huge_problems), cmocka_unit_test(test_starts)};
    return cmocka_run_group_tests(tests, set_up, tested_free);
}
