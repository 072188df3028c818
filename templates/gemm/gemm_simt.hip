/* The GEMM that every GPU runs: products by plain fused multiply-adds, one source for every target.
 *
 * A block computes TILE_M x TILE_N sums of one batch item and one slice of k; with a glu half of its columns
 * are gates and half the values that belong to them. It walks along k in steps of TILE_K:
 *
 *     memory -> registers   each thread's share of A's and B's next tile, in accesses of up to VECTOR_A and
 *                           VECTOR_B bytes; what lies outside a matrix is not read and counts as 0
 *     -> shared memory      as floats, k by k (gemm_simt_stage.h); SHARED says how writes avoid each
 *                           other's banks. STAGES buffers: with 1 there are two barriers a tile, with 2 one.
 *                           With COPY_ASYNC (f32) the registers are left out and STAGES - 1 tiles are on
 *                           their way at once
 *     -> registers          for each k a column of THREAD_M and a row of THREAD_N floats, in runs of up to
 *                           four, 16 bytes a read; UNROLL_K steps between two tests of the loop
 *     -> sums               THREAD_M * THREAD_N of them, in registers until the slice ends
 *                           (gemm_simt_sums.h)
 *
 * Then the epilogue (gemm_gpu_epilogue.h) and D. Where the grid's y is more than 1, k is split among as many
 * blocks: SPLIT_MODE_SLICES gives each a place in the workspace, SPLIT_MODE_ATOMICS adds them up in one that
 * was zeroed, and gemm_simt_reduce sums the slices in order, applies the epilogue and writes D. SPLIT_K is
 * how many, 0: as many as fill the device. GROUP_M row tiles are taken column by column, so that blocks that
 * run together share A and B in the second-level cache.
 *
 * The floor: A, B and D once through memory, and 2 m n k operations. A block reads (TILE_M + TILE_N) * k
 * elements for TILE_M * TILE_N * k multiply-adds, a thread THREAD_M + THREAD_N floats of shared memory for
 * THREAD_M * THREAD_N. */
#include "gemm_args.h"
#include "../device/gpu.h"

/* --- the operation --- */

#ifndef A_TYPE
#define A_TYPE DTYPE_F32 /* DTYPE_F32, DTYPE_F16 or DTYPE_BF16; B_TYPE is the same */
#endif
#ifndef B_TYPE
#define B_TYPE A_TYPE
#endif
#ifndef D_TYPE
#define D_TYPE A_TYPE /* any of the three: D, C and bias */
#endif
#ifndef LAYOUT
#define LAYOUT LAYOUT_NN
#endif
#ifndef ACT
#define ACT ACT_NONE
#endif
#ifndef BIAS
#define BIAS 0
#endif
#ifndef ALIGN_A
#define ALIGN_A 2 /* log2 of the bytes that address and pitch are multiples of */
#endif
#ifndef ALIGN_B
#define ALIGN_B 2
#endif
#ifndef ALIGN_C
#define ALIGN_C 2
#endif
#ifndef ALIGN_D
#define ALIGN_D 2
#endif

/* --- the configuration --- */

#define COPY_REGISTERS     0
#define COPY_ASYNC         1
#define SHARED_PAD         0
#define SHARED_SWIZZLE     1
#define WAVE_SHAPE_ROWS    0
#define WAVE_SHAPE_SQUARE  1
#define SPLIT_MODE_SLICES  0
#define SPLIT_MODE_ATOMICS 1

#ifndef TILE_M
#define TILE_M 64 /* a power of two from 4 on, as all of these */
#endif
#ifndef TILE_N
#define TILE_N 64 /* from 16 on */
#endif
#ifndef TILE_K
#define TILE_K 16 /* from 8 on */
#endif
#ifndef THREAD_M
#define THREAD_M 8 /* 1 to 8 */
#endif
#ifndef THREAD_N
#define THREAD_N 4 /* 1 to 8; 2 to 8 with a glu */
#endif
#ifndef STAGES
#define STAGES 2 /* 1 or 2; with COPY_ASYNC 2 or more */
#endif
#ifndef COPY
#define COPY COPY_REGISTERS
#endif
#ifndef VECTOR_A
#define VECTOR_A 16 /* bytes, at most: 4, 8 or 16; ALIGN_A limits it too */
#endif
#ifndef VECTOR_B
#define VECTOR_B 16
#endif
#ifndef SHARED
#define SHARED SHARED_PAD
#endif
#ifndef WAVE_SHAPE
#define WAVE_SHAPE WAVE_SHAPE_ROWS
#endif
#ifndef UNROLL_K
#define UNROLL_K 8 /* divides TILE_K */
#endif
#ifndef SPLIT_K
#define SPLIT_K 0 /* 1: never split, which leaves that code out */
#endif
#ifndef SPLIT_MODE
#define SPLIT_MODE SPLIT_MODE_SLICES
#endif
#ifndef GROUP_M
#define GROUP_M 8
#endif

#define GLU       (ACT >= ACT_REGLU)
#define THREADS_M (TILE_M / THREAD_M)
#define THREADS_N (TILE_N / THREAD_N)
#define THREADS   (THREADS_M * THREADS_N)

#include "gemm_simt_stage.h"

#define A_ALONG_K    (LAYOUT == LAYOUT_NN || LAYOUT == LAYOUT_NT)
#define B_ALONG_K    (LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_TT)
#define APART(along) (COPY == COPY_ASYNC && (along)) /* copied element by element */
#define BYTES_A      (APART(A_ALONG_K) ? 4 : LEAST(VECTOR_A, 1 << ALIGN_A))
#define BYTES_B      (APART(B_ALONG_K) ? 4 : LEAST(VECTOR_B, 1 << ALIGN_B))

typedef struct side<TILE_M, A_ALONG_K, BYTES_A, 1> side_a;
typedef struct side<TILE_N, B_ALONG_K, BYTES_B, (GLU ? 2 : 1)> side_b;

#define STAGE_FLOATS (side_a::FLOATS + side_b::FLOATS)
#define ROW_RUN      LEAST(THREAD_M, 4)
#define COLUMN_RUN   LEAST(GLU ? THREAD_N / 2 : THREAD_N, 4)
#define VALUES       (GLU ? THREAD_N / 2 : 0)    /* of a thread's sums, the first value's place */
#define TILE_COLUMNS (GLU ? TILE_N / 2 : TILE_N) /* of D */

static_assert(A_TYPE == B_TYPE, "one type for A and B");
static_assert(THREAD_M <= TILE_M && THREAD_N <= TILE_N && THREADS % 64 == 0, "whole waves");
static_assert(!GLU || THREAD_N >= 2, "a thread has a gate and its value");
static_assert(TILE_K % UNROLL_K == 0, "UNROLL_K divides TILE_K");
static_assert(COPY == COPY_ASYNC ? A_TYPE == DTYPE_F32 && STAGES >= 2 : STAGES <= 2,
              "stages as copies allow");
static_assert(WAVE_SHAPE == WAVE_SHAPE_ROWS || (THREADS_N >= 8 && THREADS_M >= GPU_WAVE / 8),
              "room for a square");

#include "gemm_simt_sums.h"
#include "gemm_gpu_tiles.h"
#include "gemm_gpu_epilogue.h"
#include "gemm_gpu_split.h"

/* Where a block's sums belong, and which tiles of k they take. */
struct work {
    long long item, row, column; /* column: of D */
    struct range range;
};

/* Tile number `tile` of an item. */
GPU_DEVICE struct work work_of(const struct gemm_args &args, long long item, long long tile)
{
    struct work work;
    struct tile_place<long long> place = tile_place_of(tile, tiles_along(args.m, TILE_M),
                                                       tiles_along(GLU ? args.n / 2 : args.n, TILE_COLUMNS));
    work.item = item;
    work.row = place.row * TILE_M;
    work.column = place.column * TILE_COLUMNS;
    long long tiles = tiles_along(args.k, TILE_K), slices = SPLIT_K == 1 ? 1 : gpu_grid_y();
    long long slice = SPLIT_K == 1 ? 0 : gpu_block_y();
    long long first = divide(tiles * slice, slices);
    work.range.first = first * TILE_K;
    work.range.k = args.k;
    work.range.tiles = (int)(divide(tiles * (slice + 1), slices) - first);
    return work;
}

template <class S> GPU_DEVICE int lines_inside(long long size, long long first)
{
    return size - first < S::PART ? (int)(size - first) : S::PART;
}

GPU_DEVICE struct operand operand_a(const struct gemm_args &args, const struct work &work)
{
    struct operand a;
    a.first = (const in_t *)args.a + work.item * args.stride_a + work.row * (A_ALONG_K ? args.lda : 1);
    a.ld = args.lda;
    a.jump = 0;
    a.lines = lines_inside<side_a>(args.m, work.row);
    a.vectors = true;
    return a;
}

/* A glu's values begin n/2 columns on, where a vector of columns need not be aligned. */
GPU_DEVICE struct operand operand_b(const struct gemm_args &args, const struct work &work)
{
    struct operand b;
    long long half = args.n / 2;
    b.first = (const in_t *)args.b + work.item * args.stride_b + work.column * (B_ALONG_K ? args.ldb : 1);
    b.ld = args.ldb;
    b.jump = (half - side_b::PART) * (B_ALONG_K ? args.ldb : 1);
    b.lines = lines_inside<side_b>(GLU ? half : args.n, work.column);
    b.vectors = !GLU || B_ALONG_K || half % side_b::VECTOR == 0;
    return b;
}

/* --- to D or to the workspace --- */

GPU_DEVICE void finish(const struct gemm_args &args, const struct work &work, int y, int x,
                       const float (*sums)[THREAD_N])
{
    struct output out = output_of(args, work.item);
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        long long row = work.row + row_within(i, y);
        if (row >= args.m) continue;
        GPU_UNROLL
        for (int j = 0; j < THREAD_N - VALUES; j += COLUMN_RUN)
            output_run<COLUMN_RUN>(&out, row, work.column + column_within(j, x), sums[i] + j,
                                   sums[i] + VALUES + j);
    }
}

GPU_DEVICE void finish_partial(const struct gemm_args &args, const struct work &work, int y, int x,
                               const float (*sums)[THREAD_N])
{
    bool added = SPLIT_MODE == SPLIT_MODE_ATOMICS;
    struct partial out = partial_of(args, work.item, added ? 1 : gpu_grid_y());
    float *slice = out.first + (added ? 0 : gpu_block_y() * out.slice);
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        long long row = work.row + row_within(i, y);
        if (row >= args.m) continue;
        GPU_UNROLL
        for (int j = 0; j < THREAD_N - VALUES; j += COLUMN_RUN) {
            long long column = work.column + column_within(j, x);
            if (column >= out.half) continue;
            partial_run<COLUMN_RUN>(slice + row * out.pitch + column, sums[i] + j);
            if (GLU)
                partial_run<COLUMN_RUN>(slice + row * out.pitch + out.half + column, sums[i] + VALUES + j);
        }
    }
}

/* Grid: tiles, slices of k, batch items. More tiles or items than the grid has are taken in turns. */
GPU_KERNEL(THREADS) gemm_simt(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    long long tiles = tiles_along(args.m, TILE_M) * tiles_along(GLU ? args.n / 2 : args.n, TILE_COLUMNS);
    int y, x;
    thread_place(&y, &x);
    for (long long item = gpu_block_z(); item < args.batch; item += gpu_grid_z()) {
        for (long long tile = gpu_block_x(); tile < tiles; tile += gpu_grid_x()) {
            struct work work = work_of(args, item, tile);
            float sums[THREAD_M][THREAD_N];
            GPU_UNROLL
            for (int i = 0; i < THREAD_M; i++) {
                GPU_UNROLL
                for (int j = 0; j < THREAD_N; j++) sums[i][j] = 0;
            }
            accumulate(operand_a(args, work), operand_b(args, work), work.range, (float *)shared, y, x, sums);
            if (SPLIT_K == 1 || gpu_grid_y() == 1)
                finish(args, work, y, x, sums);
            else
                finish_partial(args, work, y, x, sums);
        }
    }
}

/* D from the slices' sums, four columns a thread. The grid's y is the number of slices, as above. */
GPU_KERNEL(REDUCE_THREADS) gemm_simt_reduce(GPU_ARGS(struct gemm_args, args))
{
    reduce_partial(args, SPLIT_MODE == SPLIT_MODE_ATOMICS ? 1 : gpu_grid_y());
}
