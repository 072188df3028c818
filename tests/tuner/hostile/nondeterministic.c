#include "good.h"
/* Every other call sums from the other end: exact for integers, another rounding for the rest. */
static int calls;
CPU_KERNEL kernel(const struct gemm_args *g, const struct cpu_block *block)
{
    (void)block;
    multiply(g);
    if (calls++ % 2) return;
    for (long long i = 0; i < g->m; i++)
        for (long long j = 0; j < g->n; j++) {
            if (g->beta != 0 || g->batch > 1) return;
            float sum = 0;
            for (long long p = g->k; p-- > 0;)
                sum += *at(g->a, 0, 0, i, g->lda, p) * *at(g->b, 0, 0, p, g->ldb, j);
            *at(g->d, 0, 0, i, g->ldd, j) = sum * g->alpha;
        }
}
