/* The register tile of gemm_cpu.c: TILE_SCALARS x TILE_VECTORS vectors of sums stay in registers while k runs.
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
    const float *scalars; /* element (i, p): packed at [p * TILE_SCALARS + i], else as the operand is stored */
    const float *vectors; /* p's vectors start at [p * vector_pitch] */
    long long scalar_ld, vector_pitch;
    long long vector_half; /* from the first half of the vectors to the second, with a glu on the vector side */
    int depth;             /* steps of k */
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

VEC_INLINE void tile_step(const struct tile *tile, long long p, int scalars, int vectors,
                          vec sums[TILE_SCALARS][TILE_VECTORS])
{
    const float *from = tile->vectors + p * (PACK_VECTORS ? TILE_LANES : tile->vector_pitch);
    if (PREFETCH_VECTORS > 0) {
        const float *ahead = from + PREFETCH_VECTORS * (PACK_VECTORS ? TILE_LANES : tile->vector_pitch);
        UNROLL_FULLY
        for (int q = 0; q < vectors; q += 64 / VECTOR_BYTES) __builtin_prefetch(ahead + q * LANES, 0, 3);
    }
    if (PREFETCH_SCALARS > 0 && PACK_SCALARS) __builtin_prefetch(tile_scalar(tile, 0, p + PREFETCH_SCALARS), 0, 3);
    vec v[TILE_VECTORS];
    UNROLL_FULLY
    for (int q = 0; q < vectors; q++) {
        int second = GLU_ON_VECTORS && !PACK_VECTORS && q >= TILE_VECTORS / 2;
        v[q] = vec_load(second ? from + tile->vector_half + (q - TILE_VECTORS / 2) * LANES : from + q * LANES);
    }
    UNROLL_FULLY
    for (int i = 0; i < scalars; i++) {
        vec s = vec_splat(*tile_scalar(tile, i, p));
        UNROLL_FULLY
        for (int q = 0; q < vectors; q++) sums[i][q] += s * v[q];
    }
}

/* `scalars` and `vectors` are constants where this is expanded. */
VEC_INLINE void tile_run(const struct tile *tile, int scalars, int vectors)
{
    vec sums[TILE_SCALARS][TILE_VECTORS];
    UNROLL_FULLY
    for (int i = 0; i < scalars; i++) {
        UNROLL_FULLY
        for (int q = 0; q < vectors; q++) sums[i][q] = (vec){0};
    }
    long long p = 0, depth = tile->depth;
    for (; p + UNROLL <= depth; p += UNROLL) {
        if (PREFETCH_SCALARS > 0 && !PACK_SCALARS && p % 16 == 0) {
            UNROLL_FULLY
            for (int i = 0; i < scalars; i++) __builtin_prefetch(tile_scalar(tile, i, p + PREFETCH_SCALARS), 0, 3);
        }
        UNROLL_FULLY
        for (int u = 0; u < UNROLL; u++) tile_step(tile, p + u, scalars, vectors, sums);
    }
    for (; p < depth; p++) tile_step(tile, p, scalars, vectors, sums);

    float *to = tile->to;
    const float *add = tile->add;
    UNROLL_FULLY
    for (int i = 0; i < scalars; i++) {
        UNROLL_FULLY
        for (int q = 0; q < vectors; q++) {
            vec sum = sums[i][q];
            if (add) sum += vec_load(add + i * TILE_LANES + q * LANES);
            vec_store(to + i * tile->to_pitch + q * LANES, sum * tile->scale);
        }
    }
}

#define TILE_CASE(scalars)                                                                                   \
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
