/* Banks of LDS: how many cycles an access of a wave takes, by the addresses that its lanes name.
 *
 * An access is taken in phases, groups of lanes that the banks could serve in one cycle if each had to give
 * one word. A phase takes as many cycles as the busiest bank has different words to give. Which lanes make a
 * phase depends on the width; sources are in conflicts.c. */
#ifndef TUNEBOOK_CODE_CONFLICTS_H
#define TUNEBOOK_CODE_CONFLICTS_H

#include <stdbool.h>
#include <stdint.h>
#include "tuner/code/instruction.h"

enum { CONFLICT_LANES = 64, CONFLICT_NO_ACCESS = -1 };

/* What the accesses of one kind took, and would have taken without conflicts. */
struct conflict_part {
    uint64_t accesses, cycles, least_cycles;
};

struct conflicts {
    struct conflict_part parts[2][LDS_WIDTHS]; /* [writes][width] */
};

/* Cycles of one access by a wave: `offsets` in LDS by lane, CONFLICT_NO_ACCESS for a lane that takes no part,
 * a multiple of 4 else where `lane_bytes` is. STATUS_NOT_COVERED for a target whose banks are not known. */
enum status conflict_cycles(const char *target, bool writes, uint32_t lane_bytes,
                            const int64_t offsets[CONFLICT_LANES], uint32_t *cycles, uint32_t *least_cycles);

/* How much longer accesses of this kind take than without conflicts: 1 where there are none. A width that was
 * not seen is like its direction's others, together. */
double conflict_factor(const struct conflicts *conflicts, bool writes, enum lds_width width);

#endif
