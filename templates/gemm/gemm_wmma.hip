/* The GEMM of AMD's matrix instructions of 32 lanes (WMMA): f16, bf16, i8 and OCP's f8e4m3, on RDNA 3, RDNA 4
 * and MI400.
 *
 * A block computes TILE_M x TILE_N sums of one batch item; with a glu half of its columns are gates and half
 * the values that belong to them. Its WAVES_M x WAVES_N waves share them out evenly. It walks along k in
 * steps of TILE_K:
 *
 *     memory -> registers       16 bytes a lane and load                                  (gemm_amd_stage.h)
 *     -> shared memory          line by line along k, padded or swizzled
 *     -> registers -> sums      16 bytes of k a lane and read, products of 16 x 16        (gemm_wmma_sums.h)
 *
 * gemm_wmma_pipe.h says what happens beside what, gemm_gpu_stream.h and gemm_gpu_tiles.h which block computes
 * what, and gemm_amd_finish.h how sums become D. docs/kernels/gemm_wmma.md has the arithmetic behind it. */
#include "gemm_args.h"
#include "../device/gpu.h"

/* --- the operation --- */

#ifndef A_TYPE
#define A_TYPE                                                                                   \
    DTYPE_F16 /* DTYPE_F16, DTYPE_BF16, DTYPE_I8; from gfx12 on DTYPE_F8E4M3; B_TYPE is the same \
               */
#endif
#ifndef B_TYPE
#define B_TYPE A_TYPE
#endif
#ifndef D_TYPE
#define D_TYPE DTYPE_F16 /* DTYPE_F32, DTYPE_F16 or DTYPE_BF16: D, C and bias */
#endif
#ifndef LAYOUT
#define LAYOUT LAYOUT_NT
#endif
#ifndef ACT
#define ACT ACT_NONE
#endif
#ifndef BIAS
#define BIAS 0
#endif
#ifndef ALIGN_A
#define ALIGN_A 4 /* log2 of the bytes that address and pitch are multiples of */
#endif
#ifndef ALIGN_B
#define ALIGN_B 4
#endif
#ifndef ALIGN_C
#define ALIGN_C 4
#endif
#ifndef ALIGN_D
#define ALIGN_D 4
#endif

/* --- the configuration --- */

#define SHARED_PAD          0
#define SHARED_SWIZZLE      1
#define EPILOGUE_DIRECT     0
#define EPILOGUE_SHARED     1
#define FETCH_REGISTERS     0
#define FETCH_DIRECT        1
#define PIPELINE_FREE       0
#define PIPELINE_SLICES     1
#define SCHEDULE_GRID       0
#define SCHEDULE_PERSISTENT 1
#define SCHEDULE_STREAM     2
#define SPLIT_MODE_SLICES   0
#define SPLIT_MODE_ATOMICS  1

#ifndef TILE_M
#define TILE_M 64 /* a multiple of 16 * WAVES_M */
#endif
#ifndef TILE_N
#define TILE_N 64 /* a multiple of 16 * WAVES_N, with a glu of twice that */
#endif
#ifndef TILE_K
#define TILE_K 64 /* 32 to 256 bytes, of whole slices (gemm_wmma_sums.h) */
#endif
#ifndef WAVES_M
#define WAVES_M 2 /* 1, 2, 4 or 8 */
#endif
#ifndef WAVES_N
#define WAVES_N 2
#endif
#ifndef SHARED
#define SHARED SHARED_SWIZZLE
#endif
#ifndef BUFFERS
#define BUFFERS 1 /* 1 or 2 */
#endif
#ifndef FRAGMENTS
#define FRAGMENTS 1 /* 1 or 2 */
#endif
#ifndef PIPELINE
#define PIPELINE PIPELINE_FREE
#endif
#ifndef FORM_K
#define FORM_K 64 /* steps of k of gfx1250's instruction for f8: 64 or 128 */
#endif
#ifndef BLOCKS
#define BLOCKS 1 /* that four SIMDs shall run at once: registers are limited to that */
#endif
#ifndef SCHEDULE
#define SCHEDULE SCHEDULE_GRID
#endif
#ifndef SPLIT_K
#define SPLIT_K 0 /* 0: as many slices as fill the device; 1 leaves that code out */
#endif
#ifndef SPLIT_MODE
#define SPLIT_MODE SPLIT_MODE_SLICES
#endif
#ifndef GROUP_M
#define GROUP_M 8
#endif

#define EPILOGUE EPILOGUE_DIRECT /* a lane's eight columns are 16 bytes of f16 or bf16 */
#define FETCH    FETCH_REGISTERS

#define STREAM  (SCHEDULE == SCHEDULE_STREAM)
#define GLU     (ACT >= ACT_REGLU)
#define THREADS (32 * WAVES_M * WAVES_N)

static_assert(GPU_HAS_WMMA, "matrix instructions of gfx11 and later");

#include "gemm_amd_stage.h"

#define A_ALONG_K    (LAYOUT == LAYOUT_NN || LAYOUT == LAYOUT_NT)
#define B_ALONG_K    (LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_TT)
#define TILE_COLUMNS (GLU ? TILE_N / 2 : TILE_N) /* of D */

typedef struct side<TILE_M, A_ALONG_K, ALIGN_A, 1> side_a;
typedef struct side<TILE_N, B_ALONG_K, ALIGN_B, (GLU ? 2 : 1)> side_b;

#define BUFFER_BYTES (side_a::TILE_BYTES + side_b::TILE_BYTES)

#include "gemm_wmma_sums.h"

static_assert(A_TYPE == B_TYPE, "one type for A and B");
static_assert(M_TILES * FORM * WAVES_M == TILE_M && B_TILES * FORM * WAVES_N == TILE_N &&
                  B_TILES % PARTS == 0,
              "whole waves of whole matrix instructions");
static_assert(CHUNKS >= 2 && SLICES * SLICE_CHUNKS == CHUNKS, "whole slices");
static_assert(FRAGMENTS == 1 || SLICES % 2 == 0, "fragments of two slices in turns");
static_assert(SCHEDULE == SCHEDULE_GRID || SPLIT_K == 1, "one way to split k");

#include "gemm_wmma_pipe.h"
#include "gemm_gpu_tiles.h"
#include "gemm_gpu_epilogue.h"
#include "gemm_gpu_split.h"
#include "gemm_amd_finish.h"
#include "gemm_gpu_stream.h"

GPU_DEVICE int inside_of(long long size, long long first, int part)
{
    return size - first < part ? (int)(size - first) : part;
}

/* The block's part of A, and of B, from step `k` on. */
GPU_DEVICE struct operand operand_a(const struct gemm_args &args, const struct corner &at, long long k)
{
    struct operand a;
    a.ld = args.lda;
    a.jump = 0;
    a.first = (const in_t *)args.a + (args.batch > 1 ? at.item * args.stride_a : 0) +
              (A_ALONG_K ? at.row * args.lda + k : k * args.lda + at.row);
    a.inside = inside_of(args.m, at.row, TILE_M);
    return a;
}

GPU_DEVICE struct operand operand_b(const struct gemm_args &args, const struct corner &at, long long k)
{
    long long columns = GLU ? args.n / 2 : args.n;
    struct operand b;
    b.ld = args.ldb;
    b.jump = GLU ? (columns - side_b::PART) * (B_ALONG_K ? args.ldb : 1) : 0;
    b.first = (const in_t *)args.b + (args.batch > 1 ? at.item * args.stride_b : 0) +
              (B_ALONG_K ? at.column * args.ldb + k : k * args.ldb + at.column);
    b.inside = inside_of(columns, at.column, side_b::PART);
    return b;
}

/* The block's sums of a work. */
GPU_DEVICE void compute(const struct gemm_args &args, const struct work &work, unsigned char *shared,
                        float (*out)[N_TILES][4])
{
    struct corner at = corner_of(args, work.tile);
    struct range range;
    struct pipe pipe;
    sums_t sums[M_TILES][B_TILES];
    range.first = (int)work.first * TILE_K;
    range.tiles = (int)work.tiles;
    range.steps = LEAST((int)args.k - range.first, range.tiles * TILE_K);
    pipe_begin(operand_a(args, at, range.first), operand_b(args, at, range.first), range, &pipe);
    clear(sums);
    accumulate(args, &pipe, range, shared, sums);
    spread(sums, out);
}

GPU_DEVICE void end_work(const struct gemm_args &args, const struct work &work, unsigned char *shared,
                         const float (*sums)[N_TILES][4])
{
    struct corner at = corner_of(args, work.tile);
    if (SPLIT_K == 1 || gpu_grid_y() == 1)
        finish<false>(args, at.item, at.row, at.column, shared, sums);
    else
        finish<true>(args, at.item, at.row, at.column, shared, sums);
}

/* Grid: blocks of works, slices of k. */
GPU_KERNEL_BLOCKS(THREADS, BLOCKS) gemm_wmma(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    float sums[M_TILES][N_TILES][4];
    struct work work;
#if SCHEDULE == SCHEDULE_GRID
    only_work(args, &work);
    compute(args, work, shared, sums);
    end_work(args, work, shared, sums);
#else
    struct schedule schedule = schedule_begin(args);
    while (next_work(args, &schedule, &work)) {
        compute(args, work, shared, sums);
        if (!STREAM || add_up(args, &work, (unsigned *)(shared + BUFFERS * BUFFER_BYTES), sums))
            end_work(args, work, shared, sums);
    }
#endif
}

/* D from the slices' sums. The grid's y is the number of slices, as above. */
GPU_KERNEL(REDUCE_THREADS) gemm_wmma_reduce(GPU_ARGS(struct gemm_args, args))
{
    reduce_partial(args, SPLIT_MODE == SPLIT_MODE_ATOMICS ? 1 : gpu_grid_y());
}
