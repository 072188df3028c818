/* A descriptor made ready to run: what the trial children measure with and the runtime library launches with,
 * so that the number in the book is the number of the same code path. */
#ifndef TUNEBOOK_LAUNCH_KERNEL_H
#define TUNEBOOK_LAUNCH_KERNEL_H

#include "db/schema.h"
#include "templates/op.h"
#include "tuner/device/device.h"

struct kernel;

/* Does the descriptor cover the problem on a device with these facts? Every clause is evaluated on the real
 * shape; compiled-in fields must be equal; alignments sufficient. On false *clause (may be NULL) is the text
 * of the clause that refused, valid as long as the descriptor. Pure, without allocation; bytecode is
 * validated. */
bool kernel_covers(const struct descriptor *descriptor, const struct problem *problem,
                   const struct device_facts *facts, const char **clause);

/* Loads the code (already hashed against descriptor->code by the caller) and resolves every entry now. Copies
 * what it needs of the descriptor. */
enum status kernel_load(const struct device_api *api, struct device *device,
                        const struct descriptor *descriptor, const void *code, size_t code_bytes,
                        struct kernel **out);
void kernel_unload(struct kernel *kernel);

/* As kernel_covers, on the loaded kernel. */
bool kernel_accepts(const struct kernel *kernel, const struct problem *problem, const char **clause);

enum {
    KERNEL_MAPS_MAX = DESCRIPTOR_MAPS_MAX,
    KERNEL_ARGS_ALIGNMENT = DEVICE_TENSOR_MAP_ALIGNMENT,
    KERNEL_MAPS_BYTES_MAX = KERNEL_MAPS_MAX * DEVICE_TENSOR_MAP_BYTES,
    KERNEL_ARGS_BYTES_MAX = OP_ARGS_BYTES_MAX + KERNEL_MAPS_BYTES_MAX
};

/* A tensor map of a launch, but for where its operand lies. */
struct kernel_map {
    bool present; /* false: nobody looks at it */
    uint8_t operand, swizzle_bytes;
    uint16_t box[2];
};

/* A launch bound to sizes: plain numbers, no pointers into anything but the kernel. */
struct kernel_launch {
    struct device_step steps[DEVICE_STEPS_MAX];
    uint32_t n_steps;
    uint32_t args_bytes; /* what the kernels' one parameter takes: the op's argument block, and */
    uint32_t n_maps;     /* where these are, padding to 64 bytes and 128 bytes each */
    struct kernel_map maps[KERNEL_MAPS_MAX];
    uint64_t workspace_bytes; /* the template's part, rounded up to 64 */
    uint64_t scratch_bytes;   /* the device's part behind it */
};

/* STATUS_NOT_COVERED with the clause; STATUS_BAD_DATA if an expression faults or a grid is out of range. No
 * allocation. */
enum status kernel_bind(const struct kernel *kernel, const struct problem *problem,
                        struct kernel_launch *out);

/* Makes the argument block whole: `args` begins with the op's, filled, and has room for launch->args_bytes
 * (at most KERNEL_ARGS_BYTES_MAX); its tensor maps are written behind. The problem is the one of kernel_bind.
 * STATUS_NOT_COVERED where an operand lies as no tensor map can describe. Launches and allocates nothing;
 * where the kernel has no maps it does nothing at all. */
enum status kernel_prepare(const struct kernel *kernel, const struct kernel_launch *launch,
                           const struct problem *problem, void *args);

/* The same for operands whose rows and batch are other than the op makes them of the problem: lengths that
 * stand on the device are known to the caller alone. */
enum status kernel_prepare_operands(const struct kernel *kernel, const struct kernel_launch *launch,
                                    const struct operand *operands, void *args);

/* Runs a bound launch with a prepared argument block of launch->args_bytes; `workspace` has workspace_bytes +
 * scratch_bytes, 64-byte aligned (may be NULL if both are 0). */
enum status kernel_run(const struct kernel *kernel, const struct kernel_launch *launch, const void *args,
                       uint32_t args_bytes, void *workspace, void *stream);

#endif
