/* How many blocks of a kernel a compute unit holds at once, and what keeps it from holding more. */
#ifndef TUNEBOOK_CODE_OCCUPANCY_H
#define TUNEBOOK_CODE_OCCUPANCY_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

/* What one block takes. */
struct occupancy_request {
    const char *target;        /* "gfx942", "sm_90a" */
    uint32_t registers;        /* vector registers of a thread, accumulators included */
    uint32_t scalar_registers; /* of a wave; 0: unknown, or no limit */
    uint32_t shared_bytes;     /* static and dynamic */
    uint32_t block_threads;
};

enum occupancy_limit {
    OCCUPANCY_WAVES, /* as many as the SIMDs can have: the kernel takes no more than its share */
    OCCUPANCY_REGISTERS,
    OCCUPANCY_SHARED,
    OCCUPANCY_BLOCKS /* barriers, or what else counts blocks */
};

/* All counts are those of `units` compute units, 2 where they come in pairs (WGP) that share blocks. */
struct occupancy {
    uint32_t units, simds;
    uint32_t waves_per_block;
    uint32_t blocks;         /* 0: not even one fits */
    uint32_t waves_per_simd; /* on the busiest one */
    enum occupancy_limit limit;
    uint32_t waves_by_registers;              /* of a SIMD: what its registers are enough for */
    uint32_t blocks_by[OCCUPANCY_BLOCKS + 1]; /* what each limit alone would admit; UINT32_MAX: any number */
};

/* STATUS_NOT_COVERED for a target that is not in occupancy.def. */
enum status occupancy_of(const struct occupancy_request *request, struct occupancy *out);

/* The same as a plain number for models: blocks at once per unit of the device (half a one where a block has
 * a pair of units to itself); 0 where none fits, negative where the target is unknown. */
double occupancy_blocks_per_unit(const char *target, uint32_t registers, uint32_t shared_bytes,
                                 uint32_t block_threads);

/* "2 waves per SIMD (2 blocks of 4 waves per unit), limited by LDS", or why none fits. */
void occupancy_print(const struct occupancy_request *request, const struct occupancy *occupancy, char *out,
                     size_t capacity);

/* The word for a limit: "registers", "LDS" (NVIDIA: "shared memory"), "waves", "blocks". */
const char *occupancy_limit_name(const char *target, enum occupancy_limit limit);

#endif
