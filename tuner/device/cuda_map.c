/* Tensor maps, which CUDA's driver encodes. */
#include <string.h>
#include "tuner/device/cuda_driver.h"
#include "tuner/device/tensor_map.h"

static unsigned map_swizzle(uint32_t bytes)
{
    return bytes == 128  ? CUDA_MAP_SWIZZLE_128
           : bytes == 64 ? CUDA_MAP_SWIZZLE_64
           : bytes == 32 ? CUDA_MAP_SWIZZLE_32
                         : CUDA_MAP_NO_SWIZZLE;
}

/* What a tensor map calls a type. For copies only its size counts, for reductions all of it. */
static unsigned map_type(enum dtype type)
{
    switch (type) {
    case DTYPE_F32: return CUDA_MAP_FLOAT32;
    case DTYPE_F16: return CUDA_MAP_FLOAT16;
    case DTYPE_BF16: return CUDA_MAP_BFLOAT16;
    case DTYPE_I32: return CUDA_MAP_INT32;
    default: return CUDA_MAP_UINT8;
    }
}

/* The driver's own word for what is wrong is "invalid argument", so ours come first; what it refuses
 * nevertheless is a view that it cannot describe. Lines of 256 bytes are fetched into the L2 cache: what lies
 * beside a box is the next box's. cuda.h of CUDA 13 aligns what is made to 128 bytes, more than the 64 that
 * are asked of kernels. */
enum status cuda_tensor_map(struct device *device, const struct device_tensor_map *map, void *out)
{
    const uint32_t every[3] = {1, 1, 1};
    _Alignas(128) unsigned char made[DEVICE_TENSOR_MAP_BYTES];
    struct gpu_scope scope;
    TRY(device_tensor_map_check(map));
    if (!cuda.cuTensorMapEncodeTiled)
        return status_fail(
            STATUS_UNAVAILABLE,
            "libcuda.so.1 has no cuTensorMapEncodeTiled: tensor maps need the NVIDIA driver of CUDA "
            "12.0, 525, or a newer one");
    TRY(gpu_enter(device, &scope));
    unsigned code = cuda.cuTensorMapEncodeTiled(
        (struct CUtensorMap_st *)(void *)made, map_type(map->type), 3, map->memory, map->extent,
        map->pitch_bytes + 1, map->box, every, CUDA_MAP_NO_INTERLEAVE, map_swizzle(map->swizzle_bytes),
        CUDA_MAP_L2_256, CUDA_MAP_FILL_ZERO);
    gpu_leave(device, &scope);
    if (code) {
        enum status status = gpu_fail(device, code, "cuTensorMapEncodeTiled");
        return code == GPU_INVALID_VALUE ? STATUS_NOT_COVERED : status;
    }
    memcpy(out, made, sizeof made);
    return STATUS_OK;
}
