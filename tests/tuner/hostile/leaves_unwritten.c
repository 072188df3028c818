#include "good.h"
CPU_KERNEL kernel(const struct gemm_args *g, const struct cpu_block *block)
{
    (void)block;
    multiply_to(g, g->n > 1 ? g->n - 1 : 1, g->k);
}
