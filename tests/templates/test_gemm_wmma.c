/* gemm_wmma's manifest: on every target and for every problem that it accepts the default is valid and there
 * is a choice beside it; what it launches is within what devices can, and the workspace holds what the
 * kernels put there. */
#include "tests/templates/gpu_space.h"
#include "templates/gemm/gemm.h"

#include "tests/scale.h"

static const char *const targets[] = {"gfx1100", "gfx1201", "gfx1250"};

static bool is_accepted(const struct problem *problem, const char *target)
{
    struct device_facts facts;
    int64_t slots[SLOT_COUNT] = {0};
    facts_of(gpu_target_find(target), 96, &facts);
    problem_slots(problem, &facts, slots);
    return manifest_accepts(tested, slots, NULL);
}

/* Of the kind that it accepts. */
static void random_problem(struct rng *rng, const char *target, struct problem *out)
{
    static const char *const types[] = {"a=f16 b=f16", "a=bf16 b=bf16", "a=i8 b=i8 acc=i32",
                                        "a=f8e4m3 b=f8e4m3"};
    static const char *const outputs[] = {"f32", "f16", "bf16"};
    static const char *const layouts[] = {"nn", "nt", "tn", "tt"};
    static const char *const epilogues[] = {"none", "bias",       "relu",  "bias+gelu",
                                            "silu", "bias+reglu", "geglu", "swiglu"};
    static const char *const alignments[] = {"al=1122", "al=3333", "al=4444", "al=8888", "al=4322"};
    do {
        char text[PROBLEM_TEXT_BYTES];
        snprintf(text, sizeof text, "gemm %s d=%s %s %s %s m=%lld n=%lld k=%lld batch=%lld",
                 pick(rng, types, N_OF(types)), pick(rng, outputs, N_OF(outputs)),
                 pick(rng, layouts, N_OF(layouts)), pick(rng, epilogues, N_OF(epilogues)),
                 pick(rng, alignments, N_OF(alignments)), random_size(rng), 2 * random_size(rng),
                 random_size(rng), rng_below(rng, 4) ? 1 : random_size(rng));
        if (problem_parse(text, out) != STATUS_OK) continue; /* f32 by 4 bytes */
    } while (!is_accepted(out, target));
}

static int64_t parameter(const char *name, const int64_t *slots)
{
    for (uint32_t p = 0; p < tested->n_parameters; p++)
        if (strcmp(tested->parameters[p].name, name) == 0) return slots[tested->parameters[p].slot];
    fail_msg("no parameter %s", name);
    return 0;
}

/* Two slots of a tile for every block, and a count for each tile that several may share, all zeroed. */
static void check_stream(const int64_t *slots, int64_t blocks, int64_t workspace)
{
    const struct manifest_step *zero = &tested->steps[1];
    int64_t slot_bytes = 2 * blocks * 4 * parameter("TILE_M", slots) * parameter("TILE_N", slots);
    assert_true(evaluate(&zero->when, slots));
    assert_int_equal(evaluate(&zero->zero_offset, slots), slot_bytes);
    assert_int_equal(evaluate(&zero->zero_bytes, slots), 2 * blocks * 4);
    assert_int_equal(workspace, slot_bytes + 2 * blocks * 4);
}

static void check_split(const int64_t *slots, const struct problem *problem, int64_t slices,
                        int64_t workspace)
{
    bool added = evaluate(&tested->steps[0].when, slots) != 0;
    int64_t sums = problem->value[GEMM_M] * problem->value[GEMM_N] * problem->value[GEMM_BATCH];
    assert_true(workspace >= 4 * sums * (added ? 1 : slices));
    if (added) assert_int_equal(evaluate(&tested->steps[0].zero_bytes, slots), workspace);
    assert_int_equal(evaluate(&tested->deterministic, slots) != 0, !added);
}

/* What is launched for the values in `slots`. */
static void check_launch(const int64_t *slots, const struct problem *problem, const struct gpu_target *target)
{
    const struct manifest_step *product = &tested->steps[2], *reduce = &tested->steps[3];
    int64_t slices = evaluate(&product->grid[1], slots),
            workspace = evaluate(&tested->workspace_bytes, slots);
    assert_string_equal(product->entry, "gemm_wmma");
    assert_string_equal(reduce->entry, "gemm_wmma_reduce");
    check_kernel(product, slots, target);
    assert_int_equal(evaluate(&reduce->when, slots) != 0, slices > 1);
    if (slices > 1) {
        check_kernel(reduce, slots, target);
        check_split(slots, problem, slices, workspace);
    } else if (parameter("SCHEDULE", slots) == expr_word("stream")) {
        check_stream(slots, evaluate(&product->grid[0], slots), workspace);
    } else {
        assert_int_equal(workspace, 0);
    }
}

static void test_spaces(void **state)
{
    (void)state;
    struct rng rng;
    unsigned streams = 0, splits = 0, wide = 0;
    rng_seed(&rng, 23);
    for (size_t i = 0; i < test_scaled(120); i++) {
        const struct gpu_target *target = gpu_target_find(targets[i % N_OF(targets)]);
        struct problem problem;
        struct tuning tuning;
        random_problem(&rng, target->name, &problem);
        open_space(&problem, target, 1 + (int64_t)rng_below(&rng, 300), &tuning);
        bool exact;
        assert_true(space_count(tuning.space, &exact) > 500);
        for (unsigned j = 0; j < 20; j++) {
            struct configuration configuration = tuning.fallback;
            int64_t slots[SLOT_COUNT];
            if (j) assert_true(space_random(tuning.space, &rng, &configuration));
            memcpy(slots, tuning.slots, sizeof slots);
            space_values(tuning.space, &configuration, slots);
            check_launch(slots, &problem, target);
            streams += parameter("SCHEDULE", slots) == expr_word("stream");
            splits += evaluate(&tested->steps[3].when, slots) != 0;
            wide += parameter("FORM_K", slots) == 128;
        }
        tuning_close(&tuning);
    }
    assert_true(streams > 0 && splits > 0 && wide > 0);
}

static void test_accepted(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        bool accepted[3]; /* by each target */
    } cases[] = {
        {"gemm f16 nt al=1111 m=1 n=1 k=1", {true, true, true}},
        {"gemm a=f8e4m3 b=f8e4m3 d=bf16 nt m=64 n=64 k=64", {false, true, true}},
        {"gemm a=f8e4m3fnuz b=f8e4m3fnuz d=bf16 nt m=64 n=64 k=64", {false, false, false}},
        {"gemm a=i8 b=i8 d=f32 acc=i32 tn m=64 n=64 k=64", {true, true, true}},
        {"gemm f32 nt m=64 n=64 k=64", {false, false, false}},
        {"gemm a=bf16 b=f16 d=f32 nt m=4 n=4 k=4", {false, false, false}},
        {"gemm f16 nn swiglu m=64 n=40 k=64", {false, false, false}},
    };
    for (size_t i = 0; i < N_OF(cases); i++)
        for (size_t t = 0; t < N_OF(targets); t++) {
            struct problem problem;
            assert_ok(problem_parse(cases[i].text, &problem));
            if (is_accepted(&problem, targets[t]) != cases[i].accepted[t])
                fail_msg("%s on %s", cases[i].text, targets[t]);
        }
}

/* No start is dead: each is valid for one of these on one of the devices. */
static void test_starts(void **state)
{
    (void)state;
    static const char *const texts[] = {"gemm f16 nt m=4096 n=4096 k=4096", "gemm bf16 nt m=1 n=4096 k=4096",
                                        "gemm bf16 nt m=64 n=4096 k=4096",
                                        "gemm a=f8e4m3 b=f8e4m3 d=bf16 nt m=4096 n=4096 k=4096"};
    uint32_t valid = 0;
    for (size_t i = 0; i < N_OF(texts) * N_OF(targets); i++) {
        struct problem problem;
        const char *target = targets[i % N_OF(targets)];
        assert_ok(problem_parse(texts[i / N_OF(targets)], &problem));
        if (!is_accepted(&problem, target)) continue;
        valid |= valid_starts(&problem, target, 90);
    }
    check_starts(valid);
}

static void test_targets(void **state)
{
    (void)state;
    size_t n;
    const struct gpu_target *table = gpu_target_table(&n);
    for (size_t t = 0; t < n; t++)
        assert_int_equal(manifest_has_target(tested, table[t].name),
                         table[t].vendor == GPU_VENDOR_AMD && table[t].architecture >= 0x1100);
}

static int set_up(void **state)
{
    (void)state;
    return tested_load("gemm_wmma");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_targets), cmocka_unit_test(test_spaces),
                                       cmocka_unit_test(test_accepted), cmocka_unit_test(test_starts)};
    return cmocka_run_group_tests(tests, set_up, tested_free);
}
