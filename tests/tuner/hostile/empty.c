/* Does nothing: what is left is the cost of a launch. */
#include "good.h"
CPU_KERNEL kernel(const struct gemm_args *g, const struct cpu_block *block)
{
    (void)g, (void)block, (void)multiply;
}
