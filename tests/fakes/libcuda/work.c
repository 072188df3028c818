/* The other half of the fake libcuda: memory, modules, launches, streams, events, graphs. */
#include "tests/fakes/libcuda/face.h"

/* --- memory --- */

static int allocate(struct fake_device *device, CUdeviceptr *out, size_t bytes)
{
    void *start = NULL;
    int code = fake_allocate(device, bytes, &start);
    *out = (CUdeviceptr)start;
    return code;
}

CUresult cuMemAlloc_v2(CUdeviceptr *memory, size_t bytes)
{
    IN(allocate(device, memory, bytes));
}

CUresult cuMemFree_v2(CUdeviceptr memory)
{
    IN(fake_release(device, (void *)memory));
}

CUresult cuMemcpyHtoD_v2(CUdeviceptr to, const void *from, size_t bytes)
{
    IN(fake_upload(device, (void *)to, from, bytes));
}

CUresult cuMemcpyDtoH_v2(void *to, CUdeviceptr from, size_t bytes)
{
    IN(fake_download(device, to, (const void *)from, bytes));
}

CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned flags)
{
    IN(flags ? FAKE_INVALID_VALUE : fake_pin(bytes, memory));
}

CUresult cuMemFreeHost(void *memory)
{
    IN(fake_unpin(device, memory));
}

CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from, size_t bytes, CUstream stream)
{
    IN(fake_send(device, (void *)to, from, bytes, stream));
}

static int allocate_ordered(struct fake_device *device, CUdeviceptr *out, size_t bytes, CUstream stream)
{
    void *start = NULL;
    int code = fake_allocate_ordered(device, bytes, stream, &start);
    *out = (CUdeviceptr)start;
    return code;
}

CUresult cuMemAllocAsync(CUdeviceptr *memory, size_t bytes, CUstream stream)
{
    IN(allocate_ordered(device, memory, bytes, stream));
}

CUresult cuMemFreeAsync(CUdeviceptr memory, CUstream stream)
{
    IN(fake_release_ordered(device, (void *)memory, stream));
}

CUresult cuMemsetD8Async(CUdeviceptr to, unsigned char value, size_t bytes, CUstream stream)
{
    IN(fake_fill(device, (void *)to, value, bytes, stream));
}

/* --- modules and launches --- */

static int load(struct fake_device *device, CUmodule *module, const void *image, unsigned n_options)
{
    return n_options ? FAKE_INVALID_VALUE : fake_module_load(device, image, (void **)module);
}

static int set_attribute(CUfunction function, CUfunction_attribute attribute, int value)
{
    switch (attribute) {
    case CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES: return fake_function_allow(function, value);
    case CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED:
        return value == 1 ? fake_function_allow_large_clusters(function) : FAKE_INVALID_VALUE;
    default: return FAKE_INVALID_VALUE;
    }
}

static int get_attribute(CUfunction function, CUfunction_attribute attribute, int *value)
{
    if (attribute != CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES) return FAKE_INVALID_VALUE;
    *value = (int)fake_settings.static_shared_bytes;
    return fake_function_load(function);
}

CUresult cuModuleLoadDataEx(CUmodule *module, const void *image, unsigned n_options, CUjit_option *options,
                            void **values)
{
    (void)options;
    (void)values;
    IN(load(device, module, image, n_options));
}

CUresult cuModuleUnload(CUmodule module)
{
    IN(fake_module_unload(module));
}

CUresult cuModuleGetFunction(CUfunction *function, CUmodule module, const char *name)
{
    IN(fake_module_function(module, name, (void **)function));
}

CUresult cuFuncSetAttribute(CUfunction function, CUfunction_attribute attribute, int value)
{
    IN(set_attribute(function, attribute, value));
}

CUresult cuFuncGetAttribute(int *value, CUfunction_attribute attribute, CUfunction function)
{
    IN(get_attribute(function, attribute, value));
}

CUresult cuFuncLoad(CUfunction function)
{
    IN(fake_function_load(function));
}

/* The argument block: by pointer, without its size, or as a buffer with it. */
static int launch(struct fake_device *device, struct device_step *step, void **parameters, void **extra,
                  CUstream stream)
{
    const void *args = parameters ? parameters[0] : NULL;
    size_t bytes = 0;
    if (!parameters == !extra) return FAKE_INVALID_VALUE;
    for (; extra && *extra != CU_LAUNCH_PARAM_END; extra += 2) {
        if (*extra == CU_LAUNCH_PARAM_BUFFER_POINTER) args = extra[1];
        if (*extra == CU_LAUNCH_PARAM_BUFFER_SIZE) bytes = *(const size_t *)extra[1];
    }
    return fake_launch(device, step, args, bytes, stream);
}

#define STEP(...)                                                                                \
    &(struct device_step)                                                                        \
    {                                                                                            \
        .function = function, .grid = {gx, gy, gz}, .cluster = {1, 1, 1}, .block = {bx, by, bz}, \
        .shared_bytes = shared, __VA_ARGS__                                                      \
    }

CUresult cuLaunchKernel(CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx, unsigned by,
                        unsigned bz, unsigned shared, CUstream stream, void **parameters, void **extra)
{
    IN(launch(device, STEP(.cooperative = false), parameters, extra, stream));
}

CUresult cuLaunchCooperativeKernel(CUfunction function, unsigned gx, unsigned gy, unsigned gz, unsigned bx,
                                   unsigned by, unsigned bz, unsigned shared, CUstream stream,
                                   void **parameters)
{
    IN(launch(device, STEP(.cooperative = true), parameters, NULL, stream));
}

static int launch_ex(struct fake_device *device, const CUlaunchConfig *config, CUfunction function,
                     void **parameters, void **extra)
{
    struct device_step step = {.function = function,
                               .grid = {config->gridDimX, config->gridDimY, config->gridDimZ},
                               .cluster = {1, 1, 1},
                               .block = {config->blockDimX, config->blockDimY, config->blockDimZ},
                               .shared_bytes = config->sharedMemBytes};
    for (unsigned i = 0; i < config->numAttrs; i++) {
        const CUlaunchAttribute *attribute = &config->attrs[i];
        if (attribute->id == CU_LAUNCH_ATTRIBUTE_COOPERATIVE) {
            step.cooperative = attribute->value.cooperative != 0;
        } else if (attribute->id == CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION) {
            step.cluster[0] = attribute->value.clusterDim.x;
            step.cluster[1] = attribute->value.clusterDim.y;
            step.cluster[2] = attribute->value.clusterDim.z;
        } else if (attribute->id == CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION) {
            step.programmatic = attribute->value.programmaticStreamSerializationAllowed != 0;
        } else {
            return FAKE_INVALID_VALUE;
        }
    }
    return launch(device, &step, parameters, extra, config->hStream);
}

CUresult cuLaunchKernelEx(const CUlaunchConfig *config, CUfunction function, void **parameters, void **extra)
{
    IN(launch_ex(device, config, function, parameters, extra));
}

/* --- streams, events, graphs --- */

CUresult cuStreamCreate(CUstream *stream, unsigned flags)
{
    IN(fake_stream_create(device, !(flags & CU_STREAM_NON_BLOCKING), (void **)stream));
}

CUresult cuStreamDestroy_v2(CUstream stream)
{
    IN(fake_stream_destroy(stream));
}

CUresult cuStreamSynchronize(CUstream stream)
{
    IN(fake_stream_synchronize(device, stream));
}

CUresult cuEventCreate(CUevent *event, unsigned flags)
{
    IN(flags ? FAKE_INVALID_VALUE : fake_event_create(device, (void **)event));
}

CUresult cuEventDestroy_v2(CUevent event)
{
    IN(fake_event_destroy(event));
}

CUresult cuEventRecord(CUevent event, CUstream stream)
{
    IN(fake_event_record(event, stream));
}

CUresult cuEventSynchronize(CUevent event)
{
    IN(fake_event_wait(event));
}

CUresult cuEventElapsedTime(float *ms, CUevent begin, CUevent end)
{
    IN(fake_event_elapsed(begin, end, ms));
}

CUresult cuStreamBeginCapture_v2(CUstream stream, CUstreamCaptureMode mode)
{
    IN(mode > CU_STREAM_CAPTURE_MODE_RELAXED ? FAKE_INVALID_VALUE : fake_capture_begin(device, stream));
}

CUresult cuStreamEndCapture(CUstream stream, CUgraph *graph)
{
    IN(fake_capture_end(stream, (void **)graph));
}

CUresult cuGraphInstantiateWithFlags(CUgraphExec *executable, CUgraph graph, unsigned long long flags)
{
    IN(flags ? FAKE_INVALID_VALUE : fake_graph_instantiate(graph, (void **)executable));
}

CUresult cuGraphDestroy(CUgraph graph)
{
    IN(fake_graph_destroy(graph));
}

CUresult cuGraphLaunch(CUgraphExec executable, CUstream stream)
{
    IN(fake_graph_launch(executable, stream));
}

CUresult cuGraphExecDestroy(CUgraphExec executable)
{
    IN(fake_graph_destroy(executable));
}

/* --- for libraries that work on the device --- */

CUresult fake_cuda_call(CUstream stream, void (*call)(void *args), const void *args, size_t bytes)
{
    IN(fake_call(device, call, args, bytes, stream));
}

/* Whether the current device has all these bytes in one allocation. */
CUresult fake_cuda_has(const void *memory, size_t bytes)
{
    IN(fake_has(device, memory, bytes) ? FAKE_OK : FAKE_INVALID_VALUE);
}
