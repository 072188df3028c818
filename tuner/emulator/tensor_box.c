#include "tuner/emulator/tensor_box.h"

uint32_t tensor_box_rows(const struct emu_tensor_map *map)
{
    return map->box[1] * map->box[2];
}

uint32_t tensor_box_bytes(const struct emu_tensor_map *map)
{
    return map->box[0] * map->element_bytes * tensor_box_rows(map);
}

const char *tensor_map_error(const struct emu_tensor_map *map)
{
    enum { BOX_MAX = 256 }; /* CUDA driver API, cuTensorMapEncodeTiled */
    uint32_t element = map->element_bytes, swizzle = map->swizzle_bytes;
    if (element != 1 && element != 2 && element != 4) return "elements are of 1, 2 or 4 bytes";
    for (int i = 0; i < 3; i++) {
        if (map->box[i] < 1 || map->box[i] > BOX_MAX) return "a box has 1 to 256 elements in each direction";
        if (!map->extent[i]) return "the tensor is empty";
        if (i && map->pitch_bytes[i] % 16) return "pitches are multiples of 16 bytes";
    }
    if (map->pitch_bytes[0] != element) return "the first dimension is contiguous";
    if (map->address % 16) return "the tensor begins at a multiple of 16 bytes";
    if (map->box[0] * element % 16) return "the rows of a box are multiples of 16 bytes";
    if (swizzle && swizzle != 32 && swizzle != 64 && swizzle != 128)
        return "swizzles are of 32, 64 or 128 bytes";
    if (swizzle && map->box[0] * element > swizzle) return "the rows of a box are no wider than its swizzle";
    return 0;
}

uint32_t swizzle_address(uint32_t address, uint32_t swizzle_bytes)
{
    uint32_t bits = swizzle_bytes / 16; /* 0, 2, 4, 8 */
    return bits ? address ^ (address >> 7 & (bits - 1)) << 4 : address;
}

bool tensor_box_row(const struct emu_tensor_map *map, const struct tensor_box *box, uint32_t row,
                    uint64_t *address, uint32_t *first, uint32_t *bytes)
{
    int64_t x = box->at[0], y = (int64_t)box->at[1] + row % map->box[1];
    int64_t z = (int64_t)box->at[2] + row / map->box[1];
    if (y < 0 || z < 0 || (uint64_t)y >= map->extent[1] || (uint64_t)z >= map->extent[2]) return false;
    int64_t begin = x < 0 ? 0 : x, end = x + map->box[0];
    if (end > (int64_t)map->extent[0]) end = (int64_t)map->extent[0];
    if (begin >= end) return false;
    *address = map->address + (uint64_t)begin * map->element_bytes + (uint64_t)y * map->pitch_bytes[1] +
               (uint64_t)z * map->pitch_bytes[2];
    *first = (uint32_t)(begin - x) * map->element_bytes;
    *bytes = (uint32_t)(end - begin) * map->element_bytes;
    return true;
}
