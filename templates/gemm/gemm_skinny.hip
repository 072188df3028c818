/* The GEMM of few rows (m up to 16) on a GPU: a stream of B through registers, as fast as memory gives it.
 *
 * All of B is read once and nothing of it twice, so time is bytes by bandwidth, if enough bytes are under
 * way: bandwidth times latency, for 3.35 TB/s and 0.7 us 2.3 MB, or 18 KB for each of 132 units. What is
 * under way is held in registers, each lane's in vectors of 16 bytes; B meets no shared memory on its way.
 *
 *     a vector    16 bytes of B, PER elements: of a column's k where layout is nt, of a row's columns with nn
 *     a step      STEP_K of k: LANES_K lanes side by side, PER steps of k each. With nn a lane reads a square
 * of PER rows by PER columns, so that both layouts leave it with PER steps of k of each column a wave TILES
 * tiles: of LANES_N columns (nt), of LANES_N * PER (nn). It keeps STEPS steps under way: as one is used up,
 * the step STEPS further on is asked for in its place a block     WAVES_N waves beside each other in n;
 * WAVES_K waves that take k's steps in turns the grid    tiles of the block's columns (in turns where BLOCKS,
 * per unit, is not 0), slices of k (y), batch items (z). What a block needs next is asked for before it
 * writes what it has
 *
 * The order of k is free as long as A's and B's agree: a lane multiplies the PER steps of k that it has of B
 * with the same ones of A, which are one vector, too. MATH says how:
 *
 *     MATH_FMA     each lane for itself, ROWS rows by its columns; then LANES_K lanes add up by shuffles. B
 * is converted once and multiplied ROWS times: good for few rows MATH_MATRIX  matrix instructions: LANES_K is
 * four, ROWS (8 or 16) rows by 8 columns (NVIDIA) or 16 (AMD). A vector is half of an operand of two
 * instructions, whatever k they think it has
 *
 * A comes from memory as B does (ACTIVATIONS_DIRECT), or the block's slice of it lies in shared memory
 * (ACTIVATIONS_SHARED). Where m is more than ROWS, blocks side by side take ROWS rows each. HINT_STREAM tells
 * the caches that B is not read again.
 *
 * In the end the waves of a block leave their sums in shared memory, are added up in order and go to D
 * (gemm_gpu_epilogue.h). Where k is split (SPLIT_K slices) they go to the workspace, and the block that comes
 * last adds up the slices in order: the same bits each time, and no second kernel. */
#include "gemm_args.h"
#include "../device/gpu.h"

/* --- the operation --- */

#ifndef A_TYPE
#define A_TYPE DTYPE_BF16 /* DTYPE_F32, F16, BF16, F8E4M3 or F8E4M3FNUZ; B_TYPE is the same */
#endif
#ifndef B_TYPE
#define B_TYPE A_TYPE
#endif
#ifndef D_TYPE
#define D_TYPE DTYPE_BF16 /* DTYPE_F32, F16 or BF16: D, C and bias */
#endif
#ifndef LAYOUT
#define LAYOUT LAYOUT_NT /* or LAYOUT_NN */
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

#define MATH_FMA           0
#define MATH_MATRIX        1
#define ACTIVATIONS_DIRECT 0
#define ACTIVATIONS_SHARED 1
#define HINT_NONE          0
#define HINT_STREAM        1

#ifndef MATH
#define MATH MATH_FMA
#endif
#ifndef ROWS
#define ROWS (MATH == MATH_MATRIX ? 16 : 4) /* of A and D that a block takes; MATH_MATRIX has 8 or 16 */
#endif
#ifndef TILES
#define TILES 2 /* of a wave; a power of two, from 2 on with a glu */
#endif
#ifndef LANES_K
#define LANES_K \
    (MATH == MATH_FMA ? 8 : GPU_HAS_WMMA ? 2 : 4) /* a power of two up to the wave; MATH_MATRIX: that */
#endif
#ifndef WAVES_K
#define WAVES_K 4
#endif
#ifndef WAVES_N
#define WAVES_N 1
#endif
#ifndef DEPTH
#define DEPTH 4 /* vectors of a tile under way; with nn, where a step has PER of them, at least one step */
#endif
#ifndef ACTIVATIONS
#define ACTIVATIONS ACTIVATIONS_DIRECT
#endif
#ifndef HINT
#define HINT HINT_NONE
#endif
#ifndef SPLIT_K
#define SPLIT_K 1 /* the grid's y; 1 leaves that code out */
#endif
#ifndef BLOCKS
#define BLOCKS 0 /* 0: a block for each tile, which leaves the loop out */
#endif

#define GLU     (ACT >= ACT_REGLU)
#define WAVES   (WAVES_K * WAVES_N)
#define THREADS (WAVES * GPU_WAVE)
#define ALONG_K (LAYOUT == LAYOUT_NT) /* is a vector of B along k? */

#include "gemm_gpu_epilogue.h"
#include "gemm_skinny_load.h"
#include "gemm_skinny_stream.h"
#include "gemm_skinny_math.h"
#include "gemm_skinny_finish.h"

static_assert(A_TYPE == B_TYPE, "one type for A and B");
static_assert(LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_NN, "A is not transposed");
static_assert(!GLU || TILES >= 2, "a wave has gates and their values");
static_assert(GPU_WAVE % LANES_K == 0 && THREADS <= 1024, "whole waves, of one block");

/* The wave's steps of k, and behind them those that are not whole in k or in n, one by one. */
GPU_DEVICE void multiply(const struct work &work, const struct slice &slice, const unsigned char *activations,
                         struct stream *stream, struct step (&ring)[STEPS], struct sums *sums)
{
    int at = 0;
    for (; at + 2 * STEPS <= slice.whole; at += STEPS) { /* nearly all: no test in the way */
        GPU_UNROLL
        for (int i = 0; i < STEPS; i++) {
            use_step(stream, i, &ring[i], sums);
            load_step(stream, i + STEPS, &ring[i]);
        }
        advance(stream);
    }
    for (; at < slice.whole; at += STEPS) {
        GPU_UNROLL
        for (int i = 0; i < STEPS; i++) {
            if (at + i >= slice.whole) continue;
            use_step(stream, i, &ring[i], sums);
            if (at + i + STEPS < slice.whole) load_step(stream, i + STEPS, &ring[i]);
        }
        advance(stream);
    }
    GPU_NO_UNROLL
    for (int step = slice.rest; step < slice.end; step += WAVES_K) {
        struct step last;
        load_rest(work, slice, step, activations, &last);
        multiply_step(last, sums);
    }
}

/* Asks for the first steps of a tile. */
GPU_DEVICE struct slice begin(const struct work &work, const unsigned char *activations,
                              struct stream *stream, struct step (&ring)[STEPS])
{
    struct slice slice = slice_of(work);
    *stream = stream_of(work, slice, activations);
    GPU_UNROLL
    for (int i = 0; i < STEPS; i++)
        if (i < slice.whole) load_step(stream, i, &ring[i]);
    return slice;
}

/* Grid: passes of ROWS rows for each tile of columns; slices of k; batch items. */
GPU_KERNEL(THREADS) gemm_skinny(GPU_ARGS(struct gemm_args, args))
{
    GPU_SHARED(shared);
    unsigned char *activations = shared + SUMS_BYTES;
    unsigned passes = PASSES(args), pass = passes == 1 ? 0 : gpu_block_x() % passes;
    unsigned first = passes == 1 ? gpu_block_x() : gpu_block_x() / passes;
    unsigned blocks = passes == 1 ? gpu_grid_x() : gpu_grid_x() / passes;
    for (long long item = gpu_block_z(); item < args.batch; item += gpu_grid_z()) {
        struct work work = work_of(args, item, pass);
        struct stream stream;
        struct step ring[STEPS];
        work.tile = (int)first;
        int tiles = (int)((unsigned)(work.columns + D_COLUMNS - 1) / D_COLUMNS);
        struct slice slice = begin(work, activations, &stream, ring);
        stage_activations(work, slice, activations);
        for (bool again = false;; again = true) {
            struct sums sums = {};
            multiply(work, slice, activations, &stream, ring, &sums);
            struct work done = work;
            work.tile += (int)blocks;
            bool more = BLOCKS && work.tile < tiles;
            if (more) slice = begin(work, activations, &stream, ring);
            if (again || item != gpu_block_z()) gpu_barrier(); /* nobody reads the sums before these */
            finish(done, tiles, (float *)shared, sums);
            if (!more) break;
        }
    }
}
