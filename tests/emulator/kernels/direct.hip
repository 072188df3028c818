/* D = A.B in f32, both stored along k. A block of two waves computes 32 x 32 sums, 4 x 2 a thread. Tiles of
 * 32 lines of 16 floats come by loads to shared memory of VECTOR bytes a lane: a wave's load fills a piece of
 * the plane from its beginning on, so that a line's chunks of 16 bytes change places (with the line's number)
 * by what lanes read. While one stage is multiplied the other one is on its way, across barriers that order
 * shared memory only. Lines and columns outside repeat the last one that exists; what of k does not exist is
 * left out of the sums. */
#include "gemm/gemm_args.h"
#include "device/gpu.h"

#ifndef D_TYPE
#define D_TYPE DTYPE_F32
#endif
#ifndef VECTOR
#define VECTOR 4 /* bytes of a lane's load: 4, or 16 on gfx950 */
#endif

#define TILE        32
#define TILE_K      16
#define THREADS     128
#define PLANE_BYTES (TILE * TILE_K * 4)
#define WAVE_BYTES  (GPU_WAVE * VECTOR)                                   /* of a load */
#define LOADS       (2 * PLANE_BYTES / WAVE_BYTES / (THREADS / GPU_WAVE)) /* a wave's of a stage */

#include "product.h"

#if VECTOR == 16
#define LOAD gpu_load_to_shared16
#else
#define LOAD gpu_load_to_shared4
#endif

GPU_DEVICE int swizzled(int line, int chunk)
{
    return chunk ^ (line / 2 & 3);
}

/* What lies at byte `at` of a plane whose lines' first elements are `from`, pitch ld: the offset of it. */
GPU_DEVICE unsigned source(int at, long long ld, int inside, int depth)
{
    int line = at / 64, k = swizzled(line, at % 64 / 16) * 4 + at % 16 / 4;
    long long row = line < inside ? line : inside - 1, column = k < depth ? k : 0;
    return (unsigned)(4 * (row * ld + column));
}

/* Both planes of a stage, each wave one of them. */
GPU_DEVICE void load_stage(const struct gemm_args &args, const float *a, const float *b, long long k,
                           int rows, int columns, unsigned char *stage)
{
    int depth = lines_inside(args.k, k, TILE_K);
    bool is_a = gpu_wave() == 0;
    const float *from = (is_a ? a : b) + k;
    for (int i = 0; i < LOADS; i++) {
        int at = i * WAVE_BYTES;
        LOAD(stage + (is_a ? 0 : PLANE_BYTES) + at, from,
             source(at + (int)gpu_lane() * VECTOR, is_a ? args.lda : args.ldb, is_a ? rows : columns, depth));
    }
}

GPU_DEVICE float element(const unsigned char *plane, int line, int k)
{
    return gpu_float(gpu_load4(plane + line * 64 + swizzled(line, k / 4) * 16 + k % 4 * 4));
}

GPU_DEVICE void multiply(const unsigned char *stage, int y, int x, int depth, float (*sums)[2])
{
    for (int k = 0; k < depth; k++)
        for (int j = 0; j < 2; j++) {
            float b = element(stage + PLANE_BYTES, 2 * x + j, k);
            for (int i = 0; i < 4; i++) sums[i][j] = gpu_fma(element(stage, 4 * y + i, k), b, sums[i][j]);
        }
}

GPU_KERNEL(THREADS) direct(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    long long item = gpu_block_z(), row = (long long)gpu_block_y() * TILE,
              column = (long long)gpu_block_x() * TILE;
    const float *a = (const float *)args.a + item * args.stride_a + row * args.lda;
    const float *b = (const float *)args.b + item * args.stride_b + column * args.ldb;
    int rows = lines_inside(args.m, row, TILE), columns = lines_inside(args.n, column, TILE);
    int y = (int)gpu_thread_x() / 16, x = (int)gpu_thread_x() % 16;
    int tiles = (int)((args.k + TILE_K - 1) / TILE_K);
    float sums[4][2] = {};
    load_stage(args, a, b, 0, rows, columns, shared);
    for (int t = 0; t < tiles; t++) {
        unsigned char *stage = shared + t % 2 * 2 * PLANE_BYTES;
        if (t + 1 < tiles) {
            load_stage(args, a, b, (t + 1) * TILE_K, rows, columns, shared + (t + 1) % 2 * 2 * PLANE_BYTES);
            GPU_LOAD_TO_SHARED_WAIT(LOADS);
        } else {
            GPU_LOAD_TO_SHARED_WAIT(0);
        }
        gpu_barrier_shared(); /* the stage is there */
        multiply(stage, y, x, lines_inside(args.k, (long long)t * TILE_K, TILE_K), sums);
        gpu_barrier_shared(); /* nobody reads it any more */
    }
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 2; j++)
            if (4 * y + i < rows && 2 * x + j < columns)
                finish(args, item, row + 4 * y + i, column + 2 * x + j, sums[i][j]);
}
