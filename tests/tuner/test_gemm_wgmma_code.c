/* gemm_wgmma as NVRTC makes it: every parameter changes the code, the front-runners keep their sums in
 * registers, and warpgroup products, the copy engine and shares of registers are what they are made of. */
#include "tests/tuner/nvrtc_code.h"

#define TARGET "sm_90a"
#define LARGE  "TILE_M=128 TILE_N=128 TILE_K=64 STAGES=4 CONSUMERS=2"
#define SMALL  "SWAP=1 TILE_M=16 TILE_N=128 TILE_K=64 STAGES=4 STORE=shared"
#define BYTES  "TILE_M=64 TILE_N=128 TILE_K=128 STAGES=4"
#define WIDE   "gemm bf16 nt m=2048 n=2000 k=1024"
#define FEW    "gemm bf16 nt m=16 n=4096 k=4096"
#define FP8    "gemm a=f8e4m3 b=f8e4m3 d=bf16 nt m=2048 n=2048 k=2048"
/* More than eight rounds of its tiles leave nothing to share out. */
#define UNEVEN "gemm bf16 nt m=1024 n=2048 k=1024"

static const struct pair pairs[] = {
    {WIDE, LARGE, LARGE " TILE_N=192"},
    {WIDE, LARGE, LARGE " STAGES=3"},
    {WIDE, LARGE, LARGE " CONSUMERS=1"},
    {WIDE, LARGE, LARGE " SCHEDULE=turns"},
    {WIDE, LARGE, LARGE " STORE=engine"},
    {WIDE, LARGE, LARGE " CLUSTER_M=2"},
    {WIDE, LARGE, LARGE " CLUSTER_N=2"},
    {WIDE, LARGE, LARGE " GROUP_M=4"},
    {WIDE, LARGE, LARGE " OVERLAP=1"},
    {WIDE, "", "TILE_M=128"},
    {WIDE, "", "TILE_K=64"},
    {FEW, SMALL, SMALL " SPLIT_K=2"},
    {FEW, SMALL, "TILE_M=64 STORE=shared"},
    {UNEVEN, LARGE, LARGE " STREAM=1"},
    {FP8, BYTES, BYTES " PROMOTE=2"},
};

static void test_every_parameter_changes_the_code(void **state)
{
    (void)state;
    if (!is_here("nvrtc", TARGET)) skip();
    check_pairs(TARGET, pairs, sizeof pairs / sizeof pairs[0]);
}

/* As nvdisasm 13 shows them for sm_90a: HGMMA, QGMMA, UTMALDG, UTMASTG, USETMAXREG. */
enum { OP_PRODUCT = 0x9f0, OP_PRODUCT_FP8 = 0x9f3, OP_LOAD = 0x5b4, OP_STORE = 0x3b5, OP_REGISTERS = 0x9c8 };

static void check_start(const int64_t *values, const struct text *code)
{
    enum { SPILL_BYTES_MAX = 32 /* of what is used once a tile */ };
    struct code_resources resources;
    struct text text = find_instructions(code), name = {0};
    int64_t slots[SLOT_COUNT] = {0};
    for (uint32_t p = 0; p < made->n_parameters; p++) slots[made->parameters[p].slot] = values[p];
    manifest_print_configuration(made, slots, &name);
    assert_ok(cubin_inspect(text_string(code), code->size, &resources));
    if (resources.spill_bytes > SPILL_BYTES_MAX)
        fail_msg("%s: %u bytes of registers spilled", text_string(&name), resources.spill_bytes);
    unsigned products = count_instructions(&text, OP_PRODUCT) + count_instructions(&text, OP_PRODUCT_FP8);
    if (products < 4) fail_msg("%s: %u warpgroup products", text_string(&name), products);
    assert_true(count_instructions(&text, OP_LOAD) >= 2);
    assert_int_equal(count_instructions(&text, OP_STORE) > 0,
                     value_of("STORE", values) == expr_word("engine"));
    assert_int_equal(count_instructions(&text, OP_REGISTERS), value_of("CONSUMERS", values) > 1 ? 2 : 0);
    text_free(&text);
    text_free(&name);
}

static void test_front_runners(void **state)
{
    (void)state;
    static const char *const problems[] = {"gemm bf16 nt m=4096 n=4096 k=4096", FEW, FP8,
                                           "gemm bf16 nt m=256 n=1024 k=4096", UNEVEN};
    if (!is_here("nvrtc", TARGET)) skip();
    unsigned checked = 0;
    for (uint32_t s = 0; s < made->n_starts; s++) {
        struct text code = {0};
        bool found = false;
        for (size_t i = 0; i < sizeof problems / sizeof problems[0] && !found; i++)
            found = make_code(problems[i], TARGET, made->starts[s], &code);
        if (found) check_start(made->starts[s], &code);
        checked += found;
        text_free(&code);
    }
    assert_true(checked + 2 >= made->n_starts);
}

static int set_up(void **state)
{
    return make_folder(state) == 0 ? open_template("gemm_wgmma") : -1;
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_parameter_changes_the_code),
        cmocka_unit_test(test_front_runners),
    };
    return cmocka_run_group_tests_name("gemm_wgmma_code", tests, set_up, close_templates);
}
