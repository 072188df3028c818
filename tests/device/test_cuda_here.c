/* device_cuda on the NVIDIA GPU that is here, with the driver's own answers; skipped where there is none.
 * What fakes prove (tests/device/test_cuda.c) is proved again as far as a real device lets itself be asked:
 * launches, graphs, memory, clusters, faults, and every template's kernels, launched and captured, against
 * the reference.
 *
 * test_cuda_here CASE is what compute-sanitizer is run on; tests/device/gpu_here_cases.h has the rest. */
#include "tests/device/gpu_here_cases.h"
#include "tuner/base/gpu_target.h"

const char *const here_backend = "cuda";

static void test_info(void **state)
{
    (void)state;
    check_info(32);
}

static void test_graph_spoilt(void **state)
{
    struct bench bench;
    void *graph, *memory;
    (void)state;
    bench_open(&bench);
    struct device_step step = bench_step(&bench, "turn");
    assert_ok(bench.api->graph_begin(bench.device, NULL));
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_fails(bench.api->allocate(bench.device, 64, 64, &memory), STATUS_BAD_DATA);
    assert_fails(bench.api->graph_end(bench.device, NULL, &graph), STATUS_BAD_DATA);
    assert_ok(bench.api->graph_begin(bench.device, NULL)); /* the next is well */
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->graph_end(bench.device, NULL, &graph));
    assert_ok(bench.api->graph_launch(bench.device, graph, NULL));
    bench_await(&bench, 0);
    bench.api->graph_destroy(bench.device, graph);
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
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_int_equal(bench_count(&bench), step.grid[0]);
    step.grid[0] = 1 << 20;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA);
    bench_close(&bench);
}

static void test_clusters(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct device_step step = bench_step(&bench, "turn");
    const struct gpu_target *target = gpu_target_find(bench.info->device_class.target);
    if (!target || target->architecture < 900) {
        print_message("SKIPPED: %s has no clusters\n", bench.info->device_class.target);
    } else {
        step.cluster[0] = 4;
        assert_ok(bench_launch(&bench, NULL, &step, 1));
        bench_await(&bench, 0);
        step.cluster[0] = 3; /* 16 blocks are no clusters of 3 */
        assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA);
    }
    bench_close(&bench);
}

static void test_shared_memory(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    struct device_step step = bench_stretch(&bench);
    step.shared_bytes += 4;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA);
    bench_close(&bench);
}

static void test_bad_code(void **state)
{
    struct bench bench;
    struct device_module *module;
    void *function;
    char garbage[512] = {0x7f, 'E', 'L', 'F', 2, 1, 1};
    (void)state;
    bench_open(&bench);
    assert_fails(bench.api->load(bench.device, garbage, sizeof garbage, &module), STATUS_BAD_DATA);
    assert_fails(bench.api->function(bench.module, "no_such_entry", &function), STATUS_BAD_DATA);
    bench_close(&bench);
}

/* --- faults: each takes the context with it --- */

static void check_fault(struct bench *bench, const char *entry, enum device_fault fault)
{
    struct device_step step = bench_step(bench, entry);
    void *memory;
    assert_ok(bench_launch(bench, NULL, &step, 1));
    assert_fails(bench->api->synchronize(bench->device, NULL), STATUS_BAD_DATA);
    assert_int_equal(bench->api->fault(bench->device), fault);
    assert_fails(bench->api->allocate(bench->device, 16, 16, &memory), STATUS_UNAVAILABLE);
    bench_close(bench);
}

static void test_stray(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    bench.args.y = (float *)(uintptr_t)4096; /* nobody's */
    check_fault(&bench, "turn", DEVICE_FAULT_OUT_OF_BOUNDS);
}

static void test_crooked(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench);
    check_fault(&bench, "crooked", DEVICE_FAULT_MISALIGNED);
}

static const struct CMUnitTest cases[] = {
    cmocka_unit_test(test_info),     cmocka_unit_test(test_launch),
    cmocka_unit_test(test_graph),    cmocka_unit_test(test_graph_spoilt),
    cmocka_unit_test(test_memory),   cmocka_unit_test(test_cooperative),
    cmocka_unit_test(test_clusters), cmocka_unit_test(test_shared_memory),
    cmocka_unit_test(test_bad_code), cmocka_unit_test(test_stray),
    cmocka_unit_test(test_crooked),  cmocka_unit_test(test_templates),
};

int main(int argc, char **argv)
{
    return here_main(argc, argv, cases, sizeof cases / sizeof *cases);
}
