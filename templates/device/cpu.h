/* The CPU side of the kernel dialect: what a CPU kernel source may use. Header-free: no libc, no libm.
 *
 * A CPU kernel is a function  void ENTRY(const struct gemm_args *args, const struct cpu_block *block)
 * compiled into a shared object for one target. The launch grid is a set of independent blocks, each run by
 * one thread, in any order; two steps of one launch are separated by a barrier. `block->shared` is private
 * scratch of the thread for the time of one block, 64-byte aligned, of the manifest's `shared_bytes`; its
 * contents at entry are arbitrary.
 *
 * Defined by the compile command for every configuration, besides the parameters (-DTILE_M=64, strings as
 * -DSWIZZLE=SWIZZLE_XOR): A_TYPE B_TYPE D_TYPE (DTYPE_F32 ...), LAYOUT (LAYOUT_NN ...), ACT (ACT_NONE ...),
 * BIAS (0, 1). */
#ifndef TUNEBOOK_DEVICE_CPU_H
#define TUNEBOOK_DEVICE_CPU_H

#include "words.h"

#define CPU_ABI 1

struct cpu_block {
    unsigned index[3]; /* this block's place in the grid */
    unsigned grid[3];  /* blocks in each direction */
    void *shared;      /* scratch, private while this block runs */
    unsigned long long shared_bytes;
};

#define CPU_KERNEL __attribute__((visibility("default"))) void

#endif
