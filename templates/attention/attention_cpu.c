/* Flash attention for CPUs: blocks of keys pass by, with a softmax that goes along, so that scores never
 * leave the first-level cache and memory does not depend on the square of the length.
 *
 * A block of the launch grid owns up to BLOCK_ROWS rows (query tokens times the heads that share a kv head)
 * of one kv head of one sequence, and with splits a part of the keys that they see:
 *
 *     pack the queries, times the scale                             attention_cpu_pack.h
 *     for each BLOCK_KEYS keys that some row sees:
 *       transpose the keys, once for all rows and heads             attention_cpu_pack.h
 *       for each tile of TILE_ROWS rows that sees some of them:
 *         scores = queries * keys                                   attention_cpu_tile.h
 *         scores become weights; maxima and sums go along           attention_cpu_softmax.h
 *         outputs = outputs * factor + weights * values             attention_cpu_tile.h
 *     divide, and store O and LSE, or a partial result              attention_cpu_finish.h
 *
 * Where keys are split, attention_cpu_combine adds the partial results up, in a fixed order. */
#include "attention_cpu_finish.h"
#include "attention_cpu_pack.h"
#include "attention_cpu_tile.h"

struct work {
    struct sequence sequence;
    long long first_row, n_rows; /* of this block */
    long long tiles;
    float *queries, *outputs, *sums, *max; /* of the block's rows; `max` has ROW_SLOTS a tile */
    float *keys, *values, *scores;
};

VEC_INLINE float *scratch_take(float **scratch, long long floats)
{
    float *taken = *scratch;
    *scratch += (floats + 15) / 16 * 16;
    return taken;
}

/* Mirrors `scratch_floats` of the manifest. */
VEC_INLINE void work_layout(struct work *work, float *scratch)
{
    work->queries = scratch_take(&scratch, BLOCK_ROWS * Q_PITCH);
    work->outputs = scratch_take(&scratch, BLOCK_ROWS * O_PITCH);
    work->sums = scratch_take(&scratch, BLOCK_ROWS * LANES);
    work->max = scratch_take(&scratch, (BLOCK_ROWS / TILE_ROWS + 1) * ROW_SLOTS);
    work->keys = scratch_take(&scratch, SIZE_D * BLOCK_KEYS);
    work->values = scratch_take(&scratch, BLOCK_KEYS * VALUES_PITCH);
    work->scores = scratch_take(&scratch, TILE_ROWS * SCORE_PITCH);
}

/* Tile t of the block's rows, counted from the block's first: tiles differ by at most one row. */
VEC_INLINE struct reach tile_rows(const struct work *work, long long t)
{
    return (struct reach){work->n_rows * t / work->tiles, work->n_rows * (t + 1) / work->tiles};
}

VEC_FUNCTION void rows_begin(const struct work *work)
{
    pack_queries(work->queries, &work->sequence, work->first_row, work->n_rows);
    for (long long i = 0; i < work->n_rows * O_PITCH; i += LANES) vec_store(work->outputs + i, (vec){0});
    for (long long i = 0; i < work->n_rows * LANES; i += LANES) vec_store(work->sums + i, (vec){0});
    for (long long i = 0; i < work->tiles * ROW_SLOTS; i += LANES)
        vec_store(work->max + i, vec_splat(-INFINITE));
}

/* --- one tile, one block of keys --- */

/* Keys [first, first + count). */
struct keys_block {
    long long first;
    int count;
    struct values values;
};

VEC_INLINE void tile_compute(const struct work *work, const struct keys_block *block, long long t)
{
    const struct sequence *s = &work->sequence;
    struct reach rows = tile_rows(work, t);
    struct reach upper = token_reach(s, (work->first_row + rows.begin) / s->group);
    struct reach lower = token_reach(s, (work->first_row + rows.end - 1) / s->group);
    if (lower.end <= block->first || upper.begin >= block->first + block->count) return;
    int n = (int)(rows.end - rows.begin), used = (int)smaller(block->count, lower.end - block->first);
    int vectors = IN_VECTORS(used);
    int whole = upper.end >= block->first + vectors * LANES && lower.begin <= block->first;
    float factors[ROW_SLOTS];
    struct rows softmax = {.scores = work->scores,
                           .n = n,
                           .vectors = vectors,
                           .first_row = work->first_row + rows.begin,
                           .first_key = block->first,
                           .masked = !whole,
                           .softcap = s->args->softcap * LOG2_E,
                           .max = work->max + t * ROW_SLOTS,
                           .sums = work->sums + rows.begin * LANES,
                           .factors = factors};
    scores_of(work->queries + rows.begin * Q_PITCH, work->keys, work->scores, vectors, n);
    softmax_rows(s, &softmax);
    struct product product = {work->scores, block->values.from, block->values.pitch, used};
    outputs_of(&product, work->outputs + rows.begin * O_PITCH, factors, n);
}

/* Part `split` of the keys' blocks that these rows see. */
VEC_INLINE void keys_pass(const struct work *work, long long split, long long splits)
{
    const struct sequence *s = &work->sequence;
    struct reach first = token_reach(s, work->first_row / s->group);
    struct reach last = token_reach(s, (work->first_row + work->n_rows - 1) / s->group);
    if (last.end <= first.begin) return;
    long long begin = first.begin / BLOCK_KEYS, blocks = (last.end + BLOCK_KEYS - 1) / BLOCK_KEYS - begin;
    for (long long b = blocks * split / splits; b < blocks * (split + 1) / splits; b++) {
        struct keys_block block = {.first = (begin + b) * BLOCK_KEYS};
        block.count = (int)smaller(BLOCK_KEYS, last.end - block.first);
        pack_keys(work->keys, s, block.first, block.count);
        block.values = values_of(work->values, s, block.first, block.count);
        for (long long t = 0; t < work->tiles; t++) tile_compute(work, &block, t);
    }
}

/* --- the rows' results --- */

VEC_INLINE vec load_sums(const float *sums, int n)
{
    vec rows[LANES];
#define LOAD(l) \
    if ((l) < LANES) rows[(l) % LANES] = (l) < n ? vec_load(sums + (l)*LANES) : (vec){0};
    EACH_OF_16(LOAD)
#undef LOAD
    return vec_sum_each(rows);
}

VEC_FUNCTION void rows_end(const struct work *work, long long split, long long splits)
{
    for (long long t = 0; t < work->tiles; t++) {
        struct reach rows = tile_rows(work, t);
        for (long long i = rows.begin; i < rows.end; i += LANES) {
            int n = (int)smaller(LANES, rows.end - i);
            vec max = vec_load(work->max + t * ROW_SLOTS + i - rows.begin);
            vec weights = load_sums(work->sums + i * LANES, n);
            const float *sums = work->outputs + i * O_PITCH;
            if (splits == 1) {
                finish_rows(&work->sequence, work->first_row + i, n, max, weights, sums);
            } else {
                keep_rows(&work->sequence, work->first_row + i, n, max, weights, sums, split, splits);
            }
        }
    }
}

/* Grid: blocks of rows, the last and with a causal mask longest first; kv heads; batch times splits. A split
 * is `batch` items further than the one before it. */
CPU_KERNEL attention_cpu(const struct attention_args *args, const struct cpu_block *block)
{
    long long batch = args->batch, split = block->index[2] / batch, splits = block->grid[2] / batch;
    struct work work = {.sequence = sequence_of(args, block->index[2] % batch, block->index[1])};
    long long blocks = (work.sequence.rows + BLOCK_ROWS - 1) / BLOCK_ROWS;
    long long index = blocks - 1 - block->index[0];
    if (index < 0) return;
    work.first_row = work.sequence.rows * index / blocks;
    work.n_rows = work.sequence.rows * (index + 1) / blocks - work.first_row;
    work.tiles = (work.n_rows + TILE_ROWS - 1) / TILE_ROWS;
    work_layout(&work, block->shared);
    rows_begin(&work);
    keys_pass(&work, split, splits);
    rows_end(&work, split, splits);
}

/* Grid: kv heads, as many parts of their rows as there are splits, batch. */
CPU_KERNEL attention_cpu_combine(const struct attention_args *args, const struct cpu_block *block)
{
    struct sequence s = sequence_of(args, block->index[2], block->index[0]);
    long long splits = block->grid[1], end = s.rows * (block->index[1] + 1) / splits;
    float *sums = block->shared, max[LANES], weights[LANES];
    for (long long r = s.rows * block->index[1] / splits; r < end; r += LANES) {
        int n = (int)smaller(LANES, end - r);
        for (int l = 0; l < LANES; l++) max[l] = weights[l] = 0;
        for (int l = 0; l < n; l++)
            join_splits(partial_of(&s, r + l, splits), splits, sums + l * O_PITCH, &max[l], &weights[l]);
        finish_rows(&s, r, n, vec_load(max), vec_load(weights), sums);
    }
}
