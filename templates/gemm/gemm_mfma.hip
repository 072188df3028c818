/* The GEMM of AMD's matrix instructions (MFMA): f16, bf16, the target's own fp8, and i8, on MI200, MI300 and
 * MI350.
 *
 * A block computes TILE_M x TILE_N sums of one batch item; with a glu half of its columns are gates and half
 * the values that belong to them. Its WAVES_M x WAVES_N waves share them out evenly. It walks along k in
 * steps of TILE_K:
 *
 *     memory -> registers       16 bytes a lane and load                                  (gemm_amd_stage.h)
 *     -> shared memory          line by line along k, padded or swizzled
 *     -> registers -> sums      16 bytes of k a lane, products of MFMA x MFMA             (gemm_mfma_sums.h)
 *
 * gemm_mfma_pipe.h says what happens beside what, gemm_gpu_stream.h and gemm_gpu_tiles.h which block computes
 * what, and gemm_amd_finish.h how sums become D. docs/kernels/gemm_mfma.md has the arithmetic behind it. */
#include "gemm_args.h"
#include "../device/gpu.h"

/* --- the operation --- */

#ifndef A_TYPE
#define A_TYPE DTYPE_BF16 /* DTYPE_F16, DTYPE_BF16, DTYPE_I8, or the target's fp8; B_TYPE is the same */
#endif
#ifndef B_TYPE
#define B_TYPE A_TYPE
#endif
#ifndef D_TYPE
#define D_TYPE DTYPE_BF16 /* DTYPE_F32, DTYPE_F16 or DTYPE_BF16: D, C and bias */
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
#define PIPELINE_FREE       0
#define PIPELINE_SLICES     1
#define PIPELINE_MIXED      2
#define PIPELINE_TURNS      3
#define EPILOGUE_DIRECT     0
#define EPILOGUE_SHARED     1
#define FETCH_REGISTERS     0
#define FETCH_DIRECT        1
#define SCHEDULE_GRID       0
#define SCHEDULE_PERSISTENT 1
#define SCHEDULE_STREAM     2
#define SPLIT_MODE_SLICES   0
#define SPLIT_MODE_ATOMICS  1

#ifndef TILE_M
#define TILE_M 128 /* a multiple of WAVES_M * MFMA */
#endif
#ifndef TILE_N
#define TILE_N 128 /* a multiple of WAVES_N * MFMA, with a glu of twice that */
#endif
#ifndef TILE_K
#define TILE_K 64 /* 64, 128 or 256 bytes */
#endif
#ifndef WAVES_M
#define WAVES_M 2 /* 1, 2, 4 or 8 */
#endif
#ifndef WAVES_N
#define WAVES_N 2
#endif
#ifndef MFMA
#define MFMA 32 /* 16 or 32 */
#endif
#ifndef SHARED
#define SHARED SHARED_SWIZZLE
#endif
#ifndef FETCH
#define FETCH FETCH_REGISTERS /* FETCH_DIRECT: gfx950, both along k, two buffers, swizzled */
#endif
#ifndef BUFFERS
#define BUFFERS 1 /* 1 or 2 */
#endif
#ifndef FRAGMENTS
#define FRAGMENTS 2 /* 1 or 2 */
#endif
#ifndef PIPELINE
#define PIPELINE PIPELINE_MIXED /* PIPELINE_TURNS: eight waves, one buffer, two sets of fragments */
#endif
#ifndef BLOCKS
#define BLOCKS 2 /* that a unit shall run at once: registers are limited to that */
#endif
#ifndef EPILOGUE
#define EPILOGUE EPILOGUE_DIRECT
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
#ifndef XCD
#define XCD 0
#endif

#define STREAM  (SCHEDULE == SCHEDULE_STREAM)
#define GLU     (ACT >= ACT_REGLU)
#define THREADS (64 * WAVES_M * WAVES_N)

#define SIMD_WAVES ((WAVES_M * WAVES_N * BLOCKS + 3) / 4)

#include "gemm_amd_stage.h"
#include "gemm_mfma_forms.h"

#define A_ALONG_K    (LAYOUT == LAYOUT_NN || LAYOUT == LAYOUT_NT)
#define B_ALONG_K    (LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_TT)
#define TILE_COLUMNS (GLU ? TILE_N / 2 : TILE_N) /* of D */

typedef struct side<TILE_M, A_ALONG_K, ALIGN_A, 1> side_a;
typedef struct side<TILE_N, B_ALONG_K, ALIGN_B, (GLU ? 2 : 1)> side_b;

#define BUFFER_BYTES (side_a::TILE_BYTES + side_b::TILE_BYTES)

static_assert(GPU_HAS_MFMA, "matrix instructions of gfx90a, gfx942 and gfx950");

#include "gemm_mfma_sums.h"

static_assert(EPILOGUE == EPILOGUE_DIRECT || WAVE_N / PARTS * (D_TYPE == DTYPE_F32 ? 4 : 2) % 16 == 0,
              "whole vectors of D");
static_assert(M_TILES * FORM * WAVES_M == TILE_M && B_TILES * FORM * WAVES_N == TILE_N &&
                  B_TILES % PARTS == 0,
              "whole waves of whole matrix instructions");
static_assert(SLICES * DEEP * CHUNK_LANES == CHUNKS, "whole slices");
static_assert(SCHEDULE == SCHEDULE_GRID || SPLIT_K == 1, "one way to split k");

#include "gemm_mfma_pipe.h"
#include "gemm_gpu_tiles.h"
#include "gemm_gpu_epilogue.h"
#include "gemm_gpu_split.h"
#include "gemm_amd_finish.h"
#include "gemm_gpu_stream.h"

#define SLABS_BYTES (WAVES_M * WAVES_N * SLAB_BYTES)
#define STREAM_WORD SLABS_BYTES

GPU_DEVICE int inside_of(long long size, long long first, int part)
{
    return size - first < part ? (int)(size - first) : part;
}

/* The block's sums of a work. */
GPU_DEVICE void compute(const struct gemm_args &args, const struct work &work, unsigned char *shared,
                        float (*out)[N_TILES][4])
{
    struct corner at = corner_of(args, work.tile);
    long long k = (long long)work.first * TILE_K, columns = GLU ? args.n / 2 : args.n;
    struct operand a, b;
    struct range range;
    struct pipe pipe;
    sums_t sums[M_TILES][B_TILES];
    a.ld = args.lda;
    a.jump = 0;
    a.first = (const in_t *)args.a + (args.batch > 1 ? at.item * args.stride_a : 0) +
              (A_ALONG_K ? at.row * args.lda + k : k * args.lda + at.row);
    a.inside = inside_of(args.m, at.row, TILE_M);
    b.ld = args.ldb;
    b.jump = GLU ? (columns - side_b::PART) * (B_ALONG_K ? args.ldb : 1) : 0;
    b.first = (const in_t *)args.b + (args.batch > 1 ? at.item * args.stride_b : 0) +
              (B_ALONG_K ? at.column * args.ldb + k : k * args.ldb + at.column);
    b.inside = inside_of(columns, at.column, side_b::PART);
    range.first = (int)k;
    range.tiles = (int)work.tiles;
    range.steps = LEAST((int)args.k - range.first, range.tiles * TILE_K);
    pipe_begin(a, b, range, &pipe);
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
GPU_KERNEL_WAVES(THREADS, SIMD_WAVES) gemm_mfma(GPU_ARGS(struct gemm_args, args))
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
        if (!STREAM || add_up(args, &work, (unsigned *)(shared + STREAM_WORD), sums))
            end_work(args, work, shared, sums);
        /* slabs, and the word of stream-k, are where the next tile comes to */
        if (STREAM || EPILOGUE == EPILOGUE_SHARED) gpu_barrier_shared();
    }
#endif
}

/* D from the slices' sums. The grid's y is the number of slices, as above. */
GPU_KERNEL(REDUCE_THREADS) gemm_mfma_reduce(GPU_ARGS(struct gemm_args, args))
{
    reduce_partial(args, SPLIT_MODE == SPLIT_MODE_ATOMICS ? 1 : gpu_grid_y());
}
