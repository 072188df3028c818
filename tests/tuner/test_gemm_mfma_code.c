/* gemm_mfma as clang makes it: every parameter changes the code, on every target its products are the matrix
 * instructions that they should be, and front-runners keep everything in registers. */
#include "tests/tuner/gpu_compilers.h"

#include <elf.h>
#include "tuner/tuning.h"

#define N_OF(array) (sizeof(array) / sizeof *(array))
#define WIDE        "gemm bf16 nt m=4096 n=4096 k=4096"
#define DEEP        "gemm bf16 nt m=256 n=512 k=16384"
#define TILE        "TILE_M=128 TILE_N=128 MFMA=32 SPLIT_K=1"
#define EIGHT       "TILE_M=256 TILE_N=256 WAVES_N=4 MFMA=32 BLOCKS=1 SPLIT_K=1"

static struct manifest **templates;
static size_t n_templates;
static const struct manifest *made;

/* --- compiling a configuration --- */

static void set_value(int64_t *values, const char *name, size_t name_size, const char *value)
{
    for (uint32_t p = 0; p < made->n_parameters; p++) {
        if (strncmp(made->parameters[p].name, name, name_size) != 0 || made->parameters[p].name[name_size])
            continue;
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(value, " "), value);
        values[p] = made->parameters[p].words ? expr_word(word) : strtoll(word, NULL, 10);
        return;
    }
    fail_msg("no parameter %s", name);
}

/* The default with the values that `changes`, "NAME=VALUE ...", has. */
static void make_values(const char *changes, int64_t *values)
{
    memcpy(values, made->defaults, sizeof made->defaults);
    for (const char *at = changes; *at;) {
        size_t name = strcspn(at, "=");
        set_value(values, at, name, at + name + 1);
        at += strcspn(at, " ");
        at += *at == ' ';
    }
}

/* False: the configuration is not in the space. Warnings are failures. */
static bool make_code(const char *problem_text, const char *target, const int64_t *values, struct text *code)
{
    struct device_facts facts;
    struct problem problem;
    struct tuning_scene scene = {&problem, &facts, target, compiler_find("clang"), "test"};
    struct tuning tuning;
    struct configuration configuration;
    struct candidate candidate;
    struct text log = {0};
    gpu_target_facts(gpu_target_find(target), NULL, &facts);
    assert_ok(problem_parse(problem_text, &problem));
    assert_ok(tuning_open(&scene, made, &tuning));
    bool found = tuning_values_configuration(&tuning, values, &configuration);
    if (found) {
        assert_ok(candidate_prepare(&tuning, &configuration, &candidate));
        if (compiler_find("clang")->compile(&candidate.job.request, code, &log) != STATUS_OK || log.size)
            fail_msg("%s, %s: %s\n%s", target, candidate_name(&candidate), status_message(),
                     text_string(&log));
        candidate_free(&candidate);
    }
    text_free(&log);
    tuning_close(&tuning);
    return found;
}

static const Elf64_Shdr *section_of(const char *bytes, unsigned type, unsigned index)
{
    const Elf64_Ehdr *head = (const void *)bytes;
    const Elf64_Shdr *sections = (const void *)(bytes + head->e_shoff);
    for (unsigned i = 0; i < head->e_shnum; i++)
        if (type ? sections[i].sh_type == type : i == index) return &sections[i];
    fail_msg("no such section");
    return NULL;
}

/* The instructions of a kernel, as bytes. */
static struct text instructions_of(const struct text *code, const char *kernel)
{
    const char *bytes = text_string(code);
    const Elf64_Shdr *symbols = section_of(bytes, SHT_DYNSYM, 0);
    const char *names = bytes + section_of(bytes, 0, symbols->sh_link)->sh_offset;
    struct text out = {0};
    for (size_t i = 0; i < symbols->sh_size / sizeof(Elf64_Sym); i++) {
        const Elf64_Sym *symbol = (const Elf64_Sym *)(const void *)(bytes + symbols->sh_offset) + i;
        if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || strcmp(names + symbol->st_name, kernel) != 0)
            continue;
        const Elf64_Shdr *section = section_of(bytes, 0, symbol->st_shndx);
        text_append_bytes(&out, bytes + section->sh_offset + (symbol->st_value - section->sh_addr),
                          symbol->st_size);
    }
    assert_true(out.size > 0);
    return out;
}

/* How many words begin like this instruction of two words. */
static unsigned count(const struct text *instructions, unsigned upper_half)
{
    unsigned n = 0;
    for (size_t at = 0; at + 8 <= instructions->size; at += 4) {
        uint32_t word;
        memcpy(&word, text_string(instructions) + at, sizeof word);
        n += word >> 16 == upper_half;
    }
    return n;
}

/* --- every parameter changes the code --- */

static const struct {
    const char *target, *problem, *one, *other;
} pairs[] = {
    {"gfx942", WIDE, "", "TILE_M=128"},
    {"gfx942", WIDE, "", "TILE_N=128"},
    {"gfx942", WIDE, "", "TILE_K=128"},
    {"gfx942", WIDE, "", "WAVES_M=4"},
    {"gfx942", WIDE, "", "WAVES_N=1"},
    {"gfx942", WIDE, "", "MFMA=32"},
    {"gfx942", WIDE, "", "SHARED=pad"},
    {"gfx942", WIDE, "", "BUFFERS=2"},
    {"gfx942", WIDE, "", "FRAGMENTS=1"},
    {"gfx942", WIDE, "", "EPILOGUE=shared"},
    {"gfx942", WIDE, "", "SPLIT_K=1"},
    {"gfx942", WIDE, "", "GROUP_M=4"},
    {"gfx942", WIDE, "", "XCD=16"},
    {"gfx942", WIDE, TILE, TILE " PIPELINE=free"},
    {"gfx942", WIDE, TILE, TILE " PIPELINE=slices"},
    {"gfx942", WIDE, TILE, TILE " BLOCKS=1"},
    {"gfx942", WIDE, TILE, TILE " SCHEDULE=persistent"},
    {"gfx942", WIDE, TILE, TILE " SCHEDULE=stream"},
    {"gfx942", WIDE, EIGHT, EIGHT " PIPELINE=turns"},
    {"gfx950", WIDE, "BUFFERS=2", "BUFFERS=2 FETCH=direct"},
    {"gfx942", DEEP, "SPLIT_K=4", "SPLIT_K=4 SPLIT_MODE=atomics"},
};

static void make_instructions(size_t pair, const char *changes, struct text *out)
{
    int64_t values[MANIFEST_PARAMETERS_MAX];
    struct text code = {0};
    make_values(changes, values);
    if (!make_code(pairs[pair].problem, pairs[pair].target, values, &code))
        fail_msg("%s is not in the space", changes);
    text_free(out);
    *out = instructions_of(&code, "gemm_mfma");
    text_free(&code);
}

static void test_every_parameter_changes_the_code(void **state)
{
    (void)state;
    bool paired[MANIFEST_PARAMETERS_MAX] = {false};
    struct text a = {0}, b = {0};
    if (!is_here("clang", "gfx942")) skip();
    for (size_t i = 0; i < N_OF(pairs); i++) {
        int64_t one[MANIFEST_PARAMETERS_MAX], other[MANIFEST_PARAMETERS_MAX];
        if (i == 0 || pairs[i].one != pairs[i - 1].one || pairs[i].target != pairs[i - 1].target)
            make_instructions(i, pairs[i].one, &a);
        make_instructions(i, pairs[i].other, &b);
        make_values(pairs[i].one, one);
        make_values(pairs[i].other, other);
        for (uint32_t p = 0; p < made->n_parameters; p++) paired[p] = paired[p] || one[p] != other[p];
        if (a.size == b.size && memcmp(text_string(&a), text_string(&b), a.size) == 0)
            fail_msg("\"%s\" and \"%s\" are the same code", pairs[i].one, pairs[i].other);
    }
    text_free(&a);
    text_free(&b);
    for (uint32_t p = 0; p < made->n_parameters; p++)
        if (!paired[p]) fail_msg("nothing compares values of %s", made->parameters[p].name);
}

/* --- matrix instructions --- */

/* The upper halves of the instructions' first words, as llvm-mc 22 shows them. */
static const struct form {
    const char *target, *types;
    unsigned mfma, upper_half, bytes; /* bytes: of k that a lane gives to one */
} forms[] = {
    {"gfx90a", "bf16", 32, 0xd3e6, 8},
    {"gfx90a", "bf16", 16, 0xd3e7, 8},
    {"gfx90a", "f16", 32, 0xd3cc, 8},
    {"gfx90a", "f16", 16, 0xd3cd, 8},
    {"gfx90a", "a=i8 b=i8 d=f32 acc=i32", 32, 0xd3d4, 4},
    {"gfx90a", "a=i8 b=i8 d=f32 acc=i32", 16, 0xd3d5, 4},
    {"gfx942", "bf16", 32, 0xd3e0, 8},
    {"gfx942", "bf16", 16, 0xd3e1, 8},
    {"gfx942", "f16", 32, 0xd3cc, 8},
    {"gfx942", "f16", 16, 0xd3cd, 8},
    {"gfx942", "a=i8 b=i8 d=f32 acc=i32", 32, 0xd3d6, 8},
    {"gfx942", "a=i8 b=i8 d=bf16 acc=i32", 16, 0xd3d7, 8},
    {"gfx942", "a=f8e4m3fnuz b=f8e4m3fnuz d=bf16", 16, 0xd3f3, 8},
    {"gfx950", "bf16", 32, 0xd3b7, 16},
    {"gfx950", "bf16", 16, 0xd3b5, 16},
    {"gfx950", "f16", 32, 0xd3d5, 16},
    {"gfx950", "f16", 16, 0xd3d4, 16},
    {"gfx950", "a=i8 b=i8 d=f32 acc=i32", 32, 0xd3b8, 16},
    {"gfx950", "a=i8 b=i8 d=f32 acc=i32", 16, 0xd3b6, 16},
    {"gfx950", "a=f8e4m3 b=f8e4m3 d=bf16", 32, 0xd3ae, 32},
};

/* The loop over whole tiles and the one over the rest each have a tile's products: 64 x 64 x 64 by four
 * waves. */
static void test_products_are_matrix_instructions(void **state)
{
    (void)state;
    if (!is_here("clang", "gfx942")) skip();
    for (size_t i = 0; i < N_OF(forms); i++) {
        const struct form *form = &forms[i];
        char problem[PROBLEM_TEXT_BYTES], changes[64];
        int64_t values[MANIFEST_PARAMETERS_MAX];
        struct text code = {0};
        snprintf(problem, sizeof problem, "gemm %s nt m=4096 n=4096 k=4096", form->types);
        snprintf(changes, sizeof changes, "MFMA=%u SPLIT_K=1", form->mfma);
        make_values(changes, values);
        if (!make_code(problem, form->target, values, &code)) fail_msg("%s: %s", problem, changes);
        struct text instructions = instructions_of(&code, "gemm_mfma");
        bool half = strcmp(form->types, "bf16") == 0 || strcmp(form->types, "f16") == 0;
        unsigned bytes = 64 * (half ? 2 : 1), side = 32 / form->mfma;
        unsigned products = side * side * bytes / (form->bytes * 64 / form->mfma);
        if (count(&instructions, form->upper_half) != 2 * products)
            fail_msg("%s %s: %u of them, not %u", form->target, problem,
                     count(&instructions, form->upper_half), 2 * products);
        text_free(&instructions);
        text_free(&code);
    }
}

/* --- front-runners --- */

static const struct {
    const char *problem, *only; /* only: the target that has the type */
} front[] = {
    {WIDE, NULL},
    {DEEP, NULL},
    {"gemm bf16 nt m=64 n=8192 k=8192", NULL},
    {"gemm a=f8e4m3fnuz b=f8e4m3fnuz d=bf16 nt m=4096 n=4096 k=4096", "gfx942"},
};

static void check_start(const char *target, const int64_t *values, const struct text *code)
{
    struct code_resources resources;
    int64_t slots[SLOT_COUNT] = {0};
    struct text name = {0};
    for (uint32_t p = 0; p < made->n_parameters; p++) slots[made->parameters[p].slot] = values[p];
    manifest_print_configuration(made, slots, &name);
    assert_ok(compiler_find("clang")->inspect(text_string(code), code->size, &resources));
    if (getenv("TUNEBOOK_TEST_VERBOSE"))
        print_message("%s %s: %u registers\n", target, text_string(&name), resources.registers);
    if (resources.spill_bytes)
        fail_msg("%s, %s: %u bytes spilled", target, text_string(&name), resources.spill_bytes);
    text_free(&name);
}

static void test_front_runners_keep_their_sums_in_registers(void **state)
{
    (void)state;
    static const char *const targets[] = {"gfx942", "gfx90a", "gfx950"};
    if (!is_here("clang", "gfx942")) skip();
    for (uint32_t s = 0; s < made->n_starts; s++) {
        unsigned checked = 0;
        for (size_t t = 0; t < N_OF(targets); t++)
            for (size_t p = 0; p < N_OF(front); p++) {
                struct text code = {0};
                if (front[p].only && strcmp(front[p].only, targets[t]) != 0) continue;
                if (make_code(front[p].problem, targets[t], made->starts[s], &code)) {
                    check_start(targets[t], made->starts[s], &code);
                    checked++;
                    p = N_OF(front) - 1;
                }
                text_free(&code);
            }
        if (!checked) fail_msg("start %u is valid nowhere", (unsigned)s);
    }
}

static int set_up(void **state)
{
    if (make_folder(state) || template_load(NULL, &templates, &n_templates) != STATUS_OK) return -1;
    for (size_t i = 0; i < n_templates; i++)
        if (strcmp(templates[i]->name, "gemm_mfma") == 0) made = templates[i];
    return made ? 0 : -1;
}

static int tear_down(void **state)
{
    for (size_t i = 0; i < n_templates; i++) manifest_free(templates[i]);
    free(templates);
    return remove_folder(state);
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
    return cmocka_run_group_tests_name("gemm_mfma_code", tests, set_up, tear_down);
}
