#include "good.h"
static inline int unused(const struct gemm_args *g)
{
    multiply(g);
    return 0;
}
CPU_KERNEL another(void)
{
    (void)unused;
}
