/* attention_mma as NVRTC makes it: every parameter changes the code, the front-runners keep everything in
 * registers, and tensor cores, ldmatrix and asynchronous copies are what they are made of. */
#include "tests/tuner/nvrtc_code.h"

#define PREFILL "attention bf16 causal d=64 q_heads=32 kv_heads=8 batch=8 q_len=2048"

static const struct pair pairs[] = {
    {PREFILL, "", "TILE_M=128"}, {PREFILL, "", "TILE_N=128"},
    {PREFILL, "", "WARPS_M=2"},  {PREFILL, "", "WARPS_KV=2"},
    {PREFILL, "", "STAGES=2"},   {PREFILL, "", "QUERIES=registers"},
    {PREFILL, "", "PACK_GQA=1"}, {PREFILL, "", "ORDER=near"},
    {PREFILL, "", "BLOCKS=4"},   {"attention bf16 causal d=64 q_heads=1 q_len=2048", "", "SPLITS=2"},
};

static void test_every_parameter_changes_the_code(void **state)
{
    (void)state;
    if (!is_here("nvrtc", "sm_80")) skip();
    check_pairs("sm_80", pairs, sizeof pairs / sizeof pairs[0]);
}

/* --- front-runners --- */

/* The twelve low bits of an instruction's 16 bytes, as nvdisasm 13 shows them for sm_80 to sm_120a. */
enum { OP_MATRIX = 0x23c, OP_LDMATRIX = 0x83b, OP_COPY_ASYNC = 0xfae };

/* A tile's loop stands there once: two products of the wave's rows and keys. */
static void check_start(const char *target, const struct problem *problem, const int64_t *values,
                        const struct text *code)
{
    struct code_resources resources;
    int64_t heads = problem_size(problem, "d") + problem_size(problem, "dv");
    int64_t rows = value_of("TILE_M", values) / value_of("WARPS_M", values),
            keys = value_of("TILE_N", values) / value_of("WARPS_KV", values);
    int64_t slots[SLOT_COUNT] = {0};
    struct text instructions = find_instructions(code), name = {0};
    for (uint32_t p = 0; p < made->n_parameters; p++) slots[made->parameters[p].slot] = values[p];
    manifest_print_configuration(made, slots, &name);
    assert_ok(cubin_inspect(text_string(code), code->size, &resources));
    if (resources.spill_bytes)
        fail_msg("%s, %s: %u bytes of registers spilled", target, text_string(&name), resources.spill_bytes);
    assert_int_equal(count_instructions(&instructions, OP_MATRIX), rows / 16 * keys / 8 * heads / 16);
    assert_true(count_instructions(&instructions, OP_LDMATRIX) > 0);
    assert_true(count_instructions(&instructions, OP_COPY_ASYNC) > 0);
    text_free(&instructions);
    text_free(&name);
}

/* How many of the starts, every `step`-th from `first` on, are in the problem's space; each is right. */
static unsigned check_starts(const char *problem_text, uint32_t first, uint32_t step)
{
    static const char *const targets[] = {"sm_80", "sm_90a"};
    struct problem problem;
    unsigned checked = 0;
    assert_ok(problem_parse(problem_text, &problem));
    for (uint32_t s = first; s < made->n_starts; s += step) {
        const char *target = targets[s / step % 2];
        struct text code = {0};
        if (make_code(problem_text, target, made->starts[s], &code)) {
            check_start(target, &problem, made->starts[s], &code);
            checked++;
        }
        text_free(&code);
    }
    return checked;
}

static void test_front_runners_keep_their_sums_in_registers(void **state)
{
    (void)state;
    if (!is_here("nvrtc", "sm_80")) skip();
    assert_true(check_starts("attention bf16 causal d=128 q_heads=32 kv_heads=8 batch=4 q_len=4096", 0, 1) >=
                8);
    assert_true(check_starts("attention f16 d=64 q_heads=32 batch=4 q_len=4096", 1, 4) >= 2);
    assert_true(check_starts("attention bf16 causal d=256 q_heads=8 batch=4 q_len=4096", 2, 4) >= 1);
}

static int set_up(void **state)
{
    return make_folder(state) == 0 ? open_template("attention_mma") : -1;
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_parameter_changes_the_code),
        cmocka_unit_test(test_front_runners_keep_their_sums_in_registers),
    };
    return cmocka_run_group_tests_name("attention_mma_code", tests, set_up, close_templates);
}
