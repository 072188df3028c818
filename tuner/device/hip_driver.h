/* HIP's runtime library by hand: the functions of libamdhip64.so that are used, with the types and numbers
 * they need. Source: hip_runtime_api.h of ROCm 5.2.3, 6.4 and 7.0, which agree in all of this; a test
 * compares it with the official header that is installed. Tags are the header's, so that the prototypes are
 * compatible with it. */
#ifndef TUNEBOOK_DEVICE_HIP_DRIVER_H
#define TUNEBOOK_DEVICE_HIP_DRIVER_H

#include <stddef.h>
#include "tuner/device/gpu.h"

struct hipDeviceProp_t;
struct hipDeviceProp_tR0600;
struct hipGraphExec;
struct ihipEvent_t;
struct ihipGraph;
struct ihipModuleSymbol_t;
struct ihipModule_t;
struct ihipStream_t;

enum {
    HIP_ATTRIBUTE_CLOCK_KHZ = 5,
    HIP_ATTRIBUTE_L2_BYTES = 19,
    HIP_ATTRIBUTE_MAX_BLOCK_THREADS = 56,
    HIP_ATTRIBUTE_MEMORY_BUS_BITS = 59,
    HIP_ATTRIBUTE_MEMORY_CLOCK_KHZ = 60,
    HIP_ATTRIBUTE_UNITS = 63,
    HIP_ATTRIBUTE_SHARED_BYTES = 74,
    HIP_ATTRIBUTE_WAVE_SIZE = 87,
    HIP_ATTRIBUTE_MEMORY_POOLS = 88,
    HIP_COPY_UP = 1,
    HIP_COPY_DOWN = 2,
    HIP_CAPTURE_THREAD_LOCAL = 1,
    HIP_STREAM_NON_BLOCKING = 1,
    HIP_PARAM_POINTER = 1,
    HIP_PARAM_SIZE = 2,
    HIP_PARAM_END = 3,
    /* Where hipDeviceProp_t has gcnArchName: in the struct of hipGetDeviceProperties up to ROCm 5, and in
     * that of hipGetDevicePropertiesR0600. PROPERTIES is more than either struct is long (792 and 1472). */
    HIP_ARCH_R0000 = 396,
    HIP_ARCH_R0600 = 1160,
    HIP_ARCH_BYTES = 256,
    HIP_PROPERTIES_BYTES = 8192
};

/* HIP(symbol, result, parameters) for what every version since ROCm 5 has, HIP_NEWER for what may be missing.
 * hipError_t is an enum whose values are not negative: unsigned. */
#define HIP_FUNCTIONS(HIP, HIP_NEWER)                                                                   \
    HIP(hipRuntimeGetVersion, unsigned, (int *version))                                                 \
    HIP(hipGetErrorName, const char *, (unsigned code))                                                 \
    HIP(hipGetErrorString, const char *, (unsigned code))                                               \
    HIP(hipGetDeviceCount, unsigned, (int *count))                                                      \
    HIP(hipGetDevice, unsigned, (int *ordinal))                                                         \
    HIP(hipSetDevice, unsigned, (int ordinal))                                                          \
    HIP(hipDeviceGetName, unsigned, (char *name, int capacity, int ordinal))                            \
    HIP(hipDeviceGetAttribute, unsigned, (int *value, unsigned attribute, int ordinal))                 \
    HIP(hipDeviceGetPCIBusId, unsigned, (char *text, int capacity, int ordinal))                        \
    HIP(hipDeviceTotalMem, unsigned, (size_t * bytes, int ordinal))                                     \
    HIP(hipGetDeviceProperties, unsigned, (struct hipDeviceProp_t * properties, int ordinal))           \
    HIP_NEWER(hipGetDevicePropertiesR0600, unsigned,                                                    \
              (struct hipDeviceProp_tR0600 * properties, int ordinal))                                  \
    HIP(hipMalloc, unsigned, (void **memory, size_t bytes))                                             \
    HIP(hipFree, unsigned, (void *memory))                                                              \
    HIP(hipMemcpy, unsigned, (void *to, const void *from, size_t bytes, unsigned kind))                 \
    HIP(hipHostMalloc, unsigned, (void **memory, size_t bytes, unsigned flags))                         \
    HIP(hipHostFree, unsigned, (void *memory))                                                          \
    HIP(hipMemcpyAsync, unsigned,                                                                       \
        (void *to, const void *from, size_t bytes, unsigned kind, struct ihipStream_t *stream))         \
    HIP_NEWER(hipMallocAsync, unsigned, (void **memory, size_t bytes, struct ihipStream_t *stream))     \
    HIP_NEWER(hipFreeAsync, unsigned, (void *memory, struct ihipStream_t *stream))                      \
    HIP(hipMemsetAsync, unsigned, (void *to, int value, size_t bytes, struct ihipStream_t *stream))     \
    HIP(hipModuleLoadData, unsigned, (struct ihipModule_t * *module, const void *image))                \
    HIP(hipModuleUnload, unsigned, (struct ihipModule_t * module))                                      \
    HIP(hipModuleGetFunction, unsigned,                                                                 \
        (struct ihipModuleSymbol_t * *function, struct ihipModule_t * module, const char *name))        \
    HIP(hipModuleLaunchKernel, unsigned,                                                                \
        (struct ihipModuleSymbol_t * function, unsigned grid_x, unsigned grid_y, unsigned grid_z,       \
         unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,                   \
         struct ihipStream_t *stream, void **parameters, void **extra))                                 \
    HIP_NEWER(hipModuleLaunchCooperativeKernel, unsigned,                                               \
              (struct ihipModuleSymbol_t * function, unsigned grid_x, unsigned grid_y, unsigned grid_z, \
               unsigned block_x, unsigned block_y, unsigned block_z, unsigned shared_bytes,             \
               struct ihipStream_t *stream, void **parameters))                                         \
    HIP(hipStreamCreateWithFlags, unsigned, (struct ihipStream_t * *stream, unsigned flags))            \
    HIP(hipStreamDestroy, unsigned, (struct ihipStream_t * stream))                                     \
    HIP(hipStreamSynchronize, unsigned, (struct ihipStream_t * stream))                                 \
    HIP(hipEventCreateWithFlags, unsigned, (struct ihipEvent_t * *event, unsigned flags))               \
    HIP(hipEventDestroy, unsigned, (struct ihipEvent_t * event))                                        \
    HIP(hipEventRecord, unsigned, (struct ihipEvent_t * event, struct ihipStream_t * stream))           \
    HIP(hipEventSynchronize, unsigned, (struct ihipEvent_t * event))                                    \
    HIP(hipEventElapsedTime, unsigned, (float *ms, struct ihipEvent_t *begin, struct ihipEvent_t *end)) \
    HIP(hipStreamBeginCapture, unsigned, (struct ihipStream_t * stream, unsigned mode))                 \
    HIP(hipStreamEndCapture, unsigned, (struct ihipStream_t * stream, struct ihipGraph * *graph))       \
    HIP(hipGraphInstantiateWithFlags, unsigned,                                                         \
        (struct hipGraphExec * *executable, struct ihipGraph * graph, unsigned long long flags))        \
    HIP(hipGraphDestroy, unsigned, (struct ihipGraph * graph))                                          \
    HIP(hipGraphLaunch, unsigned, (struct hipGraphExec * executable, struct ihipStream_t * stream))     \
    HIP(hipGraphExecDestroy, unsigned, (struct hipGraphExec * executable))

struct hip_functions {
#define HIP(symbol, result, parameters) result(*symbol) parameters;
    HIP_FUNCTIONS(HIP, HIP)
#undef HIP
};

/* The functions, once hip_open() said STATUS_OK. What is newer may be NULL. */
extern struct hip_functions hip;

/* Opens the library, once a process. */
enum status hip_open(void);

/* "gfx942" and "sramecc+:xnack-" of "gfx942:sramecc+:xnack-", wherever this version of the library tells it;
 * "" where it does not. */
struct hip_arch {
    char target[32], features[24];
};
unsigned hip_arch(int ordinal, struct hip_arch *out);

/* --- hip_describe.c --- */

/* Fills what the device is. */
enum status hip_describe(struct device *device);

/* --- hip_code.c --- */

/* Refuses a code object that says of itself that it is for another device than this one. */
enum status hip_check_code(const struct device *device, const void *code, size_t bytes);

#endif
