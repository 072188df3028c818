/* gemm_wmma as clang makes it: every parameter changes the code, each type's own matrix instruction is in it,
 * and the front-runners keep everything in registers. */
#include "tests/tuner/nvrtc_code.h"

#include "tuner/compile/amdgpu_notes.h"

#define WIDE "gemm f16 nt m=2048 n=2000 k=1024"
#define DEEP "gemm f16 nt m=256 n=512 k=4096"
#define F8   "gemm a=f8e4m3 b=f8e4m3 d=bf16 nt m=2048 n=2000 k=1024"

static const struct pair pairs[] = {
    {WIDE, "", "TILE_M=128"},
    {WIDE, "", "TILE_N=128"},
    {WIDE, "", "TILE_K=32"},
    {WIDE, "", "WAVES_M=4"},
    {WIDE, "", "WAVES_N=1"},
    {WIDE, "", "SHARED=pad"},
    {WIDE, "", "BUFFERS=2"},
    {WIDE, "", "FRAGMENTS=2"},
    {WIDE, "", "PIPELINE=slices"},
    {WIDE, "", "SPLIT_K=1"},
    {WIDE, "", "GROUP_M=4"},
    {WIDE, "TILE_M=128 TILE_N=128", "TILE_M=128 TILE_N=128 BLOCKS=4"},
    {WIDE, "SPLIT_K=1", "SPLIT_K=1 SCHEDULE=persistent"},
    {DEEP, "SPLIT_K=4", "SPLIT_K=4 SPLIT_MODE=atomics"},
    {F8, "TILE_K=128", "TILE_K=128 FORM_K=128"},
};

/* The first word's upper half, of VOP3P, as llvm-objdump 22 shows it. */
static const struct instruction {
    const char *target, *problem, *changes;
    uint32_t code;
    unsigned bytes_k; /* of a line that one takes, all lanes together */
} instructions[] = {
    {"gfx1100", "gemm f16 nt m=512 n=512 k=512", "SPLIT_K=1", 0xcc40, 32},
    {"gfx1100", "gemm bf16 tn m=512 n=512 k=512", "SPLIT_K=1", 0xcc41, 32},
    {"gfx1100", "gemm a=i8 b=i8 d=f32 acc=i32 nn m=512 n=512 k=512", "SPLIT_K=1", 0xcc44, 16},
    {"gfx1201", "gemm f16 tt m=512 n=512 k=512", "SPLIT_K=1", 0xcc40, 32},
    {"gfx1201", "gemm bf16 nt swiglu m=512 n=512 k=512", "SPLIT_K=1", 0xcc41, 32},
    {"gfx1201", "gemm a=i8 b=i8 d=f16 acc=i32 nt m=512 n=512 k=512", "SPLIT_K=1", 0xcc44, 16},
    {"gfx1201", "gemm a=f8e4m3 b=f8e4m3 d=bf16 nt m=512 n=512 k=512", "SPLIT_K=1", 0xcc46, 16},
    {"gfx1250", "gemm f16 nt m=512 n=512 k=512", "SPLIT_K=1", 0xcc60, 64},
    {"gfx1250", "gemm bf16 nn bias+gelu m=512 n=512 k=512", "SPLIT_K=1", 0xcc62, 64},
    {"gfx1250", "gemm a=i8 b=i8 d=f32 acc=i32 nt m=512 n=512 k=512", "SPLIT_K=1", 0xcc72, 64},
    {"gfx1250", "gemm a=f8e4m3 b=f8e4m3 d=bf16 tn m=512 n=512 k=512", "SPLIT_K=1", 0xcc6a, 64},
    {"gfx1250", "gemm a=f8e4m3 b=f8e4m3 d=f32 nt m=512 n=512 k=512", "SPLIT_K=1 TILE_K=128 FORM_K=128",
     0xcc80, 128},
};

static unsigned count_words(const struct text *code, uint32_t upper)
{
    unsigned n = 0;
    struct text text = find_instructions(code);
    for (size_t at = 0; at + 4 <= text.size; at += 4) {
        uint32_t word;
        memcpy(&word, text_string(&text) + at, sizeof word);
        n += word >> 16 == upper;
    }
    text_free(&text);
    return n;
}

static void test_every_parameter_changes_the_code(void **state)
{
    (void)state;
    if (!is_here("clang", "gfx1250")) skip();
    check_pairs("gfx1250", pairs, sizeof pairs / sizeof pairs[0]);
}

/* Where the number of units is known, tiles can be left over. */
static void test_stream_is_code_of_its_own(void **state)
{
    (void)state;
    static const char odd[] = "gemm f16 nt m=2048 n=2100 k=1024";
    static const char *const schedules[] = {"SPLIT_K=1", "SPLIT_K=1 SCHEDULE=persistent",
                                            "SPLIT_K=1 SCHEDULE=stream"};
    struct text code[3] = {{0}};
    if (!is_here("clang", "gfx1201")) skip();
    for (int i = 0; i < 3; i++) make_instructions(odd, "gfx1201", schedules[i], &code[i]);
    for (int i = 0; i < 3; i++)
        assert_true(code[i].size != code[(i + 1) % 3].size ||
                    memcmp(text_string(&code[i]), text_string(&code[(i + 1) % 3]), code[i].size) != 0);
    for (int i = 0; i < 3; i++) text_free(&code[i]);
}

/* The loop over whole tiles and the one over the rest each have a tile's products. */
static unsigned products(const int64_t *values, unsigned line_bytes, unsigned bytes_k)
{
    int64_t tiles = value_of("TILE_M", values) / value_of("WAVES_M", values) / 16 *
                    (value_of("TILE_N", values) / value_of("WAVES_N", values) / 16);
    return (unsigned)(2 * tiles * line_bytes / bytes_k);
}

static void test_each_type_has_its_instruction(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof instructions / sizeof instructions[0]; i++) {
        const struct instruction *row = &instructions[i];
        int64_t values[MANIFEST_PARAMETERS_MAX];
        struct text code = {0};
        if (!is_here("clang", row->target)) skip();
        make_values(row->changes, values);
        if (!make_code(row->problem, row->target, values, &code))
            fail_msg("%s: not in the space", row->problem);
        unsigned size = strstr(row->problem, "i8") || strstr(row->problem, "f8") ? 1 : 2;
        unsigned found = count_words(&code, row->code);
        unsigned wanted = products(values, size * (unsigned)value_of("TILE_K", values), row->bytes_k);
        if (found != wanted)
            fail_msg("%s, %s: %u matrix instructions, not %u", row->target, row->problem, found, wanted);
        text_free(&code);
    }
}

static void check_start(const char *target, const int64_t *values, const struct text *code)
{
    struct code_resources resources;
    struct text name = {0};
    int64_t slots[SLOT_COUNT] = {0};
    for (uint32_t p = 0; p < made->n_parameters; p++) slots[made->parameters[p].slot] = values[p];
    manifest_print_configuration(made, slots, &name);
    assert_ok(amdgpu_inspect(text_string(code), code->size, &resources));
    if (resources.spill_bytes)
        fail_msg("%s, %s: %u bytes of registers spilled", target, text_string(&name), resources.spill_bytes);
    text_free(&name);
}

static void test_front_runners_keep_their_sums_in_registers(void **state)
{
    (void)state;
    static const char *const targets[] = {"gfx1100", "gfx1201", "gfx1250"};
    static const char *const problems[] = {"gemm f16 nt m=4096 n=4096 k=4096",
                                           "gemm bf16 tn bias m=4096 n=4096 k=4096",
                                           "gemm a=f8e4m3 b=f8e4m3 d=bf16 nt m=4096 n=4096 k=4096"};
    unsigned checked = 0;
    for (size_t t = 0; t < sizeof targets / sizeof targets[0]; t++) {
        if (!is_here("clang", targets[t])) skip();
        for (uint32_t s = 0; s < made->n_starts; s++) {
            struct text code = {0};
            const char *problem = problems[t > 0 ? s % 3 : s % 2];
            if (make_code(problem, targets[t], made->starts[s], &code)) {
                check_start(targets[t], made->starts[s], &code);
                checked++;
            }
            text_free(&code);
        }
    }
    print_message("%u starts\n", checked);
    assert_true(checked >= made->n_starts);
}

static int set_up(void **state)
{
    made_by = "clang";
    return make_folder(state) == 0 ? open_template("gemm_wmma") : -1;
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_parameter_changes_the_code),
        cmocka_unit_test(test_stream_is_code_of_its_own),
        cmocka_unit_test(test_each_type_has_its_instruction),
        cmocka_unit_test(test_front_runners_keep_their_sums_in_registers),
    };
    return cmocka_run_group_tests_name("gemm_wmma_code", tests, set_up, close_templates);
}
