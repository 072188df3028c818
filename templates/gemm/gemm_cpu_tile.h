/* The register tile of gemm_cpu.c: TILE_SCALARS x TILE_VECTORS vectors of sums stay in registers while k
 * runs.
 *
 *                     TILE_VECTORS vectors of the vector side
 *                     +--------------+--------------+
 *      broadcast      |  sums[0][0]  |  sums[0][1]  |     every step of k: load TILE_VECTORS vectors,
 *      of a scalar -> |  sums[1][0]  |  sums[1][1]  |     broadcast TILE_SCALARS scalars, and
 *      side element   |     ...      |     ...      |     TILE_SCALARS * TILE_VECTORS multiply-adds
 *                     +--------------+--------------+
 *
 * Fewer scalars, and fewer vectors, are code of their own, so that ragged edges cost what they are worth. */
#ifndef TUNEBOOK_GEMM_CPU_TILE_H
#define TUNEBOOK_GEMM_CPU_TILE_H

#define TILE_LANES (TILE_VECTORS * LANES)

struct tile {
    const float
        *scalars; /* element (i, p): packed at [p * TILE_SCALARS + i], else as the operand is stored */
    const float *vectors; /* p's vectors start at [p * vector_pitch] */
    long long scalar_ld, vector_pitch;
    long long
        vector_half; /* from the first half of the vectors to the second, with a glu on the vector side */
    int depth;       /* steps of k */
    int scalars_here, vectors_here;
    const float *add; /* sums of the earlier steps of k, or null: tile layout, [i * TILE_LANES + j] */
    float *to;        /* where the sums go, element (i, j) at [i * to_pitch + j] */
    long long to_pitch;
    float scale;
};

VEC_INLINE const float *tile_scalar(const struct tile *tile, int i, long long p)
{
#if PACK_SCALARS
    return tile->scalars + p * TILE_SCALARS + i;
#elif SCALARS_RUN == ALONG_K
    return tile->scalars + i * tile->scalar_ld + p;
#else
    return tile->scalars + p * tile->scalar_ld + i;
#endif
}

/* One scalar times the vectors of a step. */
VEC_INLINE void tile_multiply(const float *scalar, const vec v[4], int vectors, vec sums[4])
{
    vec s = vec_splat(*scalar);
    sums[0] += s * v[0];
    if (vectors > 1) sums[1] += s * v[1];
    if (vectors > 2) sums[2] += s * v[2];
    if (vectors > 3) sums[3] += s * v[3];
}

VEC_INLINE void tile_step(const struct tile *tile, long long p, int scalars, int vectors, vec sums[16][4])
{
    const float *from = tile->vectors + p * (PACK_VECTORS ? TILE_LANES : tile->vector_pitch);
    if (PREFETCH_VECTORS > 0) {
        const float *ahead = from + PREFETCH_VECTORS * (PACK_VECTORS ? TILE_LANES : tile->vector_pitch);
        for (int q = 0; q < vectors; q += 64 / VECTOR_BYTES) __builtin_prefetch(ahead + q * LANES, 0, 3);
    }
    if (PREFETCH_SCALARS > 0 && PACK_SCALARS)
        __builtin_prefetch(tile_scalar(tile, 0, p + PREFETCH_SCALARS), 0, 3);
    vec v[4];
#define LOAD(q)                                                                                              \
    if ((q) < vectors) {                                                                                     \
        int second = GLU_ON_VECTORS && !PACK_VECTORS && (q) >= TILE_VECTORS / 2;                             \
        v[q] =                                                                                               \
            vec_load(second ? from + tile->vector_half + ((q)-TILE_VECTORS / 2) * LANES : from + (q)*LANES); \
    }
    EACH_OF_4(LOAD)
#undef LOAD
#define MULTIPLY(i) \
    if ((i) < scalars) tile_multiply(tile_scalar(tile, i, p), v, vectors, sums[i]);
    EACH_OF_16(MULTIPLY)
#undef MULTIPLY
}

VEC_INLINE void tile_store(const struct tile *tile, int i, int vectors, const vec sums[4])
{
    float *to = tile->to + i * tile->to_pitch;
    const float *add = tile->add ? tile->add + i * TILE_LANES : 0;
#define STORE(q)       \
    if ((q) < vectors) \
        vec_store(to + (q)*LANES, (add ? sums[q] + vec_load(add + (q)*LANES) : sums[q]) * tile->scale);
    EACH_OF_4(STORE)
#undef STORE
}

/* The earlier sums may have gone as far as the last-level cache; they are wanted when the tile is done. */
VEC_INLINE void tile_prefetch_sums(const struct tile *tile, int i, int vectors)
{
    for (int q = 0; q < vectors; q += 64 / VECTOR_BYTES) {
        __builtin_prefetch(tile->add + i * TILE_LANES + q * LANES, 0, 3);
    }
}

/* `scalars` and `vectors` are constants where this is expanded. */
VEC_INLINE void tile_run(const struct tile *tile, int scalars, int vectors)
{
    vec sums[16][4];
#define ZERO(i) \
    if ((i) < scalars) sums[i][0] = sums[i][1] = sums[i][2] = sums[i][3] = (vec){0};
    EACH_OF_16(ZERO)
#undef ZERO
    if (tile->add) {
#define PREFETCH(i) \
    if ((i) < scalars) tile_prefetch_sums(tile, i, vectors);
        EACH_OF_16(PREFETCH)
#undef PREFETCH
    }
    long long p = 0, depth = tile->depth;
    for (; p + UNROLL <= depth; p += UNROLL) {
#define PREFETCH(i) \
    if ((i) < scalars) __builtin_prefetch(tile_scalar(tile, i, p + PREFETCH_SCALARS), 0, 3);
        if (PREFETCH_SCALARS > 0 && !PACK_SCALARS && p % 16 == 0) {
            EACH_OF_16(PREFETCH)
        }
#undef PREFETCH
#define STEP(u) \
    if ((u) < UNROLL) tile_step(tile, p + (u), scalars, vectors, sums);
        EACH_OF_16(STEP)
#undef STEP
    }
    for (; p < depth; p++) tile_step(tile, p, scalars, vectors, sums);
#define STORE(i) \
    if ((i) < scalars) tile_store(tile, i, vectors, sums[i]);
    EACH_OF_16(STORE)
#undef STORE
}

#define TILE_CASE(scalars) \
    case scalars: tile_run(tile, scalars, vectors); break;
VEC_INLINE void tile_of_height(const struct tile *tile, int vectors)
{
    switch (tile->scalars_here) {
        TILE_CASE(1)
#if TILE_SCALARS >= 2
        TILE_CASE(2)
#endif
#if TILE_SCALARS >= 3
        TILE_CASE(3)
#endif
#if TILE_SCALARS >= 4
        TILE_CASE(4)
#endif
#if TILE_SCALARS >= 5
        TILE_CASE(5)
#endif
#if TILE_SCALARS >= 6
        TILE_CASE(6)
#endif
#if TILE_SCALARS >= 7
        TILE_CASE(7)
#endif
#if TILE_SCALARS >= 8
        TILE_CASE(8)
#endif
#if TILE_SCALARS >= 9
        TILE_CASE(9)
#endif
#if TILE_SCALARS >= 10
        TILE_CASE(10)
#endif
#if TILE_SCALARS >= 11
        TILE_CASE(11)
#endif
#if TILE_SCALARS >= 12
        TILE_CASE(12)
#endif
#if TILE_SCALARS >= 13
        TILE_CASE(13)
#endif
#if TILE_SCALARS >= 14
        TILE_CASE(14)
#endif
#if TILE_SCALARS >= 15
        TILE_CASE(15)
#endif
#if TILE_SCALARS >= 16
        TILE_CASE(16)
#endif
    }
}

/* The glu's two halves need all of the vectors. */
VEC_FUNCTION void tile_sum(const struct tile *tile)
{
#if TILE_VECTORS > 1 && !GLU_ON_VECTORS
    if (tile->vectors_here == 1) tile_of_height(tile, 1);
#endif
#if TILE_VECTORS > 2 && !GLU_ON_VECTORS
    if (tile->vectors_here == 2) tile_of_height(tile, 2);
#endif
#if TILE_VECTORS > 3 && !GLU_ON_VECTORS
    if (tile->vectors_here == 3) tile_of_height(tile, 3);
#endif
    if (tile->vectors_here == TILE_VECTORS) tile_of_height(tile, TILE_VECTORS);
}

#endif
