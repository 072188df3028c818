/* Attention by AMD's matrix instructions (MFMA), f16 and bf16, with fp8 keys and values too: MI200, MI300 and
 * MI350, prefill and decode.
 *
 * A block has TILE_M rows of one head, or with PACK_GQA of all heads that share keys
 * (attention_gpu_packed.h), and walks over the keys that these rows see, TILE_N at a time. Of its waves
 * WAVES_M share out the rows and WAVES_N the keys of a tile; SPLITS blocks share out the tiles
 * (attention_gpu_split.h).
 *
 *     memory -> registers -> shared memory       16 bytes of a key's line (attention_mfma_lines.h)
 *     scores                                     K Q^T: a lane has keys of one query
 * (attention_mfma_scores.h) weights                                    in the same registers
 * (attention_mfma_softmax.h) O += V^T P^T                               weights are operands as they are
 * (attention_mfma_values.h)
 *
 * attention_mfma_pipe.h says what happens beside what, attention_mfma_forms.h who holds what.
 * docs/kernels/attention_mfma.md has the arithmetic behind it. */
#include "attention_gpu_words.h"

/* --- the configuration --- */

#define SHARED_PAD     0
#define SHARED_SWIZZLE 1
#define KEYS_SHARED    0
#define KEYS_DIRECT    1
#define VALUES_SHARED  0
#define VALUES_DIRECT  1
#define PIPELINE_FREE  0
#define PIPELINE_MIXED 1
#define RESCALE_ALWAYS 0
#define RESCALE_NEEDED 1
#define ORDER_HEADS    0
#define ORDER_TILES    1

#ifndef TILE_M
#define TILE_M 64 /* a multiple of WAVES_M * MFMA */
#endif
#ifndef TILE_N
#define TILE_N 64 /* a multiple of 32 * WAVES_N */
#endif
#ifndef WAVES_M
#define WAVES_M 4 /* 1, 2, 4 or 8 */
#endif
#ifndef WAVES_N
#define WAVES_N 1 /* 1, 2 or 4 */
#endif
#ifndef MFMA
#define MFMA 16 /* 16 or 32 */
#endif
#ifndef PACK_GQA
#define PACK_GQA 0
#endif
#ifndef SPLITS
#define SPLITS 1 /* 0: as many as fill the device; 1 leaves that code out */
#endif
#ifndef KEYS
#define KEYS KEYS_SHARED
#endif
#ifndef VALUES
#define VALUES VALUES_SHARED
#endif
#ifndef SHARED
#define SHARED SHARED_PAD /* SHARED_SWIZZLE: heads of a multiple of 64 */
#endif
#ifndef BUFFERS
#define BUFFERS 1 /* 1 or 2 */
#endif
#ifndef PIPELINE
#define PIPELINE                                                                              \
    PIPELINE_FREE /* PIPELINE_MIXED: reads of shared memory stand between matrix instructions \
                   */
#endif
#ifndef RESCALE
#define RESCALE RESCALE_NEEDED
#endif
#ifndef PRIORITY
#define PRIORITY 0 /* 1: waves that multiply go first */
#endif
#ifndef BLOCKS
#define BLOCKS 1 /* that a unit shall run at once: registers are limited to that */
#endif
#ifndef ORDER
#define ORDER ORDER_HEADS /* which is the faster of a grid's places: heads, or tiles of a head's rows */
#endif
#ifndef XCD
#define XCD 0 /* 1: a head's tiles are on one die */
#endif

#define THREADS    (64 * WAVES_M * WAVES_N)
#define SIMD_WAVES ((WAVES_M * WAVES_N * BLOCKS + 3) / 4)

#include "attention_gpu_sequence.h"
#include "attention_gpu_mask.h"
#include "attention_gpu_packed.h"
#include "attention_gpu_score.h"
#include "attention_gpu_split.h"
#include "attention_gpu_finish.h"

static_assert(GPU_HAS_MFMA, "matrix instructions of gfx90a, gfx942 and gfx950");
static_assert(Q_TYPE == DTYPE_F16 || Q_TYPE == DTYPE_BF16, "what these instructions multiply");

#include "attention_mfma_forms.h"

#define M_TILES   (TILE_M / (WAVES_M * FORM)) /* tiles of rows of a wave, which lie side by side */
#define WAVE_KEYS (TILE_N / WAVES_N)          /* of a tile */
#define KEY_TILES (WAVE_KEYS / FORM)
#define EIGHTS    (WAVE_KEYS / (8 * GROUPS)) /* of keys, of a lane */

static_assert(M_TILES * FORM * WAVES_M == TILE_M && M_TILES > 0, "whole tiles of rows");
static_assert(WAVE_KEYS % 32 == 0 && WAVE_KEYS * WAVES_N == TILE_N, "whole eights of keys");
static_assert(BUFFERS == 1 || KEYS == KEYS_SHARED, "buffers are shared memory's");

GPU_DEVICE int wave_m(void)
{
    return (int)gpu_wave() % WAVES_M;
}

GPU_DEVICE int wave_n(void)
{
    return (int)gpu_wave() / WAVES_M;
}

#include "attention_mfma_lines.h"
#include "attention_mfma_scores.h"
#include "attention_mfma_values.h"
#include "attention_mfma_softmax.h"
#include "attention_mfma_pipe.h"
#include "attention_mfma_finish.h"

/* What a block works at. */
struct work {
    int sequence, head, row; /* head: of those that blocks are launched for; row: the tile's first */
};

/* Tiles with many keys first: with a causal mask the last ones. */
GPU_DEVICE struct work work_of(const struct attention_args &args)
{
    unsigned heads = (unsigned)attention_row_heads(args), all = heads * (unsigned)args.batch;
    unsigned tiles = gpu_grid_x() / all, place = gpu_block_x(), tile, rest;
    if (XCD) place = gpu_remap_xcd(place, gpu_grid_x(), 8, tiles);
    if (ORDER == ORDER_HEADS) {
        tile = place / all;
        rest = place % all;
    } else {
        tile = place % tiles;
        rest = place / tiles;
    }
    struct work work = {(int)(rest / heads), (int)(rest % heads), (int)((tiles - 1 - tile) * TILE_M)};
    return work;
}

/* A wave's rows, from `first` on. */
GPU_DEVICE void begin_rows(const struct attention_args &args, const struct attention_sequence &s,
                           const struct attention_rows &rows, int first, struct rows_state *state)
{
    int last = first + M_TILES * FORM < rows.n ? first + M_TILES * FORM - 1 : rows.n - 1;
    state->scoring = attention_scoring_of(args, s.number, rows.kv_head);
    float sign = SOFTCAP ? 1.0f : state->scoring.factor;
    load_queries(args, s, rows, first, &sign, &state->q);
    if (!SOFTCAP) state->scoring.factor = sign;
    state->any.first = state->any.last = state->all.first = state->all.last = 0;
    if (first <= last) {
        int p0 = s.before + attention_row_token(rows, first), p1 = s.before + attention_row_token(rows, last);
        state->any = attention_seen_by_any(args, s, p0, p1);
        state->all = attention_seen_by_all(args, s, p0, p1);
    }
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        int row = first + i * FORM + form_lane(), p = s.before;
        if (row < rows.n) p += attention_row_token(rows, row);
        state->softmax.seen[i] = attention_seen_by_any(args, s, p, p);
        state->softmax.max[i] = ATTENTION_HIDDEN;
        state->softmax.sum[i] = 0;
        GPU_UNROLL
        for (int t = 0; t < V_TILES; t++) state->outputs[i][t] = no_sums();
    }
}

/* The tiles of keys that a block's rows see; with SPLITS its part of them. */
GPU_DEVICE struct attention_range tiles_of(const struct attention_args &args,
                                           const struct attention_sequence &s,
                                           const struct attention_rows &rows, int first)
{
    int last = first + TILE_M < rows.n ? first + TILE_M - 1 : rows.n - 1;
    int p0 = s.before + attention_row_token(rows, first), p1 = s.before + attention_row_token(rows, last);
    struct attention_range tiles = attention_tiles<TILE_N>(attention_seen_by_any(args, s, p0, p1));
    return SPLITS == 1 ? tiles : attention_split_of(tiles, (int)gpu_block_y(), (int)gpu_grid_y());
}

/* Grid: tiles of rows of all heads and sequences; splits. */
GPU_KERNEL_WAVES(THREADS, SIMD_WAVES) attention_mfma(GPU_ARGS(struct attention_args, args))
{
    GPU_SHARED(shared);
    struct work work = work_of(args);
    struct attention_sequence s = attention_sequence_of(args, work.sequence);
    struct attention_rows rows = attention_rows_of(args, s, work.head);
    if (work.row >= rows.n) return;
    int first = work.row + wave_m() * M_TILES * FORM;
    struct rows_state state;
    struct pipe pipe;
    begin_rows(args, s, rows, first, &state);
    pipe.k.first = s.k + rows.kv_head * args.k_stride_head;
    pipe.k.token = args.k_stride_token;
    pipe.k.page = args.k_stride_batch;
    pipe.v.first = s.v + rows.kv_head * args.v_stride_head;
    pipe.v.token = args.v_stride_token;
    pipe.v.page = args.v_stride_batch;
    take_tiles(s, tiles_of(args, s, rows, work.row), shared, &pipe, &state);
    if (add_up_waves(shared, &state)) finish(args, s, rows, first, state);
}
