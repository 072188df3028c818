/* Tensor maps as emulated kernels read them. */
#include <string.h>
#include "templates/device/emu_abi.h"
#include "tuner/device/tensor_map.h"
#include "tuner/emulator/emulator.h"

_Static_assert(sizeof(struct emu_tensor_map) == DEVICE_TENSOR_MAP_BYTES, "of the size that kernels expect");

enum status emulator_tensor_map(const struct device_tensor_map *map, void *out)
{
    struct emu_tensor_map made = {.magic = EMU_TENSOR_MAP,
                                  .element_bytes = dtype_bytes(map->type),
                                  .swizzle_bytes = map->swizzle_bytes,
                                  .address = (uintptr_t)map->memory};
    TRY(device_tensor_map_check(map));
    for (int i = 0; i < 3; i++) {
        made.box[i] = map->box[i];
        made.extent[i] = map->extent[i];
        made.pitch_bytes[i] = map->pitch_bytes[i];
    }
    memcpy(out, &made, sizeof made);
    return STATUS_OK;
}
