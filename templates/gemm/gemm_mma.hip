/* The GEMM of NVIDIA's matrix instructions from sm_80 on: f16 and bf16, sums in f32, by mma.sync.
 *
 * A block computes TILE_M x TILE_N sums of one batch item; with a glu half of its columns are gates and half
 * the values that belong to them. Its waves have WARP_M x WARP_N of them each. It walks along k in steps of
 * TILE_K:
 *
 *     memory -> shared memory   by asynchronous copies of VECTOR_A and VECTOR_B bytes, swizzled
 *                               (gemm_mma_stage.h)
 *     -> registers              by ldmatrix, transposed where memory runs across k
 *     -> sums                   WARP_M * WARP_N / 32 of a lane, in registers until the tile ends
 *                               (gemm_mma_sums.h)
 *
 * There are STAGES buffers, of which all but one are on their way; what lies outside a matrix is not read and
 * counts as 0. With FRAGMENTS 2 the next 16 steps of k come into registers while the present ones are
 * multiplied.
 *
 * Then the epilogue (gemm_mma_finish.h, gemm_gpu_epilogue.h) and D. SCHEDULE says which block computes what
 * (gemm_gpu_stream.h), and GROUP_M in which order. With SCHEDULE_GRID k may be split among the blocks of the
 * grid's y: SPLIT_K and SPLIT_MODE as in gemm_gpu_split.h, 0: as many as fill the device. BLOCKS is how many
 * blocks a unit shall run at once: registers are limited to that, and so many make a persistent grid.
 *
 * The floor: A, B and D once through memory, and 2 m n k operations. A block reads (TILE_M + TILE_N) * k
 * elements for TILE_M * TILE_N * k multiply-adds, and a wave reads WARP_M + WARP_N elements of shared memory
 * for WARP_M * WARP_N of them. */
#include "gemm_args.h"
#include "../device/gpu.h"

/* --- the operation --- */

#ifndef A_TYPE
#define A_TYPE DTYPE_BF16 /* DTYPE_F16 or DTYPE_BF16; B_TYPE is the same */
#endif
#ifndef B_TYPE
#define B_TYPE A_TYPE
#endif
#ifndef D_TYPE
#define D_TYPE A_TYPE /* DTYPE_F32, DTYPE_F16 or DTYPE_BF16: D, C and bias */
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
#define ALIGN_A 4 /* log2 of the bytes that address and pitch are multiples of; 2 or more for A and B */
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

#define EPILOGUE_DIRECT     0
#define EPILOGUE_SHARED     1
#define SCHEDULE_GRID       0
#define SCHEDULE_PERSISTENT 1
#define SCHEDULE_STREAM     2
#define SPLIT_MODE_SLICES   0
#define SPLIT_MODE_ATOMICS  1

#ifndef TILE_M
#define TILE_M 64 /* a multiple of WARP_M */
#endif
#ifndef TILE_N
#define TILE_N 64 /* a multiple of WARP_N */
#endif
#ifndef TILE_K
#define TILE_K 32 /* 16, 32 or 64 */
#endif
#ifndef WARP_M
#define WARP_M 32 /* a multiple of 16 */
#endif
#ifndef WARP_N
#define WARP_N 32 /* a multiple of 16 */
#endif
#ifndef STAGES
#define STAGES 3 /* 2 or more */
#endif
#ifndef FRAGMENTS
#define FRAGMENTS 2 /* 1 or 2; 1 with TILE_K 16 */
#endif
#ifndef VECTOR_A
#define VECTOR_A 16 /* bytes, at most: 4, 8 or 16; ALIGN_A limits it too */
#endif
#ifndef VECTOR_B
#define VECTOR_B 16
#endif
#ifndef BLOCKS
#define BLOCKS 1 /* 1 or more */
#endif
#ifndef EPILOGUE
#define EPILOGUE EPILOGUE_SHARED
#endif
#ifndef SCHEDULE
#define SCHEDULE SCHEDULE_GRID
#endif
#ifndef SPLIT_K
#define SPLIT_K \
    0 /* 1: never split, which leaves that code out; so it is where SCHEDULE is not SCHEDULE_GRID */
#endif
#ifndef SPLIT_MODE
#define SPLIT_MODE SPLIT_MODE_SLICES
#endif
#ifndef GROUP_M
#define GROUP_M 8
#endif

#define STREAM  (SCHEDULE == SCHEDULE_STREAM)
#define GLU     (ACT >= ACT_REGLU)
#define WAVES_M (TILE_M / WARP_M)
#define WAVES_N (TILE_N / WARP_N)
#define THREADS (32 * WAVES_M * WAVES_N)

#include "gemm_gpu_words.h"
#include "gemm_mma_stage.h"

#define A_ALONG_K    (LAYOUT == LAYOUT_NN || LAYOUT == LAYOUT_NT)
#define B_ALONG_K    (LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_TT)
#define TILE_COLUMNS (GLU ? TILE_N / 2 : TILE_N) /* of D */

typedef struct side<TILE_M, A_ALONG_K, LEAST(VECTOR_A, 1 << ALIGN_A), 1> side_a;
typedef struct side<TILE_N, B_ALONG_K, LEAST(VECTOR_B, 1 << ALIGN_B), (GLU ? 2 : 1)> side_b;

#define STAGE_BYTES (side_a::TILE_BYTES + side_b::TILE_BYTES)

static_assert(GPU_HAS_MMA, "mma.sync is NVIDIA's, from sm_80 on");
static_assert(A_TYPE == B_TYPE && A_TYPE != DTYPE_F32, "f16 or bf16, one type for A and B");
static_assert(ALIGN_A >= 2 && ALIGN_B >= 2, "asynchronous copies are of 4 bytes or more");
static_assert(TILE_M % WARP_M == 0 && TILE_N % WARP_N == 0 && WARP_M % 16 == 0 && WARP_N % 16 == 0,
              "whole waves of whole matrix instructions");
static_assert(STAGES >= 2 && (FRAGMENTS == 1 || TILE_K % 32 == 0),
              "two steps of k for two sets of fragments");
static_assert(SCHEDULE == SCHEDULE_GRID || SPLIT_K == 1, "one way to split k");

#include "gemm_mma_sums.h"
#include "gemm_gpu_tiles.h"
#include "gemm_gpu_epilogue.h"
#include "gemm_gpu_split.h"
#include "gemm_mma_finish.h"
#include "gemm_gpu_stream.h"

#define LOOP        (SCHEDULE != SCHEDULE_GRID) /* over works; the next one begins while one is finished */
#define SLABS       (LOOP ? STAGES * STAGE_BYTES : 0)
#define STREAM_WORD (SLABS + THREADS / 32 * SLAB_BYTES)

GPU_DEVICE int inside_of(long long size, long long first, int part)
{
    return size - first < part ? (int)(size - first) : part;
}

GPU_DEVICE struct range range_of(const struct gemm_args &args, const struct work &work)
{
    struct range range;
    range.first = (int)work.first * TILE_K;
    range.tiles = (int)work.tiles;
    range.steps = LEAST((int)args.k - range.first, range.tiles * TILE_K);
    return range;
}

GPU_DEVICE void begin_work(const struct gemm_args &args, const struct work &work, unsigned char *shared,
                           struct pipe *pipe)
{
    struct corner at = corner_of(args, work.tile);
    struct operand a, b;
    a.first = (const in_t *)args.a + at.item * args.stride_a + at.row * (A_ALONG_K ? args.lda : 1);
    a.inside = inside_of(args.m, at.row, TILE_M);
    long long columns = GLU ? args.n / 2 : args.n;
    b.first = (const in_t *)args.b + at.item * args.stride_b + at.column * (B_ALONG_K ? args.ldb : 1);
    b.inside = inside_of(columns, at.column, side_b::PART);
    pipe_begin(args, a, b, range_of(args, work), shared, pipe);
}

GPU_DEVICE void end_work(const struct gemm_args &args, const struct work &work, unsigned char *shared,
                         const float (*sums)[N_TILES][4])
{
    struct corner at = corner_of(args, work.tile);
    if (SPLIT_K == 1 || gpu_grid_y() == 1)
        finish<false>(args, at.item, at.row, at.column, shared + SLABS, sums);
    else
        finish<true>(args, at.item, at.row, at.column, shared + SLABS, sums);
}

GPU_DEVICE void clear(float (*sums)[N_TILES][4])
{
    GPU_UNROLL
    for (int i = 0; i < M_TILES * N_TILES * 4; i++) sums[i / 4 / N_TILES][i / 4 % N_TILES][i % 4] = 0;
}

/* Grid: blocks of works, slices of k. */
GPU_KERNEL_BLOCKS(THREADS, BLOCKS) gemm_mma(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    float sums[M_TILES][N_TILES][4];
    struct pipe pipe;
    struct work work;
#if LOOP
    struct work next;
    struct schedule schedule = schedule_begin(args);
    if (!next_work(args, &schedule, &next)) return;
    begin_work(args, next, shared, &pipe);
    for (bool more = true; more;) {
        work = next;
        clear(sums);
        accumulate(args, &pipe, range_of(args, work), shared, sums);
        more = next_work(args, &schedule, &next);
        if (more) begin_work(args, next, shared, &pipe);
        if (!STREAM || add_up(args, &work, (unsigned *)(shared + STREAM_WORD), sums))
            end_work(args, work, shared, sums);
    }
#else
    only_work(args, &work);
    begin_work(args, work, shared, &pipe);
    clear(sums);
    accumulate(args, &pipe, range_of(args, work), shared, sums);
    end_work(args, work, shared, sums);
#endif
}

/* D from the slices' sums. The grid's y is the number of slices, as above. */
GPU_KERNEL(REDUCE_THREADS) gemm_mma_reduce(GPU_ARGS(struct gemm_args, args))
{
    reduce_partial(args, SPLIT_MODE == SPLIT_MODE_ATOMICS ? 1 : gpu_grid_y());
}
