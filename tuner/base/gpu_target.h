/* The GPU targets that code can be made for, with what an architecture fixes whatever the product. */
#ifndef TUNEBOOK_BASE_GPU_TARGET_H
#define TUNEBOOK_BASE_GPU_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/classes.h"
#include "tuner/base/facts.h"

enum gpu_vendor { GPU_VENDOR_AMD, GPU_VENDOR_NVIDIA };

struct gpu_target {
    const char *name; /* "gfx942", "sm_90a" */
    enum gpu_vendor vendor;
    uint32_t architecture; /* 0x942; 900, as __CUDA_ARCH__ */
    uint32_t wave_size;
    uint32_t lds_bytes; /* the most that one block can have */
};

enum { GPU_BLOCK_THREADS_MAX = 1024 }; /* of every GPU here */

const struct gpu_target *gpu_target_find(const char *name); /* NULL if unknown */
const struct gpu_target *gpu_target_table(size_t *n);

/* What expressions may know of a GPU of this target that is not here: the facts of a product (NULL: the first
 * in the table of classes; where that has none, what the architecture fixes, units and bandwidth 0). */
void gpu_target_facts(const struct gpu_target *target, const struct device_class *product,
                      struct device_facts *out);

#endif
