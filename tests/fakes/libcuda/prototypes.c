/* Holds tuner/device/cuda_driver.h to NVIDIA's cuda.h: prototypes, numbers and layouts. */
#include "tuner/device/cuda_driver.h"

#include <cuda.h>

/* cuda.h has this version under no name of its own. */
#undef cuEventElapsedTime
CUresult cuEventElapsedTime(float *ms, CUevent begin, CUevent end);

extern const struct cuda_functions cuda_prototypes;
const struct cuda_functions cuda_prototypes = {
#define CUDA(symbol, parameters) .symbol = symbol,
    CUDA_FUNCTIONS(CUDA, CUDA)
#undef CUDA
};

#define SAME(ours, theirs) _Static_assert((int)(ours) == (int)(theirs), #ours " is not " #theirs)
SAME(CUDA_ATTRIBUTE_MAX_BLOCK_THREADS, CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK);
SAME(CUDA_ATTRIBUTE_WAVE_SIZE, CU_DEVICE_ATTRIBUTE_WARP_SIZE);
SAME(CUDA_ATTRIBUTE_CLOCK_KHZ, CU_DEVICE_ATTRIBUTE_CLOCK_RATE);
SAME(CUDA_ATTRIBUTE_UNITS, CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT);
SAME(CUDA_ATTRIBUTE_MEMORY_CLOCK_KHZ, CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE);
SAME(CUDA_ATTRIBUTE_MEMORY_BUS_BITS, CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH);
SAME(CUDA_ATTRIBUTE_L2_BYTES, CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE);
SAME(CUDA_ATTRIBUTE_CAPABILITY_MAJOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR);
SAME(CUDA_ATTRIBUTE_CAPABILITY_MINOR, CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR);
SAME(CUDA_ATTRIBUTE_SHARED_OPTIN_BYTES, CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN);
SAME(CUDA_FUNCTION_MAX_DYNAMIC_SHARED, CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES);
SAME(CUDA_LAUNCH_COOPERATIVE, CU_LAUNCH_ATTRIBUTE_COOPERATIVE);
SAME(CUDA_LAUNCH_CLUSTER, CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION);
SAME(CUDA_CAPTURE_THREAD_LOCAL, CU_STREAM_CAPTURE_MODE_THREAD_LOCAL);
SAME(CUDA_STREAM_NON_BLOCKING, CU_STREAM_NON_BLOCKING);
SAME(CUDA_PARAM_END, CU_LAUNCH_PARAM_END_AS_INT);
SAME(CUDA_PARAM_POINTER, CU_LAUNCH_PARAM_BUFFER_POINTER_AS_INT);
SAME(CUDA_PARAM_SIZE, CU_LAUNCH_PARAM_BUFFER_SIZE_AS_INT);
SAME(GPU_NO_DEVICE, CUDA_ERROR_NO_DEVICE);
SAME(GPU_NO_BINARY, CUDA_ERROR_NO_BINARY_FOR_GPU);
SAME(GPU_UNSUPPORTED_PTX, CUDA_ERROR_UNSUPPORTED_PTX_VERSION);
SAME(GPU_NOT_SUPPORTED, CUDA_ERROR_NOT_SUPPORTED);

SAME(sizeof(struct cuda_launch_attribute), sizeof(CUlaunchAttribute));
SAME(offsetof(struct cuda_launch_attribute, value), offsetof(CUlaunchAttribute, value));
SAME(sizeof(struct cuda_launch_config), sizeof(CUlaunchConfig));
SAME(offsetof(struct cuda_launch_config, block), offsetof(CUlaunchConfig, blockDimX));
SAME(offsetof(struct cuda_launch_config, shared_bytes), offsetof(CUlaunchConfig, sharedMemBytes));
SAME(offsetof(struct cuda_launch_config, stream), offsetof(CUlaunchConfig, hStream));
SAME(offsetof(struct cuda_launch_config, attributes), offsetof(CUlaunchConfig, attrs));
SAME(offsetof(struct cuda_launch_config, n_attributes), offsetof(CUlaunchConfig, numAttrs));
