/* The GPU that is here, with something to do (tests/device/kernels.hip), by its own compiler. */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_HERE_H
#define TUNEBOOK_TESTS_DEVICE_GPU_HERE_H

#include "templates/source.h"
#include "tests/tuner/support.h"
#include "tuner/base/file.h"

enum { N = 1000, BLOCKS = 16 };

extern const char *const here_backend; /* "cuda", "hip": the program's */

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
    const struct device_info *info;
    const struct compiler_api *compiler;
    struct text identity;
    struct device_module *module;
    struct test_args args;
    void *x, *y, *workspace;
};

#define assert_fails(call, expected)                                                                      \
    do {                                                                                                  \
        enum status status_ = (call);                                                                     \
        if (status_ != (expected)) fail_msg("%s: %s: %s", #call, status_name(status_), status_message()); \
        print_message("as it should: %s\n", status_message());                                            \
    } while (0)

/* --- a device with something to do --- */

static inline void bench_load(struct bench *bench)
{
    struct text source = {0}, code = {0}, log = {0};
    char path[1024];
    snprintf(path, sizeof path, "%s/tests/device/kernels.hip", test_root());
    assert_ok(source_flatten_with(test_root(), path, embedded_headers, n_embedded_headers, &source));
    struct compile_request request = {.source = text_string(&source),
                                      .source_name = "kernels.hip",
                                      .definitions = "",
                                      .target = bench->info->device_class.target};
    if (bench->compiler->compile(&request, &code, &log) != STATUS_OK)
        fail_msg("%s\n%s", status_message(), text_string(&log));
    assert_ok(bench->api->load(bench->device, code.data, code.size, &bench->module));
    text_free(&source);
    text_free(&code);
    text_free(&log);
}

static inline void bench_begin(struct bench *bench)
{
    *bench = (struct bench){.api = device_find(here_backend)};
    assert_ok(bench->api->open(0, NULL, &bench->device));
    bench->info = bench->api->info(bench->device);
    assert_ok(compiler_for_target(bench->info->device_class.target, &bench->compiler, &bench->identity));
}

static inline void bench_open(struct bench *bench)
{
    float x[N];
    bench_begin(bench);
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
    text_free(&bench->identity);
}

static inline struct device_step bench_step(struct bench *bench, const char *entry)
{
    struct device_step step = {
        .grid = {BLOCKS, 1, 1}, .cluster = {1, 1, 1}, .block = {64, 1, 1}, .shared_bytes = 256};
    assert_ok(bench->api->function(bench->module, entry, &step.function));
    return step;
}

static inline enum status bench_launch(struct bench *bench, const struct device_step *steps, uint32_t n)
{
    struct device_launch launch = {.steps = steps,
                                   .n_steps = n,
                                   .args = &bench->args,
                                   .args_bytes = sizeof bench->args,
                                   .workspace = bench->workspace};
    return bench->api->launch(bench->device, NULL, &launch);
}

static inline unsigned bench_count(struct bench *bench)
{
    unsigned count;
    assert_ok(bench->api->synchronize(bench->device, NULL));
    assert_ok(bench->api->download(bench->device, &count, bench->workspace, sizeof count));
    return count;
}

/* What `turn` makes, after `counted` blocks. */
static inline void bench_check(struct bench *bench, unsigned counted)
{
    float y[N];
    assert_ok(bench->api->synchronize(bench->device, NULL));
    assert_ok(bench->api->download(bench->device, y, bench->y, sizeof y));
    for (int i = 0; i < N; i++) {
        int from = i / 64 * 64 + 63 - i % 64;
        assert_float_equal(y[i], 2.0f * (float)(from < N ? from : 0) + (float)counted, 0);
    }
}

#endif
