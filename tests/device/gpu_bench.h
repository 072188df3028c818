/* A GPU device with something to do, and its fake driver, for cases that run in the child (gpu_child.h). */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_BENCH_H
#define TUNEBOOK_TESTS_DEVICE_GPU_BENCH_H

#include <dlfcn.h>
#include "tests/device/gpu_child.h"

/* What the two differ in. */
struct gpu_names {
    const char *backend, *library, *newer_library;               /* the newer one is tried first; NULL */
    const char *out_of_memory, *illegal_address, *launch_failed; /* errors */
    const char *allocate, *synchronize;                          /* functions, as messages name them */
    const char *allocate_symbol, *synchronize_symbol, *pin_symbol, *send_symbol;
};
extern const struct gpu_names gpu;

enum { N = 1000, BLOCKS = 16 };

struct test_args {
    const float *x;
    float *y;
    unsigned *counts;
    unsigned n, passes;
    float factor;
};

struct bench {
    const struct device_api *api;
    struct device *device;
    struct device_module *module;
    struct test_args args;
    void *x, *y, *workspace;
};

#define assert_fails(call, expected, words)                                                               \
    do {                                                                                                  \
        enum status status_ = (call);                                                                     \
        if (status_ != (expected)) fail_msg("%s: %s: %s", #call, status_name(status_), status_message()); \
        if (!strstr(status_message(), words))                                                             \
            fail_msg("%s: not \"%s\": %s", #call, words, status_message());                               \
    } while (0)

/* --- the fake's own functions --- */

static inline void *fake_symbol(const char *name)
{
    void *library = gpu.newer_library ? dlopen(gpu.newer_library, RTLD_NOW | RTLD_LOCAL) : NULL;
    if (!library) library = dlopen(gpu.library, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library ? dlsym(library, name) : NULL;
    if (!symbol) fail_msg("%s has no %s", gpu.library, name);
    return symbol;
}

static inline void fake_control(const char *text)
{
    void (*control)(const char *);
    *(void **)&control = fake_symbol("fake_control");
    control(text);
}

static inline unsigned fake_living(void)
{
    unsigned (*living)(void);
    *(void **)&living = fake_symbol("fake_living");
    return living();
}

static inline unsigned fake_calls(const char *function)
{
    unsigned (*calls)(const char *);
    *(void **)&calls = fake_symbol("fake_calls");
    return calls(function);
}

/* --- a device with something to do --- */

static inline void bench_load(struct bench *bench)
{
    struct text code = {0};
    assert_ok(file_read(getenv("TUNEBOOK_TEST_KERNELS"), 64 << 20, &code));
    assert_ok(bench->api->load(bench->device, code.data, code.size, &bench->module));
    text_free(&code);
}

static inline void bench_open(struct bench *bench, uint32_t index)
{
    float x[N];
    *bench = (struct bench){.api = device_find(gpu.backend)};
    assert_non_null(bench->api);
    assert_ok(bench->api->open(index, NULL, &bench->device));
    bench_load(bench);
    assert_ok(bench->api->allocate(bench->device, sizeof x, 64, &bench->x));
    assert_ok(bench->api->allocate(bench->device, sizeof x, 64, &bench->y));
    assert_ok(bench->api->allocate(bench->device, 1024, 64, &bench->workspace));
    for (int i = 0; i < N; i++) x[i] = (float)i;
    assert_ok(bench->api->upload(bench->device, bench->x, x, sizeof x));
    assert_ok(bench->api->fill(bench->device, bench->y, 0, sizeof x));
    assert_ok(bench->api->fill(bench->device, bench->workspace, 0, 1024));
    bench->args =
        (struct test_args){.x = bench->x, .y = bench->y, .counts = bench->workspace, .n = N, .factor = 2};
}

static inline void bench_close(struct bench *bench)
{
    bench->api->release(bench->device, bench->x);
    bench->api->release(bench->device, bench->y);
    bench->api->release(bench->device, bench->workspace);
    bench->api->unload(bench->device, bench->module);
    bench->api->close(bench->device);
}

static inline struct device_step bench_step(struct bench *bench, const char *entry)
{
    struct device_step step = {
        .grid = {BLOCKS, 1, 1}, .cluster = {1, 1, 1}, .block = {64, 1, 1}, .shared_bytes = 256};
    assert_ok(bench->api->function(bench->module, entry, &step.function));
    return step;
}

static inline enum status bench_launch(struct bench *bench, void *stream, const struct device_step *steps,
                                       uint32_t n)
{
    struct device_launch launch = {.steps = steps,
                                   .n_steps = n,
                                   .args = &bench->args,
                                   .args_bytes = sizeof bench->args,
                                   .workspace = bench->workspace};
    return bench->api->launch(bench->device, stream, &launch);
}

static inline enum status bench_run(struct bench *bench, const char *entry)
{
    struct device_step step = bench_step(bench, entry);
    TRY(bench_launch(bench, NULL, &step, 1));
    return bench->api->synchronize(bench->device, NULL);
}

/* What `turn` makes, after `counted` blocks. */
static inline void bench_check(struct bench *bench, unsigned counted)
{
    float y[N];
    assert_ok(bench->api->download(bench->device, y, bench->y, sizeof y));
    for (int i = 0; i < N; i++) {
        int from = i / 64 * 64 + 63 - i % 64;
        assert_float_equal(y[i], 2.0f * (float)(from < N ? from : 0) + (float)counted, 0);
    }
}

#endif
