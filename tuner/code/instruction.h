/* What one instruction of a CDNA kernel keeps busy, and for how long, without conflicts and waiting. */
#ifndef TUNEBOOK_CODE_INSTRUCTION_H
#define TUNEBOOK_CODE_INSTRUCTION_H

#include "tuner/code/listing.h"

enum instruction_kind {
    INSTRUCTION_MATRIX,
    INSTRUCTION_VECTOR,
    INSTRUCTION_SCALAR,
    INSTRUCTION_SCALAR_MEMORY,
    INSTRUCTION_LDS,
    INSTRUCTION_MEMORY, /* of vectors: global, buffer, flat, scratch */
    INSTRUCTION_BRANCH,
    INSTRUCTION_INTERNAL, /* waits, priorities, barriers: they take no turn of a unit */
    INSTRUCTION_KINDS
};

/* How many bytes a lane takes to or from LDS at once: a row of conflicts.h. */
enum lds_width { LDS_4, LDS_8, LDS_12, LDS_16, LDS_WIDTHS };

struct instruction {
    enum instruction_kind kind;
    /* Of the matrix unit, the vector unit, the path to the first cache, or LDS where it has banks to itself.
     */
    uint32_t cycles;
    enum lds_width width; /* LDS: of each of its `accesses` */
    uint32_t accesses;    /* LDS: 2 for read2 and write2; 0: no banks are read or written */
    bool writes;          /* LDS */
    uint32_t lds_cycles;  /* memory: what a load straight to LDS writes there */
};

/* STATUS_NOT_COVERED for a target without a table, or a matrix instruction that is not in it. */
enum status instruction_read(const char *target, const struct listed *listed, struct instruction *out);

/* Targets whose instructions are known: gfx90a, gfx942, gfx950. */
bool instruction_has_target(const char *target);

#endif
