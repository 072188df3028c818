/* gemm_mma as NVRTC makes it: every parameter changes the code, the front-runners keep everything in
 * registers, and tensor cores, ldmatrix and asynchronous copies are what they are made of. */
#include "tests/tuner/nvrtc_code.h"

#define LARGE "TILE_M=128 TILE_N=128 WARP_M=64 WARP_N=64 SPLIT_K=1"
#define WIDE  "gemm bf16 nt m=2048 n=2000 k=1024"
#define DEEP  "gemm bf16 nt m=256 n=512 k=4096"

static const struct pair pairs[] = {
    {WIDE, "", "TILE_M=128"},
    {WIDE, "", "TILE_N=128"},
    {WIDE, "", "TILE_K=64"},
    {WIDE, "", "WARP_M=64"},
    {WIDE, "", "WARP_N=16"},
    {WIDE, "", "STAGES=4"},
    {WIDE, "", "FRAGMENTS=1"},
    {WIDE, "", "VECTOR_A=8"},
    {WIDE, "", "VECTOR_B=4"},
    {WIDE, "", "EPILOGUE=direct"},
    {WIDE, "", "SPLIT_K=1"},
    {WIDE, "", "GROUP_M=4"},
    {WIDE, LARGE, LARGE " BLOCKS=2"},
    {WIDE, LARGE, LARGE " SCHEDULE=persistent"},
    {WIDE, LARGE, LARGE " SCHEDULE=stream"},
    {DEEP, "SPLIT_K=4", "SPLIT_K=4 SPLIT_MODE=atomics"},
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

/* The loop over whole tiles and the one over the rest each have a tile's products. */
static void check_start(const char *target, const int64_t *values, const struct text *code)
{
    struct code_resources resources;
    int64_t products =
        value_of("WARP_M", values) / 16 * value_of("WARP_N", values) / 8 * value_of("TILE_K", values) / 16;
    struct text instructions = find_instructions(code), name = {0};
    int64_t slots[SLOT_COUNT] = {0};
    for (uint32_t p = 0; p < made->n_parameters; p++) slots[made->parameters[p].slot] = values[p];
    manifest_print_configuration(made, slots, &name);
    assert_ok(cubin_inspect(text_string(code), code->size, &resources));
    if (resources.spill_bytes)
        fail_msg("%s, %s: %u bytes of registers spilled", target, text_string(&name), resources.spill_bytes);
    assert_int_equal(count_instructions(&instructions, OP_MATRIX), 2 * products);
    assert_true(count_instructions(&instructions, OP_LDMATRIX) > 0);
    assert_true(count_instructions(&instructions, OP_COPY_ASYNC) > 0);
    text_free(&instructions);
    text_free(&name);
}

static void test_front_runners_keep_their_sums_in_registers(void **state)
{
    (void)state;
    static const char *const targets[] = {"sm_80", "sm_90a"};
    if (!is_here("nvrtc", "sm_80")) skip();
    unsigned checked = 0;
    for (uint32_t s = 0; s < made->n_starts; s++) {
        const char *target = targets[s % 2];
        struct text code = {0};
        if (make_code("gemm bf16 nt m=4096 n=4096 k=4096", target, made->starts[s], &code)) {
            check_start(target, made->starts[s], &code);
            checked++;
        }
        text_free(&code);
    }
    assert_true(checked >= made->n_starts / 2);
}

static int set_up(void **state)
{
    return make_folder(state) == 0 ? open_template("gemm_mma") : -1;
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_parameter_changes_the_code),
        cmocka_unit_test(test_front_runners_keep_their_sums_in_registers),
    };
    return cmocka_run_group_tests_name("gemm_mma_code", tests, set_up, close_templates);
}
