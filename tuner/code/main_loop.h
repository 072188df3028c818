/* The loop that a CDNA kernel spends its time in, and what one turn of it asks of a wave's units. */
#ifndef TUNEBOOK_CODE_MAIN_LOOP_H
#define TUNEBOOK_CODE_MAIN_LOOP_H

#include "tuner/code/instruction.h"

struct main_loop {
    uint64_t begin, end; /* addresses: its first instruction, and the branch back */
    uint32_t counts[INSTRUCTION_KINDS];
    uint32_t instructions;
    uint32_t branches; /* besides the one back: both sides of each are counted */
    /* Cycles of the units, for one wave and one turn, without conflicts. */
    uint64_t matrix_cycles, vector_cycles, memory_cycles;
    uint64_t lds_cycles[2][LDS_WIDTHS]; /* [writes][width] */
    uint64_t lds_other_cycles;          /* exchanges of lanes, loads straight to LDS */
};

/* Of the loops with matrix instructions that hold no other such loop the one with the most matrix cycles.
 * STATUS_NOT_FOUND where no loop has any; STATUS_NOT_COVERED where an instruction or the target is not known.
 */
enum status main_loop_find(const char *target, const struct listing *listing, struct main_loop *out);

#endif
