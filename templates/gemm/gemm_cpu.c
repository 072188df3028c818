/* A blocked, packed GEMM for CPUs. One of the two operands is the vector side, whose elements fill vector
 * registers, the other the scalar side, whose elements are broadcast:
 *
 *     VECTOR_SIDE_COLUMNS   vectors run along D's columns: B is the vector side, A the scalar side
 *     VECTOR_SIDE_ROWS      vectors run along D's rows: A is the vector side, B the scalar side, tiles are
 * transposed on their way out. Weights stored n x k (nt) then need no packing.
 *
 * The blocking, for a block of the launch grid, which owns a rectangle of D:
 *
 *                                          BLOCK_VECTORS
 *                          k            +-----------------+
 *                     +---------+       |   | TILE_VECTORS|     for each block of BLOCK_VECTORS:
 *                     | BLOCK_K |       |   | * LANES     |       for each range of scalars whose sums fit
 * HELD_SUMS:
 *                     +---------+       +-----------------+         for each BLOCK_K of k:         pack the
 * vector side BLOCK_     |         |   ->  |   :   :   :     |           for each BLOCK_SCALARS:      pack
 * the scalar side SCALARS    | TILE_   |       |...:...:...:.... |             for each tile, in the order
 * TILE_ORDER: | SCALARS |       |   :   :   :     |               gemm_cpu_tile.h
 *                     +---------+       +-----------------+
 *
 * Sums of a k longer than BLOCK_K wait in scratch, tile by tile, as floats: D is written once, after the last
 * step. */
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
#define LAYOUT LAYOUT_NN
#endif
#ifndef ACT
#define ACT ACT_NONE
#endif
#ifndef BIAS
#define BIAS 0
#endif

/* --- the configuration --- */

#define VECTOR_SIDE_COLUMNS 0
#define VECTOR_SIDE_ROWS    1
#define TILE_ORDER_VECTORS  0 /* the scalar panel stays in L1, the vector panels pass by */
#define TILE_ORDER_SCALARS  1 /* the vector panel stays in L1, the scalar panels pass by */

#ifndef VECTOR_SIDE
#define VECTOR_SIDE VECTOR_SIDE_COLUMNS
#endif
#ifndef TILE_SCALARS
#define TILE_SCALARS 6 /* 1 to 16; even where a glu's columns are the scalar side */
#endif
#ifndef TILE_VECTORS
#define TILE_VECTORS 2 /* 1 to 4; even where a glu's columns are the vector side */
#endif
#ifndef UNROLL
#define UNROLL 4 /* steps of k between two tests of the loop: 1, 2, 4, 8 or 16 */
#endif
#ifndef BLOCK_K
#define BLOCK_K 512 /* a multiple of 16 */
#endif
#ifndef BLOCK_SCALARS
#define BLOCK_SCALARS 96 /* rounded down to whole tiles, at least one */
#endif
#ifndef BLOCK_VECTORS
#define BLOCK_VECTORS 512 /* elements, not vectors; rounded down to whole tiles, at least one */
#endif
#ifndef PACK_SCALARS
#define PACK_SCALARS 1 /* 0: read in place; f32 only, and no glu on that side */
#endif
#ifndef PACK_VECTORS
#define PACK_VECTORS \
    1 /* 0: read in place; f32 only, and only where its elements are stored along the vectors */
#endif
#ifndef TILE_ORDER
#define TILE_ORDER TILE_ORDER_VECTORS
#endif
#ifndef PREFETCH_SCALARS
#define PREFETCH_SCALARS 0 /* how many steps of k ahead a tile prefetches the scalar side; 0: not at all */
#endif
#ifndef PREFETCH_VECTORS
#define PREFETCH_VECTORS 8 /* the same for the vector side */
#endif
#ifndef PREFETCH_PACK
#define PREFETCH_PACK 0 /* elements, along memory, that packing prefetches ahead; 0: not at all */
#endif
#define PACK_STEPS 8         /* steps of k that packing takes together where k runs across memory */
#define HELD_SUMS  (1 << 21) /* floats of partial sums that a block keeps, where k is longer than BLOCK_K */

#include "gemm_cpu_epilogue.h"
#include "gemm_cpu_pack.h"

#define ON_COLUMNS (VECTOR_SIDE == VECTOR_SIDE_COLUMNS)
#define A_RUN      (LAYOUT == LAYOUT_NN || LAYOUT == LAYOUT_NT ? ALONG_K : ACROSS_K)
#define B_RUN      (LAYOUT == LAYOUT_NT || LAYOUT == LAYOUT_TT ? ALONG_K : ACROSS_K)
#if VECTOR_SIDE == VECTOR_SIDE_COLUMNS
#define SCALARS_RUN    A_RUN
#define VECTORS_RUN    B_RUN
#define GLU_ON_VECTORS GLU
#define GLU_ON_SCALARS 0
#else
#define SCALARS_RUN    B_RUN
#define VECTORS_RUN    A_RUN
#define GLU_ON_VECTORS 0
#define GLU_ON_SCALARS GLU
#endif

#include "gemm_cpu_tile.h"

/* Sizes along D are in units: a unit of the columns' side is a column of D, hence with a glu two columns of
 * B. */
#define VECTOR_UNITS (GLU_ON_VECTORS ? TILE_LANES / 2 : TILE_LANES)
#define SCALAR_UNITS (GLU_ON_SCALARS ? TILE_SCALARS / 2 : TILE_SCALARS)
#define TILE_SUMS    (TILE_SCALARS * TILE_LANES)
#define FLIP_PITCH   ((TILE_SCALARS + 2 * LANES) / LANES * LANES)
#define PLAIN        (ON_COLUMNS && ACT == ACT_NONE && !BIAS && D_TYPE == DTYPE_F32)

STATIC_ASSERT(A_TYPE == B_TYPE && (A_TYPE == DTYPE_F32 || A_TYPE == DTYPE_BF16));
STATIC_ASSERT(D_TYPE == DTYPE_F32 || D_TYPE == DTYPE_BF16);
STATIC_ASSERT(TILE_SCALARS >= 1 && TILE_SCALARS <= 16 && TILE_VECTORS >= 1 && TILE_VECTORS <= 4);
STATIC_ASSERT(!GLU_ON_VECTORS || TILE_VECTORS % 2 == 0);
STATIC_ASSERT(!GLU_ON_SCALARS || (TILE_SCALARS % 2 == 0 && PACK_SCALARS));
STATIC_ASSERT(BLOCK_K % 16 == 0 && 16 % UNROLL == 0);
STATIC_ASSERT((PACK_SCALARS && PACK_VECTORS) || A_TYPE == DTYPE_F32);
STATIC_ASSERT(PACK_VECTORS || VECTORS_RUN == ACROSS_K);

/* Counts of panels: a panel is a tile's worth of units. */
struct range {
    long long begin, end;
};

struct side {
    const in_t *from;
    long long ld, units;
    long long half; /* units from a gate's to its value's column */
};

struct work {
    struct side scalars, vectors;
    struct output out;
    long long k, block_k;  /* block_k: the steps of k cut into equal blocks */
    long long held;        /* scalar panels whose partial sums are kept */
    float *packed_vectors; /* panels of block_k x TILE_LANES; only the ragged one where read in place */
    float *packed_scalars; /* panels of block_k x TILE_SCALARS */
    float *sums, *flipped, *partial; /* a tile of sums; the same transposed; tiles of partial sums */
};

/* Of one pass over the tiles: p from first_p, `depth` steps. */
struct pass {
    long long first_p;
    int depth;
    struct range vectors;
    long long held_from; /* the scalar panel whose partial sums come first */
};

VEC_INLINE long long smaller(long long a, long long b)
{
    return a < b ? a : b;
}

VEC_INLINE long long ceil_div(long long a, long long b)
{
    return (a + b - 1) / b;
}

/* Part `part` of `parts` nearly equal ones. */
VEC_INLINE struct range range_part(struct range whole, long long part, long long parts)
{
    long long count = whole.end - whole.begin;
    if (parts == 1) return whole;
    return (struct range){whole.begin + count * part / parts, whole.begin + count * (part + 1) / parts};
}

/* How many parts of at most `most` panels. */
VEC_INLINE long long range_parts(struct range whole, long long most)
{
    long long count = whole.end - whole.begin;
    return count <= most ? 1 : ceil_div(count, most > 1 ? most : 1);
}

/* Whether the tiles of a vector panel may read the operand itself: no vector reaches past its end. */
VEC_INLINE int vectors_in_place(const struct work *work, long long panel)
{
    long long count = smaller(VECTOR_UNITS, work->vectors.units - panel * VECTOR_UNITS);
    return !PACK_VECTORS && count % (GLU_ON_VECTORS ? VECTOR_UNITS : LANES) == 0;
}

/* --- packing --- */

VEC_INLINE void pack_strip(float *to, int pitch, int width, int spill, int run, const struct strip *strip)
{
    if (run == ALONG_K) {
        pack_along_k(to, pitch, width, spill, PREFETCH_PACK, strip);
    } else {
        pack_across_k(to, pitch, width, spill, PREFETCH_PACK, strip);
    }
}

/* One side of a pass: how its panels are cut and stored. */
struct cut {
    const struct side *side;
    int pitch;  /* elements of a panel */
    int units;  /* units of a panel: half as many with a glu on this side, for the gates and again for the
                   values */
    int halves; /* 1, or 2 with a glu on this side */
    int run;
};

/* `depth` steps of k of one panel, from p on. */
VEC_INLINE void pack_panel(float *to, const struct cut *cut, long long panel, long long p, int depth)
{
    const struct side *side = cut->side;
    for (int h = 0; h < cut->halves; h++) {
        long long unit = panel * cut->units, element = unit + h * side->half;
        long long offset = cut->run == ALONG_K ? element * side->ld + p : p * side->ld + element;
        struct strip strip = {side->from + offset, side->ld, (int)smaller(cut->units, side->units - unit),
                              depth};
        pack_strip(to + h * cut->units, cut->pitch, cut->units, cut->halves == 1, cut->run, &strip);
    }
}

/* All panels of a side. Elements that are neighbours in memory are packed together: where they run across k,
 * a few steps of k of all panels in turn, so that rows are read from end to end. */
VEC_INLINE void pack_panels(float *to, const struct cut *cut, struct range panels, const struct work *work,
                            const struct pass *pass)
{
    int chunk = cut->run == ALONG_K ? pass->depth : PACK_STEPS;
    for (int p = 0; p < pass->depth; p += chunk) {
        int depth = (int)smaller(chunk, pass->depth - p);
        for (long long panel = panels.begin; panel < panels.end; panel++) {
            float *place = to + ((panel - panels.begin) * work->block_k + p) * cut->pitch;
            pack_panel(place, cut, panel, pass->first_p + p, depth);
        }
    }
}

/* Where read in place, only a last panel that does not fill its vectors is packed. */
VEC_FUNCTION void pack_vectors(const struct work *work, const struct pass *pass)
{
    struct cut cut = {&work->vectors, TILE_LANES, VECTOR_UNITS, GLU_ON_VECTORS ? 2 : 1, VECTORS_RUN};
    struct range panels = pass->vectors;
    if (!PACK_VECTORS) {
        panels.begin = panels.end - 1;
        if (vectors_in_place(work, panels.begin)) return;
    }
    pack_panels(work->packed_vectors, &cut, panels, work, pass);
}

VEC_FUNCTION void pack_scalars(const struct work *work, const struct pass *pass, struct range panels)
{
    struct cut cut = {&work->scalars, TILE_SCALARS, SCALAR_UNITS, GLU_ON_SCALARS ? 2 : 1, SCALARS_RUN};
    pack_panels(work->packed_scalars, &cut, panels, work, pass);
}

/* --- tiles --- */

/* From a tile of finished sums into D. */
VEC_FUNCTION void tile_output(const struct work *work, long long scalar_unit, int scalars,
                              long long vector_unit, int vectors)
{
#if VECTOR_SIDE == VECTOR_SIDE_COLUMNS
    for (int i = 0; i < scalars; i++) {
        const float *row = work->sums + i * TILE_LANES;
        output_row(&work->out, scalar_unit + i, vector_unit, vectors, row, row + TILE_LANES / 2);
    }
#else
    for (int j = 0; j < vectors; j += LANES) {
        for (int i = 0; i < TILE_SCALARS; i += LANES) {
            vec rows[LANES];
#define LOAD_ROW(l) \
    if ((l) < LANES) rows[(l) % LANES] = vec_load(work->sums + (i + (l)) * TILE_LANES + j);
            EACH_OF_16(LOAD_ROW)
            vec_transpose(rows);
#define STORE_ROW(l) \
    if ((l) < LANES) vec_store(work->flipped + (j + (l)) * FLIP_PITCH + i, rows[(l) % LANES]);
            EACH_OF_16(STORE_ROW)
        }
    }
    for (int j = 0; j < vectors; j++) {
        const float *row = work->flipped + j * FLIP_PITCH;
        output_row(&work->out, vector_unit + j, scalar_unit, scalars, row, row + TILE_SCALARS / 2);
    }
#endif
}

VEC_INLINE void tile_locate_scalars(struct tile *tile, const struct work *work, const struct pass *pass,
                                    struct range block, long long panel)
{
    long long unit = panel * SCALAR_UNITS;
    tile->scalars_here =
        GLU_ON_SCALARS ? TILE_SCALARS : (int)smaller(TILE_SCALARS, work->scalars.units - unit);
#if PACK_SCALARS
    (void)pass;
    tile->scalars = work->packed_scalars + (panel - block.begin) * work->block_k * TILE_SCALARS;
#else
    (void)block;
    const struct side *side = &work->scalars;
    tile->scalar_ld = side->ld;
    tile->scalars = side->from + (SCALARS_RUN == ALONG_K ? unit * side->ld + pass->first_p
                                                         : pass->first_p * side->ld + unit);
#endif
}

VEC_INLINE void tile_locate_vectors(struct tile *tile, const struct work *work, const struct pass *pass,
                                    long long panel)
{
    long long unit = panel * VECTOR_UNITS, count = smaller(VECTOR_UNITS, work->vectors.units - unit);
    tile->vectors_here = GLU_ON_VECTORS ? TILE_VECTORS : (int)ceil_div(count, LANES);
#if PACK_VECTORS
    tile->vectors = work->packed_vectors + (panel - pass->vectors.begin) * work->block_k * TILE_LANES;
#else
    const struct side *side = &work->vectors;
    int in_place = vectors_in_place(work, panel);
    tile->vectors = in_place ? side->from + pass->first_p * side->ld + unit : work->packed_vectors;
    tile->vector_pitch = in_place ? side->ld : TILE_LANES;
    tile->vector_half = in_place ? side->half : TILE_LANES / 2;
#endif
}

VEC_INLINE void tile_compute(struct tile *tile, const struct work *work, const struct pass *pass,
                             long long scalar_panel, long long vector_panel)
{
    long long scalar_unit = scalar_panel * SCALAR_UNITS, vector_unit = vector_panel * VECTOR_UNITS;
    int scalars = (int)smaller(SCALAR_UNITS, work->scalars.units - scalar_unit);
    int vectors = (int)smaller(VECTOR_UNITS, work->vectors.units - vector_unit);
    int last = pass->first_p + pass->depth == work->k;
    long long place = (scalar_panel - pass->held_from) * (pass->vectors.end - pass->vectors.begin) +
                      vector_panel - pass->vectors.begin;
    float *partial = work->partial + place * TILE_SUMS;
    tile->add = pass->first_p > 0 ? partial : 0;
    tile->to = last ? work->sums : partial;
    tile->to_pitch = TILE_LANES;
    tile->scale = 1;
    int to_d = 0;
#if PLAIN
    to_d = last && work->out.beta == 0 && vectors % LANES == 0;
    if (to_d) {
        tile->to = work->out.d + scalar_unit * work->out.ldd + vector_unit;
        tile->to_pitch = work->out.ldd;
        tile->scale = work->out.alpha;
    }
#endif
    tile_sum(tile);
    if (last && !to_d) tile_output(work, scalar_unit, scalars, vector_unit, vectors);
}

/* All tiles of some scalar panels with the pass's vector panels. */
VEC_INLINE void tiles_compute(const struct work *work, const struct pass *pass, struct range scalars)
{
    struct tile tile = {.depth = pass->depth};
#if TILE_ORDER == TILE_ORDER_VECTORS
    for (long long s = scalars.begin; s < scalars.end; s++) {
        tile_locate_scalars(&tile, work, pass, scalars, s);
        for (long long v = pass->vectors.begin; v < pass->vectors.end; v++) {
            tile_locate_vectors(&tile, work, pass, v);
            tile_compute(&tile, work, pass, s, v);
        }
    }
#else
    for (long long v = pass->vectors.begin; v < pass->vectors.end; v++) {
        tile_locate_vectors(&tile, work, pass, v);
        for (long long s = scalars.begin; s < scalars.end; s++) {
            tile_locate_scalars(&tile, work, pass, scalars, s);
            tile_compute(&tile, work, pass, s, v);
        }
    }
#endif
}

/* --- blocks --- */

/* All of k for some vector panels and scalar panels whose partial sums fit. */
VEC_INLINE void panels_compute(const struct work *work, struct range vectors, struct range scalars)
{
    for (long long p = 0; p < work->k; p += work->block_k) {
        struct pass pass = {p, (int)smaller(work->block_k, work->k - p), vectors, scalars.begin};
        pack_vectors(work, &pass);
        long long parts = range_parts(scalars, BLOCK_SCALARS / TILE_SCALARS);
        for (long long i = 0; i < parts; i++) {
            struct range block = range_part(scalars, i, parts);
            if (PACK_SCALARS) pack_scalars(work, &pass, block);
            tiles_compute(work, &pass, block);
        }
    }
}

VEC_INLINE float *scratch_take(float **scratch, long long floats)
{
    float *taken = *scratch;
    *scratch += ceil_div(floats, 16) * 16;
    return taken;
}

/* Mirrors `shared_bytes` of the manifest. */
VEC_INLINE void work_layout(struct work *work, float *scratch, struct range vectors, struct range scalars)
{
    long long most = BLOCK_VECTORS / TILE_LANES > 1 ? BLOCK_VECTORS / TILE_LANES : 1;
    long long vector_panels = smaller(most, vectors.end - vectors.begin);
    most = BLOCK_SCALARS / TILE_SCALARS > 1 ? BLOCK_SCALARS / TILE_SCALARS : 1;
    long long scalar_panels = smaller(most, scalars.end - scalars.begin);
    long long parts_of_k = ceil_div(work->k, BLOCK_K);
    work->block_k = ceil_div(parts_of_k == 1 ? work->k : ceil_div(work->k, parts_of_k), 16) * 16;
    work->held = scalars.end - scalars.begin;
    if (work->k > BLOCK_K) {
        long long fit = HELD_SUMS / (vector_panels * TILE_SUMS);
        work->held = smaller(work->held, fit > scalar_panels ? fit : scalar_panels);
    }
    work->packed_vectors =
        scratch_take(&scratch, (PACK_VECTORS ? vector_panels : 1) * work->block_k * TILE_LANES);
    work->packed_scalars =
        scratch_take(&scratch, PACK_SCALARS ? scalar_panels * work->block_k * TILE_SCALARS + LANES : 0);
    work->sums = scratch_take(&scratch, (TILE_SCALARS + LANES) * TILE_LANES);
    work->flipped = scratch_take(&scratch, ON_COLUMNS ? 0 : TILE_LANES * FLIP_PITCH);
    work->partial = scratch;
}

VEC_INLINE void work_operands(struct work *work, const struct gemm_args *args, long long item)
{
    if (args->batch == 1) item = 0;
    long long columns = GLU ? args->n / 2 : args->n;
    struct side a = {(const in_t *)args->a + item * args->stride_a, args->lda, args->m, 0};
    struct side b = {(const in_t *)args->b + item * args->stride_b, args->ldb, columns, columns};
    work->vectors = ON_COLUMNS ? b : a;
    work->scalars = ON_COLUMNS ? a : b;
    work->out = output_of(args, item);
    work->k = args->k;
}

/* Grid: parts of D's columns, parts of its rows, batch. */
CPU_KERNEL gemm_cpu(const struct gemm_args *args, const struct cpu_block *block)
{
    struct work work;
    work_operands(&work, args, block->index[2]);
    int along = ON_COLUMNS ? 0 : 1; /* the grid's direction that cuts the vector side */
    struct range vectors = {0, ceil_div(work.vectors.units, VECTOR_UNITS)};
    struct range scalars = {0, ceil_div(work.scalars.units, SCALAR_UNITS)};
    vectors = range_part(vectors, block->index[along], block->grid[along]);
    scalars = range_part(scalars, block->index[1 - along], block->grid[1 - along]);
    if (vectors.begin == vectors.end || scalars.begin == scalars.end) return;
    work_layout(&work, block->shared, vectors, scalars);

    long long vector_parts = range_parts(vectors, BLOCK_VECTORS / TILE_LANES);
    long long scalar_parts = range_parts(scalars, work.held);
    for (long long v = 0; v < vector_parts; v++) {
        for (long long s = 0; s < scalar_parts; s++) {
            panels_compute(&work, range_part(vectors, v, vector_parts), range_part(scalars, s, scalar_parts));
        }
    }
}
