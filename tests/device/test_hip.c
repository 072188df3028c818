/* device_hip on fake libamdhip64.so's that the emulator stands behind: one of ROCm 5 and one of ROCm 6. */
#include "tests/device/gpu_cases.h"
#include "tests/device/gpu_failures.h"
#include "tests/device/gpu_gemm.h"

const struct gpu_names gpu = {
    .backend = "hip",
    .library = "libamdhip64.so.5",
    .out_of_memory = "hipErrorOutOfMemory",
    .illegal_address = "hipErrorIllegalAddress",
    .launch_failed = "hipErrorLaunchFailure",
    .allocate = "hipMalloc",
    .synchronize = "hipStreamSynchronize",
    .allocate_symbol = "hipMalloc",
    .synchronize_symbol = "hipStreamSynchronize",
};

/* With the name and numbers that the runtime tells of an MI300X. */
static void test_info(void **state)
{
    const struct device_api *api = device_find("hip");
    struct device *device;
    char lines[512];
    (void)state;
    assert_string_equal(api->compiler, "hiprtc");
    assert_ok(api->open(0, NULL, &device));
    const struct device_info *info = api->info(device);
    assert_string_equal(info->name, "AMD Instinct MI300X OAM");
    assert_string_equal(info->device_class.target, "gfx942");
    assert_string_equal(info->class_text, "gfx942:304:5300");
    assert_string_equal(info->device_class.nickname, "mi300x");
    assert_int_equal(info->llc_bytes, 256 << 20);
    const int64_t *fact = info->facts.value;
    assert_int_equal(fact[DEVICE_FACT_units], 304);
    assert_int_equal(fact[DEVICE_FACT_lds_bytes], 64 << 10);
    assert_int_equal(fact[DEVICE_FACT_wave_size], 64);
    assert_int_equal(fact[DEVICE_FACT_max_block_threads], 1024);
    assert_int_equal(fact[DEVICE_FACT_l2_bytes], 4 << 20);
    assert_ok(api->environment(device, lines, sizeof lines));
    assert_non_null(strstr(lines, "hip_runtime="));
    api->close(device);
    api->close(NULL);
}

/* A Radeon: another wave, and no features behind the name of the architecture. */
static void test_radeon(void **state)
{
    const struct device_api *api = device_find("hip");
    struct device *device;
    (void)state;
    assert_ok(api->open(0, NULL, &device));
    const struct device_info *info = api->info(device);
    assert_string_equal(info->class_text, "gfx1100:96:960");
    assert_int_equal(info->facts.value[DEVICE_FACT_wave_size], 32);
    api->close(device);
}

static void test_cooperative(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "meet");
    step.cooperative = true;
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_int_equal(*(unsigned *)bench.workspace, BLOCKS);
    bench_close(&bench);
}

/* ROCm 5.2 cannot do it for code that is loaded from memory; clusters no AMD GPU here has. */
static void test_not_supported(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "turn");
    step.cooperative = true;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_UNAVAILABLE, "hipErrorNotSupported");
    step.cooperative = false;
    step.cluster[1] = 2;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_UNAVAILABLE, "cluster 1x2x1");
    bench_close(&bench);
}

/* The thread's own device stays what it was. */
static void test_current_device(void **state)
{
    struct bench bench;
    unsigned (*set)(int), (*get)(int *);
    int current;
    (void)state;
    *(void **)&set = fake_symbol("hipSetDevice");
    *(void **)&get = fake_symbol("hipGetDevice");
    assert_int_equal(set(1), 0);
    bench_open(&bench, 0);
    assert_ok(bench_run(&bench, "turn"));
    assert_int_equal(get(&current), 0);
    assert_int_equal(current, 1);
    bench_close(&bench);
    assert_int_equal(get(&current), 0);
    assert_int_equal(current, 1);
    assert_int_equal(fake_living(), 0);
}

/* HIP has no number for it. */
static void test_crooked(void **state)
{
    (void)state;
    check_fault("crooked", false, DEVICE_FAULT_OTHER);
}

/* With Debian's library or none: no GPU in either case, and a line that says so. */
static void test_no_driver(void **state)
{
    const struct device_api *api = device_find("hip");
    struct device *device;
    uint32_t n;
    (void)state;
    if (access("/dev/kfd", F_OK) == 0) return; /* this machine may have one */
    assert_int_equal(api->count(&n), STATUS_UNAVAILABLE);
    assert_true(strstr(status_message(), "no ROCm runtime: install") ||
                strstr(status_message(), "no GPU here"));
    assert_int_equal(api->open(0, NULL, &device), STATUS_UNAVAILABLE);
}

static void test_each_failure(void **state)
{
    static const char *const symbols[] = {"hipGetDeviceCount",
                                          "hipDeviceGetAttribute",
                                          "hipDeviceGetName",
                                          "hipDeviceTotalMem",
                                          "hipGetDeviceProperties",
                                          "hipRuntimeGetVersion",
                                          "hipModuleLoadData",
                                          "hipModuleGetFunction",
                                          "hipMalloc",
                                          "hipMemsetAsync",
                                          "hipMemcpy",
                                          "hipEventCreateWithFlags",
                                          "hipEventRecord",
                                          "hipEventSynchronize",
                                          "hipEventElapsedTime",
                                          "hipModuleLaunchKernel",
                                          "hipStreamSynchronize",
                                          "hipStreamCreateWithFlags",
                                          "hipStreamBeginCapture",
                                          "hipStreamEndCapture",
                                          "hipGraphInstantiateWithFlags",
                                          "hipGraphLaunch"};
    (void)state;
    check_each_failure(symbols, sizeof symbols / sizeof *symbols, "hipErrorUnknown");
}

#define MI300X "name=AMD Instinct MI300X OAM;memory_clock_khz=1300000;bus_bits=8192"
static const struct gpu_case cases[] = {
    {"info", test_info, "hip", MI300X, GPU_PASSES},
    {"info_rocm6", test_info, "hip6", MI300X, GPU_PASSES},
    {"radeon", test_radeon, "hip6", "target=rx7900xtx;memory_clock_khz=1249000;bus_bits=384", GPU_PASSES},
    {"launch", test_launch, "hip", "", GPU_PASSES},
    {"nothing_before_waiting", test_nothing_before_waiting, "hip", "", GPU_PASSES},
    {"graph", test_graph, "hip", "", GPU_PASSES},
    {"graph_spoilt", test_graph_spoilt, "hip", "", GPU_PASSES},
    {"alignment", test_alignment, "hip", "", GPU_PASSES},
    {"out_of_memory", test_out_of_memory, "hip", "memory=1048576", GPU_PASSES},
    {"two_devices", test_two_devices, "hip", "devices=2", GPU_PASSES},
    {"current_device", test_current_device, "hip", "devices=2", GPU_PASSES},
    {"cooperative", test_cooperative, "hip6", "", GPU_PASSES},
    {"not_supported", test_not_supported, "hip", "", GPU_PASSES},
    {"bad_code", test_bad_code, "hip", "", GPU_PASSES},
    {"bad_launch", test_bad_launch, "hip", "", GPU_PASSES},
    {"fault_later", test_fault_later, "hip", "async=hipErrorIllegalAddress after 2 launches", GPU_PASSES},
    {"lost", test_lost, "hip", "lose=after 2 launches", GPU_PASSES},
    {"stray", test_stray, "hip", "", GPU_PASSES},
    {"crooked", test_crooked, "hip", "", GPU_PASSES},
    {"host_pointer", test_host_pointer, "hip", "", GPU_PASSES},
    {"fork", test_fork, "hip", "", GPU_PASSES},
    {"hang", test_hang, "hip", "", GPU_HANGS},
    {"each_failure", test_each_failure, "hip", "", GPU_PASSES},
    {"gemm_simt", test_gemm_simt, "hip", "", GPU_PASSES},
    {"no_device", test_no_device, "hip", "devices=0", GPU_PASSES},
    {"no_driver", test_no_driver, NULL, "", GPU_PASSES},
};

int main(int argc, char **argv)
{
    return gpu_main(argc, argv, cases, sizeof cases / sizeof *cases, "gfx942");
}
