/* NVIDIA's GPUs behind device.h, by CUDA's driver. The work is gpu.c's; here is what CUDA calls things. */
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/device/cuda_driver.h"
#include "tuner/device/gpu_health.h"

static cuda_address address(const void *memory)
{
    return (cuda_address)(uintptr_t)memory;
}

/* --- calls of the table in gpu.h --- */

static unsigned enter(struct device *device, void **before)
{
    struct CUctx_st *current = NULL;
    unsigned code = cuda.cuCtxGetCurrent(&current);
    *before = NULL;
    if (code || current == device->context) return code;
    *before = device->context;
    return cuda.cuCtxPushCurrent_v2(device->context);
}

/* `before` is not NULL where a context was pushed. */
static void leave(struct device *device, void *before)
{
    struct CUctx_st *popped;
    (void)device;
    if (before) cuda.cuCtxPopCurrent_v2(&popped);
}

static unsigned allocate(void **memory, size_t bytes)
{
    cuda_address made = 0;
    unsigned code = cuda.cuMemAlloc_v2(&made, bytes);
    *memory = (void *)(uintptr_t)made;
    return code;
}

static unsigned release(void *memory)
{
    return cuda.cuMemFree_v2(address(memory));
}

static unsigned upload(void *to, const void *from, size_t bytes)
{
    return cuda.cuMemcpyHtoD_v2(address(to), from, bytes);
}

static unsigned download(void *to, const void *from, size_t bytes)
{
    return cuda.cuMemcpyDtoH_v2(to, address(from), bytes);
}

static unsigned fill(void *to, uint8_t value, size_t bytes, void *stream)
{
    return cuda.cuMemsetD8Async(address(to), value, bytes, stream);
}

static unsigned pin(void **memory, size_t bytes)
{
    return cuda.cuMemHostAlloc(memory, bytes, 0);
}

static unsigned unpin(void *memory)
{
    return cuda.cuMemFreeHost(memory);
}

static unsigned send_bytes(void *to, const void *from, size_t bytes, void *stream)
{
    return cuda.cuMemcpyHtoDAsync_v2(address(to), from, bytes, stream);
}

static unsigned allocate_ordered(void **memory, size_t bytes, void *stream)
{
    cuda_address made = 0;
    unsigned code = cuda.cuMemAllocAsync(&made, bytes, stream);
    *memory = (void *)(uintptr_t)made;
    return code;
}

static unsigned release_ordered(void *memory, void *stream)
{
    return cuda.cuMemFreeAsync(address(memory), stream);
}

static unsigned load(void **module, const void *code)
{
    struct CUmod_st *made = NULL;
    unsigned failed = cuda.cuModuleLoadDataEx(&made, code, 0, NULL, NULL);
    *module = made;
    return failed;
}

static unsigned unload(void *module)
{
    return cuda.cuModuleUnload(module);
}

static unsigned function(void **out, void *module, const char *entry)
{
    struct CUfunc_st *found = NULL;
    unsigned code = cuda.cuModuleGetFunction(&found, module, entry);
    *out = found;
    return code;
}

/* As much shared memory as a block can have, clusters as large as the device can, and the code on the device:
 * left to itself the driver may load a function when it is launched first (CUDA C++ Programming Guide, "Lazy
 * Loading"). Where there is no cuFuncLoad, asking for an attribute does it. */
static unsigned get_ready(const struct device *device, void *of, const char **call)
{
    int taken = 0;
    *call = "cuFuncGetAttribute";
    unsigned code = cuda.cuFuncGetAttribute(&taken, CUDA_FUNCTION_STATIC_SHARED, of);
    if (code) return code;
    *call = "cuFuncSetAttribute";
    code = cuda.cuFuncSetAttribute(of, CUDA_FUNCTION_MAX_DYNAMIC_SHARED, (int)device->shared_limit - taken);
    if (!code && device->has_clusters) code = cuda.cuFuncSetAttribute(of, CUDA_FUNCTION_LARGE_CLUSTERS, 1);
    if (code || !cuda.cuFuncLoad) return code;
    *call = "cuFuncLoad";
    return cuda.cuFuncLoad(of);
}

static bool is_clustered(const struct device_step *step)
{
    return step->cluster[0] > 1 || step->cluster[1] > 1 || step->cluster[2] > 1;
}

/* The arguments go as a buffer with its size, so that the driver reads no more of it than there is. */
static unsigned launch_with_attributes(const struct device_step *step, void **extra, void *stream)
{
    struct cuda_launch_attribute attributes[3] = {0};
    unsigned n = 0;
    if (step->cooperative) {
        attributes[n].id = CUDA_LAUNCH_COOPERATIVE;
        attributes[n++].value.cooperative = 1;
    }
    if (is_clustered(step)) {
        attributes[n].id = CUDA_LAUNCH_CLUSTER;
        memcpy(attributes[n++].value.cluster, step->cluster, sizeof step->cluster);
    }
    if (step->programmatic) {
        attributes[n].id = CUDA_LAUNCH_PROGRAMMATIC;
        attributes[n++].value.programmatic = 1;
    }
    struct cuda_launch_config config = {
        .shared_bytes = step->shared_bytes, .stream = stream, .attributes = attributes, .n_attributes = n};
    memcpy(config.grid, step->grid, sizeof config.grid);
    memcpy(config.block, step->block, sizeof config.block);
    return cuda.cuLaunchKernelEx((const struct CUlaunchConfig_st *)&config, step->function, NULL, extra);
}

static unsigned launch(const struct device_step *step, const void *args, size_t args_bytes, void *stream)
{
    const uint32_t *grid = step->grid, *block = step->block;
    void *extra[] = {(void *)CUDA_PARAM_POINTER, (void *)(uintptr_t)args, (void *)CUDA_PARAM_SIZE,
                     &args_bytes, (void *)CUDA_PARAM_END};
    bool clustered = is_clustered(step);
    if (clustered && !cuda.cuLaunchKernelEx) return GPU_NOT_SUPPORTED;
    if (cuda.cuLaunchKernelEx && (clustered || step->cooperative || step->programmatic))
        return launch_with_attributes(step, extra, stream);
    if (step->cooperative) {
        void *parameters[] = {(void *)(uintptr_t)args};
        return cuda.cuLaunchCooperativeKernel(step->function, grid[0], grid[1], grid[2], block[0], block[1],
                                              block[2], step->shared_bytes, stream, parameters);
    }
    return cuda.cuLaunchKernel(step->function, grid[0], grid[1], grid[2], block[0], block[1], block[2],
                               step->shared_bytes, stream, NULL, extra);
}

static unsigned stream_create(void **stream)
{
    struct CUstream_st *made = NULL;
    unsigned code = cuda.cuStreamCreate(&made, CUDA_STREAM_NON_BLOCKING);
    *stream = made;
    return code;
}

static unsigned stream_destroy(void *stream)
{
    return cuda.cuStreamDestroy_v2(stream);
}

static unsigned synchronize(void *stream)
{
    return cuda.cuStreamSynchronize(stream);
}

static unsigned event_create(void **event)
{
    struct CUevent_st *made = NULL;
    unsigned code = cuda.cuEventCreate(&made, 0);
    *event = made;
    return code;
}

static unsigned event_destroy(void *event)
{
    return cuda.cuEventDestroy_v2(event);
}

static unsigned event_record(void *event, void *stream)
{
    return cuda.cuEventRecord(event, stream);
}

static unsigned event_wait(void *event)
{
    return cuda.cuEventSynchronize(event);
}

static unsigned event_elapsed(float *ms, void *begin, void *end)
{
    return cuda.cuEventElapsedTime(ms, begin, end);
}

static unsigned capture_begin(void *stream)
{
    return cuda.cuStreamBeginCapture_v2(stream, CUDA_CAPTURE_THREAD_LOCAL);
}

static unsigned capture_end(void *stream, void **graph)
{
    struct CUgraph_st *made = NULL;
    unsigned code = cuda.cuStreamEndCapture(stream, &made);
    *graph = made;
    return code;
}

static unsigned instantiate(void **executable, void *graph)
{
    struct CUgraphExec_st *made = NULL;
    unsigned code = cuda.cuGraphInstantiateWithFlags(&made, graph, 0);
    *executable = made;
    return code;
}

static unsigned graph_destroy(void *graph)
{
    return cuda.cuGraphDestroy(graph);
}

static unsigned graph_launch(void *executable, void *stream)
{
    return cuda.cuGraphLaunch(executable, stream);
}

static unsigned executable_destroy(void *executable)
{
    return cuda.cuGraphExecDestroy(executable);
}

static const struct gpu_driver driver = {
    .words = "CUDA",
    .error_name = cuda_error_name,
    .error_text = cuda_error_text,
    .enter = enter,
    .enter_words = "cuCtxPushCurrent",
    .leave = leave,
    .get_ready = get_ready,
    .allocate = {"cuMemAlloc", allocate},
    .release = {"cuMemFree", release},
    .upload = {"cuMemcpyHtoD", upload},
    .download = {"cuMemcpyDtoH", download},
    .fill = {"cuMemsetD8Async", fill},
    .pin = {"cuMemHostAlloc", pin},
    .unpin = {"cuMemFreeHost", unpin},
    .send = {"cuMemcpyHtoDAsync", send_bytes},
    .allocate_ordered = {"cuMemAllocAsync", allocate_ordered},
    .release_ordered = {"cuMemFreeAsync", release_ordered},
    .load = {"cuModuleLoadDataEx", load},
    .unload = {"cuModuleUnload", unload},
    .function = {"cuModuleGetFunction", function},
    .launch = {"cuLaunchKernel", launch},
    .stream_create = {"cuStreamCreate", stream_create},
    .stream_destroy = {"cuStreamDestroy", stream_destroy},
    .synchronize = {"cuStreamSynchronize", synchronize},
    .event_create = {"cuEventCreate", event_create},
    .event_destroy = {"cuEventDestroy", event_destroy},
    .event_record = {"cuEventRecord", event_record},
    .event_wait = {"cuEventSynchronize", event_wait},
    .event_elapsed = {"cuEventElapsedTime", event_elapsed},
    .capture_begin = {"cuStreamBeginCapture", capture_begin},
    .capture_end = {"cuStreamEndCapture", capture_end},
    .instantiate = {"cuGraphInstantiate", instantiate},
    .graph_destroy = {"cuGraphDestroy", graph_destroy},
    .graph_launch = {"cuGraphLaunch", graph_launch},
    .executable_destroy = {"cuGraphExecDestroy", executable_destroy},
};

/* --- the slots that are CUDA's own --- */

static enum status cuda_count(uint32_t *n)
{
    int count = 0;
    *n = 0;
    TRY(cuda_open());
    unsigned code = cuda.cuInit(0);
    if (code) return gpu_fail_without(&driver, code, "cuInit");
    code = cuda.cuDeviceGetCount(&count);
    if (code) return gpu_fail_without(&driver, code, "cuDeviceGetCount");
    *n = (uint32_t)count;
    return STATUS_OK;
}

/* "sm_90a" for 9.0: the target that all of a GPU is open to, where we make code for it. */
static void name_target(int major, int minor, char out[32])
{
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    for (size_t i = 0; i < n; i++)
        if (targets[i].vendor == GPU_VENDOR_NVIDIA &&
            (int)targets[i].architecture == 100 * major + 10 * minor) {
            snprintf(out, 32, "%s", targets[i].name);
            return;
        }
    snprintf(out, 32, "sm_%d%d", major, minor);
}

static enum status describe(struct device *device)
{
    enum { MAJOR, MINOR, UNITS, WAVE, THREADS, SHARED, CLOCK, MEMORY_CLOCK, BUS, L2, POOLS, N_ATTRIBUTES };
    static const uint8_t attributes[N_ATTRIBUTES] = {[MAJOR] = CUDA_ATTRIBUTE_CAPABILITY_MAJOR,
                                                     [MINOR] = CUDA_ATTRIBUTE_CAPABILITY_MINOR,
                                                     [UNITS] = CUDA_ATTRIBUTE_UNITS,
                                                     [WAVE] = CUDA_ATTRIBUTE_WAVE_SIZE,
                                                     [THREADS] = CUDA_ATTRIBUTE_MAX_BLOCK_THREADS,
                                                     [SHARED] = CUDA_ATTRIBUTE_SHARED_OPTIN_BYTES,
                                                     [CLOCK] = CUDA_ATTRIBUTE_CLOCK_KHZ,
                                                     [MEMORY_CLOCK] = CUDA_ATTRIBUTE_MEMORY_CLOCK_KHZ,
                                                     [BUS] = CUDA_ATTRIBUTE_MEMORY_BUS_BITS,
                                                     [L2] = CUDA_ATTRIBUTE_L2_BYTES,
                                                     [POOLS] = CUDA_ATTRIBUTE_MEMORY_POOLS};
    int value[N_ATTRIBUTES] = {0};
    for (size_t i = 0; i < N_ATTRIBUTES; i++) {
        unsigned code = cuda.cuDeviceGetAttribute(&value[i], attributes[i], device->ordinal);
        if (code) return gpu_fail_of(device, code, "cuDeviceGetAttribute", "%u", attributes[i]);
    }
    size_t memory_bytes = 0;
    struct gpu_properties gpu = {
        .units = (uint32_t)value[UNITS],
        .wave_size = (uint32_t)value[WAVE],
        .max_block_threads = (uint32_t)value[THREADS],
        .lds_bytes = (uint32_t)value[SHARED],
        .clock_mhz = (uint32_t)value[CLOCK] / 1000,
        .l2_bytes = (uint64_t)value[L2],
        /* Both edges of the clock carry a bit: H100 SXM, 2619 MHz and 5120 bits, 3352 GB/s. */
        .bandwidth_gbps = (uint32_t)(2.0 * value[MEMORY_CLOCK] * value[BUS] / 8e6 + 0.5),
    };
    name_target(value[MAJOR], value[MINOR], gpu.target);
    unsigned code = cuda.cuDeviceGetName(gpu.name, sizeof gpu.name, device->ordinal);
    if (code) return gpu_fail(device, code, "cuDeviceGetName");
    code = cuda.cuDeviceTotalMem_v2(&memory_bytes, device->ordinal);
    if (code) return gpu_fail(device, code, "cuDeviceTotalMem");
    gpu.memory_bytes = memory_bytes;
    gpu_describe(&gpu, &device->info);
    device->shared_limit = gpu.lds_bytes;
    device->has_clusters = value[MAJOR] >= 9;
    device->orders_memory = value[POOLS] != 0;
    return STATUS_OK;
}

/* The caller's current context, if it is one of this device, is used; else the primary one, which the CUDA
 * runtime and frameworks share. */
static enum status take_context(struct device *device)
{
    struct CUctx_st *context = NULL;
    int of = -1;
    unsigned code = cuda.cuCtxGetCurrent(&context);
    if (!code && context && cuda.cuCtxGetDevice(&of) == GPU_OK && of == device->ordinal) {
        device->context = context;
        return STATUS_OK;
    }
    code = cuda.cuDevicePrimaryCtxRetain(&context, device->ordinal);
    if (code) return gpu_fail_of(device, code, "cuDevicePrimaryCtxRetain", "of device %d", device->ordinal);
    device->context = context;
    device->retained = true;
    return STATUS_OK;
}

static void cuda_close(struct device *device)
{
    if (!device) return;
    gpu_finish(device);
    if (device->retained) cuda.cuDevicePrimaryCtxRelease_v2(device->ordinal);
    gpu_destroy(device);
}

static enum status cuda_device_open(uint32_t index, const struct device_options *options, struct device **out)
{
    uint32_t n;
    (void)options;
    TRY(cuda_count(&n));
    if (index >= n) return status_fail(STATUS_UNAVAILABLE, "there is no cuda device %u; %u found", index, n);
    struct device *device = NULL;
    int ordinal = -1;
    unsigned code = cuda.cuDeviceGet(&ordinal, (int)index);
    if (code) return gpu_fail_without(&driver, code, "cuDeviceGet");
    TRY(gpu_create(&driver, ordinal, &device));
    enum status status = describe(device);
    if (status == STATUS_OK) status = take_context(device);
    if (status != STATUS_OK) {
        cuda_close(device);
        return status;
    }
    *out = device;
    return STATUS_OK;
}

static enum status cuda_environment(struct device *device, char *out, size_t capacity)
{
    int version = 0;
    unsigned code = cuda.cuDriverGetVersion(&version);
    if (code) return gpu_fail(device, code, "cuDriverGetVersion");
    int used = snprintf(out, capacity, "cuda_driver=%d.%d\n", version / 1000, version % 1000 / 10);
    gpu_kernel_driver("nvidia", out + used, capacity - (size_t)used);
    return STATUS_OK;
}

static enum status cuda_telemetry(struct device *device, struct device_telemetry *out)
{
    char bus_id[32];
    unsigned code = cuda.cuDeviceGetPCIBusId(bus_id, sizeof bus_id, device->ordinal);
    if (code) return gpu_fail(device, code, "cuDeviceGetPCIBusId");
    return gpu_health_look(gpu_health_nvidia, bus_id, out);
}

const struct device_api device_cuda = {
    .abi = DEVICE_API_ABI,
    .name = "cuda",
    .compiler = "nvrtc",
    .count = cuda_count,
    .open = cuda_device_open,
    .close = cuda_close,
    GPU_SLOTS,
    .telemetry = cuda_telemetry,
    .environment = cuda_environment,
    .tensor_map = cuda_tensor_map,
};
