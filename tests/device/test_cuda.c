/* device_cuda on a fake libcuda.so.1 that the emulator stands behind. */
#include <pthread.h>
#include "tests/device/cuda_maps.h"
#include "tests/device/gpu_cases.h"
#include "tests/device/gpu_failures.h"
#include "tests/device/gpu_gemm.h"

const struct gpu_names gpu = {
    .backend = "cuda",
    .library = "libcuda.so.1",
    .out_of_memory = "CUDA_ERROR_OUT_OF_MEMORY",
    .illegal_address = "CUDA_ERROR_ILLEGAL_ADDRESS",
    .launch_failed = "CUDA_ERROR_LAUNCH_FAILED",
    .allocate = "cuMemAlloc",
    .synchronize = "cuStreamSynchronize",
    .allocate_symbol = "cuMemAlloc_v2",
    .synchronize_symbol = "cuStreamSynchronize",
    .pin_symbol = "cuMemHostAlloc",
    .send_symbol = "cuMemcpyHtoDAsync_v2",
};

typedef struct CUctx_st *context;

/* With settings name=NVIDIA H100 80GB HBM3 and the numbers that driver tells. */
static void test_info(void **state)
{
    const struct device_api *api = device_find("cuda");
    struct device *device;
    char lines[512];
    (void)state;
    assert_string_equal(api->compiler, "nvrtc");
    assert_ok(api->open(0, NULL, &device));
    const struct device_info *info = api->info(device);
    assert_string_equal(info->name, "NVIDIA H100 80GB HBM3");
    assert_string_equal(info->class_text, "sm_90a:132:3350");
    assert_string_equal(info->device_class.nickname, "h100_sxm");
    assert_int_equal(info->memory_bytes, 85899345920);
    assert_int_equal(info->llc_bytes, 50 << 20);
    const int64_t *fact = info->facts.value;
    assert_int_equal(fact[DEVICE_FACT_units], 132);
    assert_int_equal(fact[DEVICE_FACT_lds_bytes], 227 << 10);
    assert_int_equal(fact[DEVICE_FACT_wave_size], 32);
    assert_int_equal(fact[DEVICE_FACT_max_block_threads], 1024);
    assert_int_equal(fact[DEVICE_FACT_l2_bytes], 50 << 20);
    assert_int_equal(fact[DEVICE_FACT_llc_bytes], 50 << 20);
    assert_int_equal(fact[DEVICE_FACT_bandwidth_gbps], 3350);
    assert_ok(api->environment(device, lines, sizeof lines));
    assert_non_null(strstr(lines, "cuda_driver=12.4\n"));
    api->close(device);
    api->close(NULL);
}

/* --- contexts --- */

static unsigned (*get_current)(context *);
static unsigned (*push)(context);

static void *use_elsewhere(void *argument)
{
    struct bench *bench = argument;
    context current = NULL;
    assert_ok(bench_run(bench, "turn"));
    assert_int_equal(get_current(&current), 0);
    assert_null(current);
    return NULL;
}

/* A program that has made a context of its own keeps it, current in its thread and out of the way of others.
 */
static void test_adopted_context(void **state)
{
    unsigned (*init)(unsigned), (*create)(context *, unsigned, int), (*destroy)(context), (*pop)(context *);
    struct bench bench, other;
    context own, current;
    (void)state;
    *(void **)&init = fake_symbol("cuInit");
    *(void **)&create = fake_symbol("cuCtxCreate_v2");
    *(void **)&destroy = fake_symbol("cuCtxDestroy_v2");
    *(void **)&pop = fake_symbol("cuCtxPopCurrent_v2");
    *(void **)&push = fake_symbol("cuCtxPushCurrent_v2");
    *(void **)&get_current = fake_symbol("cuCtxGetCurrent");
    assert_int_equal(init(0), 0);
    assert_int_equal(create(&own, 0, 0), 0);
    bench_open(&bench, 0);
    assert_int_equal(fake_calls("cuDevicePrimaryCtxRetain"), 0);
    bench_open(&other, 1); /* of another device it is not the context */
    assert_int_equal(fake_calls("cuDevicePrimaryCtxRetain"), 1);
    assert_ok(bench_run(&bench, "turn"));
    assert_ok(bench_run(&other, "turn"));
    bench_check(&bench, 0);
    bench_check(&other, 0);
    assert_int_equal(get_current(&current), 0);
    assert_ptr_equal(current, own);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, use_elsewhere, &bench), 0);
    pthread_join(thread, NULL);
    assert_int_equal(pop(&current), 0);
    assert_ptr_equal(current, own);
    assert_ok(bench_run(&bench, "turn")); /* the thread may even have put it away */
    bench_close(&bench);
    bench_close(&other);
    assert_int_equal(fake_living(), 1);
    assert_int_equal(destroy(own), 0);
}

static void test_primary_context(void **state)
{
    struct bench bench;
    context current;
    (void)state;
    bench_open(&bench, 0);
    *(void **)&get_current = fake_symbol("cuCtxGetCurrent");
    assert_int_equal(fake_calls("cuDevicePrimaryCtxRetain"), 1);
    assert_int_equal(get_current(&current), 0);
    assert_null(current); /* nobody asked for one to be current */
    bench_close(&bench);
    assert_int_equal(fake_calls("cuDevicePrimaryCtxRelease_v2"), 1);
    assert_int_equal(fake_living(), 0);
}

/* --- launches --- */

static void check_meeting(void)
{
    struct bench bench;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "meet");
    step.cooperative = true;
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_int_equal(*(unsigned *)bench.workspace, BLOCKS);
    step.grid[0] = 133;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA,
                 "133x1x1, cluster 1x1x1, block 64x1x1");
    assert_non_null(strstr(status_message(), "cooperative: CUDA_ERROR_COOPERATIVE_LAUNCH_TOO_LARGE"));
    bench_close(&bench);
    assert_int_equal(fake_living(), 0);
}

static void test_cooperative(void **state)
{
    (void)state;
    check_meeting();
    assert_int_equal(fake_calls("cuLaunchCooperativeKernel"), 0);
    assert_int_equal(fake_calls("cuLaunchKernelEx"), 2);
}

static void test_cooperative_before_12(void **state)
{
    (void)state;
    check_meeting();
    assert_int_equal(fake_calls("cuLaunchCooperativeKernel"), 2);
}

static void test_clusters(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "turn");
    step.cluster[0] = 4;
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_int_equal(fake_calls("cuLaunchKernelEx"), 1);
    bench_check(&bench, 0);
    step.cluster[0] = 3; /* 16 blocks are no clusters of 3 */
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA, "cluster 3x1x1");
    bench_close(&bench);
}

static void test_clusters_before_12(void **state)
{
    struct bench bench;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "turn");
    step.cluster[0] = 4;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_UNAVAILABLE, "CUDA_ERROR_NOT_SUPPORTED");
    bench_close(&bench);
}

/* More than 48 KiB need a word beforehand, which function() has given. */
static void test_shared_memory(void **state)
{
    struct bench bench;
    float y;
    (void)state;
    bench_open(&bench, 0);
    struct device_step step = bench_step(&bench, "stretch");
    step.grid[0] = 1;
    step.shared_bytes = 227 << 10;
    bench.args.n = step.shared_bytes / 4;
    assert_ok(bench_launch(&bench, NULL, &step, 1));
    assert_ok(bench.api->synchronize(bench.device, NULL));
    assert_ok(bench.api->download(bench.device, &y, bench.y, sizeof y));
    assert_float_equal(y, 2, 0);
    step.shared_bytes += 4;
    assert_fails(bench_launch(&bench, NULL, &step, 1), STATUS_BAD_DATA, "232452 bytes of shared memory");
    bench_close(&bench);
}

static void test_crooked(void **state)
{
    (void)state;
    check_fault("crooked", false, DEVICE_FAULT_MISALIGNED);
}

/* --- drivers that are no good --- */

static void test_no_driver(void **state)
{
    const struct device_api *api = device_find("cuda");
    struct device *device;
    uint32_t n;
    (void)state;
    if (dlopen("libcuda.so.1", RTLD_LAZY)) return; /* this machine has one */
    assert_fails(api->count(&n), STATUS_UNAVAILABLE, "no NVIDIA driver: install");
    assert_non_null(strstr(status_message(), "libcuda.so.1"));
    assert_fails(api->open(0, NULL, &device), STATUS_UNAVAILABLE, "no NVIDIA driver");
}

static void test_old_driver(void **state)
{
    uint32_t n;
    (void)state;
    for (int i = 0; i < 2; i++)
        assert_fails(device_find("cuda")->count(&n), STATUS_UNAVAILABLE,
                     "libcuda.so.1 has no cuGraphInstantiateWithFlags: the NVIDIA driver is too old");
}

/* A template whose matrices come and go by tensor maps. */
static void test_boxes(void **state)
{
    enum { PROBLEMS = 3, MAPS = 4 };
    static const char *const problems[PROBLEMS + 1] = {"gemm bf16 nt m=37 n=43 k=45",
                                                       "gemm f16 nt bias m=16 n=40 k=72 batch=3",
                                                       "gemm a=bf16 b=bf16 d=f32 nt m=1 n=64 k=64", NULL};
    char folder[512];
    (void)state;
    snprintf(folder, sizeof folder, "%s/tests/emulator/kernels", test_root());
    gemm_template_of(folder, "boxes", problems);
    assert_int_equal(fake_calls("cuTensorMapEncodeTiled"), PROBLEMS * MAPS);
}

static void test_each_failure(void **state)
{
    static const char *const symbols[] = {"cuInit",
                                          "cuDeviceGetCount",
                                          "cuDeviceGet",
                                          "cuDeviceGetAttribute",
                                          "cuDeviceGetName",
                                          "cuDeviceTotalMem_v2",
                                          "cuDevicePrimaryCtxRetain",
                                          "cuModuleLoadDataEx",
                                          "cuModuleGetFunction",
                                          "cuFuncGetAttribute",
                                          "cuFuncSetAttribute",
                                          "cuFuncLoad",
                                          "cuMemAlloc_v2",
                                          "cuMemsetD8Async",
                                          "cuMemcpyHtoD_v2",
                                          "cuMemcpyDtoH_v2",
                                          "cuEventCreate",
                                          "cuEventRecord",
                                          "cuEventSynchronize",
                                          "cuEventElapsedTime",
                                          "cuLaunchKernel",
                                          "cuStreamSynchronize",
                                          "cuStreamCreate",
                                          "cuStreamBeginCapture_v2",
                                          "cuStreamEndCapture",
                                          "cuGraphInstantiateWithFlags",
                                          "cuGraphLaunch"};
    (void)state;
    check_each_failure(symbols, sizeof symbols / sizeof *symbols, "CUDA_ERROR_UNKNOWN");
}

/* The first start that is valid for the second one needs more shared memory than blocks have unasked. */
static void test_gemm_mma(void **state)
{
    (void)state;
    static const char *const problems[] = {"gemm f16 nn bias+gelu m=37 n=48 k=72 batch=2",
                                           "gemm bf16 nt m=140 n=136 k=200",
                                           "gemm bf16 nt m=4 n=64 k=2048", /* parts of k, as gemm_simt's */
                                           NULL};
    gemm_template("gemm_mma", problems);
}

static const struct gpu_case cases[] = {
    {"info", test_info, "cuda",
     "name=NVIDIA H100 80GB HBM3;memory_clock_khz=2619000;bus_bits=5120;memory=85899345920", GPU_PASSES},
    {"launch", test_launch, "cuda", "", GPU_PASSES},
    {"nothing_before_waiting", test_nothing_before_waiting, "cuda", "", GPU_PASSES},
    {"graph", test_graph, "cuda", "", GPU_PASSES},
    {"graph_spoilt", test_graph_spoilt, "cuda", "", GPU_PASSES},
    {"alignment", test_alignment, "cuda", "", GPU_PASSES},
    {"out_of_memory", test_out_of_memory, "cuda", "memory=1048576", GPU_PASSES},
    {"long_upload", test_long_upload, "cuda", "", GPU_PASSES},
    {"long_upload_fails", test_long_upload_fails, "cuda", "", GPU_PASSES},
    {"ordered_memory", test_ordered_memory, "cuda", "", GPU_PASSES},
    {"two_devices", test_two_devices, "cuda", "devices=2", GPU_PASSES},
    {"adopted_context", test_adopted_context, "cuda", "devices=2", GPU_PASSES},
    {"primary_context", test_primary_context, "cuda", "", GPU_PASSES},
    {"cooperative", test_cooperative, "cuda", "", GPU_PASSES},
    {"cooperative_before_12", test_cooperative_before_12, "cuda-11.4", "", GPU_PASSES},
    {"clusters", test_clusters, "cuda", "", GPU_PASSES},
    {"clusters_before_12", test_clusters_before_12, "cuda-11.4", "", GPU_PASSES},
    {"shared_memory", test_shared_memory, "cuda", "", GPU_PASSES},
    {"tensor_map", test_tensor_map, "cuda", "", GPU_PASSES},
    {"tensor_map_before_12", test_tensor_map_before_12, "cuda-11.4", "", GPU_PASSES},
    {"map_refused", test_map_refused, "cuda", "", GPU_PASSES},
    {"programmatic", test_programmatic, "cuda", "", GPU_PASSES},
    {"programmatic_before_12", test_programmatic_before_12, "cuda-11.4", "", GPU_PASSES},
    {"large_clusters", test_large_clusters, "cuda", "", GPU_PASSES},
    {"static_shared", test_static_shared, "cuda", "static_shared=4096", GPU_PASSES},
    {"loaded", test_loaded, "cuda", "", GPU_PASSES},
    {"loaded_before_12", test_loaded_before_12, "cuda-11.4", "", GPU_PASSES},
    {"bad_code", test_bad_code, "cuda", "", GPU_PASSES},
    {"bad_launch", test_bad_launch, "cuda", "", GPU_PASSES},
    {"fault_later", test_fault_later, "cuda", "async=CUDA_ERROR_ILLEGAL_ADDRESS after 2 launches",
     GPU_PASSES},
    {"lost", test_lost, "cuda", "lose=after 2 launches", GPU_PASSES},
    {"stray", test_stray, "cuda", "", GPU_PASSES},
    {"crooked", test_crooked, "cuda", "", GPU_PASSES},
    {"host_pointer", test_host_pointer, "cuda", "", GPU_PASSES},
    {"fork", test_fork, "cuda", "", GPU_PASSES},
    {"hang", test_hang, "cuda", "", GPU_HANGS},
    {"each_failure", test_each_failure, "cuda", "", GPU_PASSES},
    {"gemm_simt", test_gemm_simt, "cuda", "", GPU_PASSES},
    {"boxes", test_boxes, "cuda", "", GPU_PASSES},
    {"gemm_mma", test_gemm_mma, "cuda", "", GPU_PASSES},
    {"no_device", test_no_device, "cuda", "devices=0", GPU_PASSES},
    {"no_driver", test_no_driver, NULL, "", GPU_PASSES},
    {"old_driver", test_old_driver, "cuda-old", "", GPU_PASSES},
};

int main(int argc, char **argv)
{
    return gpu_main(argc, argv, cases, sizeof cases / sizeof *cases, "sm_90a");
}
