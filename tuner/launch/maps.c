/* The tensor maps of a launch: what the descriptor says of boxes, the problem of extents, and the op's
 * argument block of where operands lie. */
#include "tuner/device/tensor_map.h"
#include "tuner/launch/kernel_state.h"

#include <string.h>

static uint64_t round_up(uint64_t value, uint64_t multiple)
{
    return (value + multiple - 1) / multiple * multiple;
}

static uint32_t maps_offset(const struct kernel *kernel)
{
    return (uint32_t)round_up(kernel->op->args_bytes, KERNEL_ARGS_ALIGNMENT);
}

/* ---- bound to sizes ---- */

static enum status bind_map(const struct map *map, const struct operand *operand, const int64_t *values,
                            struct kernel_map *out)
{
    int64_t box[2], swizzle = 0, present = 1;
    if (!map->always) TRY(bind_number(&map->when, values, "when", INT64_MIN, INT64_MAX, &present));
    *out = (struct kernel_map){.operand = (uint8_t)map->operand};
    if (!present) return STATUS_OK;
    for (int i = 0; i < 2; i++) {
        const char *what = i ? "box[1]" : "box[0]";
        TRY(bind_number(&map->box[i], values, what, 1, TENSOR_MAP_BOX_MAX, &box[i]));
        out->box[i] = (uint16_t)box[i];
    }
    if (map->swizzle.size)
        TRY(bind_number(&map->swizzle, values, "swizzle", 0, TENSOR_MAP_SWIZZLE_MAX, &swizzle));
    out->present = true;
    out->swizzle_bytes = (uint8_t)swizzle;
    return device_tensor_map_check_box(operand->type, (uint32_t)box[0], (uint32_t)swizzle);
}

enum status bind_maps(const struct kernel *kernel, const struct problem *problem, const int64_t *values,
                      struct kernel_launch *out)
{
    struct operand operands[OP_OPERANDS_MAX];
    out->args_bytes = (uint32_t)kernel->op->args_bytes;
    if (!kernel->n_maps) return STATUS_OK;
    unsigned n = kernel->op->operands(problem, operands);
    for (uint32_t i = 0; i < kernel->n_maps; i++) {
        const struct map *map = &kernel->maps[i];
        if ((unsigned)map->operand >= n) continue; /* the problem has no such operand */
        enum status status = bind_map(map, &operands[map->operand], values, &out->maps[i]);
        if (status != STATUS_OK)
            return status_prefix(status, "tensor map of %s", operands[map->operand].name);
    }
    out->n_maps = kernel->n_maps;
    out->args_bytes = maps_offset(kernel) + kernel->n_maps * DEVICE_TENSOR_MAP_BYTES;
    return STATUS_OK;
}

/* ---- with the operands' places ---- */

static int64_t load(const void *args, size_t offset, int64_t otherwise)
{
    int64_t value = otherwise;
    if (offset) memcpy(&value, (const char *)args + offset, sizeof value);
    return value;
}

/* As many as a map can name: a pitch behind them has to fit, too. */
static uint64_t most_rows(uint64_t pitch_bytes)
{
    uint64_t rows = pitch_bytes ? ((UINT64_C(1) << TENSOR_MAP_PITCH_BITS) - 1) / pitch_bytes : 1;
    return rows < INT32_MAX ? rows : INT32_MAX;
}

/* Of a dimension with one element the pitch is nobody's: it becomes the tightest there can be. Items that all
 * lie in one place (a batch stride of 0) are one item. */
static void describe(const struct kernel_map *map, const struct operand *operand, const void *args,
                     struct device_tensor_map *out)
{
    int64_t element = dtype_bytes(operand->type);
    int64_t pitch = load(args, operand->pitch_offset, operand->pitch);
    int64_t stride = load(args, operand->batch_stride_offset, operand->batch_stride);
    bool rows = operand->rows > 1 || operand->rows_unknown, items = operand->batch > 1 && stride != 0;
    *out = (struct device_tensor_map){
        .type = operand->type,
        .extent = {(uint64_t)operand->columns, (uint64_t)operand->rows, items ? (uint64_t)operand->batch : 1},
        .box = {map->box[0], map->box[1], 1},
        .swizzle_bytes = map->swizzle_bytes};
    memcpy(&out->memory, (const char *)args + operand->pointer_offset, sizeof out->memory);
    uint64_t *pitch_bytes = out->pitch_bytes;
    pitch_bytes[0] = (uint64_t)element;
    pitch_bytes[1] = rows ? (uint64_t)(pitch * element)
                          : round_up((uint64_t)(operand->columns * element), TENSOR_MAP_PITCH_MULTIPLE);
    if (operand->rows_unknown) out->extent[1] = most_rows(pitch_bytes[1]);
    pitch_bytes[2] = items ? (uint64_t)(stride * element) : pitch_bytes[1] * out->extent[1];
}

static enum status prepare_map(const struct kernel *kernel, const struct kernel_map *map,
                               const struct operand *operand, const void *args, void *out)
{
    _Alignas(DEVICE_TENSOR_MAP_ALIGNMENT) unsigned char encoded[DEVICE_TENSOR_MAP_BYTES] = {0};
    struct device_tensor_map view;
    describe(map, operand, args, &view);
    if (view.memory) {
        enum status status = device_tensor_map_check(&view);
        if (status == STATUS_OK) status = kernel->api->tensor_map(kernel->device, &view, encoded);
        if (status != STATUS_OK) return status_prefix(status, "tensor map of %s", operand->name);
    }
    memcpy(out, encoded, sizeof encoded);
    return STATUS_OK;
}

enum status kernel_prepare_operands(const struct kernel *kernel, const struct kernel_launch *launch,
                                    const struct operand *operands, void *args)
{
    size_t used = kernel->op->args_bytes, offset = maps_offset(kernel);
    if (!launch->n_maps) return STATUS_OK;
    memset((char *)args + used, 0, launch->args_bytes - used);
    for (uint32_t i = 0; i < launch->n_maps; i++, offset += DEVICE_TENSOR_MAP_BYTES) {
        const struct kernel_map *map = &launch->maps[i];
        if (!map->present) continue;
        TRY(prepare_map(kernel, map, &operands[map->operand], args, (char *)args + offset));
    }
    return STATUS_OK;
}

enum status kernel_prepare(const struct kernel *kernel, const struct kernel_launch *launch,
                           const struct problem *problem, void *args)
{
    struct operand operands[OP_OPERANDS_MAX];
    if (!launch->n_maps) return STATUS_OK;
    kernel->op->operands(problem, operands);
    return kernel_prepare_operands(kernel, launch, operands, args);
}
