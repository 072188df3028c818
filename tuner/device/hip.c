/* AMD's GPUs behind device.h, by HIP's runtime. The work is gpu.c's; here is what HIP calls things. */
#include <stdio.h>
#include <unistd.h>
#include "tuner/device/amd_nodes.h"
#include "tuner/device/amd_sysfs.h"
#include "tuner/device/gpu_health.h"
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

static unsigned pin(void **memory, size_t bytes)
{
    return hip.hipHostMalloc(memory, bytes, 0);
}

static unsigned unpin(void *memory)
{
    return hip.hipHostFree(memory);
}

static unsigned send_bytes(void *to, const void *from, size_t bytes, void *stream)
{
    return hip.hipMemcpyAsync(to, from, bytes, HIP_COPY_UP, stream);
}

static unsigned allocate_ordered(void **memory, size_t bytes, void *stream)
{
    return hip.hipMallocAsync(memory, bytes, stream);
}

static unsigned release_ordered(void *memory, void *stream)
{
    return hip.hipFreeAsync(memory, stream);
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

static void why_none(char *out, size_t capacity)
{
    struct amd_nodes nodes;
    struct amd_nodes_words words;
    amd_nodes_look("", NULL, &nodes);
    amd_nodes_tell(&nodes, &words);
    if (*words.found) snprintf(out, capacity, "%s: %s", words.found, words.advice);
}

static const struct gpu_driver driver = {
    .words = "HIP",
    .why_none = why_none,
    .error_name = error_name,
    .error_text = error_text,
    .enter = enter,
    .enter_words = "hipSetDevice",
    .leave = leave,
    .check_code = hip_check_code,
    .allocate = {"hipMalloc", allocate},
    .release = {"hipFree", release},
    .upload = {"hipMemcpy to the device", upload},
    .download = {"hipMemcpy from the device", download},
    .fill = {"hipMemsetAsync", fill},
    .pin = {"hipHostMalloc", pin},
    .unpin = {"hipHostFree", unpin},
    .send = {"hipMemcpyAsync", send_bytes},
    .allocate_ordered = {"hipMallocAsync", allocate_ordered},
    .release_ordered = {"hipFreeAsync", release_ordered},
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

static void hip_close(struct device *device)
{
    if (!device) return;
    gpu_finish(device);
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
    enum status status = hip_describe(device);
    if (status != STATUS_OK) {
        hip_close(device);
        return status;
    }
    *out = device;
    return STATUS_OK;
}

static enum status hip_environment(struct device *device, char *out, size_t capacity)
{
    int version = device->runtime_version;
    int used = snprintf(out, capacity, "hip_runtime=%d.%d.%d\n", version / 10000000, version / 100000 % 100,
                        version % 100000);
    used += snprintf(out + used, capacity - (size_t)used, "hip_target=%s%s%s\n",
                     device->info.device_class.target, *device->features ? ":" : "", device->features);
    if (*device->partition)
        used += snprintf(out + used, capacity - (size_t)used, "partition=%s\n", device->partition);
    gpu_kernel_driver("amdgpu", out + used, capacity - (size_t)used);
    return STATUS_OK;
}

static enum status hip_telemetry(struct device *device, struct device_telemetry *out)
{
    char bus_id[32];
    unsigned code = hip.hipDeviceGetPCIBusId(bus_id, sizeof bus_id, device->ordinal);
    if (code) return gpu_fail(device, code, "hipDeviceGetPCIBusId");
    TRY(gpu_health_look(gpu_health_amd, bus_id, out));
    out->foreign_load_permille = amd_foreign_permille("", bus_id, (int)getpid());
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
    .telemetry = hip_telemetry,
    .environment = hip_environment,
};
