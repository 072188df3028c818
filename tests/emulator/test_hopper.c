/* TMA, mbarriers, clusters and wgmma: a GEMM made of them is right as it is, whoever runs first, and each of
 * it broken in one place is caught, with a report that says what is wrong, and where. */
#include "tests/emulator/kernels.h"

#include "templates/device/emu_abi.h"
#include "tests/emulator/mutated.h"
#include "tuner/worker.h"
#include "tuner/worker.h"

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

/* Compiles the source and runs it; what was wrong, or "". */
static enum status run(const struct variant *variant, const char *source, bool reverse, char said[512],
                       enum device_fault *fault)
{
    const struct device_api *api = device_find("emu");
    struct device_options options = {.threads = 1, .target = "h100_sxm", .reverse = reverse};
    struct device *device;
    struct device_module *module;
    struct text code = {0}, log = {0};
    struct compile_request request = {source, "hopper.hip", variant->definitions, "sm_90a"};
    if (compiler_find("emu")->compile(&request, &code, &log) != STATUS_OK || log.size)
        fail_msg("%s\n%s", status_message(), text_string(&log));
    assert_ok(api->open(0, &options, &device));
    assert_ok(api->load(device, code.data, code.size, &module));
    assert_ok(api->expose(device, "a", a, 2 * PITCH * M, false));
    assert_ok(api->expose(device, "b", b, 2 * PITCH * K, false));
    assert_ok(api->expose(device, "d", d, 2 * PITCH * M, true));
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
    assert_ok(api->function(module, "hopper", &step.function));
    struct device_launch launch = {.steps = &step, .n_steps = 1, .args = &args, .args_bytes = sizeof args};
    fill(variant);
    enum status status = api->launch(device, NULL, &launch);
    *fault = api->fault(device);
    snprintf(said, 512, "%s", status == STATUS_OK ? "" : status_message());
    api->unload(device, module);
    api->close(device);
    text_free(&code);
    text_free(&log);
    return status;
}

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
    for (size_t i = 0; i < 2 * N_OF(variants); i++) {
        char said[512];
        enum device_fault fault;
        if (run(&variants[i / 2], text_string(hopper_source()), i % 2, said, &fault) == STATUS_OK)
            compare(said);
        if (*said) fail_msg("%s%s: %s", variants[i / 2].definitions, i % 2 ? "reverse" : "forward", said);
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

/* NULL or what is wrong with how it ended. */
static const char *judge(const struct mutation *mutation, const char *source, enum status status,
                         enum device_fault fault, const char *said, bool reverse)
{
    if (!*said) return "not caught";
    if (reverse) return NULL; /* who is first decides what is seen of it */
    if (mutation->result != (status == STATUS_OK) || fault != mutation->fault) return "another kind of fault";
    if (!says(said, mutation->report)) return "does not say what it should";
    if (!mutation->result && !names_line(source, said, mutation->line)) return "names another line";
    return NULL;
}

static void run_mutants(bool reverse)
{
    unsigned failures = 0, n = 0;
    for (size_t i = 0; i < N_OF(mutations); i++) {
        const struct mutation *mutation = &mutations[i];
        struct text source = {0};
        char said[512];
        enum device_fault fault;
        if (!is_wanted(mutation)) continue;
        unsigned found =
            replace_all(text_string(hopper_source()), mutation->find, mutation->replacement, &source);
        if (found != mutation->count)
            fail_msg("%s: \"%s\" stands there %u times", mutation->name, mutation->find, found);
        enum status status = run(&variants[mutation->variant], text_string(&source), reverse, said, &fault);
        if (status == STATUS_OK) compare(said);
        const char *complaint = judge(mutation, text_string(&source), status, fault, said, reverse);
        if (complaint || getenv("TUNEBOOK_TEST_VERBOSE"))
            print_error("%s: %s\n    %s\n", mutation->name, complaint ? complaint : "caught", said);
        failures += complaint != NULL;
        n++;
        text_free(&source);
    }
    assert_int_equal(failures, 0);
    print_message("%u mutants\n", n);
}

static void test_mutants_are_caught(void **state)
{
    (void)state;
    run_mutants(false);
}

static void test_mutants_are_caught_in_reverse(void **state)
{
    (void)state;
    run_mutants(true);
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
                                       cmocka_unit_test(test_mutants_are_caught),
                                       cmocka_unit_test(test_mutants_are_caught_in_reverse)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
