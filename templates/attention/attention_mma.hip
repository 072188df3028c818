/* Flash attention by NVIDIA's matrix instructions of a wave, from sm_80 on: f16 and bf16, K and V also fp8.
 *
 * A block has TILE_M rows: tokens of one query head or, with PACK_GQA, tokens and the heads that share K and
 * V (attention_gpu_packed.h). It walks along the keys that any of them sees, TILE_N at a time:
 *
 *     K, V: memory -> shared memory   by asynchronous copies, swizzled (attention_mma_tile.h,
 * attention_mma_fetch.h) scores, O += weights V          by mma.sync, scores and weights in registers
 * (attention_mma_products.h) weights                         masks in tiles that the mask cuts, running
 * maximum (attention_mma_softmax.h)
 *
 * WARPS_M waves share out the rows, WARPS_KV the keys of a tile; the latter put together what they have in
 * the end (attention_mma_merge.h). With STAGES 1 K's next tile comes while the present one's values are
 * multiplied, and V's while its keys are; with more, STAGES - 1 tiles of both are on their way. QUERIES says
 * where Q's fragments come from: QUERIES_SHARED, from shared memory for each tile; QUERIES_REGISTERS, from
 * registers, filled once; QUERIES_PASSING, likewise, and Q's room in shared memory is K's and V's afterwards.
 *
 * SPLITS blocks share out a row tile's keys (attention_gpu_split.h), 0: as many as fill the device. ORDER
 * says how blocks follow each other: ORDER_LONGEST, those with most keys of all heads and sequences first;
 * ORDER_NEAR, those that share K and V side by side, longest first. Heads that share them are neighbours in
 * both. BLOCKS is how many blocks a unit shall run at once: registers are limited to that.
 *
 * The floor: Q, K, V and O once through memory, and 2 (d + dv) operations for each visible pair. A block
 * reads TILE_N (d + dv) elements for TILE_M * TILE_N pairs. */
#include "attention_gpu_words.h"

/* --- the configuration --- */

#define QUERIES_SHARED    0
#define QUERIES_REGISTERS 1
#define QUERIES_PASSING   2
#define ORDER_LONGEST     0
#define ORDER_NEAR        1

#ifndef TILE_M
#define TILE_M 64 /* a multiple of 16 * WARPS_M */
#endif
#ifndef TILE_N
#define TILE_N 64 /* a multiple of 16 * WARPS_KV */
#endif
#ifndef WARPS_M
#define WARPS_M 4
#endif
#ifndef WARPS_KV
#define WARPS_KV 1 /* 1, 2, 4 or 8 */
#endif
#ifndef STAGES
#define STAGES 1
#endif
#ifndef QUERIES
#define QUERIES QUERIES_SHARED
#endif
#ifndef SPLITS
#define SPLITS 1 /* 1: never split, which leaves that code out */
#endif
#ifndef ORDER
#define ORDER ORDER_LONGEST
#endif
#ifndef BLOCKS
#define BLOCKS 1
#endif

#include "attention_gpu_sequence.h"
#include "attention_gpu_mask.h"
#include "attention_gpu_packed.h"
#include "attention_gpu_score.h"
#include "attention_gpu_split.h"
#include "attention_gpu_finish.h"
#include "attention_mma_tile.h"

#define THREADS     (32 * WARPS_M * WARPS_KV)
#define ROW_TILES   (TILE_M / (16 * WARPS_M))
#define WAVE_KEYS   (TILE_N / WARPS_KV)
#define Q_REGISTERS (QUERIES != QUERIES_SHARED)

typedef struct tile<TILE_M, SIZE_D> tile_q;
typedef struct tile<TILE_N, SIZE_D> tile_k;
typedef struct tile<TILE_N, SIZE_DV> tile_v;

#define STAGE_BYTES (tile_k::BYTES + tile_v::BYTES)
#define Q_ROOM      (QUERIES == QUERIES_PASSING ? 0 : tile_q::BYTES)

static_assert(GPU_HAS_MMA, "mma.sync is NVIDIA's, from sm_80 on");
static_assert(Q_TYPE != DTYPE_F32, "f16 or bf16 queries");
static_assert(TILE_M % (16 * WARPS_M) == 0 && TILE_N % (16 * WARPS_KV) == 0, "whole matrix instructions");
static_assert((WARPS_KV & (WARPS_KV - 1)) == 0, "merged by halves");

#include "attention_mma_products.h"
#include "attention_mma_fetch.h"
#include "attention_mma_softmax.h"
#include "attention_mma_merge.h"
#include "attention_mma_finish.h"
#include "attention_mma_walk.h"

/* Which rows of which sequence and head a block has. */
struct work {
    int sequence, head, row;
};

GPU_DEVICE struct work work_of(const struct attention_args &args)
{
    struct work work;
    unsigned block = gpu_block_x(), heads = (unsigned)attention_row_heads(args);
    unsigned tiles = ((unsigned)attention_rows_bound(args) + TILE_M - 1) / TILE_M, tile;
    if (ORDER == ORDER_LONGEST) {
        unsigned batch = (unsigned)args.batch, above = block / heads;
        work.head = (int)(block % heads);
        work.sequence = (int)(above % batch);
        tile = above / batch;
    } else {
        unsigned group = PACK_GQA ? 1 : (unsigned)attention_group(args), above = block / group,
                 far = above / tiles;
        unsigned kv_heads = (unsigned)args.kv_heads;
        work.head = (int)(far % kv_heads * group + block % group);
        work.sequence = (int)(far / kv_heads);
        tile = above % tiles;
    }
    work.row = (int)(tiles - 1 - tile) * TILE_M; /* later rows see more keys */
    return work;
}

/* Grid: row tiles of all heads and sequences; splits of keys. */
GPU_KERNEL_BLOCKS(THREADS, BLOCKS) attention_mma(GPU_ARGS(struct attention_args, args))
{
    GPU_SHARED(shared);
    struct work work = work_of(args);
    struct attention_sequence s = attention_sequence_of(args, work.sequence);
    struct attention_rows of = attention_rows_of(args, s, work.head);
    if (work.row >= of.n) return;
    struct rows rows;
    rows_begin(&rows);
    walk(args, s, of, work.row, shared, &rows);
    if (WARPS_KV > 1) {
        gpu_barrier();
        merge_rows(shared, &rows);
        if ((int)gpu_wave() >= WARPS_M) return;
    }
    finish(args, s, of, work.row + (int)gpu_wave() * ROW_TILES * 16, rows);
}
