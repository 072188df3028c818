/* Boxes of tensors, as the engine that moves them sees them: which bytes of global memory go where in shared
 * memory. Pure. */
#ifndef TUNEBOOK_EMULATOR_TENSOR_BOX_H
#define TUNEBOOK_EMULATOR_TENSOR_BOX_H

#include <stdbool.h>
#include <stdint.h>
#include "templates/device/emu_abi.h"

struct tensor_box {
    int32_t at[3]; /* elements; may lie outside */
};

uint32_t tensor_box_bytes(const struct emu_tensor_map *map);
/* NULL, or what is wrong with a map. */
const char *tensor_map_error(const struct emu_tensor_map *map);

/* ASSUMED: rows follow each other without gaps, also where they are narrower than the swizzle.
 *
 * Address bits 4 and on are crossed with bits 7 and on: one bit for 32, two for 64, three for 128 (CUDA
 * driver API, CUtensorMapSwizzle; PTX ISA, "Swizzling Modes"). The address is the one in the block's shared
 * memory. */
uint32_t swizzle_address(uint32_t address, uint32_t swizzle_bytes);

/* Rows of the box, in the order of shared memory. */
uint32_t tensor_box_rows(const struct emu_tensor_map *map);
/* The part of a row that is inside the tensor: its address, and which bytes of the row it is. False: none. */
bool tensor_box_row(const struct emu_tensor_map *map, const struct tensor_box *box, uint32_t row,
                    uint64_t *address, uint32_t *first, uint32_t *bytes);

#endif
