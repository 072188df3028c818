/* The register tiles of gemm_skinny_cpu.c: TILE_M rows of D by TILE_N of ... what depends on how B is stored.
 *
 * B with k contiguous (nt, tt): dot products. TILE_N rows of B at once, vectors run along k; every sum is a
 * vector whose lanes are added at the very end.
 *
 *      A: TILE_M rows    ----> k                    sums[r][c] += A[i + r][p ..] * B[j + c][p ..]
 *      B: TILE_N rows    ----> k
 *
 * B with n contiguous (nn, tn): TILE_N vectors of columns at once, broadcast times vector.
 *
 *                        B: TILE_N vectors of a row, k downwards
 *      A: TILE_M scalars |                          sums[r][c] += A[i + r][p] * B[p][j + c * LANES ..]
 *                        v k */
#ifndef TUNEBOOK_GEMM_SKINNY_CPU_TILE_H
#define TUNEBOOK_GEMM_SKINNY_CPU_TILE_H

struct tile {
    const float *a; /* packed: DOT element (r, p) at a[r * a_pitch + p], else at a[p * TILE_M + r] */
    const in_t *b;  /* the first element of the tile */
    long long a_pitch, ldb;
    int depth;   /* steps of k */
    int columns; /* DOT: rows of B that exist, 1 to TILE_N; the others repeat the last */
    int add;     /* whether `sums` holds those of earlier steps */
    float *sums; /* (r, c) at sums[r * pitch + c * LANES] */
    long long pitch;
};

/* --- one step --- */

VEC_INLINE void tile_multiply(vec a, const vec b[8], vec sums[8])
{
#define MULTIPLY(c) \
    if ((c) < TILE_N) sums[c] += a * b[c];
    EACH_OF_8(MULTIPLY)
#undef MULTIPLY
}

#if DOT

/* LANES steps of k, or the `part` that is left of them. `row` are the rows of B at p; A is padded with zeros.
 */
VEC_INLINE void tile_step(const struct tile *tile, long long p, int rows, int part, const in_t *const row[8],
                          vec sums[8][8])
{
    vec b[8];
#define LOAD(c)                                                                                  \
    if ((c) < TILE_N) {                                                                          \
        if (PREFETCH > 0)                                                                        \
            __builtin_prefetch((const char *)(row[c] + p) + PREFETCH * (int)sizeof(in_t), 0, 3); \
        b[c] = part < LANES ? in_load_part(row[c] + p, part) : in_load(row[c] + p);              \
    }
    EACH_OF_8(LOAD)
#undef LOAD
#define ROW(r) \
    if ((r) < rows) tile_multiply(vec_load(tile->a + (r)*tile->a_pitch + p), b, sums[r]);
    EACH_OF_8(ROW)
#undef ROW
}

VEC_INLINE void tile_steps(const struct tile *tile, int rows, vec sums[8][8])
{
    const in_t *row[8];
#define LOCATE(c) row[c] = tile->b + ((c) < tile->columns ? (c) : tile->columns - 1) * tile->ldb;
    EACH_OF_8(LOCATE)
#undef LOCATE
    long long p = 0, depth = tile->depth;
    for (; p + UNROLL * LANES <= depth; p += UNROLL * LANES) {
#define STEP(u) \
    if ((u) < UNROLL) tile_step(tile, p + (u)*LANES, rows, LANES, row, sums);
        EACH_OF_4(STEP)
#undef STEP
    }
    for (; p + LANES <= depth; p += LANES) tile_step(tile, p, rows, LANES, row, sums);
    if (p < depth) tile_step(tile, p, rows, (int)(depth - p), row, sums);
}

#else

VEC_INLINE void tile_step(const struct tile *tile, long long p, int rows, vec sums[8][8])
{
    const in_t *row = tile->b + p * tile->ldb;
    vec b[8];
#define LOAD(c)                                                                             \
    if ((c) < TILE_N) {                                                                     \
        if (PREFETCH > 0) __builtin_prefetch(row + PREFETCH * tile->ldb + (c)*LANES, 0, 3); \
        b[c] = in_load(row + (c)*LANES);                                                    \
    }
    EACH_OF_8(LOAD)
#undef LOAD
#define ROW(r) \
    if ((r) < rows) tile_multiply(vec_splat(tile->a[p * TILE_M + (r)]), b, sums[r]);
    EACH_OF_8(ROW)
#undef ROW
}

VEC_INLINE void tile_steps(const struct tile *tile, int rows, vec sums[8][8])
{
    long long p = 0, depth = tile->depth;
    for (; p + UNROLL <= depth; p += UNROLL) {
#define STEP(u) \
    if ((u) < UNROLL) tile_step(tile, p + (u), rows, sums);
        EACH_OF_4(STEP)
#undef STEP
    }
    for (; p < depth; p++) tile_step(tile, p, rows, sums);
}

#endif

/* --- a tile --- */

VEC_INLINE void tile_load(const struct tile *tile, int r, vec sums[8])
{
    const float *from = tile->sums + r * tile->pitch;
#define LOAD(c) \
    if ((c) < TILE_N) sums[c] = tile->add ? vec_load(from + (c)*LANES) : (vec){0};
    EACH_OF_8(LOAD)
#undef LOAD
}

VEC_INLINE void tile_store(const struct tile *tile, int r, const vec sums[8])
{
    float *to = tile->sums + r * tile->pitch;
#define STORE(c) \
    if ((c) < TILE_N) vec_store(to + (c)*LANES, sums[c]);
    EACH_OF_8(STORE)
#undef STORE
}

/* `rows` is a constant where this is expanded. */
VEC_INLINE void tile_run(const struct tile *tile, int rows)
{
    vec sums[8][8];
#define LOAD(r) \
    if ((r) < rows) tile_load(tile, r, sums[r]);
    EACH_OF_8(LOAD)
#undef LOAD
    tile_steps(tile, rows, sums);
#define STORE(r) \
    if ((r) < rows) tile_store(tile, r, sums[r]);
    EACH_OF_8(STORE)
#undef STORE
}

#define TILE_CASE(rows) \
    case rows: tile_run(tile, rows); break;
VEC_FUNCTION void tile_sum(const struct tile *tile, int rows)
{
    switch (rows) {
        TILE_CASE(1)
#if TILE_M >= 2
        TILE_CASE(2)
#endif
#if TILE_M >= 3
        TILE_CASE(3)
#endif
#if TILE_M >= 4
        TILE_CASE(4)
#endif
#if TILE_M >= 5
        TILE_CASE(5)
#endif
#if TILE_M >= 6
        TILE_CASE(6)
#endif
#if TILE_M >= 7
        TILE_CASE(7)
#endif
#if TILE_M >= 8
        TILE_CASE(8)
#endif
    }
}

#endif
