#include "tuner/device/tensor_map.h"

enum { INNER_MULTIPLE = 16 };

enum status device_tensor_map_check_box(enum dtype type, uint32_t inner, uint32_t swizzle_bytes)
{
    uint32_t element = dtype_bytes(type), bytes = inner * element;
    if (element != 1 && element != 2 && element != 4)
        return status_fail(STATUS_BAD_DATA, "elements of %s have %u bytes; 1, 2 or 4 can be",
                           dtype_name(type), element);
    if (swizzle_bytes != 0 && swizzle_bytes != 32 && swizzle_bytes != 64 && swizzle_bytes != 128)
        return status_fail(STATUS_BAD_DATA, "swizzle is %u; it must be 0, 32, 64 or 128", swizzle_bytes);
    if (bytes % INNER_MULTIPLE)
        return status_fail(STATUS_BAD_DATA,
                           "box[0] is %u elements of %u bytes; it must be a multiple of %d bytes", inner,
                           element, INNER_MULTIPLE);
    if (swizzle_bytes && bytes > swizzle_bytes)
        return status_fail(STATUS_BAD_DATA,
                           "box[0] is %u elements of %u bytes; with swizzle %u it has at most %u bytes",
                           inner, element, swizzle_bytes, swizzle_bytes);
    return STATUS_OK;
}

static enum status check_pitch(const struct device_tensor_map *map, int dimension)
{
    const char *const things[] = {"elements", "rows", "batch items"};
    uint64_t bytes = map->pitch_bytes[dimension];
    if (bytes && bytes % TENSOR_MAP_PITCH_MULTIPLE == 0 && bytes >> TENSOR_MAP_PITCH_BITS == 0)
        return STATUS_OK;
    return status_fail(STATUS_NOT_COVERED,
                       "its %s lie %llu bytes apart; that must be a multiple of %d, above 0 and below 2^%d",
                       things[dimension], (unsigned long long)bytes, TENSOR_MAP_PITCH_MULTIPLE,
                       TENSOR_MAP_PITCH_BITS);
}

enum status device_tensor_map_check(const struct device_tensor_map *map)
{
    TRY(device_tensor_map_check_box(map->type, map->box[0], map->swizzle_bytes));
    if ((uintptr_t)map->memory % TENSOR_MAP_ADDRESS_MULTIPLE)
        return status_fail(STATUS_NOT_COVERED, "its address %p is no multiple of %d bytes", map->memory,
                           TENSOR_MAP_ADDRESS_MULTIPLE);
    for (int i = 0; i < 3; i++) {
        if (!map->box[i] || map->box[i] > TENSOR_MAP_BOX_MAX)
            return status_fail(STATUS_BAD_DATA, "box[%d] is %u; it must lie in 1..%d", i, map->box[i],
                               TENSOR_MAP_BOX_MAX);
        if (!map->extent[i] || map->extent[i] > UINT64_C(1) << TENSOR_MAP_EXTENT_BITS)
            return status_fail(STATUS_NOT_COVERED, "dimension %d has %llu elements; it must have 1 to 2^%d",
                               i, (unsigned long long)map->extent[i], TENSOR_MAP_EXTENT_BITS);
        if (i) TRY(check_pitch(map, i));
    }
    return STATUS_OK;
}
