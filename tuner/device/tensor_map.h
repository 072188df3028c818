/* What a tensor map can describe (device.h): said in words before a driver says no. The limits are those of
 * cuTensorMapEncodeTiled (CUDA driver API reference, "Tensor Map Object Management"). */
#ifndef TUNEBOOK_DEVICE_TENSOR_MAP_H
#define TUNEBOOK_DEVICE_TENSOR_MAP_H

#include "tuner/device/device.h"

enum {
    TENSOR_MAP_BOX_MAX = 256,
    TENSOR_MAP_SWIZZLE_MAX = 128,
    TENSOR_MAP_ADDRESS_MULTIPLE = 16,
    TENSOR_MAP_PITCH_MULTIPLE = 16,
    TENSOR_MAP_PITCH_BITS = 40,
    TENSOR_MAP_EXTENT_BITS = 32
};

/* What a template decides, STATUS_BAD_DATA: the element has 1, 2 or 4 bytes, the swizzle is one that there
 * is, and the box's inner side has a multiple of 16 bytes, no more than the swizzle. */
enum status device_tensor_map_check_box(enum dtype type, uint32_t inner, uint32_t swizzle_bytes);

/* All of it; what arguments decide (addresses, pitches, extents) is STATUS_NOT_COVERED. */
enum status device_tensor_map_check(const struct device_tensor_map *map);

#endif
