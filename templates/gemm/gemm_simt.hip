/* The GEMM that every GPU runs: products by plain fused multiply-adds, one source for every target.
 *
 * A block computes TILE_M x TILE_N sums of one batch item and one slice of k; with a glu half of its columns are gates
 * and half the values that belong to them. It walks along k in steps of TILE_K:
 *
 *     memory -> registers    each thread's share of A's and B's next tile, in accesses of up to VECTOR_A and VECTOR_B
 *                            bytes; what lies outside a matrix is not read and counts as 0
 *     -> shared memory       as floats, k by k (gemm_simt_stage.h); SHARED says how writes avoid each other's banks.
 *                            STAGES buffers: with 1 two barriers a tile, with 2 one. With COPY_ASYNC (f32) the
 *                            registers are left out and STAGES - 1 tiles are on their way at once
 *     -> registers           for each k a column of THREAD_M and a row of THREAD_N floats, in runs of up to four, read
 *                            16 bytes at a time; UNROLL_K steps between two tests of the loop
 *     -> THREAD_M * THREAD_N sums, which stay in registers until the slice ends
 *
 * Runs of threads lie side by side: thread (y, x)'s group g of rows begins at (g * THREADS_M + y) * ROW_RUN. WAVE_SHAPE
 * says which threads make a wave: ROWS, whole rows of threads; SQUARE, eight threads wide, which reads fewer different
 * words of shared memory.
 *
 * Then the epilogue (gemm_simt_epilogue.h) and D. Where the grid's y is more than 1, k is split among as many blocks:
 * SPLIT_MODE_SLICES gives each a place in the workspace, SPLIT_MODE_ATOMICS adds them up in one that was zeroed, and
 * gemm_simt_reduce sums the slices in order, applies the epilogue and writes D. SPLIT_K is how many, 0: as many as
 * fill the device. GROUP_M row tiles are taken column by column, so that blocks that run together share A and B in
 * the second-level cache.
 *
 * The floor: A, B and D once through memory, and 2 m n k operations. A block reads (TILE_M + TILE_N) * k elements for
 * TILE_M * TILE_N * k multiply-adds, a thread THREAD_M + THREAD_N floats of shared memory for THREAD_M * THREAD_N. */
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
#include "gemm_simt_epilogue.h"

#define A_ALONG_K    (LAYOUT == LAYOUT_NN || LAYOUT == LAYOUT_NT)
#define B_ALONG_K    (LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_TT)
#define APART(along) (COPY == COPY_ASYNC && (along)) /* copied element by element */
#define BYTES_A      (APART(A_ALONG_K) ? 4 : LEAST(VECTOR_A, 1 << ALIGN_A))
#define BYTES_B      (APART(B_ALONG_K) ? 4 : LEAST(VECTOR_B, 1 << ALIGN_B))

typedef struct side<TILE_M, A_ALONG_K, BYTES_A, 1> side_a;
typedef struct side<TILE_N, B_ALONG_K, BYTES_B, (GLU ? 2 : 1)> side_b;

#define STAGE_FLOATS   (side_a::FLOATS + side_b::FLOATS)
#define ROW_RUN        LEAST(THREAD_M, 4)
#define COLUMN_RUN     LEAST(GLU ? THREAD_N / 2 : THREAD_N, 4)
#define VALUES         (GLU ? THREAD_N / 2 : 0) /* of a thread's sums, the first value's place */
#define TILE_COLUMNS   (GLU ? TILE_N / 2 : TILE_N) /* of D */
#define REDUCE_THREADS 256

static_assert(A_TYPE == B_TYPE, "one type for A and B");
static_assert(THREAD_M <= TILE_M && THREAD_N <= TILE_N && THREADS % 64 == 0, "whole waves");
static_assert(!GLU || THREAD_N >= 2, "a thread has a gate and its value");
static_assert(TILE_K % UNROLL_K == 0, "UNROLL_K divides TILE_K");
static_assert(COPY == COPY_ASYNC ? A_TYPE == DTYPE_F32 && STAGES >= 2 : STAGES <= 2, "stages as copies allow");
static_assert(WAVE_SHAPE == WAVE_SHAPE_ROWS || (THREADS_N >= 8 && THREADS_M >= GPU_WAVE / 8), "room for a square");

/* Where a block's sums belong, and which tiles of k they take. */
struct work {
    long long item, row, column; /* column: of D */
    long long first_k, k_tiles;
};

/* 32 bits do nearly always, and a division of 64 takes a hundred instructions. */
GPU_DEVICE long long divide(long long a, long long b)
{
    return (a | b) >> 32 ? a / b : (long long)((unsigned)a / (unsigned)b);
}

GPU_DEVICE long long tiles_along(long long size, int tile)
{
    return (size + tile - 1) / tile;
}

/* Tile number `tile` of an item: GROUP_M rows of tiles column by column, then the next ones. */
GPU_DEVICE struct work work_of(const struct gemm_args &args, long long item, long long tile)
{
    struct work work;
    long long rows = tiles_along(args.m, TILE_M), columns = tiles_along(GLU ? args.n / 2 : args.n, TILE_COLUMNS);
    long long group = divide(tile, GROUP_M * columns), within = tile - group * GROUP_M * columns;
    long long height = rows - group * GROUP_M < GROUP_M ? rows - group * GROUP_M : GROUP_M;
    long long column = divide(within, height);
    work.item = item;
    work.row = (group * GROUP_M + within - column * height) * TILE_M;
    work.column = column * TILE_COLUMNS;
    long long tiles = tiles_along(args.k, TILE_K), slices = SPLIT_K == 1 ? 1 : gpu_grid_y();
    long long slice = SPLIT_K == 1 ? 0 : gpu_block_y();
    long long first = divide(tiles * slice, slices);
    work.k_tiles = divide(tiles * (slice + 1), slices) - first;
    work.first_k = first * TILE_K;
    return work;
}

template <class S> GPU_DEVICE int lines_inside(long long size, long long first)
{
    return size - first < S::PART ? (int)(size - first) : S::PART;
}

GPU_DEVICE struct operand operand_a(const struct gemm_args &args, const struct work *work)
{
    struct operand a;
    a.first = (const in_t *)args.a + work->item * args.stride_a + work->row * (A_ALONG_K ? args.lda : 1);
    a.ld = args.lda;
    a.jump = 0;
    a.lines = lines_inside<side_a>(args.m, work->row);
    a.vectors = true;
    return a;
}

/* A glu's values begin n/2 columns on, where a vector of columns need not be aligned. */
GPU_DEVICE struct operand operand_b(const struct gemm_args &args, const struct work *work)
{
    struct operand b;
    long long half = args.n / 2;
    b.first = (const in_t *)args.b + work->item * args.stride_b + work->column * (B_ALONG_K ? args.ldb : 1);
    b.ld = args.ldb;
    b.jump = (half - side_b::PART) * (B_ALONG_K ? args.ldb : 1);
    b.lines = lines_inside<side_b>(GLU ? half : args.n, work->column);
    b.vectors = !GLU || B_ALONG_K || half % side_b::VECTOR == 0;
    return b;
}

/* --- along k --- */

GPU_DEVICE void thread_place(int *y, int *x)
{
#if WAVE_SHAPE == WAVE_SHAPE_SQUARE
    int lane = (int)gpu_lane(), wave = (int)gpu_wave(), waves = THREADS_N / 8;
    *x = wave % waves * 8 + lane % 8;
    *y = wave / waves * (GPU_WAVE / 8) + lane / 8;
#else
    *x = (int)gpu_thread_x() % THREADS_N;
    *y = (int)gpu_thread_x() / THREADS_N;
#endif
}

/* COUNT floats of step k, in runs of RUN that are RUN * SIDE_THREADS apart. */
template <class S, int COUNT, int RUN, int SIDE_THREADS>
GPU_DEVICE void fragment(const float *tile, int k, int thread, float *out)
{
    GPU_UNROLL
    for (int i = 0; i < COUNT; i += RUN) {
        const float *from = tile + shared_place<S>((i / RUN * SIDE_THREADS + thread) * RUN, k);
        if constexpr (RUN == 4) {
            gpu_u32x4 four = gpu_load16(from);
            GPU_UNROLL
            for (int j = 0; j < RUN; j++) out[i + j] = gpu_float(four[j]);
        } else if constexpr (RUN == 2) {
            gpu_u32x2 two = gpu_load8(from);
            GPU_UNROLL
            for (int j = 0; j < RUN; j++) out[i + j] = gpu_float(two[j]);
        } else {
            out[i] = *from;
        }
    }
}

GPU_DEVICE void multiply(const float *stage, int y, int x, float (*sums)[THREAD_N])
{
    GPU_UNROLL_BY(UNROLL_K)
    for (int k = 0; k < TILE_K; k++) {
        float a[THREAD_M], b[THREAD_N];
        fragment<side_a, THREAD_M, ROW_RUN, THREADS_M>(stage, k, y, a);
        fragment<side_b, THREAD_N, COLUMN_RUN, THREADS_N>(stage + side_a::FLOATS, k, x, b);
        GPU_UNROLL
        for (int i = 0; i < THREAD_M; i++) {
            GPU_UNROLL
            for (int j = 0; j < THREAD_N; j++) sums[i][j] = gpu_fma(a[i], b[j], sums[i][j]);
        }
    }
}

/* The steps of k that tile number t of a block has. */
GPU_DEVICE int depth_of(const struct gemm_args &args, long long k)
{
    return args.k - k < TILE_K ? (int)(args.k - k) : TILE_K;
}

/* The sums of a block's slice. Nobody uses shared memory afterwards. Loops begin where nothing can be multiplied
 * yet, so that each part of them stands once. */
GPU_DEVICE void accumulate(const struct gemm_args &args, const struct work *work, float *shared, int y, int x,
                           float (*sums)[THREAD_N])
{
    struct operand a = operand_a(args, work), b = operand_b(args, work);
    int tiles = (int)work->k_tiles;
#if COPY == COPY_ASYNC
    GPU_NO_UNROLL
    for (int t = 1 - STAGES; t < tiles; t++) {
        int next = t + STAGES - 1;
        long long k = work->first_k + (long long)next * TILE_K;
        float *stage = shared + next % STAGES * STAGE_FLOATS;
        if (t >= 0) {
            GPU_COPY_WAIT(STAGES - 2);
            gpu_barrier(); /* tile t has come for all, and all are done with t - 1, whose place is next's */
        }
        if (next < tiles) {
            copy<side_a>(&a, k, depth_of(args, k), stage);
            copy<side_b>(&b, k, depth_of(args, k), stage + side_a::FLOATS);
        }
        gpu_copy_commit();
        if (t >= 0) multiply(shared + t % STAGES * STAGE_FLOATS, y, x, sums);
    }
    gpu_barrier();
#else
    unsigned raw_a[side_a::LOADS][side_a::WORDS], raw_b[side_b::LOADS][side_b::WORDS];
    GPU_NO_UNROLL
    for (int t = -1; t < tiles; t++) {
        bool more = t + 1 < tiles;
        long long k = work->first_k + (long long)(t + 1) * TILE_K;
        float *stage = shared + (t + 1) % STAGES * STAGE_FLOATS;
        if (more) {
            fetch<side_a>(&a, k, depth_of(args, k), raw_a);
            fetch<side_b>(&b, k, depth_of(args, k), raw_b);
        }
        if (t >= 0) multiply(shared + t % STAGES * STAGE_FLOATS, y, x, sums);
        if (STAGES == 1) gpu_barrier(); /* all are done with tile t, whose place is the next one's */
        if (more) {
            put<side_a>(stage, raw_a);
            put<side_b>(stage + side_a::FLOATS, raw_b);
        }
        gpu_barrier();
    }
#endif
}

/* --- to D or to the workspace --- */

/* The thread's row `i`, and the first column of its run at sum `j`, both within the block. */
GPU_DEVICE int row_within(int i, int y)
{
    return (i / ROW_RUN * THREADS_M + y) * ROW_RUN + i % ROW_RUN;
}

GPU_DEVICE int column_within(int j, int x)
{
    return (j / COLUMN_RUN * THREADS_N + x) * COLUMN_RUN;
}

GPU_DEVICE void finish(const struct gemm_args &args, const struct work *work, int y, int x,
                       const float (*sums)[THREAD_N])
{
    struct output out = output_of(args, work->item);
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        long long row = work->row + row_within(i, y);
        if (row >= args.m) continue;
        GPU_UNROLL
        for (int j = 0; j < THREAD_N - VALUES; j += COLUMN_RUN)
            output_run<COLUMN_RUN>(&out, row, work->column + column_within(j, x), sums[i] + j, sums[i] + VALUES + j);
    }
}

GPU_DEVICE void finish_partial(const struct gemm_args &args, const struct work *work, int y, int x,
                               const float (*sums)[THREAD_N])
{
    bool added = SPLIT_MODE == SPLIT_MODE_ATOMICS;
    struct partial out = partial_of(args, work->item, added ? 1 : gpu_grid_y());
    float *slice = out.first + (added ? 0 : gpu_block_y() * out.slice);
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        long long row = work->row + row_within(i, y);
        if (row >= args.m) continue;
        GPU_UNROLL
        for (int j = 0; j < THREAD_N - VALUES; j += COLUMN_RUN) {
            long long column = work->column + column_within(j, x);
            if (column >= out.half) continue;
            partial_run<COLUMN_RUN>(slice + row * out.pitch + column, sums[i] + j);
            if (GLU) partial_run<COLUMN_RUN>(slice + row * out.pitch + out.half + column, sums[i] + VALUES + j);
        }
    }
}

/* Grid: tiles of an item, slices of k, batch items; more tiles or items than the grid has are taken in turns. */
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
            accumulate(args, &work, (float *)shared, y, x, sums);
            if (SPLIT_K == 1 || gpu_grid_y() == 1)
                finish(args, &work, y, x, sums);
            else
                finish_partial(args, &work, y, x, sums);
        }
    }
}

/* D from the slices' sums, four columns a thread. The grid's y is the number of slices, as above. */
GPU_KERNEL(REDUCE_THREADS) gemm_simt_reduce(GPU_ARGS(struct gemm_args, args))
{
    long long slices = SPLIT_MODE == SPLIT_MODE_ATOMICS ? 1 : gpu_grid_y();
    long long runs = ((GLU ? args.n / 2 : args.n) + 3) / 4, blocks = (long long)gpu_grid_x() * gpu_grid_y();
    long long block = gpu_block_x() + (long long)gpu_block_y() * gpu_grid_x();
    long long end = args.batch * args.m * runs;
    for (long long at = block * REDUCE_THREADS + gpu_thread_x(); at < end; at += blocks * REDUCE_THREADS) {
        long long line = divide(at, runs), item = divide(line, args.m), row = line - item * args.m;
        long long column = (at - line * runs) * 4;
        struct partial in = partial_of(args, item, slices);
        struct output out = output_of(args, item);
        const float *from = in.first + row * in.pitch + column;
        float sums[4] = {0, 0, 0, 0}, values[4] = {0, 0, 0, 0};
        for (long long slice = 0; slice < slices; slice++) {
            partial_add(from + slice * in.slice, sums);
            if (GLU) partial_add(from + slice * in.slice + in.half, values);
        }
        output_run<4>(&out, row, column, sums, values);
    }
}
