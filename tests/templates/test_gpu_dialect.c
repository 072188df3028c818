/* Every word of the kernel dialect does what device/gpu.h says in the emulator, whichever target is emulated
 * and whoever runs first. Then the template that docs/kernel-dialect.md shows. */
#include "tests/base/check.h"

#include "templates/embedded.h"
#include "templates/gemm/gemm_args.h"
#include "templates/manifest.h"
#include "templates/source.h"
#include "tuner/base/file.h"
#include "tuner/base/gpu_target.h"
#include "tuner/compile/compiler.h"
#include "tuner/device/device.h"
#include "tuner/trial.h"

enum { THREADS = 128, BLOCKS = 6, WORDS = 1024, MIN_TOTAL = 3 };

enum where { ALWAYS, NVIDIA, GFX9, GFX90A, GFX942, GFX942_950, GFX950, GFX1100, GFX1201, GFX1250 };

static const struct {
    const char *name;
    enum where where;
} checks[] = {
#define CHECK(name, where) {#name, where},
#include "tests/templates/gpu_dialect_checks.def"
#undef CHECK
};
enum { CHECKS = N_OF(checks) };

static bool has(const struct gpu_target *target, enum where where)
{
    uint32_t arch = target->architecture;
    if (where == ALWAYS) return true;
    if (target->vendor == GPU_VENDOR_NVIDIA || where == NVIDIA)
        return where == NVIDIA && target->vendor == GPU_VENDOR_NVIDIA;
    switch (where) {
    case GFX9: return arch == 0x90a || arch == 0x942 || arch == 0x950;
    case GFX90A: return arch == 0x90a;
    case GFX942: return arch == 0x942;
    case GFX942_950: return arch == 0x942 || arch == 0x950;
    case GFX950: return arch == 0x950;
    case GFX1100: return arch == 0x1100;
    case GFX1201: return arch == 0x1201;
    default: return arch == 0x1250;
    }
}

static const char *below_root(const char *name)
{
    static char path[512];
    const char *root = getenv("TUNEBOOK_ROOT");
    snprintf(path, sizeof path, "%s/%s", root ? root : ".", name);
    return path;
}

static const char *dialect_source(void)
{
    static struct text flat;
    if (flat.size) return text_string(&flat);
    char folder[512];
    strcpy(folder, below_root("tests/templates"));
    assert_ok(source_flatten_with(folder, below_root("tests/templates/gpu_dialect_kernel.hip"),
                                  embedded_headers, n_embedded_headers, &flat));
    return text_string(&flat);
}

/* --- the emulator --- */

static bool emulator_here(void)
{
    struct text identity = {0};
    enum status status = compiler_find("emu")->identify("gfx942", &identity);
    text_free(&identity);
    if (status != STATUS_OK) printf("SKIPPED: %s\n", status_message());
    return status == STATUS_OK;
}

struct emulated {
    const struct device_api *api;
    struct device *device;
    struct device_module *module;
    void *function;
};

static void compile_emulated(const char *target, const char *source, const char *definitions,
                             struct text *code)
{
    struct text log = {0};
    struct compile_request request = {source, "kernel.hip", definitions, target};
    if (compiler_find("emu")->compile(&request, code, &log) != STATUS_OK || log.size)
        fail_msg("%s: %s", target, text_string(&log));
    text_free(&log);
}

static struct emulated emulate(const char *target, bool reverse, const struct text *code, const char *entry)
{
    struct emulated emulated = {.api = device_find("emu")};
    assert_non_null(emulated.api);
    struct device_options options = {.target = target, .reverse = reverse};
    assert_ok(emulated.api->open(0, &options, &emulated.device));
    assert_ok(emulated.api->load(emulated.device, code->data, code->size, &emulated.module));
    assert_ok(emulated.api->function(emulated.module, entry, &emulated.function));
    return emulated;
}

static void emulated_end(struct emulated *emulated)
{
    emulated->api->unload(emulated->device, emulated->module);
    emulated->api->close(emulated->device);
}

/* Device memory that begins as `words`. */
static void *device_words(struct emulated *emulated, const void *words, size_t n)
{
    void *memory;
    assert_ok(emulated->api->allocate(emulated->device, 4 * n, 256, &memory));
    assert_ok(emulated->api->upload(emulated->device, memory, words, 4 * n));
    return memory;
}

static enum status launch(struct emulated *emulated, const struct device_step *step, const void *args,
                          size_t args_bytes)
{
    struct device_launch launch = {
        .steps = step, .n_steps = 1, .args = args, .args_bytes = (uint32_t)args_bytes};
    TRY(emulated->api->launch(emulated->device, NULL, &launch));
    return emulated->api->synchronize(emulated->device, NULL);
}

struct dialect_args {
    void *words, *ran, *failed, *visits, *totals, *scratch;
};

/* On a device that stands for the target, or is one. */
static void check_dialect(struct emulated emulated, const struct gpu_target *target, bool reverse)
{
    uint32_t words[WORDS], zeros[BLOCKS * THREADS * 4] = {0}, totals[8] = {0}, ran[CHECKS], failed[CHECKS];
    for (uint32_t i = 0; i < WORDS; i++) words[i] = i * 2654435761u;
    totals[MIN_TOTAL] = 1000;
    struct dialect_args args = {
        .words = device_words(&emulated, words, WORDS),
        .ran = device_words(&emulated, zeros, CHECKS),
        .failed = device_words(&emulated, zeros, CHECKS),
        .visits = device_words(&emulated, zeros, BLOCKS * THREADS),
        .totals = device_words(&emulated, totals, 8),
        .scratch = device_words(&emulated, zeros, BLOCKS * THREADS * 4),
    };
    struct device_step step = {.function = emulated.function,
                               .grid = {2, 3, 1},
                               .cluster = {1, 1, 1},
                               .block = {32, 2, 2},
                               .shared_bytes = 8192};
    if (launch(&emulated, &step, &args, sizeof args) != STATUS_OK)
        fail_msg("%s%s: %s", target->name, reverse ? ", reverse" : "", status_message());
    assert_ok(emulated.api->download(emulated.device, ran, args.ran, sizeof ran));
    assert_ok(emulated.api->download(emulated.device, failed, args.failed, sizeof failed));
    for (size_t i = 0; i < CHECKS; i++) {
        uint32_t right = has(target, checks[i].where) ? BLOCKS * THREADS : 0;
        if (ran[i] != right || failed[i] != 0)
            fail_msg("%s: %s ran in %u threads, not %u, and failed in %u", target->name, checks[i].name,
                     ran[i], right, failed[i]);
    }
    void *const memory[] = {args.words, args.ran, args.failed, args.visits, args.totals, args.scratch};
    for (size_t i = 0; i < N_OF(memory); i++) emulated.api->release(emulated.device, memory[i]);
    emulated_end(&emulated);
}

/* Every form of each word is on one of these. */
static void test_emulated(void **state)
{
    (void)state;
    static const char *const targets[] = {"gfx90a",  "gfx942",  "gfx950", "gfx1100",
                                          "gfx1201", "gfx1250", "sm_80",  "sm_90a"};
    if (!emulator_here()) return;
    for (size_t i = 0; i < N_OF(targets); i++) {
        struct text code = {0};
        compile_emulated(targets[i], dialect_source(), "", &code);
        for (int reverse = 0; reverse < 2; reverse++)
            check_dialect(emulate(targets[i], reverse, &code, "gpu_dialect"), gpu_target_find(targets[i]),
                          reverse);
        text_free(&code);
    }
}

/* --- GPUs that are here, by their own compilers --- */

static void check_here(const struct device_api *api, uint32_t index)
{
    struct emulated here = {.api = api};
    struct text identity = {0}, code = {0}, log = {0};
    const struct compiler_api *compiler;
    assert_ok(api->open(index, NULL, &here.device));
    const char *target = api->info(here.device)->device_class.target;
    assert_ok(compiler_for_target(target, &compiler, &identity));
    struct compile_request request = {dialect_source(), "kernel.hip", "", target};
    if (compiler->compile(&request, &code, &log) != STATUS_OK)
        fail_msg("%s: %s: %s", target, status_message(), text_string(&log));
    assert_ok(api->load(here.device, code.data, code.size, &here.module));
    assert_ok(api->function(here.module, "gpu_dialect", &here.function));
    printf("%s, %s by %s\n", api->info(here.device)->name, target, text_string(&identity));
    check_dialect(here, gpu_target_find(target), false);
    text_free(&identity);
    text_free(&code);
    text_free(&log);
}

static void test_gpus_here(void **state)
{
    static const char *const backends[] = {"cuda", "hip"};
    uint32_t count, found = 0;
    (void)state;
    for (size_t i = 0; i < N_OF(backends); i++) {
        const struct device_api *api = device_find(backends[i]);
        if (api->count(&count) != STATUS_OK) continue;
        for (uint32_t index = 0; index < count; index++) check_here(api, index);
        found += count;
    }
    if (found) return;
    printf("SKIPPED: the dialect on a GPU: there is none here\n");
    skip();
}

/* --- the template of docs/kernel-dialect.md --- */

/* The page's block of this language, the first. */
static void page_block(const char *language, struct text *out)
{
    struct text page = {0};
    char fence[32];
    snprintf(fence, sizeof fence, "```%s\n", language);
    assert_ok(file_read(below_root("docs/kernel-dialect.md"), 1 << 20, &page));
    const char *begin = strstr(text_string(&page), fence);
    assert_non_null(begin);
    begin += strlen(fence);
    const char *end = strstr(begin, "\n```");
    assert_non_null(end);
    text_append_bytes(out, begin, (size_t)(end + 1 - begin));
    text_free(&page);
}

/* The page's kernel with its includes, without the first line that holds `missing` (NULL: whole). */
static void page_source(const char *missing, struct text *out)
{
    struct text block = {0};
    page_block("c", &block);
    char folder[] = "/tmp/tunebook-dialect-XXXXXX", path[64];
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/gemm_tile.hip", folder);
    char *line = missing ? strstr(block.data, missing) : NULL;
    assert_true(line || !missing);
    for (; line && *line != '\n'; line++) *line = ' ';
    assert_ok(file_publish(path, block.data, block.size, 0644));
    text_clear(out);
    assert_ok(source_flatten_with(folder, path, embedded_headers, n_embedded_headers, out));
    remove(path);
    remove(folder);
    text_free(&block);
}

/* D = 2 A.B + C/2 in ragged sizes, of numbers whose sums are exact. Its status, and what made it fail. */
static enum status run_page(const char *target, const char *source, enum device_fault *fault)
{
    enum { M = 37, N = 21, K = 45, TILE = 16 };
    static float a[M * K], b[K * N], c[M * N], d[M * N];
    for (int i = 0; i < M * K; i++) a[i] = (float)(i * 7 % 11 - 5);
    for (int i = 0; i < K * N; i++) b[i] = (float)(i * 5 % 13 - 6);
    for (int i = 0; i < M * N; i++) c[i] = (float)(i % 9);
    struct text code = {0};
    compile_emulated(target, source, "TILE=16\n", &code);
    struct emulated emulated = emulate(target, false, &code, "gemm_tile");
    text_free(&code);
    struct gemm_args args = {.a = device_words(&emulated, a, M * K),
                             .b = device_words(&emulated, b, K * N),
                             .c = device_words(&emulated, c, M * N),
                             .d = device_words(&emulated, d, M * N),
                             .m = M,
                             .n = N,
                             .k = K,
                             .batch = 1,
                             .lda = K,
                             .ldb = N,
                             .ldc = N,
                             .ldd = N,
                             .alpha = 2,
                             .beta = 0.5f};
    struct device_step step = {.function = emulated.function,
                               .grid = {(N + TILE - 1) / TILE, (M + TILE - 1) / TILE, 1},
                               .cluster = {1, 1, 1},
                               .block = {TILE * TILE, 1, 1},
                               .shared_bytes = 16 * TILE * TILE};
    enum status status = launch(&emulated, &step, &args, sizeof args);
    *fault = emulated.api->fault(emulated.device);
    if (status == STATUS_OK) {
        assert_ok(emulated.api->download(emulated.device, d, args.d, sizeof d));
        for (int i = 0; i < M * N; i++) {
            float sum = 0;
            for (int k = 0; k < K; k++) sum += a[i / N * K + k] * b[k * N + i % N];
            if (d[i] != 2 * sum + c[i] / 2) fail_msg("%s: D[%d] is %g", target, i, (double)d[i]);
        }
    }
    emulated.api->release(emulated.device, (void *)args.a);
    emulated.api->release(emulated.device, (void *)args.b);
    emulated.api->release(emulated.device, (void *)args.c);
    emulated.api->release(emulated.device, args.d);
    emulated_end(&emulated);
    return status;
}

static void test_page(void **state)
{
    (void)state;
    struct text json = {0}, source = {0};
    struct manifest *manifest;
    page_block("json", &json);
    page_source(NULL, &source);
    assert_ok(manifest_parse("page", text_string(&json), json.size, text_string(&source), &manifest));
    static const char *const targets[] = {"gfx942", "gfx1100", "sm_90a"};
    bool here = emulator_here();
    for (size_t i = 0; here && i < N_OF(targets); i++) {
        enum device_fault fault;
        assert_true(manifest_has_target(manifest, targets[i]));
        if (run_page(targets[i], text_string(&source), &fault) != STATUS_OK)
            fail_msg("%s: %s", targets[i], status_message());
        assert_int_equal(fault, DEVICE_FAULT_NONE);
    }
    manifest_free(manifest);
    text_free(&json);
    text_free(&source);
}

/* "gemm_tile.hip:LINE" of the page's line that holds `part`. */
static void page_place(const char *part, char place[64])
{
    struct text block = {0};
    page_block("c", &block);
    const char *found = strstr(text_string(&block), part);
    assert_non_null(found);
    unsigned line = 1;
    for (const char *p = text_string(&block); p < found; p++) line += *p == '\n';
    snprintf(place, 64, "gemm_tile.hip:%u", line);
    text_free(&block);
}

/* As the page says: without either barrier a thread races with another's copy, and the message names both
 * lines. */
static void test_page_without_barrier(void **state)
{
    (void)state;
    static const char *const barriers[] = {"gpu_barrier(); /* now", "gpu_barrier(); /* nobody"};
    struct text source = {0};
    char reads[64], writes[64];
    page_place("for (int p = 0;", reads);
    page_place("gpu_copy_async4(", writes);
    for (size_t i = 0, here = emulator_here(); here && i < N_OF(barriers); i++) {
        enum device_fault fault;
        page_source(barriers[i], &source);
        assert_int_not_equal(run_page("gfx942", text_string(&source), &fault), STATUS_OK);
        if ((fault != DEVICE_FAULT_RACE && fault != DEVICE_FAULT_UNWRITTEN) ||
            !strstr(status_message(), reads) || !strstr(status_message(), writes))
            fail_msg("without %s: fault %d, not of %s and %s: %s", barriers[i], fault, reads, writes,
                     status_message());
    }
    text_free(&source);
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_emulated),
        cmocka_unit_test(test_gpus_here),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_page_without_barrier),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
