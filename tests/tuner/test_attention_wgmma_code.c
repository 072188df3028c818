/* attention_wgmma as NVRTC makes it: every parameter changes the code, the front-runners keep scores and sums
 * in registers, and warpgroup products, the copy engine and shares of registers are what they are made of. */
#include "tests/tuner/nvrtc_code.h"

#define TARGET "sm_90a"
#define LARGE  "CONSUMERS=2 TILE_N=128 OVERLAP=1 TURNS=1 STORE=shared"
#define PLAIN  "attention bf16 d=128 q_heads=32 kv_heads=8 batch=2 q_len=2048"
#define NARROW "attention f16 causal d=64 q_heads=32 batch=2 q_len=2048 lse"
#define MIDDLE "attention bf16 causal d=96 q_heads=32 batch=2 q_len=2048"
#define LATENT "attention bf16 causal d=192 dv=128 q_heads=16 batch=2 q_len=2048"
#define WIDE   "attention bf16 causal d=256 q_heads=8 batch=2 q_len=2048"

static const struct pair pairs[] = {
    {PLAIN, LARGE, "CONSUMERS=2 TILE_N=112 OVERLAP=1 TURNS=1 STORE=shared"},
    {PLAIN, LARGE, "CONSUMERS=2 TILE_N=128 OVERLAP=0 TURNS=1 STORE=shared"},
    {PLAIN, LARGE, "CONSUMERS=2 TILE_N=128 OVERLAP=1 TURNS=0 STORE=shared"},
    {PLAIN, LARGE, "CONSUMERS=2 TILE_N=128 OVERLAP=1 TURNS=1 STORE=direct"},
    {PLAIN, LARGE, LARGE " PACK_GQA=1"},
    {PLAIN, LARGE, LARGE " PERSISTENT=1"},
    {PLAIN, "", "STAGES=3"},
    {PLAIN, "", "CONSUMERS=2"},
};

static void test_every_parameter_changes_the_code(void **state)
{
    (void)state;
    if (!is_here("nvrtc", TARGET)) skip();
    check_pairs(TARGET, pairs, sizeof pairs / sizeof pairs[0]);
}

/* As nvdisasm 13 shows them for sm_90a: HGMMA with its left operand in shared memory and in registers,
 * UTMALDG, USETMAXREG. */
enum { OP_KEYS = 0x9f0, OP_VALUES = 0xdf0, OP_LOAD = 0x5b4, OP_REGISTERS = 0x9c8 };

static void check_start(const char *problem, unsigned head, const int64_t *values, const struct text *code)
{
    struct code_resources resources;
    struct text text = find_instructions(code), name = {0};
    int64_t slots[SLOT_COUNT] = {0};
    for (uint32_t p = 0; p < made->n_parameters; p++) slots[made->parameters[p].slot] = values[p];
    manifest_print_configuration(made, slots, &name);
    assert_ok(cubin_inspect(text_string(code), code->size, &resources));
    unsigned of_keys = count_instructions(&text, OP_KEYS), of_values = count_instructions(&text, OP_VALUES);
    if (getenv("TUNEBOOK_TEST_VERBOSE"))
        printf("%s %s: %u registers, %u bytes spilled, %u + %u products\n", problem, text_string(&name),
               resources.registers, resources.spill_bytes, of_keys, of_values);
    if (resources.spill_bytes > 0)
        fail_msg("%s %s: %u bytes of registers spilled", problem, text_string(&name), resources.spill_bytes);
    unsigned copies = value_of("OVERLAP", values) ? 2 : 1, tile = (unsigned)value_of("TILE_N", values);
    assert_int_equal(of_keys, copies * head / 16);
    assert_int_equal(of_values, copies * tile / 16);
    assert_true(count_instructions(&text, OP_LOAD) >= 2);
    assert_int_equal(count_instructions(&text, OP_REGISTERS), value_of("CONSUMERS", values) > 1 ? 2 : 0);
    text_free(&text);
    text_free(&name);
}

/* Every start on two of the problems whose space it is in. */
static void test_front_runners(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        unsigned d;
    } problems[] = {{PLAIN, 128}, {NARROW, 64}, {MIDDLE, 96}, {LATENT, 192}, {WIDE, 256}};
    enum { PROBLEMS = sizeof problems / sizeof problems[0] };
    if (!is_here("nvrtc", TARGET)) skip();
    for (uint32_t s = 0; s < made->n_starts; s++) {
        unsigned checked = 0;
        for (size_t n = 0; n < PROBLEMS && checked < 2; n++) {
            size_t i = (s + n) % PROBLEMS;
            struct text code = {0};
            if (make_code(problems[i].text, TARGET, made->starts[s], &code)) {
                check_start(problems[i].text, problems[i].d, made->starts[s], &code);
                checked++;
            }
            text_free(&code);
        }
        if (!checked) fail_msg("start %u is in no problem's space", s);
    }
}

static int set_up(void **state)
{
    return make_folder(state) == 0 ? open_template("attention_wgmma") : -1;
}

int main(int argc, char **argv)
{
    int code = worker_main(argc, argv);
    if (code >= 0) return code;
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_parameter_changes_the_code),
        cmocka_unit_test(test_front_runners),
    };
    return cmocka_run_group_tests_name("attention_wgmma_code", tests, set_up, close_templates);
}
