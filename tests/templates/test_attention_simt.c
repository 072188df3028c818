/* attention_simt's manifest: on every target and for every problem that it accepts, which is every problem of
 * the op, the default is valid and there is a choice beside it; what it launches is within what devices can,
 * and the workspace holds what the splits put there. */
#include "tests/templates/gpu_space.h"
#include "templates/attention/attention.h"

#include "tests/scale.h"

static void random_problem(struct rng *rng, struct problem *out)
{
    static const char *const types[] = {"f32",           "f16",
                                        "bf16",          "q=bf16 kv=bf16 o=f32",
                                        "f16 kv=f8e4m3", "bf16 kv=f8e5m2",
                                        "f32 kv=f8e4m3", "bf16 kv=f8e4m3fnuz"};
    static const char *const masks[] = {"full", "causal", "sliding window=100", "band window=1"};
    static const char *const flags[] = {"", "varlen", "softcap page=16", "sinks lse", "varlen page=256 lse"};
    static const int groups[] = {1, 4, 8, 7};
    int kv_heads = 1 + (int)rng_below(rng, 9);
    const char *type = pick(rng, types, N_OF(types));
    int step = strstr(type, "kv=") ? 16 : 8,
        sizes = 512 / step; /* heads of eight-bit keys are whole 16 bytes */
    char text[PROBLEM_TEXT_BYTES];
    snprintf(text, sizeof text,
             "attention %s %s %s d=%d dv=%d q_heads=%d kv_heads=%d batch=%lld q_len=%lld kv_len=%lld", type,
             pick(rng, masks, N_OF(masks)), pick(rng, flags, N_OF(flags)),
             step + step * (int)rng_below(rng, (uint64_t)sizes),
             step + step * (int)rng_below(rng, (uint64_t)sizes), kv_heads * groups[rng_below(rng, 4)],
             kv_heads, rng_below(rng, 4) ? 1 : random_size(rng), rng_below(rng, 2) ? 1 : random_size(rng),
             20 * random_size(rng));
    assert_ok(problem_parse(text, out));
}

/* What is launched for the values in `slots`: attention, and where its keys are split a workspace with sums,
 * a maximum and a sum of weights for each row, and the step that adds as many splits up. */
static void check_launch(const int64_t *slots, const struct problem *problem, const struct gpu_target *target)
{
    const int64_t *value = problem->value;
    const struct manifest_step *attend = &tested->steps[0], *combine = &tested->steps[1];
    int64_t splits = evaluate(&attend->grid[1], slots), workspace = evaluate(&tested->workspace_bytes, slots);
    int64_t rows = value[ATTENTION_BATCH] * value[ATTENTION_Q_LEN] * value[ATTENTION_Q_HEADS];
    assert_string_equal(attend->entry, "attention_simt");
    assert_string_equal(combine->entry, "attention_combine");
    assert_false(attend->has_when);
    check_kernel(attend, slots, target);
    assert_int_equal(evaluate(&tested->deterministic, slots), 1);
    assert_int_equal(evaluate(&combine->when, slots) != 0, splits > 1);
    assert_in_range(splits, 1, value[ATTENTION_KV_LEN]);
    if (splits == 1) {
        assert_int_equal(workspace, 0);
        return;
    }
    check_kernel(combine, slots, target);
    assert_int_equal(evaluate(&combine->grid[1], slots), splits);
    assert_int_equal(workspace, splits * rows * (value[ATTENTION_DV] + 2) * 4);
}

static void test_spaces(void **state)
{
    (void)state;
    struct rng rng;
    size_t n;
    unsigned split = 0;
    const struct gpu_target *targets = gpu_target_table(&n);
    rng_seed(&rng, 22);
    for (size_t i = 0; i < test_scaled(120); i++) {
        const struct gpu_target *target = &targets[i % n];
        struct problem problem;
        struct tuning tuning;
        random_problem(&rng, &problem);
        open_space(&problem, target, 1 + (int64_t)rng_below(&rng, 300), &tuning);
        bool exact;
        uint64_t count = space_count(tuning.space, &exact);
        assert_true(exact && count > 100);
        for (unsigned j = 0; j < 20; j++) {
            struct configuration configuration = tuning.fallback;
            int64_t slots[SLOT_COUNT];
            if (j) assert_true(space_random(tuning.space, &rng, &configuration));
            memcpy(slots, tuning.slots, sizeof slots);
            space_values(tuning.space, &configuration, slots);
            check_launch(slots, &problem, target);
            split += evaluate(&tested->steps[0].grid[1], slots) > 1;
        }
        tuning_close(&tuning);
    }
    assert_true(split > 100);
}

/* As large as a problem can be: nothing overflows. */
static void test_huge_problems(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "attention f32 d=512 q_heads=1 batch=1 q_len=2147482624 kv_len=2147482624",
        "attention bf16 causal varlen lse d=8 q_heads=1048576 kv_heads=1 batch=2047 q_len=1 kv_len=1000000",
        "attention f16 d=128 q_heads=1 batch=2147482624 q_len=1 kv_len=1",
        ("attention f16 kv=f8e4m3 sliding window=2147483647 d=512 q_heads=8 kv_heads=8 batch=1 q_len=1 "
         "kv_len=2147482624"),
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
    static const char *const texts[] = {
        "attention bf16 causal d=128 q_heads=32 kv_heads=8 q_len=2048",
        "attention f32 d=512 q_heads=8 q_len=2048",
        "attention bf16 causal d=128 q_heads=32 kv_heads=8 batch=16 q_len=1 kv_len=8192 page=16",
        "attention bf16 d=64 q_heads=32 q_len=1 kv_len=8192"};
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
    return tested_load("attention_simt");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_targets), cmocka_unit_test(test_spaces),
                                       cmocka_unit_test(test_huge_problems), cmocka_unit_test(test_starts)};
    return cmocka_run_group_tests(tests, set_up, tested_free);
}
