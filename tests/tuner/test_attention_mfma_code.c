/* attention_mfma as clang makes it: every parameter changes the code, its products are the matrix
 * instructions that they should be, and the front-runners keep everything in registers. */
#include "tests/tuner/nvrtc_code.h"

#include "tuner/compile/amdgpu_notes.h"

#define N_OF(array) (sizeof(array) / sizeof *(array))
#define PREFILL     "attention bf16 causal d=128 q_heads=32 kv_heads=8 batch=4 q_len=2048"
#define DECODE      "attention bf16 causal d=128 q_heads=32 kv_heads=8 batch=4 q_len=1 kv_len=8192"
#define WIDE        "TILE_M=128 WAVES_M=4 TILE_N=64"

static const struct pair pairs[] = {
    {PREFILL, WIDE, "TILE_M=64 WAVES_M=4 TILE_N=64"},
    {PREFILL, WIDE, "TILE_M=128 WAVES_M=8 TILE_N=64"},
    {PREFILL, WIDE, "TILE_M=128 WAVES_M=4 TILE_N=32"},
    {PREFILL, WIDE, WIDE " MFMA=32"},
    {PREFILL, WIDE, WIDE " PACK_GQA=1"},
    {PREFILL, WIDE, WIDE " KEYS=direct"},
    {PREFILL, WIDE, WIDE " VALUES=direct"},
    {PREFILL, WIDE, WIDE " SHARED=swizzle"},
    {PREFILL, WIDE, "TILE_M=128 WAVES_M=4 TILE_N=32 BUFFERS=2"},
    {PREFILL, WIDE, WIDE " PIPELINE=mixed"},
    {PREFILL, WIDE, WIDE " RESCALE=always"},
    {PREFILL, WIDE, WIDE " PRIORITY=1"},
    {PREFILL, WIDE, WIDE " ORDER=tiles"},
    {PREFILL, WIDE " ORDER=tiles", WIDE " ORDER=tiles XCD=1"},
    {PREFILL, "TILE_M=64 WAVES_M=2 TILE_N=64", "TILE_M=64 WAVES_M=2 TILE_N=64 WAVES_N=2"},
    {DECODE, "TILE_N=64", "TILE_N=64 SPLITS=4"},
    {DECODE, "TILE_N=64 KEYS=direct VALUES=direct", "TILE_N=64 KEYS=direct VALUES=direct BLOCKS=8"},
};

static void test_every_parameter_changes_the_code(void **state)
{
    (void)state;
    if (!is_here("clang", "gfx942")) skip();
    check_pairs("gfx942", pairs, N_OF(pairs));
}

/* --- matrix instructions --- */

/* The first word's upper half, as llvm-mc 22 shows it; the same as in test_gemm_mfma_code.c. */
static const struct form {
    const char *target, *types;
    unsigned mfma, upper_half, k;
} forms[] = {
    {"gfx90a", "bf16", 32, 0xd3e6, 8},  {"gfx90a", "bf16", 16, 0xd3e7, 16},
    {"gfx90a", "f16", 32, 0xd3cc, 8},   {"gfx90a", "f16", 16, 0xd3cd, 16},
    {"gfx942", "bf16", 32, 0xd3e0, 8},  {"gfx942", "bf16", 16, 0xd3e1, 16},
    {"gfx942", "f16", 32, 0xd3cc, 8},   {"gfx942", "bf16 kv=f8e4m3fnuz", 16, 0xd3e1, 16},
    {"gfx950", "bf16", 32, 0xd3b7, 16}, {"gfx950", "bf16", 16, 0xd3b5, 32},
    {"gfx950", "f16", 32, 0xd3d5, 16},  {"gfx950", "f16 kv=f8e4m3", 16, 0xd3d4, 32},
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

/* 64 x 64 scores of 128 elements, and 64 x 128 sums of 64 keys, by two waves. */
static void test_products_are_matrix_instructions(void **state)
{
    (void)state;
    if (!is_here("clang", "gfx942")) skip();
    for (size_t i = 0; i < N_OF(forms); i++) {
        const struct form *form = &forms[i];
        char problem[PROBLEM_TEXT_BYTES], changes[64];
        int64_t values[MANIFEST_PARAMETERS_MAX];
        struct text code = {0};
        snprintf(problem, sizeof problem, "attention %s d=128 q_heads=8 q_len=1024", form->types);
        snprintf(changes, sizeof changes, "TILE_M=64 WAVES_M=2 TILE_N=64 MFMA=%u", form->mfma);
        make_values(changes, values);
        if (!make_code(problem, form->target, values, &code)) fail_msg("%s: %s", problem, changes);
        unsigned products = 2 * 32 * 64 * 128 / (form->mfma * form->mfma * form->k);
        unsigned found = count_words(&code, form->upper_half);
        if (found != products)
            fail_msg("%s, %s: %u matrix instructions, not %u", form->target, problem, found, products);
        text_free(&code);
    }
}

/* --- front-runners --- */

static const char *const front[] = {
    PREFILL,
    DECODE,
    "attention f16 d=64 q_heads=16 batch=8 q_len=2048",
    "attention bf16 causal d=128 q_heads=64 kv_heads=8 batch=8 q_len=1 kv_len=4096 page=16 varlen",
};

/* What does not fit there is another problem's: code for heads of 256 must hold sums of twice as many
 * columns. */
static void check_start(const char *target, const char *problem, const int64_t *values,
                        const struct text *code)
{
    struct code_resources resources;
    struct text name = {0};
    int64_t slots[SLOT_COUNT] = {0};
    for (uint32_t p = 0; p < made->n_parameters; p++) slots[made->parameters[p].slot] = values[p];
    manifest_print_configuration(made, slots, &name);
    assert_ok(amdgpu_inspect(text_string(code), code->size, &resources));
    if (getenv("TUNEBOOK_TEST_VERBOSE"))
        print_message("%s %s %s: %u registers, %u spilled\n", target, problem, text_string(&name),
                      resources.registers, resources.spill_bytes);
    if (resources.spill_bytes)
        fail_msg("%s, %s, %s: %u bytes spilled", target, problem, text_string(&name), resources.spill_bytes);
    text_free(&name);
}

static void test_front_runners_keep_their_sums_in_registers(void **state)
{
    (void)state;
    static const char *const targets[] = {"gfx942", "gfx90a", "gfx950"};
    bool checked[32] = {false};
    if (!is_here("clang", "gfx942")) skip();
    for (size_t t = 0; t < N_OF(targets); t++)
        for (size_t p = 0; p < N_OF(front); p++) {
            for (uint32_t s = 0; s < made->n_starts; s++) {
                struct text code = {0};
                if ((t > 0 && p > 1) || !make_code(front[p], targets[t], made->starts[s], &code)) continue;
                check_start(targets[t], front[p], made->starts[s], &code);
                checked[s] = true;
                text_free(&code);
            }
        }
    for (uint32_t s = 0; s < made->n_starts; s++)
        if (!checked[s]) fail_msg("start %u is valid nowhere", (unsigned)s);
}

static int set_up(void **state)
{
    made_by = "clang";
    return make_folder(state) || open_template("attention_mfma");
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_parameter_changes_the_code),
        cmocka_unit_test(test_products_are_matrix_instructions),
        cmocka_unit_test(test_front_runners_keep_their_sums_in_registers),
    };
    return cmocka_run_group_tests_name("attention_mfma_code", tests, set_up, close_templates);
}
