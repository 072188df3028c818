#include "good.h"
CPU_KERNEL kernel(const struct gemm_args *g, const struct cpu_block *block)
{
    (void)block;
    struct gemm_args tight = *g;
    tight.lda = g->k;
    multiply(&tight);
}
