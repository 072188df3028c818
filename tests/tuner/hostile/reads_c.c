#include "good.h"
/* 0 times NaN is NaN. */
CPU_KERNEL kernel(const struct gemm_args *g, const struct cpu_block *block)
{
    (void)block;
    multiply(g);
    for (long long j = 0; g->beta == 0 && j < g->n; j++)
        *at(g->d, 0, 0, 0, g->ldd, j) += g->beta * *at(g->c, 0, 0, 0, g->ldc, j);
}
