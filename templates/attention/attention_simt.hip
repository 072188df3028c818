/* The attention that every GPU runs: products by plain fused multiply-adds, any type, head size and feature
 * of attention_args.h, one source for every target.
 *
 * A block computes TILE_M rows (attention_gpu_packed.h: of one query head, or with PACK_GQA of all that share
 * K and V) of one sequence against the keys that they see, or against one of SPLITS parts of them:
 *
 *     Q          once, as floats in shared memory
 *     keys       in tiles of TILE_N. The block's GROUPS groups take tiles in turns, each with maxima, sums
 *                and outputs of its own, which are put together at the end
 *     scores     a thread has THREAD_M rows and every LANES-th key; a row's LANES threads are lanes of one
 *                wave and find the maximum by shuffles
 *     weights    through shared memory, from the threads that have the keys to those that have the columns
 *     values     a thread has the same THREAD_M rows, and of O's columns every LANES-th run of four
 *
 * K and V come with KV_SHARED through shared memory as floats, TILE_D columns at a time: from memory to
 * registers in accesses of up to VECTOR bytes (with AHEAD while the part in front is multiplied), then to one
 * of BUFFERS buffers. With KV_DIRECT each thread reads what it multiplies, which caches have to serve: for
 * few rows. Keys beyond the sequence are never read and count as zeros.
 *
 * SPLITS parts of the keys, 0: as many as fill the device; attention_combine adds them up
 * (attention_gpu_split.h).
 *
 * The floor: Q, K, V and O once through memory, 2 (d + dv) operations for each pair of row and key. A thread
 * reads (THREAD_M + TILE_N / LANES) floats of shared memory for THREAD_M * TILE_N / LANES multiply-adds of
 * scores, and THREAD_M + 4 * runs for 4 * THREAD_M * runs of values. */
#include "attention_gpu_words.h"

/* --- the configuration --- */

#define KV_SHARED 0
#define KV_DIRECT 1

#ifndef TILE_M
#define TILE_M 16 /* rows: a power of two, as all of these */
#endif
#ifndef TILE_N
#define TILE_N 32 /* keys: LANES or more */
#endif
#ifndef TILE_D
#define TILE_D 64 /* columns of K and V at a time: 4 * LANES or more */
#endif
#ifndef THREAD_M
#define THREAD_M 2 /* 1 to 8, divides TILE_M */
#endif
#ifndef LANES
#define LANES 16 /* of a row: 8 to 32 */
#endif
#ifndef GROUPS
#define GROUPS 2
#endif
#ifndef KV
#define KV KV_SHARED
#endif
#ifndef BUFFERS
#define BUFFERS 1 /* 2: one barrier for each part of K or V, not two */
#endif
#ifndef AHEAD
#define AHEAD 1 /* 0 or 1 */
#endif
#ifndef VECTOR
#define VECTOR 16 /* bytes, at most: 8 or 16 */
#endif
#ifndef UNROLL
#define UNROLL 2 /* steps between two tests of a loop */
#endif
#ifndef PACK_GQA
#define PACK_GQA 1
#endif
#ifndef SPLITS
#define SPLITS 0 /* 1: never split, which leaves that code out */
#endif

#define LEAST(a, b) ((a) < (b) ? (a) : (b))
#define MOST(a, b)  ((a) > (b) ? (a) : (b))

#define GROUP_THREADS (TILE_M / THREAD_M * LANES)
#define THREADS       (GROUP_THREADS * GROUPS)
#define KEYS          (TILE_N / LANES) /* of a thread, in a tile */

/* Columns of K and V that are multiplied at a time, and how often that is. */
#define WIDTH_K  (KV == KV_SHARED ? LEAST(TILE_D, SIZE_D) : SIZE_D)
#define WIDTH_V  (KV == KV_SHARED ? LEAST(TILE_D, SIZE_DV) : SIZE_DV)
#define CHUNKS_K ((SIZE_D + WIDTH_K - 1) / WIDTH_K)
#define CHUNKS_V ((SIZE_DV + WIDTH_V - 1) / WIDTH_V)
#define RUNS     ((WIDTH_V / 4 + LANES - 1) / LANES) /* of four columns, of a thread, each time */

/* Floats of shared memory: rows of Q, then for each group weights and buffers. Four floats beside each row
 * keep lanes that read a column off each other's banks. */
#define PITCH_Q       (SIZE_D + 4)
#define PITCH_P       (TILE_N + 4)
#define PITCH_KV      (MOST(WIDTH_K, WIDTH_V) + 4)
#define PITCH_O       (SIZE_DV + 4)
#define BUFFER_FLOATS (TILE_N * PITCH_KV)
#define GROUP_FLOATS  (TILE_M * PITCH_P + (KV == KV_SHARED ? BUFFERS * BUFFER_FLOATS : 0))

static_assert(TILE_M % THREAD_M == 0 && TILE_N % LANES == 0, "tiles are shared out evenly");
static_assert(THREADS % 64 == 0 && LANES <= 32 && TILE_N % 4 == 0, "rows within waves, whole waves");

#include "attention_gpu_mask.h"
#include "attention_gpu_packed.h"
#include "attention_gpu_split.h"

/* One tile of rows and its part of the keys: the same in all threads of a block. */
struct work {
    struct attention_sequence s;
    struct attention_rows rows;
    struct attention_scoring scoring;
    int row;                     /* the first */
    struct attention_range part; /* tiles of keys */
};

/* Where a thread is: its group, the first of its rows within the tile, its lane among those of a row. */
struct place {
    int group, thread; /* of the group's */
    int row, lane;
};

/* A group's tile of keys: its number, and whether there is one. */
struct tile {
    int number;
    bool live;
};

/* What a thread has of its rows. */
struct state {
    struct attention_range sees[THREAD_M];
    float max[THREAD_M], sum[THREAD_M]; /* sums: over the thread's own keys */
    float o[THREAD_M][CHUNKS_V * RUNS][4];
};

#include "attention_simt_stage.h"
#include "attention_simt_math.h"
#include "attention_simt_finish.h"

GPU_DEVICE struct place place_of(void)
{
    struct place place;
    place.group = (int)gpu_thread_x() / GROUP_THREADS;
    place.thread = (int)gpu_thread_x() % GROUP_THREADS;
    place.row = place.thread / LANES * THREAD_M;
    place.lane = place.thread % LANES;
    return place;
}

GPU_DEVICE int split_count(void)
{
    return SPLITS == 1 ? 1 : (int)gpu_grid_y();
}

/* The position of row r, which is below the tile's last. */
GPU_DEVICE int position_of(const struct work &work, int r)
{
    return work.s.before + attention_row_token(work.rows, r);
}

GPU_DEVICE void work_begin(const struct attention_args &args, int row, struct work *work)
{
    int last = work->rows.n - row < TILE_M ? work->rows.n : row + TILE_M;
    work->row = row;
    work->scoring = attention_scoring_of(args, work->s.number, work->rows.kv_head);
    struct attention_range seen =
        attention_seen_by_any(args, work->s, position_of(*work, row), position_of(*work, last - 1));
    work->part = attention_split_of(attention_tiles<TILE_N>(seen), SPLITS == 1 ? 0 : (int)gpu_block_y(),
                                    split_count());
}

GPU_DEVICE void state_begin(const struct attention_args &args, const struct work &work,
                            const struct place &place, struct state *state)
{
    GPU_UNROLL
    for (int i = 0; i < THREAD_M; i++) {
        int r = work.row + place.row + i, p = r < work.rows.n ? position_of(work, r) : 0;
        state->sees[i] = attention_seen_by_any(args, work.s, p, p);
        if (r >= work.rows.n) state->sees[i].last = 0;
        state->max[i] = ATTENTION_HIDDEN;
        state->sum[i] = 0;
        GPU_UNROLL
        for (int j = 0; j < CHUNKS_V * RUNS; j++) {
            GPU_UNROLL
            for (int c = 0; c < 4; c++) state->o[i][j][c] = 0;
        }
    }
}

/* Of the turn. */
GPU_DEVICE struct tile tile_of(const struct work &work, const struct place &place, int turn)
{
    struct tile tile;
    tile.number = work.part.first + turn * GROUPS + place.group;
    tile.live = tile.number < work.part.last;
    return tile;
}

/* All groups take as many turns, with barriers in them; where there is no tile, nothing is seen. */
GPU_DEVICE void attend(const struct attention_args &args, const struct work &work, const struct place &place,
                       float *shared, struct state *state)
{
    float *weights = shared + TILE_M * PITCH_Q + place.group * GROUP_FLOATS;
    struct supply supply;
    supply_begin(weights + TILE_M * PITCH_P, &supply);
    int turns = (work.part.last - work.part.first + GROUPS - 1) / GROUPS;
    GPU_NO_UNROLL
    for (int turn = 0; turn < turns; turn++) {
        struct tile tile = tile_of(work, place, turn), next = tile_of(work, place, turn + 1);
        float scores[THREAD_M][KEYS];
        if (turn == 0 && AHEAD) fetch<false>(args, work, place, tile, 0, &supply);
        multiply_keys(args, work, place, tile, shared, &supply, scores);
        weigh(work, place, tile, scores, state, weights);
        multiply_values(args, work, place, tile, next, weights, &supply, state);
    }
}

GPU_DEVICE void compute(const struct attention_args &args, int row, struct work *work, float *shared)
{
    struct place place = place_of();
    struct state state;
    work_begin(args, row, work);
    gpu_barrier(); /* nobody reads the work before any more */
    stage_queries(args, *work, shared);
    state_begin(args, *work, place, &state);
    gpu_barrier();
    attend(args, *work, place, shared, &state);
    add_lanes(&state);
    if (GROUPS > 1) add_groups(place, shared, &state);
    if (place.group == 0) finish(args, *work, place, split_count(), state);
}

/* Grid: tiles of rows of all heads, splits, sequences. More than the grid has are taken in turns. Heads that
 * share K and V run together, and last rows, which see most, first. */
GPU_KERNEL(THREADS) attention_simt(GPU_ARGS(struct attention_args, args))
{
    GPU_SHARED(shared);
    unsigned heads = (unsigned)attention_row_heads(args);
    unsigned tiles = ((unsigned)attention_rows_bound(args) + TILE_M - 1) / TILE_M;
    for (long long b = gpu_block_z(); b < args.batch; b += gpu_grid_z()) {
        struct work work;
        work.s = attention_sequence_of(args, (int)b);
        for (unsigned at = gpu_block_x(); at < tiles * heads; at += gpu_grid_x()) {
            unsigned tile = tiles - 1 - at / heads;
            work.rows = attention_rows_of(args, work.s, (int)(at % heads));
            if (tile * TILE_M < (unsigned)work.rows.n)
                compute(args, (int)(tile * TILE_M), &work, (float *)shared);
        }
    }
}
