/* D = A.B by AMD's matrix instructions, both stored along k. A block of WAVES waves computes 32 x 32 sums a
 * wave, one above the other, as one tile of 32 x 32 or four of 16 x 16 (FORM). Tiles of 64 bytes of k go by
 * way of registers to shared memory, where a line's four chunks of 16 bytes change places with the line's
 * number, so that lanes that read one column of chunks meet in different banks. Two barriers a tile: one
 * before it is read, one before the next.
 *
 * A lane's operand of an instruction is 8 bytes of k of one line, whatever the type: 4 elements of 2 bytes,
 * or 8 of 1. Who holds what: AMD's matrix instruction calculator. */
#include "gemm/gemm_args.h"
#include "device/gpu.h"

#ifndef DTYPE_F8E4M3FNUZ
#define DTYPE_F8E4M3FNUZ 101
#endif
#ifndef DTYPE_I8
#define DTYPE_I8 102
#endif
#ifndef A_TYPE
#define A_TYPE DTYPE_F16
#endif
#ifndef D_TYPE
#define D_TYPE DTYPE_F32
#endif
#ifndef ALIGN_A
#define ALIGN_A 4
#endif
#ifndef ALIGN_B
#define ALIGN_B 4
#endif
#ifndef FORM
#define FORM 32 /* rows and columns of an instruction: 16 or 32 */
#endif
#ifndef WAVES
#define WAVES 2
#endif

#define TILE    32
#define THREADS (64 * WAVES)
#define LINE    64 /* bytes of a tile's line */
#define PLANE_A (TILE * WAVES * LINE)

#if A_TYPE == DTYPE_F16 || A_TYPE == DTYPE_BF16
typedef unsigned short in_t;
#else
typedef unsigned char in_t;
#endif
#define DEPTH (LINE / (int)sizeof(in_t)) /* elements of a line */
#define CHUNK (16 / (int)sizeof(in_t))

#if A_TYPE == DTYPE_F16
#define MFMA_16 gpu_mfma_f32_16x16x16_f16
#define MFMA_32 gpu_mfma_f32_32x32x8_f16
#elif A_TYPE == DTYPE_BF16
#define MFMA_16 gpu_mfma_f32_16x16x16_bf16
#define MFMA_32 gpu_mfma_f32_32x32x8_bf16
#elif A_TYPE == DTYPE_F8E4M3FNUZ
#define MFMA_16 gpu_mfma_f32_16x16x32_fp8
#define MFMA_32 gpu_mfma_f32_32x32x16_fp8
#else
#define MFMA_16 gpu_mfma_i32_16x16x32_i8
#define MFMA_32 gpu_mfma_i32_32x32x16_i8
#endif

#if FORM == 32
#define MFMA MFMA_32
#define STEP 16 /* bytes of k of an instruction */
#else
#define MFMA MFMA_16
#define STEP 32
#endif
#define SPLIT (TILE / FORM)      /* instructions along a side of a wave's tile */
#define HELD  (FORM * FORM / 64) /* sums of a lane in one of them */

#if A_TYPE == DTYPE_I8 && FORM == 32
typedef gpu_i32x16 sums_t;
#elif A_TYPE == DTYPE_I8
typedef gpu_i32x4 sums_t;
#elif FORM == 32
typedef gpu_f32x16 sums_t;
#else
typedef gpu_f32x4 sums_t;
#endif

#include "product.h"

GPU_DEVICE int swizzled(int line, int chunk)
{
    return line * LINE + (chunk ^ (line / 2 & 3)) * 16;
}

/* 16 bytes of which the first `count` elements exist; the rest are 0. */
template <int ALIGN> GPU_DEVICE gpu_u32x4 load_chunk(const in_t *from, int count)
{
    if (ALIGN >= 4 && count >= CHUNK) return gpu_load16(from);
    gpu_u32x4 x = {0, 0, 0, 0};
    for (int i = 0; i < CHUNK && i < count; i++)
        x[i * (int)sizeof(in_t) / 4] |= (unsigned)from[i] << i * sizeof(in_t) * 8 % 32;
    return x;
}

/* A plane of LINES lines, of which `inside` exist, `depth` elements of each. */
template <int LINES, int ALIGN>
GPU_DEVICE void load_plane(unsigned char *plane, const in_t *from, long long ld, int inside, int depth)
{
    for (int i = (int)gpu_thread_x(); i < LINES * 4; i += THREADS) {
        int line = i / 4, chunk = i % 4;
        int count = line < inside ? depth - chunk * CHUNK : 0;
        gpu_store16(plane + swizzled(line, chunk),
                    load_chunk<ALIGN>(from + line * ld + chunk * CHUNK, count));
    }
}

/* The lane's operand at byte `k` of the plane's lines from `first` on. */
GPU_DEVICE gpu_u32x2 fragment(const unsigned char *plane, int first, int k)
{
    int line = first + (int)gpu_lane() % FORM, at = k + (int)gpu_lane() / FORM * 8;
    return gpu_load8(plane + swizzled(line, at / 16) + at % 16);
}

GPU_DEVICE void multiply(const unsigned char *shared, sums_t (*sums)[SPLIT])
{
    for (int k = 0; k < LINE; k += STEP)
        for (int i = 0; i < SPLIT; i++) {
            gpu_u32x2 a = fragment(shared, (int)gpu_wave() * TILE + i * FORM, k);
            for (int j = 0; j < SPLIT; j++)
                sums[i][j] = MFMA(a, fragment(shared + PLANE_A, j * FORM, k), sums[i][j]);
        }
}

GPU_KERNEL(THREADS) mfma(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    long long item = gpu_block_z(), row = (long long)gpu_block_y() * TILE * WAVES;
    long long column = (long long)gpu_block_x() * TILE;
    const in_t *a = (const in_t *)args.a + item * args.stride_a + row * args.lda;
    const in_t *b = (const in_t *)args.b + item * args.stride_b + column * args.ldb;
    int rows = lines_inside(args.m, row, TILE * WAVES), columns = lines_inside(args.n, column, TILE);
    sums_t sums[SPLIT][SPLIT] = {};
    for (long long k = 0; k < args.k; k += DEPTH) {
        int depth = lines_inside(args.k, k, DEPTH);
        load_plane<TILE * WAVES, ALIGN_A>(shared, a + k, args.lda, rows, depth);
        load_plane<TILE, ALIGN_B>(shared + PLANE_A, b + k, args.ldb, columns, depth);
        gpu_barrier(); /* the tile is there */
        multiply(shared, sums);
        gpu_barrier(); /* nobody reads it any more */
    }
    int lane = (int)gpu_lane(), first = (int)gpu_wave() * TILE;
    for (int i = 0; i < SPLIT; i++)
        for (int j = 0; j < SPLIT; j++)
            for (int r = 0; r < HELD; r++) {
                int y = first + i * FORM + r / 4 * 8 + lane / FORM * 4 + r % 4, x = j * FORM + lane % FORM;
                if (y < rows && x < columns) finish(args, item, row + y, column + x, (float)sums[i][j][r]);
            }
}
