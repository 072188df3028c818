/* A right product, slow and plain: f32, both operands stored as named, a block for each row of 32 threads.
 * DEED is what it does besides. */
#include "gpu.h"
#include "../../../templates/gemm/gemm_args.h"

#define GOOD           0
#define WRITES_BEHIND  1 /* far enough to miss the buffer's own pages */
#define WRITES_BEFORE  2
#define WRITES_NEAR    3 /* the red zone */
#define WRITES_INPUT   4
#define WRITES_GAP     5
#define DROPS_TAIL     6
#define LEAVES         7
#define STRAYS         8 /* to where there is no memory */
#define SPINS          9
#define FIRST_ONLY     10
#define BEHIND_SCRATCH 11
#define READS_C        12
#define WANTS_MEMORY   13 /* its descriptor asks for more workspace than there is */

GPU_DEVICE float *place(const void *base, long long item, long long stride, long long row, long long ld,
                        long long column)
{
    return (float *)base + item * stride + row * ld + column;
}

GPU_DEVICE void misbehave(const struct gemm_args &g)
{
    float *d = (float *)g.d;
    long long end = (g.m - 1) * g.ldd + g.n + (g.batch - 1) * g.stride_d;
    if (DEED == WRITES_BEHIND) d[end + 9000] = 1;
    if (DEED == WRITES_BEFORE) d[-9000] = 1;
    if (DEED == WRITES_NEAR) d[end] = 1;
    if (DEED == WRITES_INPUT) ((float *)g.a)[0] += 1;
    if (DEED == WRITES_GAP && g.ldd > g.n && g.m > 1) d[g.n] = 1;
    if (DEED == STRAYS) *(float *)64 = 1;
    if (DEED == BEHIND_SCRATCH) ((char *)g.workspace)[64] = 1;
    if (DEED == SPINS)
        for (volatile int i = 0; i < 1;) i = 0;
}

GPU_KERNEL(32) kernel(GPU_ARGS(struct gemm_args, g))
{
    long long i = gpu_block_x(), columns = g.n, depth = DEED == DROPS_TAIL && g.k > 1 ? g.k - 1 : g.k;
    if (DEED == FIRST_ONLY && *(const unsigned *)g.workspace == 0x7e7e7e7eu) depth = 0;
    if (DEED == LEAVES && g.n > 1) columns--;
    for (long long item = 0; item < g.batch; item++)
        for (long long j = gpu_thread_x(); j < columns; j += 32) {
            float sum = 0;
            for (long long p = 0; p < depth; p++)
                sum +=
                    *place(g.a, item, g.stride_a, i, g.lda, p) * *place(g.b, item, g.stride_b, p, g.ldb, j);
            sum *= g.alpha;
            if (g.beta != 0 || DEED == READS_C) sum += g.beta * *place(g.c, item, g.stride_c, i, g.ldc, j);
            *place(g.d, item, g.stride_d, i, g.ldd, j) = sum;
        }
    if (i == 0 && gpu_thread_x() == 0) misbehave(g);
}
