/* A GEMM with few rows (m <= 16) for CPUs: streams B, the weights, once at memory bandwidth. A is packed, and
 * stays in cache.
 *
 * The blocking, for a block of the launch grid, which owns columns of D and, with SPLIT_K > 1, a part of k:
 *
 *              k ->                      for each group of BLOCK_N columns:
 *            +---------+---------+         for each BLOCK_K of k:              (A's piece stays in L1)
 *    A       | BLOCK_K |         |           for each panel of PANEL columns:  (B's piece stays in L1)
 *            +---------+---------+             for each TILE_M rows:           gemm_skinny_cpu_tile.h
 *
 *    PANEL is TILE_N where k is contiguous in B (dot products), else TILE_N vectors. The group's sums wait in
 * scratch and go into D, or with SPLIT_K > 1 into the workspace, which gemm_skinny_reduce adds up in a fixed
 * order.
 *
 * With a glu a group is done twice, for gates and for values. */
#include "gemm_args.h"
#include "../device/cpu.h"
#include "../device/vec.h"

/* --- the operation --- */

#ifndef A_TYPE
#define A_TYPE DTYPE_F32 /* DTYPE_F32 or DTYPE_BF16; B_TYPE is the same */
#endif
#ifndef B_TYPE
#define B_TYPE A_TYPE
#endif
#ifndef D_TYPE
#define D_TYPE DTYPE_F32 /* DTYPE_F32 or DTYPE_BF16: D, C and bias */
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

/* --- the configuration --- */

#ifndef TILE_M
#define TILE_M 2 /* rows of D in a register tile, 1 to 8 */
#endif
#ifndef TILE_N
#define TILE_N 4 /* rows of B (nt, tt) or vectors of columns (nn, tn) in a register tile, 1 to 8 */
#endif
#ifndef UNROLL
#define UNROLL 2 /* steps between two tests of the loop over k: 1, 2 or 4 */
#endif
#ifndef BLOCK_K
#define BLOCK_K 1024 /* a multiple of 16 */
#endif
#ifndef BLOCK_N
#define BLOCK_N 256 /* columns; rounded down to whole panels, at least one */
#endif
#ifndef PREFETCH
#define PREFETCH 0 /* how many elements of k ahead B is prefetched; 0: not at all */
#endif
#ifndef SPLIT_K
#define SPLIT_K 1 /* parts of k that blocks of the grid share out */
#endif

#include "gemm_cpu_epilogue.h"
#include "gemm_cpu_pack.h"

#define DOT       (LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_TT)
#define A_RUN     (LAYOUT == LAYOUT_NN || LAYOUT == LAYOUT_NT ? ALONG_K : ACROSS_K)
#define PANEL     (DOT ? TILE_N : TILE_N * LANES)
#define SUM_WIDTH (DOT ? LANES : 1) /* floats of scratch for the sum of one column */
#define GROUP     (BLOCK_N / PANEL > 1 ? BLOCK_N / PANEL * PANEL : PANEL)

#define SUMS_PITCH ((GROUP + LANES) * SUM_WIDTH) /* floats from a row of sums to the next */

STATIC_ASSERT(A_TYPE == B_TYPE && (A_TYPE == DTYPE_F32 || A_TYPE == DTYPE_BF16));
STATIC_ASSERT(D_TYPE == DTYPE_F32 || D_TYPE == DTYPE_BF16);
STATIC_ASSERT(TILE_M >= 1 && TILE_M <= 8 && TILE_N >= 1 && TILE_N <= 8);
STATIC_ASSERT(UNROLL == 1 || UNROLL == 2 || UNROLL == 4);
STATIC_ASSERT(BLOCK_K % 16 == 0 && BLOCK_N >= 1 && SPLIT_K >= 1);

#include "gemm_skinny_cpu_tile.h"

struct work {
    const in_t *a, *b;
    long long lda, ldb, m, n;
    long long first_k, k; /* this block's part of k */
    long long columns;    /* of D */
    long long padded_k;   /* k rounded up to vectors */
    float *packed_a;      /* DOT: m rows of padded_k; else for each tile of rows, k x TILE_M */
    in_t *ragged;         /* BLOCK_K x PANEL: the last panel of columns, where it does not fill its vectors */
    float *sums[2];       /* m rows of GROUP columns; of the gates (or all there is) and of the values */
    float *workspace;     /* SPLIT_K > 1: m x n sums of this part of k */
    struct output out;
};

VEC_INLINE long long smaller(long long a, long long b)
{
    return a < b ? a : b;
}

VEC_INLINE long long round_up(long long a, long long unit)
{
    return (a + unit - 1) / unit * unit;
}

/* How many rows the tile at row i has: tiles of a skinny product differ by at most one row. */
VEC_INLINE int tile_rows(long long m, long long i)
{
    long long tiles = (m - i + TILE_M - 1) / TILE_M;
    return (int)((m - i + tiles - 1) / tiles);
}

/* A as the tiles want it: dot products read its rows, so that "along" and "across" k change places. */
VEC_FUNCTION void pack_a(const struct work *work)
{
    float *to = work->packed_a;
    const in_t *from = work->a + work->first_k * (A_RUN == ALONG_K ? 1 : work->lda);
    if (DOT) {
        struct strip strip = {from, work->lda, (int)work->k, (int)work->m};
        int width = (int)work->padded_k;
        if (A_RUN == ALONG_K) {
            pack_across_k(to, width, width, 1, 0, &strip);
        } else {
            pack_along_k(to, width, width, 1, 0, &strip);
        }
        return;
    }
    for (long long i = 0, rows; i < work->m; i += rows, to += work->k * TILE_M) {
        rows = tile_rows(work->m, i);
        struct strip strip = {from + i * (A_RUN == ALONG_K ? work->lda : 1), work->lda, (int)rows,
                              (int)work->k};
        if (A_RUN == ALONG_K) {
            pack_along_k(to, TILE_M, TILE_M, 1, 0, &strip);
        } else {
            pack_across_k(to, TILE_M, TILE_M, 1, 0, &strip);
        }
    }
}

/* `depth` rows of the `count` columns at `from`, to a pitch of PANEL; what lies beyond `count` is not used.
 */
VEC_FUNCTION void copy_ragged(const struct work *work, const in_t *from, int count, long long depth)
{
    for (long long p = 0; p < depth; p++) {
        for (int c = 0; c < count; c += LANES) {
            vec_copy_part((char *)(work->ragged + p * PANEL + c), (const char *)(from + p * work->ldb + c),
                          count - c, (int)sizeof(in_t));
        }
    }
}

/* --- sums --- */

/* One panel of B, at element `b`, with `count` columns, over one block of k, times all rows. */
VEC_INLINE void panel_compute(const struct work *work, const in_t *b, long long count, long long p,
                              float *sums)
{
    struct tile tile = {.b = b,
                        .a_pitch = work->padded_k,
                        .ldb = work->ldb,
                        .depth = (int)smaller(BLOCK_K, work->k - p),
                        .columns = (int)smaller(TILE_N, count),
                        .add = p > 0,
                        .pitch = SUMS_PITCH};
    if (!DOT && count < PANEL) {
        copy_ragged(work, b, (int)count, tile.depth);
        tile.b = work->ragged;
        tile.ldb = PANEL;
    }
    const float *a = work->packed_a;
    for (long long i = 0; i < work->m;) {
        int rows = tile_rows(work->m, i);
        tile.a = a + (DOT ? i * work->padded_k + p : p * TILE_M);
        tile.sums = sums + i * SUMS_PITCH;
        tile_sum(&tile, rows);
        i += rows;
        if (!DOT) a += work->k * TILE_M;
    }
}

/* Columns column .. column + count of one half of the product, `count` at most GROUP. */
VEC_INLINE void group_compute(const struct work *work, int half, long long column, long long count)
{
    for (long long p = 0; p < work->k; p += BLOCK_K) {
        for (long long j = 0; j < count; j += PANEL) {
            long long n = half * work->columns + column + j, k = work->first_k + p;
            const in_t *b = work->b + (DOT ? n * work->ldb + k : k * work->ldb + n);
            panel_compute(work, b, count - j, p, work->sums[half] + j * SUM_WIDTH);
        }
    }
}

VEC_INLINE vec sums_finish(const float *sums)
{
    if (!DOT) return vec_load(sums);
    vec rows[LANES];
#define LOAD(l) \
    if ((l) < LANES) rows[(l) % LANES] = vec_load(sums + (l)*LANES);
    EACH_OF_16(LOAD)
#undef LOAD
    return vec_sum_each(rows);
}

VEC_FUNCTION void group_output(const struct work *work, long long column, long long count)
{
    for (long long i = 0; i < work->m; i++) {
        for (long long j = 0; j < count; j += LANES) {
            int left = (int)smaller(LANES, count - j);
            const float *sums = work->sums[0] + i * SUMS_PITCH + j * SUM_WIDTH;
            vec gate = sums_finish(sums), value = {0};
            if (GLU) value = sums_finish(sums + (work->sums[1] - work->sums[0]));
            if (SPLIT_K == 1) {
                output_vec(&work->out, i, column + j, left, gate, value);
            } else {
                float *to = work->workspace + i * work->n + column + j;
                vec_store_part(to, gate, left);
                if (GLU) vec_store_part(to + work->columns, value, left);
            }
        }
    }
}

/* --- blocks --- */

VEC_INLINE float *scratch_take(float **scratch, long long floats)
{
    float *taken = *scratch;
    *scratch += round_up(floats, 16);
    return taken;
}

/* Mirrors `shared_bytes` of the manifest. */
VEC_INLINE void work_layout(struct work *work, float *scratch)
{
    work->packed_a =
        scratch_take(&scratch, DOT ? work->m * work->padded_k : round_up(work->m, TILE_M) * work->k + LANES);
    work->ragged = (in_t *)scratch_take(&scratch, DOT ? 0 : BLOCK_K * PANEL);
    work->sums[0] = scratch_take(&scratch, work->m * SUMS_PITCH);
    work->sums[1] = GLU ? scratch_take(&scratch, work->m * SUMS_PITCH) : work->sums[0];
}

VEC_INLINE void work_operands(struct work *work, const struct gemm_args *args, long long item, long long part)
{
    work->workspace = (float *)args->workspace + (item * SPLIT_K + part) * args->m * args->n;
    if (args->batch == 1) item = 0;
    work->a = (const in_t *)args->a + item * args->stride_a;
    work->b = (const in_t *)args->b + item * args->stride_b;
    work->lda = args->lda;
    work->ldb = args->ldb;
    work->m = args->m;
    work->n = args->n;
    work->columns = GLU ? args->n / 2 : args->n;
    work->first_k = round_up(args->k * part / SPLIT_K, 16);
    work->k = smaller(round_up(args->k * (part + 1) / SPLIT_K, 16), args->k) - work->first_k;
    work->padded_k = round_up(work->k, LANES);
    work->out = output_of(args, item);
}

/* Grid: parts of D's columns, SPLIT_K, batch. */
CPU_KERNEL gemm_skinny_cpu(const struct gemm_args *args, const struct cpu_block *block)
{
    struct work work;
    work_operands(&work, args, block->index[2], block->index[1]);
    work_layout(&work, block->shared);
    long long panels = (work.columns + PANEL - 1) / PANEL;
    long long begin = panels * block->index[0] / block->grid[0] * PANEL;
    long long end = smaller(panels * (block->index[0] + 1) / block->grid[0] * PANEL, work.columns);
    if (begin >= end) return;
    pack_a(&work);
    for (long long column = begin; column < end; column += GROUP) {
        long long count = smaller(GROUP, end - column);
        for (int half = 0; half <= GLU; half++) group_compute(&work, half, column, count);
        group_output(&work, column, count);
    }
}

/* Grid: parts of D's columns, 1, batch. Adds up the parts of k, always in the same order. */
CPU_KERNEL gemm_skinny_reduce(const struct gemm_args *args, const struct cpu_block *block)
{
    struct output out = output_of(args, block->index[2]);
    long long columns = GLU ? args->n / 2 : args->n, vectors = (columns + LANES - 1) / LANES;
    long long begin = vectors * block->index[0] / block->grid[0] * LANES;
    long long end = smaller(vectors * (block->index[0] + 1) / block->grid[0] * LANES, columns);
    const float *item = (const float *)args->workspace + block->index[2] * SPLIT_K * args->m * args->n;
    for (long long i = 0; i < args->m; i++) {
        for (long long j = begin; j < end; j += LANES) {
            int count = (int)smaller(LANES, end - j);
            vec gate = {0}, value = {0};
            for (long long s = 0; s < SPLIT_K; s++) {
                const float *from = item + (s * args->m + i) * args->n + j;
                gate += vec_load_part(from, count);
                if (GLU) value += vec_load_part(from + columns, count);
            }
            output_vec(&out, i, j, count, gate, value);
        }
    }
}
