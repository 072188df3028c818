/* Not hostile: one block for each row, with scratch that blocks must not share. */
#include "good.h"
CPU_KERNEL kernel(const struct gemm_args *g, const struct cpu_block *block)
{
    volatile float *sums = block->shared;
    long long i = block->index[0];
    for (long long j = 0; j < g->n && j < 64; j++) {
        sums[j] = 0;
        for (long long p = 0; p < g->k; p++)
            sums[j] += *at(g->a, 0, 0, i, g->lda, p) * *at(g->b, 0, 0, p, g->ldb, j);
        *at(g->d, 0, 0, i, g->ldd, j) = sums[j];
    }
}
