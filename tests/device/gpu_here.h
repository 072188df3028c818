/* The GPU that is here, with something to do (tests/device/kernels.hip), by its own compiler. */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_HERE_H
#define TUNEBOOK_TESTS_DEVICE_GPU_HERE_H

#include "templates/source.h"
#include "tests/device/bench.h"
#include "tests/tuner/support.h"
#include "tuner/base/file.h"

extern const char *const here_backend; /* "cuda", "hip": the program's */

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
    bench_begin(bench);
    bench_load(bench);
    bench_fill(bench);
}

static inline unsigned bench_count(struct bench *bench)
{
    unsigned count;
    assert_ok(bench->api->synchronize(bench->device, NULL));
    assert_ok(bench->api->download(bench->device, &count, bench->workspace, sizeof count));
    return count;
}

static inline void bench_await(struct bench *bench, unsigned counted)
{
    assert_ok(bench->api->synchronize(bench->device, NULL));
    bench_check(bench, counted);
}

/* A block with all of the shared memory that the device says it may have. */
static inline struct device_step bench_stretch(struct bench *bench)
{
    float y;
    struct device_step step = bench_step(bench, "stretch");
    step.grid[0] = 1;
    step.shared_bytes = (uint32_t)bench->info->facts.value[DEVICE_FACT_lds_bytes];
    bench->args.n = step.shared_bytes / 4;
    assert_ok(bench_launch(bench, NULL, &step, 1));
    assert_ok(bench->api->synchronize(bench->device, NULL));
    assert_ok(bench->api->download(bench->device, &y, bench->y, sizeof y));
    assert_float_equal(y, 2, 0);
    return step;
}

#endif
