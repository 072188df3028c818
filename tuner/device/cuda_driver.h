/* CUDA's driver library by hand: the functions of libcuda.so.1 that are used, with the types and numbers they
 * need. Source: CUDA driver API reference and cuda.h of CUDA 13.0; a test compares all of it with the
 * official header. Tags are the header's, so that the prototypes are compatible with it; typedefs are ours.
 */
#ifndef TUNEBOOK_DEVICE_CUDA_DRIVER_H
#define TUNEBOOK_DEVICE_CUDA_DRIVER_H

#include <stddef.h>
#include "tuner/device/gpu.h"

struct CUctx_st;
struct CUevent_st;
struct CUfunc_st;
struct CUgraph_st;
struct CUgraphExec_st;
struct CUlaunchConfig_st; /* in official prototypes; ours is cuda_launch_config */
struct CUmod_st;
struct CUstream_st;
struct CUtensorMap_st;

typedef unsigned long long cuda_address;

/* CUlaunchAttribute and CUlaunchConfig. */
struct cuda_launch_attribute {
    unsigned id;
    unsigned pad;
    union {
        char all[64];
        unsigned cluster[3];
        int cooperative;
        int programmatic;
    } value;
};
struct cuda_launch_config {
    unsigned grid[3], block[3], shared_bytes;
    struct CUstream_st *stream;
    struct cuda_launch_attribute *attributes;
    unsigned n_attributes;
};

enum {
    CUDA_ATTRIBUTE_MAX_BLOCK_THREADS = 1,
    CUDA_ATTRIBUTE_WAVE_SIZE = 10,
    CUDA_ATTRIBUTE_CLOCK_KHZ = 13,
    CUDA_ATTRIBUTE_UNITS = 16,
    CUDA_ATTRIBUTE_MEMORY_CLOCK_KHZ = 36,
    CUDA_ATTRIBUTE_MEMORY_BUS_BITS = 37,
    CUDA_ATTRIBUTE_L2_BYTES = 38,
    CUDA_ATTRIBUTE_CAPABILITY_MAJOR = 75,
    CUDA_ATTRIBUTE_CAPABILITY_MINOR = 76,
    CUDA_ATTRIBUTE_SHARED_OPTIN_BYTES = 97,
    CUDA_ATTRIBUTE_MEMORY_POOLS = 115,
    CUDA_FUNCTION_STATIC_SHARED = 1,
    CUDA_FUNCTION_MAX_DYNAMIC_SHARED = 8,
    CUDA_FUNCTION_LARGE_CLUSTERS = 14,
    CUDA_LAUNCH_COOPERATIVE = 2,
    CUDA_LAUNCH_CLUSTER = 4,
    CUDA_LAUNCH_PROGRAMMATIC = 6,
    CUDA_MAP_UINT8 = 0,
    CUDA_MAP_INT32 = 3,
    CUDA_MAP_FLOAT16 = 6,
    CUDA_MAP_FLOAT32 = 7,
    CUDA_MAP_BFLOAT16 = 9,
    CUDA_MAP_NO_INTERLEAVE = 0,
    CUDA_MAP_NO_SWIZZLE = 0,
    CUDA_MAP_SWIZZLE_32 = 1,
    CUDA_MAP_SWIZZLE_64 = 2,
    CUDA_MAP_SWIZZLE_128 = 3,
    CUDA_MAP_L2_256 = 3,
    CUDA_MAP_FILL_ZERO = 0,
    CUDA_CAPTURE_THREAD_LOCAL = 1,
    CUDA_STREAM_NON_BLOCKING = 1,
    CUDA_PARAM_END = 0,
    CUDA_PARAM_POINTER = 1,
    CUDA_PARAM_SIZE = 2
};

/* CUDA(symbol, parameters) for what every driver since CUDA 11.4 has, CUDA_NEWER for what may be missing. All
 * return CUresult, an enum whose values are not negative: unsigned. */
#define CUDA_FUNCTIONS(CUDA, CUDA_NEWER)                                                                    \
    CUDA(cuInit, (unsigned flags))                                                                          \
    CUDA(cuDriverGetVersion, (int *version))                                                                \
    CUDA(cuGetErrorName, (unsigned code, const char **name))                                                \
    CUDA(cuGetErrorString, (unsigned code, const char **text))                                              \
    CUDA(cuDeviceGetCount, (int *count))                                                                    \
    CUDA(cuDeviceGet, (int *device, int ordinal))                                                           \
    CUDA(cuDeviceGetName, (char *name, int capacity, int device))                                           \
    CUDA(cuDeviceGetAttribute, (int *value, unsigned attribute, int device))                                \
    CUDA(cuDeviceGetPCIBusId, (char *text, int capacity, int device))                                       \
    CUDA(cuDeviceTotalMem_v2, (size_t * bytes, int device))                                                 \
    CUDA(cuDevicePrimaryCtxRetain, (struct CUctx_st * *context, int device))                                \
    CUDA(cuDevicePrimaryCtxRelease_v2, (int device))                                                        \
    CUDA(cuCtxGetCurrent, (struct CUctx_st * *context))                                                     \
    CUDA(cuCtxGetDevice, (int *device))                                                                     \
    CUDA(cuCtxPushCurrent_v2, (struct CUctx_st * context))                                                  \
    CUDA(cuCtxPopCurrent_v2, (struct CUctx_st * *context))                                                  \
    CUDA(cuMemAlloc_v2, (cuda_address * memory, size_t bytes))                                              \
    CUDA(cuMemFree_v2, (cuda_address memory))                                                               \
    CUDA(cuMemcpyHtoD_v2, (cuda_address to, const void *from, size_t bytes))                                \
    CUDA(cuMemcpyDtoH_v2, (void *to, cuda_address from, size_t bytes))                                      \
    CUDA(cuMemHostAlloc, (void **memory, size_t bytes, unsigned flags))                                     \
    CUDA(cuMemFreeHost, (void *memory))                                                                     \
    CUDA(cuMemcpyHtoDAsync_v2,                                                                              \
         (cuda_address to, const void *from, size_t bytes, struct CUstream_st *stream))                     \
    CUDA(cuMemAllocAsync, (cuda_address * memory, size_t bytes, struct CUstream_st * stream))               \
    CUDA(cuMemFreeAsync, (cuda_address memory, struct CUstream_st * stream))                                \
    CUDA(cuMemsetD8Async, (cuda_address to, unsigned char value, size_t bytes, struct CUstream_st *stream)) \
    CUDA(cuModuleLoadDataEx, (struct CUmod_st * *module, const void *image, unsigned n_options,             \
                              unsigned *options, void **values))                                            \
    CUDA(cuModuleUnload, (struct CUmod_st * module))                                                        \
    CUDA(cuModuleGetFunction, (struct CUfunc_st * *function, struct CUmod_st * module, const char *name))   \
    CUDA(cuFuncGetAttribute, (int *value, unsigned attribute, struct CUfunc_st *function))                  \
    CUDA_NEWER(cuFuncLoad, (struct CUfunc_st * function))                                                   \
    CUDA_NEWER(cuTensorMapEncodeTiled,                                                                      \
               (struct CUtensorMap_st * map, unsigned type, uint32_t rank, void *memory,                    \
                const uint64_t *extent, const uint64_t *pitch, const uint32_t *box, const uint32_t *steps,  \
                unsigned interleave, unsigned swizzle, unsigned l2_promotion, unsigned fill))               \
    CUDA(cuFuncSetAttribute, (struct CUfunc_st * function, unsigned attribute, int value))                  \
    CUDA(cuLaunchKernel, (struct CUfunc_st * function, unsigned grid_x, unsigned grid_y, unsigned grid_z,   \
                          unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,      \
                          struct CUstream_st *stream, void **parameters, void **extra))                     \
    CUDA(cuLaunchCooperativeKernel, (struct CUfunc_st * function, unsigned grid_x, unsigned grid_y,         \
                                     unsigned grid_z, unsigned block_x, unsigned block_y, unsigned block_z, \
                                     unsigned shared_bytes, struct CUstream_st *stream, void **parameters)) \
    CUDA_NEWER(cuLaunchKernelEx, (const struct CUlaunchConfig_st *config, struct CUfunc_st *function,       \
                                  void **parameters, void **extra))                                         \
    CUDA(cuStreamCreate, (struct CUstream_st * *stream, unsigned flags))                                    \
    CUDA(cuStreamDestroy_v2, (struct CUstream_st * stream))                                                 \
    CUDA(cuStreamSynchronize, (struct CUstream_st * stream))                                                \
    CUDA(cuEventCreate, (struct CUevent_st * *event, unsigned flags))                                       \
    CUDA(cuEventDestroy_v2, (struct CUevent_st * event))                                                    \
    CUDA(cuEventRecord, (struct CUevent_st * event, struct CUstream_st * stream))                           \
    CUDA(cuEventSynchronize, (struct CUevent_st * event))                                                   \
    CUDA(cuEventElapsedTime, (float *ms, struct CUevent_st *begin, struct CUevent_st *end))                 \
    CUDA(cuStreamBeginCapture_v2, (struct CUstream_st * stream, unsigned mode))                             \
    CUDA(cuStreamEndCapture, (struct CUstream_st * stream, struct CUgraph_st * *graph))                     \
    CUDA(cuGraphInstantiateWithFlags,                                                                       \
         (struct CUgraphExec_st * *executable, struct CUgraph_st * graph, unsigned long long flags))        \
    CUDA(cuGraphDestroy, (struct CUgraph_st * graph))                                                       \
    CUDA(cuGraphLaunch, (struct CUgraphExec_st * executable, struct CUstream_st * stream))                  \
    CUDA(cuGraphExecDestroy, (struct CUgraphExec_st * executable))

struct cuda_functions {
#define CUDA(symbol, parameters) unsigned(*symbol) parameters;
    CUDA_FUNCTIONS(CUDA, CUDA)
#undef CUDA
};

/* The functions, once cuda_open() said STATUS_OK. What is newer may be NULL. */
extern struct cuda_functions cuda;

/* Opens and initializes the driver, once a process. */
enum status cuda_open(void);

/* --- cuda_map.c: the slot of device.h --- */
enum status cuda_tensor_map(struct device *device, const struct device_tensor_map *map, void *out);

const char *cuda_error_name(unsigned code);
const char *cuda_error_text(unsigned code);

#endif
