/* D = A.B in f32, both stored along k. A wave computes 8 elements of a row of D, four at a time: its lanes
 * take every GPU_WAVE-th k and add up what they have, by shuffles or through WAVE x 4 floats of shared memory
 * that belong to the wave, ordered by its own barriers. Waves do not wait for each other: one whose row does
 * not exist leaves at once. Steps of k at which the whole wave holds zeros of A cost one vote and no B. */
#include "gemm/gemm_args.h"
#include "device/gpu.h"

#ifndef D_TYPE
#define D_TYPE DTYPE_F32
#endif
#define REDUCE_SHUFFLE 0
#define REDUCE_SCRATCH 1
#ifndef REDUCE
#define REDUCE REDUCE_SHUFFLE /* how lanes add up: REDUCE_SHUFFLE or REDUCE_SCRATCH */
#endif

#define WAVES  2
#define ACROSS 4 /* columns at a time */
#define GROUPS 2

#include "product.h"

/* The lane's part of ACROSS columns, of which `columns` exist. */
GPU_DEVICE void accumulate(const float *a, const float *b, long long ldb, long long size, int columns,
                           float *sums)
{
    for (long long k = 0; k < size; k += GPU_WAVE) {
        long long mine = k + gpu_lane();
        float x = mine < size ? a[mine] : 0;
        if (!gpu_any(x != 0)) continue;
        for (int c = 0; c < ACROSS; c++)
            if (mine < size && c < columns) sums[c] = gpu_fma(x, b[c * ldb + mine], sums[c]);
    }
}

/* The wave's sum of column `lane`, in the first ACROSS lanes. */
#if REDUCE == REDUCE_SHUFFLE
GPU_DEVICE float reduce(const float *sums, float *)
{
    float result = 0;
    for (int c = 0; c < ACROSS; c++) {
        float x = sums[c];
        for (unsigned step = GPU_WAVE / 2; step > 0; step /= 2) x += gpu_shuffle_xor(x, step);
        if ((int)gpu_lane() == c) result = x;
    }
    return result;
}
#else
GPU_DEVICE float reduce(const float *sums, float *scratch)
{
    gpu_u32x4 mine;
    float result = 0;
    for (int c = 0; c < ACROSS; c++) mine[c] = gpu_bits(sums[c]);
    gpu_store16(scratch + gpu_lane() * ACROSS, mine);
    gpu_wave_barrier();
    if (gpu_lane() < ACROSS)
        for (int lane = 0; lane < GPU_WAVE; lane++) result += scratch[lane * ACROSS + gpu_lane()];
    gpu_wave_barrier(); /* the scratch may be written again */
    return result;
}
#endif

GPU_KERNEL(WAVES *GPU_WAVE) wave(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    float *scratch = (float *)shared + gpu_wave() * GPU_WAVE * ACROSS;
    long long item = gpu_block_z(), row = (long long)gpu_block_y() * WAVES + gpu_wave();
    if (row >= args.m) return;
    const float *a = (const float *)args.a + item * args.stride_a + row * args.lda;
    const float *b = (const float *)args.b + item * args.stride_b;
    for (int group = 0; group < GROUPS; group++) {
        long long column = ((long long)gpu_block_x() * GROUPS + group) * ACROSS;
        float sums[ACROSS] = {};
        int columns = column < args.n ? lines_inside(args.n, column, ACROSS) : 0;
        accumulate(a, b + column * args.ldb, args.ldb, args.k, columns, sums);
        float sum = reduce(sums, scratch);
        if ((int)gpu_lane() < columns) finish(args, item, row, column + gpu_lane(), sum);
    }
}
