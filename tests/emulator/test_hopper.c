/* TMA, mbarriers, clusters and wgmma: a GEMM made of them is right as it is, whoever runs first, and each of
 * it broken in one place is caught, with a report that says what is wrong, and where. */
#include "tests/emulator/kernels.h"

#include "templates/device/emu_abi.h"
#include "tests/emulator/mutated.h"
#include "tuner/trial.h"

#define N_OF(array) (sizeof(array) / sizeof *(array))

enum { M = 200, N = 100, K = 150, PITCH = 160, TILE_M = 128, TILE = 64, THREADS = 384 };

struct hopper_args {
    struct emu_tensor_map a, b, d;
    int32_t n_tiles, k_tiles;
    char rest[56];
};

static uint16_t *a, *b, *d;

static uint16_t bf16(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

static float from_bf16(uint16_t code)
{
    uint32_t bits = (uint32_t)code << 16;
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* Small integers: every sum is exact. */
static float a_at(int row, int k)
{
    return (float)((row * 7 + k * 5) % 5 - 2);
}

static float b_at(int k, int column)
{
    return (float)((k * 3 + column * 11) % 7 - 3);
}

struct variant {
    const char *definitions;
    int stages, cluster;
    bool b_n_major;
};

static const struct variant variants[] = {{"STAGES=3\nCLUSTER=2\n", 3, 2, false},
                                          {"STAGES=2\nCLUSTER=1\n", 2, 1, false},
                                          {"STAGES=3\nCLUSTER=2\nB_MAJOR=1\n", 3, 2, true},
                                          {"STAGES=4\nCLUSTER=1\nB_MAJOR=1\n", 4, 1, true}};

static struct emu_tensor_map map_of(const void *memory, uint32_t columns, uint32_t rows, uint32_t box_rows)
{
    return (struct emu_tensor_map){.magic = EMU_TENSOR_MAP,
                                   .element_bytes = 2,
                                   .box = {TILE, box_rows, 1},
                                   .swizzle_bytes = 128,
                                   .address = (uintptr_t)memory,
                                   .extent = {columns, rows, 1},
                                   .pitch_bytes = {2, 2 * PITCH, 0}};
}

static void fill(const struct variant *variant)
{
    memset(a, 0xff, 2 * PITCH * M);
    memset(b, 0xff, 2 * PITCH * K);
    memset(d, 0xff, 2 * PITCH * M);
    for (int row = 0; row < M; row++)
        for (int k = 0; k < K; k++) a[row * PITCH + k] = bf16(a_at(row, k));
    for (int column = 0; column < N; column++)
        for (int k = 0; k < K; k++)
            b[variant->b_n_major ? k * PITCH + column : column * PITCH + k] = bf16(b_at(k, column));
}

/* How a run ended: with `said` empty, well. */
static struct {
    enum status status;
    enum device_fault fault;
    char said[512];
} outcome;

/* "" or what is wrong with D. */
static void compare(char said[512])
{
    for (int row = 0; row < M; row++)
        for (int column = 0; column < PITCH; column++) {
            float sum = 0;
            for (int k = 0; k < K && column < N; k++) sum += a_at(row, k) * b_at(k, column);
            uint16_t got = d[row * PITCH + column], right = column < N ? bf16(sum) : 0xffff;
            if (got == right) continue;
            snprintf(said, 512, "element (%d,%d) of d is %g, not %g", row, column, (double)from_bf16(got),
                     (double)from_bf16(right));
            return;
        }
}

static void compile(const struct variant *variant, const char *source, struct text *code)
{
    struct text log = {0};
    struct compile_request request = {source, "hopper.hip", variant->definitions, "sm_90a"};
    if (compiler_find("emu")->compile(&request, code, &log) != STATUS_OK)
        fail_msg("%s\n%s", status_message(), text_string(&log));
    text_free(&log);
}

static void launch(struct kernels *kernels, const struct variant *variant)
{
    int n_tiles = (N + TILE - 1) / TILE, k_tiles = (K + TILE - 1) / TILE;
    uint32_t part = (uint32_t)(TILE / variant->cluster);
    struct hopper_args args = {map_of(a, K, M, TILE_M),
                               variant->b_n_major ? map_of(b, N, K, part) : map_of(b, K, N, part),
                               map_of(d, N, M, TILE),
                               n_tiles,
                               k_tiles,
                               {0}};
    struct device_step step = {.grid = {(M + TILE_M - 1) / TILE_M, 1, 1},
                               .cluster = {(uint32_t)variant->cluster, 1, 1},
                               .block = {THREADS, 1, 1},
                               .shared_bytes = (uint32_t)variant->stages * 24576 + 16384 + 128};
    struct device_launch launch = {.steps = &step, .n_steps = 1, .args = &args, .args_bytes = sizeof args};
    assert_ok(kernels->api->function(kernels->module, "hopper", &step.function));
    outcome.status = kernels->api->launch(kernels->device, NULL, &launch);
    outcome.fault = kernels->api->fault(kernels->device);
    snprintf(outcome.said, sizeof outcome.said, "%s", outcome.status == STATUS_OK ? "" : status_message());
}

static void run(const struct variant *variant, const struct text *code, bool reverse)
{
    struct kernels kernels = {.api = device_find("emu")};
    struct device_options options = {.threads = 1, .target = "h100_sxm", .reverse = reverse};
    assert_ok(kernels.api->open(0, &options, &kernels.device));
    assert_ok(kernels.api->load(kernels.device, code->data, code->size, &kernels.module));
    assert_ok(kernels.api->expose(kernels.device, "a", a, 2 * PITCH * M, false));
    assert_ok(kernels.api->expose(kernels.device, "b", b, 2 * PITCH * K, false));
    assert_ok(kernels.api->expose(kernels.device, "d", d, 2 * PITCH * M, true));
    fill(variant);
    launch(&kernels, variant);
    if (outcome.status == STATUS_OK) compare(outcome.said);
    kernels_close(&kernels);
}

static struct text *hopper_source(void)
{
    static struct text flat;
    char path[256];
    snprintf(path, sizeof path, "%s/tests/emulator/kernels/hopper.hip", tests_root());
    if (!flat.size) assert_ok(source_flatten(tests_root(), path, &flat));
    return &flat;
}

static void test_intact(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(variants); i++) {
        struct text code = {0};
        compile(&variants[i], text_string(hopper_source()), &code);
        for (int reverse = 0; reverse < 2; reverse++) {
            run(&variants[i], &code, reverse);
            if (*outcome.said)
                fail_msg("%s%s: %s", variants[i].definitions, reverse ? "reverse" : "forward", outcome.said);
        }
        text_free(&code);
    }
}

/* --- mutants --- */

static const struct mutation {
    const char *name;
    int variant;
    const char *find;
    unsigned count;
    const char *replacement;
    bool result; /* the launch ends well, and D is wrong */
    enum device_fault fault;
    const char *report, *line;
} mutations[] = {
#define WRONG DEVICE_FAULT_NONE
#define MUTATION(name, variant, find, count, replacement, fault, report, line) \
    {#name, variant, find, count, replacement, (fault) == WRONG, (enum device_fault)(fault), report, line},
#include "tests/emulator/hopper_mutations.def"
#undef MUTATION
};

/* Do all of `words`, with bars between them, stand there? */
static bool says(const char *said, const char *words)
{
    while (*words) {
        char word[256];
        size_t size = strcspn(words, "|");
        snprintf(word, sizeof word, "%.*s", (int)size, words);
        if (!strstr(said, word)) return false;
        words += size + (words[size] == '|');
    }
    return true;
}

/* The line that "...; FILE:LINE in hopper, block..." names holds `words`. */
static bool names_line(const char *source, const char *said, const char *words)
{
    const char *end = strstr(said, " in hopper, block");
    unsigned line = 0;
    if (!*words) return !end || end[-1] == ';' || !strstr(said, "; hopper.hip:");
    while (end && end > said && end[-1] != ':') end--;
    return end && sscanf(end, "%u", &line) == 1 && source_line_holds(source, "hopper.hip", line, words);
}

static bool is_wanted(const struct mutation *mutation)
{
    const char *only = getenv("TUNEBOOK_TEST_MUTANT");
    return !only || strstr(mutation->name, only);
}

/* NULL or what is wrong with how it ended. Who is first decides what is seen of it: the rows are of forward.
 */
static const char *judge(const struct mutation *mutation, const char *source, bool reverse)
{
    if (!*outcome.said) return reverse ? "not caught in reverse" : "not caught";
    if (reverse) return NULL;
    if (mutation->result != (outcome.status == STATUS_OK) || outcome.fault != mutation->fault)
        return "another kind of fault";
    if (!says(outcome.said, mutation->report)) return "does not say what it should";
    if (!mutation->result && !names_line(source, outcome.said, mutation->line)) return "names another line";
    return NULL;
}

static unsigned try_mutant(const struct mutation *mutation)
{
    struct text source = {0}, code = {0};
    unsigned failures = 0;
    unsigned found =
        replace_all(text_string(hopper_source()), mutation->find, mutation->replacement, &source);
    if (found != mutation->count)
        fail_msg("%s: \"%s\" stands there %u times", mutation->name, mutation->find, found);
    compile(&variants[mutation->variant], text_string(&source), &code);
    for (int reverse = 0; reverse < 2; reverse++) {
        run(&variants[mutation->variant], &code, reverse);
        const char *complaint = judge(mutation, text_string(&source), reverse);
        if (complaint || getenv("TUNEBOOK_TEST_VERBOSE"))
            print_error("%s: %s\n    %s\n", mutation->name, complaint ? complaint : "caught", outcome.said);
        failures += complaint != NULL;
    }
    text_free(&source);
    text_free(&code);
    return failures;
}

static void test_mutants_are_caught(void **state)
{
    (void)state;
    unsigned failures = 0, n = 0;
    for (size_t i = 0; i < N_OF(mutations); i++) {
        if (!is_wanted(&mutations[i])) continue;
        failures += try_mutant(&mutations[i]);
        n++;
    }
    assert_int_equal(failures, 0);
    print_message("%u mutants\n", n);
}

static int set_up(void **state)
{
    (void)state;
    a = aligned_alloc(128, 2 * PITCH * M);
    b = aligned_alloc(128, 2 * PITCH * (K + 2));
    d = aligned_alloc(128, 2 * PITCH * M);
    return a && b && d ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    free(a);
    free(b);
    free(d);
    return 0;
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_intact),
                                       cmocka_unit_test(test_mutants_are_caught)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
