/* Holds tuner/device/hip_driver.h to AMD's hip_runtime_api.h: prototypes, numbers and places. */
#include "tuner/device/hip_driver.h"

#include <hip/hip_runtime_api.h>

/* What is newer than ROCm 5.2 is in the header or not; here it is what has to be there. */
extern const struct hip_functions hip_prototypes;
const struct hip_functions hip_prototypes = {
#define HIP(symbol, result, parameters) .symbol = symbol,
#define HIP_NEWER(symbol, result, parameters)
    HIP_FUNCTIONS(HIP, HIP_NEWER)
#undef HIP
#undef HIP_NEWER
};

#define SAME(ours, theirs) _Static_assert((size_t)(ours) == (size_t)(theirs), #ours " is not " #theirs)
SAME(HIP_ATTRIBUTE_CLOCK_KHZ, hipDeviceAttributeClockRate);
SAME(HIP_ATTRIBUTE_L2_BYTES, hipDeviceAttributeL2CacheSize);
SAME(HIP_ATTRIBUTE_MAX_BLOCK_THREADS, hipDeviceAttributeMaxThreadsPerBlock);
SAME(HIP_ATTRIBUTE_MEMORY_BUS_BITS, hipDeviceAttributeMemoryBusWidth);
SAME(HIP_ATTRIBUTE_MEMORY_CLOCK_KHZ, hipDeviceAttributeMemoryClockRate);
SAME(HIP_ATTRIBUTE_UNITS, hipDeviceAttributeMultiprocessorCount);
SAME(HIP_ATTRIBUTE_SHARED_BYTES, hipDeviceAttributeMaxSharedMemoryPerBlock);
SAME(HIP_ATTRIBUTE_WAVE_SIZE, hipDeviceAttributeWarpSize);
SAME(HIP_ATTRIBUTE_MEMORY_POOLS, hipDeviceAttributeMemoryPoolsSupported);
SAME(HIP_COPY_UP, hipMemcpyHostToDevice);
SAME(HIP_COPY_DOWN, hipMemcpyDeviceToHost);
SAME(HIP_CAPTURE_THREAD_LOCAL, hipStreamCaptureModeThreadLocal);
SAME(HIP_STREAM_NON_BLOCKING, hipStreamNonBlocking);
SAME(GPU_NO_DEVICE, hipErrorNoDevice);
SAME(GPU_NOT_SUPPORTED, hipErrorNotSupported);

#if HIP_VERSION_MAJOR >= 6
SAME(HIP_ARCH_R0600, offsetof(hipDeviceProp_tR0600, gcnArchName));
SAME(HIP_ARCH_BYTES, sizeof((hipDeviceProp_tR0600 *)0)->gcnArchName);
_Static_assert(sizeof(hipDeviceProp_tR0600) <= HIP_PROPERTIES_BYTES, "HIP_PROPERTIES_BYTES is too small");
#else
SAME(HIP_ARCH_R0000, offsetof(hipDeviceProp_t, gcnArchName));
SAME(HIP_ARCH_BYTES, sizeof((hipDeviceProp_t *)0)->gcnArchName);
_Static_assert(sizeof(hipDeviceProp_t) <= HIP_PROPERTIES_BYTES, "HIP_PROPERTIES_BYTES is too small");
#endif
