/* Cases that both GPU devices go through. They run in the child (gpu_child.h). */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_CASES_H
#define TUNEBOOK_TESTS_DEVICE_GPU_CASES_H

#include "tests/device/gpu_bench.h"
#include "tuner/device/gpu.h"

/* Zeroing, counting and turning, in order, timed. */
static inline void test_launch(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    const unsigned old[4] = {77, 77, 77, 77};
    unsigned counts[4];
    assert_ok(bench.api->upload(bench.device, bench.workspace, old, sizeof old));
    struct device_step steps[4] = {{.zero_offset = 0, .zero_bytes = 8},
                                   bench_step(&bench, "count"),
                                   {.zero_offset = 12, .zero_bytes = 0},
                                   bench_step(&bench, "turn")};
    void *begin, *end;
    double ns = -1;
    assert_ok(bench.api->mark_create(bench.device, &begin));
    assert_ok(bench.api->mark_create(bench.device, &end));
    assert_ok(bench.api->mark_record(bench.device, begin, NULL));
    assert_ok(bench_launch(&bench, NULL, steps, 4));
    assert_ok(bench.api->mark_record(bench.device, end, NULL));
    assert_ok(bench.api->mark_elapsed_ns(bench.device, begin, end, &ns));
    assert_true(ns > 0 && ns < 60e9);
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_int_equal(bench.api->fault(bench.device), DEVICE_FAULT_NONE);
    bench_check(&bench, BLOCKS);
    assert_ok(bench.api->download(bench.device, counts, bench.workspace, sizeof counts));
    assert_int_equal(counts[0], BLOCKS);
    assert_int_equal(counts[1], 0);
    assert_int_equal(counts[2], 77);
    assert_int_equal(bench.api->scratch_bytes(bench.device, 4096), 0);
    bench.api->mark_destroy(bench.device, begin);
    bench.api->mark_destroy(bench.device, end);
    bench_close(&bench);
    assert_int_equal(fake_living(), 0);
}

/* The fake does nothing before somebody waits, and device memory is the host's there: who reads too early
 * sees it. */
static inline void test_nothing_before_waiting(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "count");
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    memset(&bench.args, 0xff, sizeof bench.args); /* the block was read before launch() came back */
    assert_int_equal(*(unsigned *)bench.workspace, 0);
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_int_equal(*(unsigned *)bench.workspace, BLOCKS);
    bench_close(&bench);
}

static inline void test_graph(void **state)
{
    struct bench bench;
    void *graph, *nothing;
    (void)state;
    bench_open(&bench, 0);
    struct device_step steps[2] = {bench_step(&bench, "count"), bench_step(&bench, "turn")};
    assert_ok(bench.api->graph_begin(bench.device, NULL));
    assert_fails(bench.api->graph_begin(bench.device, NULL), STATUS_BUSY, "already being recorded");
    assert_ok(bench_launch(&bench, NULL, steps, 1));
    assert_ok(bench_launch(&bench, NULL, steps, 2));
    assert_ok(bench.api->graph_end(bench.device, NULL, &graph));
    assert_fails(bench.api->graph_end(bench.device, NULL, &nothing), STATUS_USAGE, "not recording");
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_int_equal(*(unsigned *)bench.workspace, 0); /* recording is not running */
    for (unsigned i = 1; i <= 3; i++) {
        assert_ok(bench.api->graph_launch(bench.device, graph, NULL));
        assert_ok(bench.api->synchronize(bench.device, NULL));
        bench_check(&bench, 2 * i * BLOCKS);
    }
    bench.api->graph_destroy(bench.device, graph);
    bench_close(&bench);
    assert_int_equal(fake_living(), 0);
}

/* What must not happen while a graph is recorded spoils it, and the next recording is well. */
static inline void test_graph_spoilt(void **state)
{
    struct bench bench;
    void *graph, *memory;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "turn");
    assert_ok(bench.api->graph_begin(bench.device, NULL));
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_fails(bench.api->allocate(bench.device, 64, 64, &memory), STATUS_BAD_DATA, "capturing");
    assert_fails(bench.api->graph_end(bench.device, NULL, &graph), STATUS_BAD_DATA, "previous error");
    assert_ok(bench.api->graph_begin(bench.device, NULL));
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->graph_end(bench.device, NULL, &graph));
    assert_ok(bench.api->graph_launch(bench.device, graph, NULL));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    bench_check(&bench, 0);
    bench.api->graph_destroy(bench.device, graph);
    bench_close(&bench);
    assert_int_equal(fake_living(), 0);
}

static inline void test_alignment(void **state)
{
    const struct device_api *api = device_find(gpu.backend);
    struct device *device;
    void *memory[12];
    char byte = 1;
    (void)state;
    assert_ok(api->open(0, NULL, &device));
    for (size_t i = 0; i < 12; i++) {
        size_t alignment = (size_t)16 << i;
        assert_ok(api->allocate(device, i % 3, alignment, &memory[i]));
        assert_int_equal((uintptr_t)memory[i] % alignment, 0);
        assert_ok(api->upload(device, memory[i], &byte, 1));
    }
    for (size_t i = 0; i < 12; i++) api->release(device, memory[i]);
    api->release(device, NULL);
    assert_fails(api->allocate(device, SIZE_MAX - 100, 4096, memory), STATUS_NO_MEMORY,
                 "more than there are");
    api->close(device);
    assert_int_equal(fake_living(), 0);
}

/* With settings memory=1048576. */
static inline void test_out_of_memory(void **state)
{
    const struct device_api *api = device_find(gpu.backend);
    struct device *device;
    void *half, *more;
    char words[128];
    (void)state;
    assert_ok(api->open(0, NULL, &device));
    assert_int_equal(api->info(device)->memory_bytes, 1 << 20);
    assert_ok(api->allocate(device, 600 << 10, 256, &half));
    snprintf(words, sizeof words, "%s of 614400 bytes: %s (out of memory)", gpu.allocate, gpu.out_of_memory);
    assert_fails(api->allocate(device, 600 << 10, 256, &more), STATUS_NO_MEMORY, words);
    api->release(device, half); /* not fatal: what is free can be had */
    assert_ok(api->allocate(device, 600 << 10, 256, &more));
    api->release(device, more);
    api->close(device);
    assert_int_equal(fake_living(), 0);
}

/* Of several halves of the pinned memory and a bit. What was sent before the memory was written anew is what
 * arrives: the fake reads it when the stream comes to it. */
static inline void test_long_upload(void **state)
{
    enum { BYTES = (11 << 20) + 13 };
    const struct device_api *api = device_find(gpu.backend);
    struct device *device;
    unsigned char *from = malloc(BYTES), *back = malloc(BYTES);
    void *memory;
    (void)state;
    assert_true(from && back);
    for (unsigned i = 0; i < BYTES; i++) from[i] = (unsigned char)(i % 251 + (i >> 20));
    assert_ok(api->open(0, NULL, &device));
    assert_ok(api->allocate(device, BYTES, 256, &memory));
    for (unsigned i = 0; i < 2; i++) {
        from[BYTES - 1]++;
        assert_ok(api->upload(device, memory, from, BYTES));
        assert_ok(api->download(device, back, memory, BYTES));
        assert_memory_equal(back, from, BYTES);
    }
    assert_int_equal(fake_calls(gpu.send_symbol), 6);
    assert_int_equal(fake_calls(gpu.pin_symbol), 2);
    api->release(device, memory);
    api->close(device);
    assert_int_equal(fake_living(), 0);
    free(from);
    free(back);
}

/* Each call of a long upload fails in turn: where no memory can be pinned it goes another way, else the error
 * is told. */
static inline void test_long_upload_fails(void **state)
{
    enum { BYTES = 9 << 20 };
    const struct {
        const char *symbol;
        unsigned calls;
        bool told;
    } failures[] = {
        {gpu.pin_symbol, 2, false}, {gpu.send_symbol, 3, true}, {gpu.synchronize_symbol, 1, true}};
    const struct device_api *api = device_find(gpu.backend);
    unsigned char *from = malloc(BYTES), *back = malloc(BYTES);
    (void)state;
    assert_true(from && back);
    memset(from, 7, BYTES);
    for (unsigned i = 0; i < 3; i++)
        for (unsigned call = 1; call <= failures[i].calls; call++) {
            struct device *device;
            void *memory;
            char text[128];
            assert_ok(api->open(0, NULL, &device));
            assert_ok(api->allocate(device, BYTES, 256, &memory));
            snprintf(text, sizeof text, "fail=%s@%u:%s", failures[i].symbol, call, gpu.out_of_memory);
            fake_control(text);
            if (failures[i].told)
                assert_fails(api->upload(device, memory, from, BYTES), STATUS_NO_MEMORY, gpu.out_of_memory);
            else
                assert_ok(api->upload(device, memory, from, BYTES));
            assert_ok(api->upload(device, memory, from, BYTES));
            assert_ok(api->download(device, back, memory, BYTES));
            assert_memory_equal(back, from, BYTES);
            api->release(device, memory);
            api->close(device);
            assert_int_equal(fake_living(), 0);
        }
    free(from);
    free(back);
}

/* Made, used and given back in a stream's order: nothing of it happens before somebody waits. */
static inline void test_ordered_memory(void **state)
{
    struct bench bench;
    void *memory;
    unsigned count;
    (void)state;
    bench_open(&bench, 0);
    unsigned living = fake_living();
    assert_ok(gpu_allocate_ordered(bench.device, NULL, 4096, &memory));
    struct device_step steps[2] = {{.zero_bytes = 4096}, bench_step(&bench, "count")};
    bench.args.counts = memory;
    void *own = bench.workspace;
    bench.workspace = memory;
    assert_ok(bench_launch(&bench, NULL, steps, 2));
    bench.workspace = own;
    assert_ok(bench.api->download(bench.device, &count, memory, sizeof count));
    assert_int_equal(count, BLOCKS);
    assert_ok(bench_launch(&bench, NULL, &steps[1], 1));
    assert_ok(gpu_release_ordered(bench.device, NULL, memory));
    assert_int_equal(fake_living(), living + 1); /* what is in front of it has not run */
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_int_equal(fake_living(), living);
    assert_ok(gpu_release_ordered(bench.device, NULL, NULL));
    fake_control("memory=16384");
    assert_fails(gpu_allocate_ordered(bench.device, NULL, 1 << 20, &memory), STATUS_NO_MEMORY,
                 gpu.out_of_memory);
    bench_close(&bench);
    assert_int_equal(fake_living(), 0);
}

static inline void test_two_devices(void **state)
{
    struct bench one, two;
    struct device *none;
    uint32_t n;
    (void)state;
    assert_ok(device_find(gpu.backend)->count(&n));
    assert_int_equal(n, 2);
    bench_open(&one, 0);
    bench_open(&two, 1);
    assert_fails(one.api->open(2, NULL, &none), STATUS_UNAVAILABLE, "2 found");
    assert_ok(bench_run(&one, "count"));
    assert_ok(bench_run(&two, "turn"));
    bench_check(&two, 0);
    assert_ok(bench_run(&one, "turn"));
    bench_check(&one, BLOCKS);
    /* One's memory is not the other's. */
    assert_fails(two.api->fill(two.device, one.y, 1, 16), STATUS_BAD_DATA, "invalid argument");
    bench_close(&one);
    bench_close(&two);
    assert_int_equal(fake_living(), 0);
}

/* Everything answers with one line that says since when, and closing is quiet. */
static inline void check_lost(struct bench *bench, const char *words)
{
    struct device_step step = {.zero_bytes = 16};
    struct device_module *module;
    void *memory, *mark, *graph;
    char line[256];
    double ns;
    const struct device_api *api = bench->api;
    snprintf(line, sizeof line, "context is lost since %s", words);
    assert_fails(api->allocate(bench->device, 16, 16, &memory), STATUS_UNAVAILABLE, line);
    assert_fails(api->upload(bench->device, bench->x, line, 16), STATUS_UNAVAILABLE, line);
    assert_fails(api->download(bench->device, line, bench->x, 16), STATUS_UNAVAILABLE,
                 "context is lost since");
    snprintf(line, sizeof line, "context is lost since %s", words);
    assert_fails(api->fill(bench->device, bench->x, 0, 16), STATUS_UNAVAILABLE, line);
    assert_fails(api->load(bench->device, line, sizeof line, &module), STATUS_UNAVAILABLE, line);
    assert_fails(api->function(bench->module, "turn", &memory), STATUS_UNAVAILABLE, line);
    assert_fails(bench_launch(bench, NULL, &step, 1), STATUS_UNAVAILABLE, line);
    assert_fails(api->synchronize(bench->device, NULL), STATUS_UNAVAILABLE, line);
    assert_fails(api->mark_create(bench->device, &mark), STATUS_UNAVAILABLE, line);
    assert_fails(api->mark_record(bench->device, NULL, NULL), STATUS_UNAVAILABLE, line);
    assert_fails(api->mark_elapsed_ns(bench->device, NULL, NULL, &ns), STATUS_UNAVAILABLE, line);
    assert_fails(api->graph_begin(bench->device, NULL), STATUS_UNAVAILABLE, line);
    assert_fails(api->graph_end(bench->device, (void *)1, &graph), STATUS_UNAVAILABLE, line);
    assert_fails(api->graph_launch(bench->device, NULL, NULL), STATUS_UNAVAILABLE, line);
    bench_close(bench);
}

/* With settings async=ILLEGAL_ADDRESS after 2 launches: the launch is well, who waits hears of it. */
static inline void test_fault_later(void **state)
{
    struct bench bench;
    char words[256];
    (void)state;
    bench_open(&bench, 0);
    assert_ok(bench_run(&bench, "turn"));
    struct device_step step = bench_step(&bench, "turn");
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    snprintf(words, sizeof words, "%s: %s (", gpu.synchronize, gpu.illegal_address);
    assert_fails(bench.api->synchronize(bench.device, NULL), STATUS_BAD_DATA, words);
    assert_int_equal(bench.api->fault(bench.device), DEVICE_FAULT_OUT_OF_BOUNDS);
    snprintf(words, sizeof words, "%s: %s;", gpu.synchronize, gpu.illegal_address);
    check_lost(&bench, words);
}

/* With settings lose=after 2 launches. */
static inline void test_lost(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "turn");
    enum status status = STATUS_OK;
    for (int i = 0; i < 8 && status == STATUS_OK; i++) {
        status = bench_launch(&bench, NULL, &step, 1);
        if (status == STATUS_OK) status = bench.api->synchronize(bench.device, NULL);
    }
    assert_int_equal(status, STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), gpu.launch_failed));
    assert_int_equal(bench.api->fault(bench.device), DEVICE_FAULT_OTHER);
    check_lost(&bench, "");
}

static inline void check_fault(const char *entry, bool host_pointer, enum device_fault fault)
{
    struct bench bench;
    static float host[N];
    bench_open(&bench, 0);
    if (host_pointer) bench.args.x = host;
    enum status status = bench_run(&bench, entry);
    assert_int_equal(status, STATUS_BAD_DATA);
    assert_int_equal(bench.api->fault(bench.device), fault);
    check_lost(&bench, gpu.synchronize);
}

static inline void test_stray(void **state)
{
    (void)state;
    check_fault("stray", false, DEVICE_FAULT_OUT_OF_BOUNDS);
}

static inline void test_host_pointer(void **state)
{
    (void)state;
    check_fault("turn", true, DEVICE_FAULT_OUT_OF_BOUNDS);
}

static inline void test_bad_code(void **state)
{
    struct bench bench;
    struct device_module *module;
    static const char garbage[256] = "this is no code object";
    void *function;
    (void)state;
    bench_open(&bench, 0);
    assert_fails(bench.api->load(bench.device, garbage, sizeof garbage, &module), STATUS_BAD_DATA,
                 "of a code object of 256 bytes");
    assert_fails(bench.api->function(bench.module, "absent", &function), STATUS_BAD_DATA,
                 "of entry 'absent'");
    bench_close(&bench);
    assert_int_equal(fake_living(), 0);
}

/* A refused launch says what was asked for, and is no fault of a kernel. */
static inline void test_bad_launch(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "turn");
    step.block[0] = 2048;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA, "block 2048x1x1");
    assert_int_equal(bench.api->fault(bench.device), DEVICE_FAULT_NONE);
    step.block[0] = 64;
    step.grid[1] = 0;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA, "grid 16x0x1");
    step.grid[1] = 1;
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    bench_check(&bench, 0);
    bench_close(&bench);
    assert_int_equal(fake_living(), 0);
}

static inline void test_fork(void **state)
{
    const struct device_api *api = device_find(gpu.backend);
    uint32_t n;
    (void)state;
    assert_ok(api->count(&n));
    pid_t child = fork();
    if (!child) {
        struct device *device;
        bool refused = api->count(&n) == STATUS_UNAVAILABLE && strstr(status_message(), "forked off") &&
                       api->open(0, NULL, &device) == STATUS_UNAVAILABLE;
        _exit(refused ? 0 : 1);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* The call never comes back; the caller's deadline ends the process. */
static inline void test_hang(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    char text[96];
    snprintf(text, sizeof text, "hang=%s", gpu.synchronize_symbol);
    fake_control(text);
    print_message("%s", GPU_WAITING);
    fflush(stdout);
    alarm(1);
    bench.api->synchronize(bench.device, NULL);
    fail_msg("came back");
}

/* With settings devices=0. */
static inline void test_no_device(void **state)
{
    const struct device_api *api = device_find(gpu.backend);
    struct device *device;
    uint32_t n = 7;
    (void)state;
    assert_fails(api->count(&n), STATUS_UNAVAILABLE, "no GPU here");
    assert_int_equal(n, 0);
    assert_fails(api->open(0, NULL, &device), STATUS_UNAVAILABLE, "no GPU here");
}

#endif
