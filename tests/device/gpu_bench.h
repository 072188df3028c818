/* A GPU device with something to do, and its fake driver, for cases that run in the child (gpu_child.h). */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_BENCH_H
#define TUNEBOOK_TESTS_DEVICE_GPU_BENCH_H

#include <dlfcn.h>
#include "tests/device/bench.h"
#include "tests/device/gpu_child.h"

/* What the two differ in. */
struct gpu_names {
    const char *backend, *library, *newer_library;               /* the newer one is tried first; NULL */
    const char *out_of_memory, *illegal_address, *launch_failed; /* errors */
    const char *allocate, *synchronize;                          /* functions, as messages name them */
    const char *allocate_symbol, *synchronize_symbol, *pin_symbol, *send_symbol;
};
extern const struct gpu_names gpu;

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
    *bench = (struct bench){.api = device_find(gpu.backend)};
    assert_non_null(bench->api);
    assert_ok(bench->api->open(index, NULL, &bench->device));
    bench_load(bench);
    bench_fill(bench);
}

static inline enum status bench_run(struct bench *bench, const char *entry)
{
    struct device_step step = bench_step(bench, entry);
    TRY(bench_launch(bench, NULL, &step, 1));
    return bench->api->synchronize(bench->device, NULL);
}

#endif
