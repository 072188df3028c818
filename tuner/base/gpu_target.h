/* The GPU targets that code can be made for, with what an architecture fixes whatever the product. */
#ifndef TUNEBOOK_BASE_GPU_TARGET_H
#define TUNEBOOK_BASE_GPU_TARGET_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/classes.h"
#include "tuner/base/facts.h"
#include "tuner/base/status.h"

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

/* A target as AMD's driver and compilers write it, with what a device is set to behind the name:
 * "gfx942:sramecc+:xnack-" (LLVM's AMDGPU user guide, "Target ID" and "Target Features"). A code object that
 * is compiled for the name alone, as all of ours are, can be loaded and executed under either setting since
 * code object version 4; one that was compiled for a setting is for devices with that setting only. Timings
 * under xnack+, where a wave may be replayed after a page fault, are not those under xnack-. */
enum gpu_setting { GPU_SETTING_UNSAID, GPU_SETTING_OFF, GPU_SETTING_ON };
struct gpu_target_id {
    const struct gpu_target *target;
    enum gpu_setting sramecc, xnack;
};

/* Splits it. STATUS_USAGE with a line that says what is wrong and what would be right: an unknown target or
 * feature with its nearest, a feature that this target has not, one that is given twice. */
enum status gpu_target_parse(const char *text, struct gpu_target_id *out);

/* What expressions may know of a GPU of this target that is not here: the facts of a product (NULL: the first
 * in the table of classes; where that has none, what the architecture fixes, units and bandwidth 0). */
void gpu_target_facts(const struct gpu_target *target, const struct device_class *product,
                      struct device_facts *out);

#endif
