/* AMD's GPUs behind device.h, by HIP's runtime. The work is gpu.c's; here is what HIP calls things. */
#include <stdio.h>
#include <string.h>
#include "tuner/device/hip_driver.h"

/* --- calls of the table in gpu.h --- */

static const char *error_name(unsigned code)
{
    return hip.hipGetErrorName(code);
}

static const char *error_text(unsigned code)
{
    return hip.hipGetErrorString(code);
}

/* HIP has one context for each device, and a device for each thread. `before` is one more than the thread's
 * device where that was another. */
static unsigned enter(struct device *device, void **before)
{
    int current = -1;
    unsigned code = hip.hipGetDevice(&current);
    *before = NULL;
    if (code || current == device->ordinal) return code;
    *before = (void *)(uintptr_t)(current + 1);
    return hip.hipSetDevice(device->ordinal);
}

static void leave(struct device *device, void *before)
{
    (void)device;
    if (before) hip.hipSetDevice((int)(uintptr_t)before - 1);
}

static unsigned allocate(void **memory, size_t bytes)
{
    return hip.hipMalloc(memory, bytes);
}

static unsigned release(void *memory)
{
    return hip.hipFree(memory);
}

static unsigned upload(void *to, const void *from, size_t bytes)
{
    return hip.hipMemcpy(to, from, bytes, HIP_COPY_UP);
}

static unsigned download(void *to, const void *from, size_t bytes)
{
    return hip.hipMemcpy(to, from, bytes, HIP_COPY_DOWN);
}

static unsigned fill(void *to, uint8_t value, size_t bytes, void *stream)
{
    return hip.hipMemsetAsync(to, value, bytes, stream);
}

static unsigned load(void **module, const void *code)
{
    struct ihipModule_t *made = NULL;
    unsigned failed = hip.hipModuleLoadData(&made, code);
    *module = made;
    return failed;
}

static unsigned unload(void *module)
{
    return hip.hipModuleUnload(module);
}

static unsigned function(void **out, void *module, const char *entry)
{
    struct ihipModuleSymbol_t *found = NULL;
    unsigned code = hip.hipModuleGetFunction(&found, module, entry);
    *out = found;
    return code;
}

/* The arguments go as a buffer with its size, so that no more of it is read than there is; a cooperative
 * launch has no such way. */
static unsigned launch(const struct device_step *step, const void *args, size_t args_bytes, void *stream)
{
    const uint32_t *grid = step->grid, *block = step->block;
    if (step->cluster[0] > 1 || step->cluster[1] > 1 || step->cluster[2] > 1) return GPU_NOT_SUPPORTED;
    if (step->cooperative) {
        void *parameters[] = {(void *)(uintptr_t)args};
        if (!hip.hipModuleLaunchCooperativeKernel) return GPU_NOT_SUPPORTED;
        return hip.hipModuleLaunchCooperativeKernel(step->function, grid[0], grid[1], grid[2], block[0],
                                                    block[1], block[2], step->shared_bytes, stream,
                                                    parameters);
    }
    void *extra[] = {(void *)HIP_PARAM_POINTER, (void *)(uintptr_t)args, (void *)HIP_PARAM_SIZE, &args_bytes,
                     (void *)HIP_PARAM_END};
    return hip.hipModuleLaunchKernel(step->function, grid[0], grid[1], grid[2], block[0], block[1], block[2],
                                     step->shared_bytes, stream, NULL, extra);
}

static unsigned stream_create(void **stream)
{
    struct ihipStream_t *made = NULL;
    unsigned code = hip.hipStreamCreateWithFlags(&made, HIP_STREAM_NON_BLOCKING);
    *stream = made;
    return code;
}

static unsigned stream_destroy(void *stream)
{
    return hip.hipStreamDestroy(stream);
}

static unsigned synchronize(void *stream)
{
    return hip.hipStreamSynchronize(stream);
}

static unsigned event_create(void **event)
{
    struct ihipEvent_t *made = NULL;
    unsigned code = hip.hipEventCreateWithFlags(&made, 0);
    *event = made;
    return code;
}

static unsigned event_destroy(void *event)
{
    return hip.hipEventDestroy(event);
}

static unsigned event_record(void *event, void *stream)
{
    return hip.hipEventRecord(event, stream);
}

static unsigned event_wait(void *event)
{
    return hip.hipEventSynchronize(event);
}

static unsigned event_elapsed(float *ms, void *begin, void *end)
{
    return hip.hipEventElapsedTime(ms, begin, end);
}

static unsigned capture_begin(void *stream)
{
    return hip.hipStreamBeginCapture(stream, HIP_CAPTURE_THREAD_LOCAL);
}

static unsigned capture_end(void *stream, void **graph)
{
    struct ihipGraph *made = NULL;
    unsigned code = hip.hipStreamEndCapture(stream, &made);
    *graph = made;
    return code;
}

static unsigned instantiate(void **executable, void *graph)
{
    struct hipGraphExec *made = NULL;
    unsigned code = hip.hipGraphInstantiateWithFlags(&made, graph, 0);
    *executable = made;
    return code;
}

static unsigned graph_destroy(void *graph)
{
    return hip.hipGraphDestroy(graph);
}

static unsigned graph_launch(void *executable, void *stream)
{
    return hip.hipGraphLaunch(executable, stream);
}

static unsigned executable_destroy(void *executable)
{
    return hip.hipGraphExecDestroy(executable);
}

static const struct gpu_driver driver = {
    .words = "HIP",
    .error_name = error_name,
    .error_text = error_text,
    .enter = enter,
    .enter_words = "hipSetDevice",
    .leave = leave,
    .allocate = {"hipMalloc", allocate},
    .release = {"hipFree", release},
    .upload = {"hipMemcpy to the device", upload},
    .download = {"hipMemcpy from the device", download},
    .fill = {"hipMemsetAsync", fill},
    .load = {"hipModuleLoadData", load},
    .unload = {"hipModuleUnload", unload},
    .function = {"hipModuleGetFunction", function},
    .launch = {"hipModuleLaunchKernel", launch},
    .stream_create = {"hipStreamCreateWithFlags", stream_create},
    .stream_destroy = {"hipStreamDestroy", stream_destroy},
    .synchronize = {"hipStreamSynchronize", synchronize},
    .event_create = {"hipEventCreateWithFlags", event_create},
    .event_destroy = {"hipEventDestroy", event_destroy},
    .event_record = {"hipEventRecord", event_record},
    .event_wait = {"hipEventSynchronize", event_wait},
    .event_elapsed = {"hipEventElapsedTime", event_elapsed},
    .capture_begin = {"hipStreamBeginCapture", capture_begin},
    .capture_end = {"hipStreamEndCapture", capture_end},
    .instantiate = {"hipGraphInstantiateWithFlags", instantiate},
    .graph_destroy = {"hipGraphDestroy", graph_destroy},
    .graph_launch = {"hipGraphLaunch", graph_launch},
    .executable_destroy = {"hipGraphExecDestroy", executable_destroy},
};

/* --- the slots that are HIP's own --- */

static enum status hip_count(uint32_t *n)
{
    int count = 0;
    *n = 0;
    TRY(hip_open());
    unsigned code = hip.hipGetDeviceCount(&count);
    if (code) return gpu_fail_without(&driver, code, "hipGetDeviceCount");
    *n = (uint32_t)count;
    return STATUS_OK;
}

/* How many bits a pin carries in a cycle of the memory clock that HIP tells: 2 with HBM2E, 4 with HBM3, 16
 * with GDDR6 (MI300X: 1300 MHz, 8192 bits, 5325 GB/s; RX 7900 XTX: 1249 MHz, 384 bits, 959 GB/s). */
static uint32_t bits_per_cycle(const char *target)
{
    if (strcmp(target, "gfx942") == 0 || strcmp(target, "gfx950") == 0) return 4;
    return strncmp(target, "gfx10", 5) == 0 || strncmp(target, "gfx11", 5) == 0 ||
                   strncmp(target, "gfx120", 6) == 0
               ? 16
               : 2;
}

static enum status describe(struct device *device)
{
    enum { UNITS, WAVE, THREADS, SHARED, CLOCK, MEMORY_CLOCK, BUS, L2, N_ATTRIBUTES };
    static const uint8_t attributes[N_ATTRIBUTES] = {
        [UNITS] = HIP_ATTRIBUTE_UNITS,
        [WAVE] = HIP_ATTRIBUTE_WAVE_SIZE,
        [THREADS] = HIP_ATTRIBUTE_MAX_BLOCK_THREADS,
        [SHARED] = HIP_ATTRIBUTE_SHARED_BYTES,
        [CLOCK] = HIP_ATTRIBUTE_CLOCK_KHZ,
        [MEMORY_CLOCK] = HIP_ATTRIBUTE_MEMORY_CLOCK_KHZ,
        [BUS] = HIP_ATTRIBUTE_MEMORY_BUS_BITS,
        [L2] = HIP_ATTRIBUTE_L2_BYTES,
    };
    int value[N_ATTRIBUTES] = {0};
    for (size_t i = 0; i < N_ATTRIBUTES; i++) {
        unsigned code = hip.hipDeviceGetAttribute(&value[i], attributes[i], device->ordinal);
        if (code) return gpu_fail_of(device, code, "hipDeviceGetAttribute", "%u", attributes[i]);
    }
    size_t memory_bytes = 0;
    struct gpu_properties gpu = {
        .units = (uint32_t)value[UNITS],
        .wave_size = (uint32_t)value[WAVE],
        .max_block_threads = (uint32_t)value[THREADS],
        .lds_bytes = (uint32_t)value[SHARED],
        .clock_mhz = (uint32_t)value[CLOCK] / 1000,
        .l2_bytes = (uint64_t)value[L2],
    };
    unsigned code = hip_arch(device->ordinal, gpu.target);
    if (code) return gpu_fail_of(device, code, "hipGetDeviceProperties", "of device %d", device->ordinal);
    if (!gpu.target[0])
        return status_fail(
            STATUS_UNAVAILABLE,
            "hipGetDeviceProperties of device %d names no gfx architecture; this version of ROCm "
            "has another struct than ROCm 5 to 7",
            device->ordinal);
    code = hip.hipDeviceGetName(gpu.name, sizeof gpu.name, device->ordinal);
    if (code) return gpu_fail_of(device, code, "hipDeviceGetName", "of device %d", device->ordinal);
    code = hip.hipDeviceTotalMem(&memory_bytes, device->ordinal);
    if (code) return gpu_fail_of(device, code, "hipDeviceTotalMem", "of device %d", device->ordinal);
    gpu.memory_bytes = memory_bytes;
    gpu.bandwidth_gbps =
        (uint32_t)((double)bits_per_cycle(gpu.target) * value[MEMORY_CLOCK] * value[BUS] / 8e6 + 0.5);
    gpu_describe(&gpu, &device->info);
    return STATUS_OK;
}

static void hip_close(struct device *device)
{
    struct gpu_scope scope;
    if (!device) return;
    if (device->capture_stream && gpu_enter(device, &scope) == STATUS_OK) {
        stream_destroy(device->capture_stream);
        gpu_leave(device, &scope);
    }
    gpu_destroy(device);
}

static enum status hip_device_open(uint32_t index, const struct device_options *options, struct device **out)
{
    uint32_t n;
    (void)options;
    TRY(hip_count(&n));
    if (index >= n) return status_fail(STATUS_UNAVAILABLE, "there is no hip device %u; %u found", index, n);
    struct device *device = NULL;
    TRY(gpu_create(&driver, (int)index, &device));
    enum status status = describe(device);
    if (status != STATUS_OK) {
        hip_close(device);
        return status;
    }
    *out = device;
    return STATUS_OK;
}

static enum status hip_environment(struct device *device, char *out, size_t capacity)
{
    int version = 0;
    unsigned code = hip.hipRuntimeGetVersion(&version);
    if (code) return gpu_fail(device, code, "hipRuntimeGetVersion");
    /* HIP_VERSION: major * 10^7 + minor * 10^5 + patch. */
    int used = snprintf(out, capacity, "hip_runtime=%d.%d.%d\n", version / 10000000, version / 100000 % 100,
                        version % 100000);
    gpu_kernel_driver("amdgpu", out + used, capacity - (size_t)used);
    return STATUS_OK;
}

const struct device_api device_hip = {
    .abi = DEVICE_API_ABI,
    .name = "hip",
    .compiler = "hiprtc",
    .count = hip_count,
    .open = hip_device_open,
    .close = hip_close,
    GPU_SLOTS,
    .environment = hip_environment,
};
