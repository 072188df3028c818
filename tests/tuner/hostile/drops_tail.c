#include "good.h"
CPU_KERNEL kernel(const struct gemm_args *g, const struct cpu_block *block)
{
    (void)block;
    multiply_to(g, g->n, g->k > 8 ? g->k / 8 * 8 : g->k);
}
