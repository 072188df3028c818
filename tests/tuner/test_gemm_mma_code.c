/* gemm_mma as NVRTC makes it: every parameter changes the code, the front-runners keep everything in
 * registers, and tensor cores, ldmatrix and asynchronous copies are what they are made of. */
#include "tests/tuner/gpu_compilers.h"

#include <elf.h>
#include "tuner/compile/cubin_info.h"
#include "tuner/defaults_targets.h"
#include "tuner/tuning.h"

static struct manifest **templates;
static size_t n_templates;
static const struct manifest *mma;

/* --- compiling one configuration --- */

static bool set_value(int64_t *values, const char *name, size_t name_size, const char *value)
{
    for (uint32_t p = 0; p < mma->n_parameters; p++) {
        if (strncmp(mma->parameters[p].name, name, name_size) != 0 || mma->parameters[p].name[name_size])
            continue;
        char word[32];
        snprintf(word, sizeof word, "%.*s", (int)strcspn(value, " "), value);
        values[p] = mma->parameters[p].words ? expr_word(word) : strtoll(word, NULL, 10);
        return true;
    }
    return false;
}

/* The default with the values that `changes`, "NAME=VALUE ...", has. */
static void make_values(const char *changes, int64_t *values)
{
    memcpy(values, mma->defaults, sizeof mma->defaults);
    for (const char *at = changes; *at;) {
        size_t name = strcspn(at, "=");
        if (!set_value(values, at, name, at + name + 1)) fail_msg("%s", at);
        at += strcspn(at, " ");
        at += *at == ' ';
    }
}

/* NVRTC in a child: what it leaves behind in memory ends with it. */
static void compile(const struct compile_request *request, struct text *code)
{
    int pipes[2], ended;
    char part[4096];
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        struct text log = {0};
        enum status status = compiler_find("nvrtc")->compile(request, code, &log);
        if (status != STATUS_OK) fprintf(stderr, "%s\n%s\n", status_message(), text_string(&log));
        for (size_t done = 0; status == STATUS_OK && done < code->size;) {
            ssize_t n = write(pipes[1], text_string(code) + done, code->size - done);
            if (n < 0) _exit(1);
            done += (size_t)n;
        }
        _exit(status == STATUS_OK ? 0 : 1);
    }
    close(pipes[1]);
    for (ssize_t n; (n = read(pipes[0], part, sizeof part)) > 0;) text_append_bytes(code, part, (size_t)n);
    close(pipes[0]);
    assert_int_equal(waitpid(child, &ended, 0), child);
    assert_int_equal(ended, 0);
}

/* False: the configuration is not in the space. */
static bool make_code(const char *problem_text, const char *target, const int64_t *values, struct text *code)
{
    struct device_facts facts;
    struct problem problem;
    struct tuning_scene scene = {&problem, &facts, target, compiler_find("nvrtc"), "test"};
    struct tuning tuning;
    struct configuration configuration;
    struct candidate candidate;
    defaults_facts(target, &facts);
    assert_ok(problem_parse(problem_text, &problem));
    assert_ok(tuning_open(&scene, mma, &tuning));
    bool found = tuning_values_configuration(&tuning, values, &configuration);
    if (found) {
        assert_ok(candidate_prepare(&tuning, &configuration, &candidate));
        compile(&candidate.job.request, code);
        candidate_free(&candidate);
    }
    tuning_close(&tuning);
    return found;
}

/* The instructions of the kernel itself, without the reduction. */
static struct text find_instructions(const struct text *code)
{
    Elf64_Ehdr head;
    Elf64_Shdr names, section;
    struct text out = {0};
    const char *bytes = text_string(code);
    assert_true(code->size > sizeof head);
    memcpy(&head, bytes, sizeof head);
    memcpy(&names, bytes + head.e_shoff + head.e_shstrndx * sizeof names, sizeof names);
    for (unsigned i = 0; i < head.e_shnum; i++) {
        memcpy(&section, bytes + head.e_shoff + i * sizeof section, sizeof section);
        if (strcmp(bytes + names.sh_offset + section.sh_name, ".text.gemm_mma") == 0)
            text_append_bytes(&out, bytes + section.sh_offset, section.sh_size);
    }
    assert_true(out.size > 0);
    return out;
}

/* --- every parameter changes the code --- */

#define LARGE "TILE_M=128 TILE_N=128 WARP_M=64 WARP_N=64 SPLIT_K=1"
#define WIDE  "gemm bf16 nt m=2048 n=2000 k=1024"
#define DEEP  "gemm bf16 nt m=256 n=512 k=4096"

/* Rows that begin alike stand side by side, and that code is made once. */
static const struct pair {
    const char *problem, *one, *other;
} pairs[] = {
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
enum { N_PAIRS = sizeof pairs / sizeof pairs[0] };

static void make_instructions(const char *problem, const char *changes, struct text *out)
{
    int64_t values[MANIFEST_PARAMETERS_MAX];
    struct text code = {0};
    make_values(changes, values);
    if (!make_code(problem, "sm_80", values, &code)) fail_msg("%s is not in the space", changes);
    text_free(out);
    *out = find_instructions(&code);
    text_free(&code);
}

static void test_every_parameter_changes_the_code(void **state)
{
    (void)state;
    if (!is_here("nvrtc", "sm_80")) skip();
    bool paired[MANIFEST_PARAMETERS_MAX] = {false};
    struct text a = {0}, b = {0};
    for (size_t i = 0; i < N_PAIRS; i++) {
        const struct pair *pair = &pairs[i];
        int64_t one[MANIFEST_PARAMETERS_MAX], other[MANIFEST_PARAMETERS_MAX];
        if (i == 0 || strcmp(pair->one, pairs[i - 1].one) != 0)
            make_instructions(pair->problem, pair->one, &a);
        make_instructions(pair->problem, pair->other, &b);
        make_values(pair->one, one);
        make_values(pair->other, other);
        for (uint32_t p = 0; p < mma->n_parameters; p++) paired[p] = paired[p] || one[p] != other[p];
        if (a.size == b.size && memcmp(text_string(&a), text_string(&b), a.size) == 0)
            fail_msg("\"%s\" and \"%s\" are the same code", pair->one, pair->other);
    }
    text_free(&a);
    text_free(&b);
    for (uint32_t p = 0; p < mma->n_parameters; p++)
        if (!paired[p]) fail_msg("nothing compares values of %s", mma->parameters[p].name);
}

/* --- front-runners --- */

/* The twelve low bits of an instruction's 16 bytes, as nvdisasm 13 shows them for sm_80 to sm_120a. */
enum { OP_MATRIX = 0x23c, OP_LDMATRIX = 0x83b, OP_COPY_ASYNC = 0xfae };

static unsigned count_instructions(const struct text *text, unsigned op)
{
    unsigned n = 0;
    for (size_t at = 0; at + 16 <= text->size; at += 16) {
        uint64_t word;
        memcpy(&word, text_string(text) + at, sizeof word);
        n += (word & 0xfff) == op;
    }
    return n;
}

static int64_t value_of(const char *name, const int64_t *values)
{
    for (uint32_t p = 0; p < mma->n_parameters; p++)
        if (strcmp(mma->parameters[p].name, name) == 0) return values[p];
    fail_msg("no parameter %s", name);
    return 0;
}

/* The loop over whole tiles and the one over the rest each have a tile's products. */
static void check_start(const char *target, const int64_t *values, const struct text *code)
{
    uint32_t registers, shared_bytes, spill_bytes;
    int64_t products =
        value_of("WARP_M", values) / 16 * value_of("WARP_N", values) / 8 * value_of("TILE_K", values) / 16;
    struct text instructions = find_instructions(code), name = {0};
    int64_t slots[SLOT_COUNT] = {0};
    for (uint32_t p = 0; p < mma->n_parameters; p++) slots[mma->parameters[p].slot] = values[p];
    manifest_print_configuration(mma, slots, &name);
    assert_ok(cubin_inspect(text_string(code), code->size, &registers, &shared_bytes, &spill_bytes));
    if (spill_bytes)
        fail_msg("%s, %s: %u bytes of registers spilled", target, text_string(&name), spill_bytes);
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
    for (uint32_t s = 0; s < mma->n_starts; s++) {
        const char *target = targets[s % 2];
        struct text code = {0};
        if (make_code("gemm bf16 nt m=4096 n=4096 k=4096", target, mma->starts[s], &code)) {
            check_start(target, mma->starts[s], &code);
            checked++;
        }
        text_free(&code);
    }
    assert_true(checked >= mma->n_starts / 2);
}

static int set_up(void **state)
{
    if (make_folder(state) != 0 || template_load(NULL, &templates, &n_templates) != STATUS_OK) return -1;
    for (size_t i = 0; i < n_templates; i++)
        if (strcmp(templates[i]->name, "gemm_mma") == 0) mma = templates[i];
    return mma ? 0 : -1;
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
        cmocka_unit_test(test_front_runners_keep_their_sums_in_registers),
    };
    return cmocka_run_group_tests_name("gemm_mma_code", tests, set_up, tear_down);
}
