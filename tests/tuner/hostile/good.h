/* A right product, slow and plain: f32, both operands stored as named, one block. Each hostile kernel spoils
 * it in its own way. */
#include "../../../templates/device/cpu.h"
#include "../../../templates/gemm/gemm_args.h"

static inline float *at(const void *base, long long item, long long stride, long long row, long long ld,
                        long long column)
{
    return (float *)base + item * stride + row * ld + column;
}

static inline void multiply_to(const struct gemm_args *g, long long columns, long long depth)
{
    for (long long b = 0; b < g->batch; b++)
        for (long long i = 0; i < g->m; i++)
            for (long long j = 0; j < columns; j++) {
                float sum = 0;
                for (long long p = 0; p < depth; p++)
                    sum += *at(g->a, b, g->stride_a, i, g->lda, p) * *at(g->b, b, g->stride_b, p, g->ldb, j);
                sum *= g->alpha;
                if (g->beta != 0) sum += g->beta * *at(g->c, b, g->stride_c, i, g->ldc, j);
                *at(g->d, b, g->stride_d, i, g->ldd, j) = sum;
            }
}

static inline void multiply(const struct gemm_args *g)
{
    multiply_to(g, g->n, g->k);
}

/* Right, and then `after`. */
#define KERNEL(...)                                                             \
    CPU_KERNEL kernel(const struct gemm_args *g, const struct cpu_block *block) \
    {                                                                           \
        (void)block;                                                            \
        multiply(g);                                                            \
        __VA_ARGS__;                                                            \
    }
