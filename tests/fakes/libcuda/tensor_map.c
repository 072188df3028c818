/* cuTensorMapEncodeTiled: what cuda.h documents it to refuse, and maps that the emulator's kernels
 * understand. Only what our backend has to do with: rank 3, elements in place, nothing interleaved. */
#include <string.h>
#include "templates/device/emu_abi.h"
#include "tests/fakes/libcuda/face.h"

enum { RANK = 3, MAP_ALIGNMENT = 64, ADDRESS_ALIGNMENT = 16, BOX_MAX = 256, INNER_MULTIPLE = 16 };

static unsigned bytes_of(CUtensorMapDataType type)
{
    switch (type) {
    case CU_TENSOR_MAP_DATA_TYPE_UINT8: return 1;
    case CU_TENSOR_MAP_DATA_TYPE_UINT16:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT16:
    case CU_TENSOR_MAP_DATA_TYPE_BFLOAT16: return 2;
    case CU_TENSOR_MAP_DATA_TYPE_UINT32:
    case CU_TENSOR_MAP_DATA_TYPE_INT32:
    case CU_TENSOR_MAP_DATA_TYPE_FLOAT32: return 4;
    default: return 0;
    }
}

/* -1: none of those that every Hopper has. */
static int bytes_of_swizzle(CUtensorMapSwizzle swizzle)
{
    switch (swizzle) {
    case CU_TENSOR_MAP_SWIZZLE_NONE: return 0;
    case CU_TENSOR_MAP_SWIZZLE_32B: return 32;
    case CU_TENSOR_MAP_SWIZZLE_64B: return 64;
    case CU_TENSOR_MAP_SWIZZLE_128B: return 128;
    default: return -1;
    }
}

static bool is_good(const struct emu_tensor_map *map)
{
    unsigned inner = map->box[0] * map->element_bytes;
    if (!map->element_bytes || map->address % ADDRESS_ALIGNMENT || inner % INNER_MULTIPLE) return false;
    if (map->swizzle_bytes && inner > map->swizzle_bytes) return false;
    for (int i = 0; i < RANK; i++) {
        if (!map->extent[i] || map->extent[i] > 1ull << 32 || !map->box[i] || map->box[i] > BOX_MAX)
            return false;
        if (i && (map->pitch_bytes[i] % 16 || map->pitch_bytes[i] >= 1ull << 40)) return false;
    }
    return true;
}

CUresult cuTensorMapEncodeTiled(CUtensorMap *out, CUtensorMapDataType type, cuuint32_t rank, void *address,
                                const cuuint64_t *extent, const cuuint64_t *pitch, const cuuint32_t *box,
                                const cuuint32_t *steps, CUtensorMapInterleave interleave,
                                CUtensorMapSwizzle swizzle, CUtensorMapL2promotion promotion,
                                CUtensorMapFloatOOBfill fill)
{
    int code = fake_begin(__func__), swizzle_bytes = bytes_of_swizzle(swizzle);
    struct fake_device *device;
    if (!code) code = cuda_current(&device); /* cuda.h names CUDA_ERROR_INVALID_CONTEXT among its errors */
    if (code) return (CUresult)fake_end(code);
    if ((uintptr_t)out % MAP_ALIGNMENT || rank != RANK || steps[1] != 1 || steps[2] != 1 ||
        swizzle_bytes < 0 || interleave != CU_TENSOR_MAP_INTERLEAVE_NONE ||
        promotion > CU_TENSOR_MAP_L2_PROMOTION_L2_256B || fill != CU_TENSOR_MAP_FLOAT_OOB_FILL_NONE)
        return (CUresult)fake_end(FAKE_INVALID_VALUE);
    struct emu_tensor_map map = {.magic = EMU_TENSOR_MAP,
                                 .element_bytes = bytes_of(type),
                                 .swizzle_bytes = (unsigned)swizzle_bytes,
                                 .address = (uintptr_t)address,
                                 .pitch_bytes = {bytes_of(type), pitch[0], pitch[1]}};
    for (int i = 0; i < RANK; i++) {
        map.extent[i] = extent[i];
        map.box[i] = box[i];
    }
    bool good = is_good(&map);
    if (good) memcpy(out, &map, sizeof map);
    return (CUresult)fake_end(good ? FAKE_OK : FAKE_INVALID_VALUE);
}
