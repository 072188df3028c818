/* A device with something to do: the kernels of tests/device/kernels.hip, loaded by whoever includes this,
 * and memory for them. */
#ifndef TUNEBOOK_TESTS_DEVICE_BENCH_H
#define TUNEBOOK_TESTS_DEVICE_BENCH_H

#include "tests/tuner/support.h"

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
    const struct device_info *info;
    struct device_module *module;
    struct test_args args;
    void *x, *y, *workspace;
    /* Of those who compile for the device that is here. */
    const struct compiler_api *compiler;
    struct text identity;
};

/* Memory with numbers in it, on a device with the module loaded. */
static inline void bench_fill(struct bench *bench)
{
    float x[N];
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
