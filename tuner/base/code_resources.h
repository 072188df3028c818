/* What a compiled kernel takes of a compute unit, as its code object says without having run. */
#ifndef TUNEBOOK_BASE_CODE_RESOURCES_H
#define TUNEBOOK_BASE_CODE_RESOURCES_H

#include <stdint.h>

/* 0 where the code object does not say; what has no meaning for a vendor is 0 there. */
struct code_resources {
    uint32_t registers;    /* vector registers of a thread, accumulators included */
    uint32_t shared_bytes; /* static; a launch may ask for more */
    uint32_t spill_bytes;  /* vector registers of a thread that live in memory (NVIDIA: its stack frame) */
    uint32_t accumulators; /* AMD: of the registers, those only matrix instructions use directly */
    uint32_t scalar_registers;  /* AMD: of a wave */
    uint32_t scalar_spills;     /* AMD: scalar registers that live elsewhere */
    uint32_t private_bytes;     /* AMD: scratch memory of a thread, spills and arrays */
    uint32_t wave_size;         /* AMD */
    uint32_t max_block_threads; /* AMD: the largest block that it was compiled for */
};

#endif
