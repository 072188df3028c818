#include "good.h"
CPU_KERNEL kernel(const struct gemm_args *g, const struct cpu_block *block)
{
    (void)block;
    float before = *(float *)g->d;
    multiply(g);
    *(float *)g->d += before;
}
