/* Every function of a driver fails once, at each of its calls. */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_FAILURES_H
#define TUNEBOOK_TESTS_DEVICE_GPU_FAILURES_H

#include "tests/device/gpu_bench.h"

/* One way to use the device, from opening to closing; the first call that fails is the answer. Everything
 * that came into being is given back. */
static inline enum status whole_life(struct text *code)
{
    const struct device_api *api = device_find(gpu.backend);
    struct device *device = NULL;
    struct device_module *module = NULL;
    void *memory = NULL, *begin = NULL, *end = NULL, *graph = NULL;
    struct device_step steps[2] = {
        {.zero_bytes = 64},
        {.grid = {1, 1, 1}, .cluster = {1, 1, 1}, .block = {64, 1, 1}, .shared_bytes = 256}};
    char lines[512];
    struct test_args args = {0};
    struct device_launch launch = {.steps = steps, .n_steps = 2, .args = &args, .args_bytes = sizeof args};
    double ns;
    TRY(api->open(0, NULL, &device));
    enum status status = api->environment(device, lines, sizeof lines);
#define NEXT(call) status = status == STATUS_OK ? (call) : status
    NEXT(api->load(device, code->data, code->size, &module));
    NEXT(api->function(module, "count", &steps[1].function));
    NEXT(api->allocate(device, 4096, 4096, &memory));
    launch.workspace = memory;
    args.counts = memory;
    NEXT(api->fill(device, memory, 0, 4096));
    NEXT(api->upload(device, memory, lines, sizeof lines));
    NEXT(api->mark_create(device, &begin));
    NEXT(api->mark_create(device, &end));
    NEXT(api->mark_record(device, begin, NULL));
    NEXT(api->launch(device, NULL, &launch));
    NEXT(api->mark_record(device, end, NULL));
    NEXT(api->synchronize(device, NULL));
    NEXT(api->mark_elapsed_ns(device, begin, end, &ns));
    NEXT(api->graph_begin(device, NULL));
    bool recording = status == STATUS_OK;
    NEXT(api->launch(device, NULL, &launch));
    if (recording) {
        enum status ended = api->graph_end(device, NULL, &graph);
        NEXT(ended);
    }
    NEXT(api->graph_launch(device, graph, NULL));
    NEXT(api->synchronize(device, NULL));
    NEXT(api->download(device, lines, memory, sizeof lines));
#undef NEXT
    char message[512];
    snprintf(message, sizeof message, "%s", status_message());
    api->graph_destroy(device, graph);
    api->mark_destroy(device, begin);
    api->mark_destroy(device, end);
    api->release(device, memory);
    api->unload(device, module);
    api->close(device);
    return status == STATUS_OK ? status : status_fail(status, "%s", message);
}

/* Each function that a life needs fails at each of its calls in turn, once: the life ends with that error's
 * line, or goes on where the call gives something back, and nothing is left over. */
static inline void check_each_failure(const char *const *symbols, size_t n, const char *error)
{
    struct text code = {0};
    unsigned tried = 0;
    assert_ok(file_read(getenv("TUNEBOOK_TEST_KERNELS"), 64 << 20, &code));
    fake_control("");
    assert_ok(whole_life(&code));
    assert_int_equal(fake_living(), 0);
    for (size_t i = 0; i < n; i++) {
        fake_control("");
        assert_ok(whole_life(&code));
        unsigned calls = fake_calls(symbols[i]);
        if (!calls) fail_msg("a life without %s", symbols[i]);
        for (unsigned call = 1; call <= calls; call++) {
            char text[160];
            snprintf(text, sizeof text, "fail=%s@%u:%s", symbols[i], call, error);
            fake_control(text);
            enum status status = whole_life(&code);
            if (status == STATUS_OK || !strstr(status_message(), error))
                fail_msg("%s: %s: %s", text, status_name(status), status_message());
            if (fake_living()) fail_msg("%s: %u objects are left over", text, fake_living());
            tried++;
        }
    }
    print_message("%u failures of %zu functions\n", tried, n);
    fake_control("");
    assert_ok(whole_life(&code));
    text_free(&code);
}

#endif
