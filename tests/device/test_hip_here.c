/* device_hip on the AMD GPU that is here, with the runtime's own answers; skipped where there is none. What
 * fakes prove (tests/device/test_hip.c) is proved again as far as a real device lets itself be asked. What
 * AMD's runtimes are free to do differently is allowed both ways, and said. */
#include <elf.h>
#include "tests/device/gpu_here_cases.h"
#include "tuner/device/gpu.h"

const char *const here_backend = "hip";

static void test_info(void **state)
{
    (void)state;
    check_info(0);
}

/* What a runtime makes of an allocation while a graph is recorded is its own affair; the next recording is
 * well. */
static void test_graph_disturbed(void **state)
{
    struct bench bench;
    void *graph = NULL, *memory = NULL;
    (void)state;
    bench_open(&bench);
    struct device_step step = bench_step(&bench, "turn");
    assert_ok(bench.api->graph_begin(bench.device, NULL));
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    if (bench.api->allocate(bench.device, 64, 64, &memory) != STATUS_OK)
        print_message("an allocation meanwhile: %s\n", status_message());
    if (bench.api->graph_end(bench.device, NULL, &graph) != STATUS_OK)
        print_message("the recording: %s\n", status_message());
    else
        bench.api->graph_destroy(bench.device, graph);
    bench.api->release(bench.device, memory);
    assert_ok(bench.api->graph_begin(bench.device, NULL));
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->graph_end(bench.device, NULL, &graph));
    assert_ok(bench.api->graph_launch(bench.device, graph, NULL));
    bench_await(&bench, 0);
    bench.api->graph_destroy(bench.device, graph);
    bench_close(&bench);
}

/* By way of pinned memory, and back. */
static void test_long_upload(void **state)
{
    enum { BYTES = (11 << 20) + 13 };
    struct bench bench;
    void *memory;
    unsigned char *from = malloc(BYTES), *back = malloc(BYTES);
    (void)state;
    assert_true(from && back);
    for (unsigned i = 0; i < BYTES; i++) from[i] = (unsigned char)(i % 251 + (i >> 20));
    bench_open(&bench);
    assert_ok(bench.api->allocate(bench.device, BYTES, 256, &memory));
    assert_ok(bench.api->upload(bench.device, memory, from, BYTES));
    assert_ok(bench.api->download(bench.device, back, memory, BYTES));
    assert_memory_equal(back, from, BYTES);
    bench.api->release(bench.device, memory);
    bench_close(&bench);
    free(from);
    free(back);
}

static void test_ordered_memory(void **state)
{
    struct bench bench;
    void *memory, *own;
    (void)state;
    bench_open(&bench);
    enum status status = gpu_allocate_ordered(bench.device, NULL, 4096, &memory);
    if (status == STATUS_UNAVAILABLE) {
        print_message("SKIPPED: %s\n", status_message());
    } else {
        unsigned count = 0;
        assert_ok(status);
        struct device_step steps[2] = {{.zero_bytes = 4096}, bench_step(&bench, "count")};
        own = bench.workspace;
        bench.workspace = memory;
        bench.args.counts = memory;
        assert_ok(bench_launch(&bench, NULL, steps, 2));
        bench.workspace = own;
        assert_ok(bench.api->download(bench.device, &count, memory, sizeof count));
        assert_int_equal(count, BLOCKS);
        assert_ok(gpu_release_ordered(bench.device, NULL, memory));
        assert_ok(bench.api->synchronize(bench.device, NULL));
    }
    bench_close(&bench);
}

static void test_cooperative(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct device_step step = bench_step(&bench, "meet");
    step.cooperative = true;
    step.grid[0] = (uint32_t)bench.info->facts.value[DEVICE_FACT_units];
    enum status status = bench_launch(&bench, NULL, &step, 1);
    if (status == STATUS_UNAVAILABLE) {
        print_message("SKIPPED: %s\n", status_message());
    } else {
        assert_ok(status);
        assert_int_equal(bench_count(&bench), step.grid[0]);
        step.grid[0] = 1 << 20;
        assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA);
    }
    bench_close(&bench);
}

static void test_shared_memory(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    bench_stretch(&bench);
    bench_close(&bench);
}

/* Garbage the runtime refuses; another GPU's code it does not get to see. */
static void test_bad_code(void **state)
{
    struct bench bench;
    struct device_module *module;
    void *function;
    char garbage[512] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    Elf64_Ehdr other = {.e_machine = 224, .e_flags = 0x530}; /* gfx908, which is no target of ours */
    (void)state;
    memcpy(other.e_ident, garbage, 7);
    bench_open(&bench);
    enum status status = bench.api->load(bench.device, garbage, sizeof garbage, &module);
    print_message("as it should: %s\n", status_message());
    assert_true(status == STATUS_BAD_DATA || status == STATUS_UNAVAILABLE);
    assert_fails(bench.api->load(bench.device, &other, sizeof other, &module), STATUS_BAD_DATA);
    assert_non_null(strstr(status_message(), "for gfx908"));
    status = bench.api->function(bench.module, "no_such_entry", &function);
    print_message("as it should: %s\n", status_message());
    assert_int_not_equal(status, STATUS_OK);
    bench_close(&bench);
}

/* Writes to nobody's memory; does not come back where the runtime ends the process. */
static void stray(void)
{
    struct bench bench;
    bench_open(&bench);
    bench.args.y = (float *)(uintptr_t)4096;
    struct device_step step = bench_step(&bench, "turn");
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_fails(bench.api->synchronize(bench.device, NULL), STATUS_BAD_DATA);
    assert_int_equal(bench.api->fault(bench.device), DEVICE_FAULT_OUT_OF_BOUNDS);
    fflush(NULL);
    _exit(0);
}

/* ROCm ends the process ("Memory access fault by GPU node"), or reports it as CUDA does; either way a process
 * that begins afterwards finds the device well. */
static void test_stray(void **state)
{
    (void)state;
    fflush(NULL);
    pid_t child = fork();
    assert_true(child >= 0);
    if (!child) stray();
    int ended;
    assert_int_equal(waitpid(child, &ended, 0), child);
    bool aborted = WIFSIGNALED(ended) && WTERMSIG(ended) == SIGABRT;
    if (!aborted && (!WIFEXITED(ended) || WEXITSTATUS(ended) != 0))
        fail_msg("wait status %#x", (unsigned)ended);
    print_message("a stray access %s\n", aborted ? "ended the process" : "was reported");
    struct bench bench;
    bench_open(&bench);
    struct device_step step = bench_step(&bench, "turn");
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    bench_await(&bench, 0);
    bench_close(&bench);
}

static void test_telemetry(void **state)
{
    struct bench bench;
    struct device_telemetry now;
    (void)state;
    bench_begin(&bench);
    if (bench.api->telemetry(bench.device, &now) != STATUS_OK)
        print_message("SKIPPED: %s\n", status_message());
    else
        print_message("%u MHz, %u C, %u W, others take %u permille\n", now.clock_mhz, now.temperature_c,
                      now.power_w, now.foreign_load_permille);
    bench.api->close(bench.device);
    text_free(&bench.identity);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(test_info),           cmocka_unit_test(test_launch),
    cmocka_unit_test(test_graph),          cmocka_unit_test(test_graph_disturbed),
    cmocka_unit_test(test_memory),         cmocka_unit_test(test_long_upload),
    cmocka_unit_test(test_ordered_memory), cmocka_unit_test(test_cooperative),
    cmocka_unit_test(test_shared_memory),  cmocka_unit_test(test_bad_code),
    cmocka_unit_test(test_stray),          cmocka_unit_test(test_telemetry),
    cmocka_unit_test(test_templates),
};

int main(int argc, char **argv)
{
    return here_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
