/* The other half of the fake libamdhip64: memory, modules, launches, streams, events, graphs. */
#include "tests/fakes/libamdhip64/face.h"

/* --- memory --- */

static int copy(struct fake_device *device, void *to, const void *from, size_t bytes, hipMemcpyKind kind)
{
    if (kind == hipMemcpyHostToDevice) return fake_upload(device, to, from, bytes);
    return kind == hipMemcpyDeviceToHost ? fake_download(device, to, from, bytes) : FAKE_INVALID_VALUE;
}

hipError_t hipMalloc(void **memory, size_t bytes)
{
    IN(fake_allocate(device, bytes, memory));
}

hipError_t hipFree(void *memory)
{
    IN(fake_release(device, memory));
}

hipError_t hipMemcpy(void *to, const void *from, size_t bytes, hipMemcpyKind kind)
{
    IN(copy(device, to, from, bytes, kind));
}

hipError_t hipHostMalloc(void **memory, size_t bytes, unsigned flags)
{
    IN(flags ? FAKE_INVALID_VALUE : fake_pin(bytes, memory));
}

hipError_t hipHostFree(void *memory)
{
    IN(fake_unpin(device, memory));
}

hipError_t hipMemcpyAsync(void *to, const void *from, size_t bytes, hipMemcpyKind kind, hipStream_t stream)
{
    IN(kind == hipMemcpyHostToDevice ? fake_send(device, to, from, bytes, stream) : FAKE_INVALID_VALUE);
}

hipError_t hipMallocAsync(void **memory, size_t bytes, hipStream_t stream)
{
    IN(fake_allocate_ordered(device, bytes, stream, memory));
}

hipError_t hipFreeAsync(void *memory, hipStream_t stream)
{
    IN(fake_release_ordered(device, memory, stream));
}

hipError_t hipMemsetAsync(void *to, int value, size_t bytes, hipStream_t stream)
{
    IN(fake_fill(device, to, (uint8_t)value, bytes, stream));
}

/* --- modules and launches --- */

hipError_t hipModuleLoadData(hipModule_t *module, const void *image)
{
    IN(fake_module_load(device, image, (void **)module));
}

hipError_t hipModuleUnload(hipModule_t module)
{
    IN(fake_module_unload(module));
}

hipError_t hipModuleGetFunction(hipFunction_t *function, hipModule_t module, const char *name)
{
    IN(fake_module_function(module, name, (void **)function));
}

/* The argument block: by pointer, without its size, or as a buffer with it. */
static int launch(struct fake_device *device, struct device_step *step, void **parameters, void **extra,
                  hipStream_t stream)
{
    const void *args = parameters ? parameters[0] : NULL;
    size_t bytes = 0;
    if (!parameters == !extra) return FAKE_INVALID_VALUE;
    for (; extra && *extra != HIP_LAUNCH_PARAM_END; extra += 2) {
        if (*extra == HIP_LAUNCH_PARAM_BUFFER_POINTER) args = extra[1];
        if (*extra == HIP_LAUNCH_PARAM_BUFFER_SIZE) bytes = *(const size_t *)extra[1];
    }
    return fake_launch(device, step, args, bytes, stream);
}

hipError_t hipModuleLaunchKernel(hipFunction_t function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                                 unsigned by, unsigned bz, unsigned shared, hipStream_t stream,
                                 void **parameters, void **extra)
{
    struct device_step step = {.function = function,
                               .grid = {gx, gy, gz},
                               .cluster = {1, 1, 1},
                               .block = {bx, by, bz},
                               .shared_bytes = shared};
    IN(launch(device, &step, parameters, extra, stream));
}

#ifdef FAKE_ROCM6
FAKE_EXPORT hipError_t hipModuleLaunchCooperativeKernel(hipFunction_t function, unsigned gx, unsigned gy,
                                                        unsigned gz, unsigned bx, unsigned by, unsigned bz,
                                                        unsigned shared, hipStream_t stream,
                                                        void **parameters);

hipError_t hipModuleLaunchCooperativeKernel(hipFunction_t function, unsigned gx, unsigned gy, unsigned gz,
                                            unsigned bx, unsigned by, unsigned bz, unsigned shared,
                                            hipStream_t stream, void **parameters)
{
    struct device_step step = {.function = function,
                               .grid = {gx, gy, gz},
                               .cluster = {1, 1, 1},
                               .block = {bx, by, bz},
                               .shared_bytes = shared,
                               .cooperative = true};
    IN(launch(device, &step, parameters, NULL, stream));
}
#endif

/* --- streams, events, graphs --- */

hipError_t hipStreamCreateWithFlags(hipStream_t *stream, unsigned flags)
{
    IN(fake_stream_create(device, !(flags & hipStreamNonBlocking), (void **)stream));
}

hipError_t hipStreamDestroy(hipStream_t stream)
{
    IN(fake_stream_destroy(stream));
}

hipError_t hipStreamSynchronize(hipStream_t stream)
{
    IN(fake_stream_synchronize(device, stream));
}

hipError_t hipEventCreateWithFlags(hipEvent_t *event, unsigned flags)
{
    IN(flags ? FAKE_INVALID_VALUE : fake_event_create(device, (void **)event));
}

hipError_t hipEventDestroy(hipEvent_t event)
{
    IN(fake_event_destroy(event));
}

hipError_t hipEventRecord(hipEvent_t event, hipStream_t stream)
{
    IN(fake_event_record(event, stream));
}

hipError_t hipEventSynchronize(hipEvent_t event)
{
    IN(fake_event_wait(event));
}

hipError_t hipEventElapsedTime(float *ms, hipEvent_t begin, hipEvent_t end)
{
    IN(fake_event_elapsed(begin, end, ms));
}

hipError_t hipStreamBeginCapture(hipStream_t stream, hipStreamCaptureMode mode)
{
    IN(mode > hipStreamCaptureModeRelaxed ? FAKE_INVALID_VALUE : fake_capture_begin(device, stream));
}

hipError_t hipStreamEndCapture(hipStream_t stream, hipGraph_t *graph)
{
    IN(fake_capture_end(stream, (void **)graph));
}

hipError_t hipGraphInstantiateWithFlags(hipGraphExec_t *executable, hipGraph_t graph,
                                        unsigned long long flags)
{
    IN(flags ? FAKE_INVALID_VALUE : fake_graph_instantiate(graph, (void **)executable));
}

hipError_t hipGraphDestroy(hipGraph_t graph)
{
    IN(fake_graph_destroy(graph));
}

hipError_t hipGraphLaunch(hipGraphExec_t executable, hipStream_t stream)
{
    IN(fake_graph_launch(executable, stream));
}

hipError_t hipGraphExecDestroy(hipGraphExec_t executable)
{
    IN(fake_graph_destroy(executable));
}
