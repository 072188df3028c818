/* The register tile of both products: up to TILE_ROWS rows by TILE_VECTORS vectors of sums stay in registers
 * while the product's inner dimension runs.
 *
 *     scores    rows are queries, the inner dimension is d, vectors run along packed keys; the sums are
 *               stored as they are
 *     outputs   rows are weights, the inner dimension is keys, vectors run along dv; what the row had before
 *               is rescaled and added as the sums are stored
 *
 * Fewer rows, and fewer vectors, are code of their own, so that ragged edges cost what they are worth. */
#ifndef TUNEBOOK_ATTENTION_CPU_TILE_H
#define TUNEBOOK_ATTENTION_CPU_TILE_H

#include "attention_cpu_words.h"

struct product {
    const float *rows; /* element p of row i at [i * row_pitch + p] */
    const float *vectors;
    long long vector_pitch; /* floats from step to step */
    int depth;              /* steps */
};

VEC_INLINE void product_step(const struct product *product, int row_pitch, int p, int rows, int vectors,
                             vec sums[16][4])
{
    const float *from = product->vectors + p * product->vector_pitch;
    vec v[4];
#define LOAD(q) \
    if ((q) < vectors) v[q] = vec_load(from + (q)*LANES);
    EACH_OF_4(LOAD)
#undef LOAD
#define MULTIPLY(i)                                          \
    if ((i) < rows) {                                        \
        vec x = vec_splat(product->rows[(i)*row_pitch + p]); \
        sums[i][0] += x * v[0];                              \
        if (vectors > 1) sums[i][1] += x * v[1];             \
        if (vectors > 2) sums[i][2] += x * v[2];             \
        if (vectors > 3) sums[i][3] += x * v[3];             \
    }
    EACH_OF_16(MULTIPLY)
#undef MULTIPLY
}

VEC_INLINE void product_sums(const struct product *product, int row_pitch, int rows, int vectors,
                             vec sums[16][4])
{
#define ZERO(i) \
    if ((i) < rows) sums[i][0] = sums[i][1] = sums[i][2] = sums[i][3] = (vec){0};
    EACH_OF_16(ZERO)
#undef ZERO
    int p = 0, depth = product->depth;
    for (; p + UNROLL <= depth; p += UNROLL) {
#define STEP(u) \
    if ((u) < UNROLL) product_step(product, row_pitch, p + (u), rows, vectors, sums);
        EACH_OF_8(STEP)
#undef STEP
    }
    for (; p < depth; p++) product_step(product, row_pitch, p, rows, vectors, sums);
}

/* --- the two products, of `rows` rows, a constant where this is expanded --- */

VEC_INLINE void scores_tile(const struct product *product, float *scores, int rows, int vectors)
{
    vec sums[16][4];
    product_sums(product, Q_PITCH, rows, vectors, sums);
#define STORE(i)                                                \
    if ((i) < rows) {                                           \
        float *to = scores + (i)*SCORE_PITCH;                   \
        vec_store(to, sums[i][0]);                              \
        if (vectors > 1) vec_store(to + LANES, sums[i][1]);     \
        if (vectors > 2) vec_store(to + 2 * LANES, sums[i][2]); \
        if (vectors > 3) vec_store(to + 3 * LANES, sums[i][3]); \
    }
    EACH_OF_16(STORE)
#undef STORE
}

/* `factor` is what each row's earlier sums are multiplied by. */
VEC_INLINE void outputs_tile(const struct product *product, float *outputs, const float *factor, int rows,
                             int vectors)
{
    vec sums[16][4];
    product_sums(product, SCORE_PITCH, rows, vectors, sums);
#define ADD(i, q) \
    if (vectors > (q)) vec_store(to + (q)*LANES, vec_load(to + (q)*LANES) * f + sums[i][q]);
#define STORE(i)                                \
    if ((i) < rows) {                           \
        float *to = outputs + (i)*O_PITCH;      \
        vec f = vec_splat(factor[i]);           \
        ADD(i, 0) ADD(i, 1) ADD(i, 2) ADD(i, 3) \
    }
    EACH_OF_16(STORE)
#undef STORE
#undef ADD
}

/* Scores of `vectors` vectors of keys. */
VEC_INLINE void scores_of_rows(const float *queries, const float *keys, float *scores, int vectors, int rows)
{
    struct product product = {queries, keys, BLOCK_KEYS, SIZE_D};
    int v = 0;
    for (; v + TILE_VECTORS <= vectors; v += TILE_VECTORS) {
        product.vectors = keys + v * LANES;
        scores_tile(&product, scores + v * LANES, rows, TILE_VECTORS);
    }
    product.vectors = keys + v * LANES;
#define REST(n) \
    if (TILE_VECTORS > (n) && vectors - v == (n)) scores_tile(&product, scores + v * LANES, rows, n);
    REST(1) REST(2) REST(3)
#undef REST
}

VEC_INLINE void outputs_of_rows(const struct product *all, float *outputs, const float *factor, int rows)
{
    struct product product = *all;
    int v = 0;
    for (; v + TILE_VECTORS <= DV_VECTORS; v += TILE_VECTORS) {
        product.vectors = all->vectors + v * LANES;
        outputs_tile(&product, outputs + v * LANES, factor, rows, TILE_VECTORS);
    }
    product.vectors = all->vectors + DV_VECTORS / TILE_VECTORS * TILE_VECTORS * LANES;
    if (DV_VECTORS % TILE_VECTORS)
        outputs_tile(&product, outputs + DV_VECTORS / TILE_VECTORS * TILE_VECTORS * LANES, factor, rows,
                     DV_VECTORS % TILE_VECTORS);
}

/* EACH_HEIGHT(F): F(1) F(2) ... F(TILE_ROWS) */
#define HEIGHT(F, n)    HEIGHT_##n(F)
#define HEIGHT_1(F)     F(1)
#define HEIGHT_2(F)     HEIGHT_1(F) F(2)
#define HEIGHT_3(F)     HEIGHT_2(F) F(3)
#define HEIGHT_4(F)     HEIGHT_3(F) F(4)
#define HEIGHT_5(F)     HEIGHT_4(F) F(5)
#define HEIGHT_6(F)     HEIGHT_5(F) F(6)
#define HEIGHT_7(F)     HEIGHT_6(F) F(7)
#define HEIGHT_8(F)     HEIGHT_7(F) F(8)
#define HEIGHT_9(F)     HEIGHT_8(F) F(9)
#define HEIGHT_10(F)    HEIGHT_9(F) F(10)
#define HEIGHT_11(F)    HEIGHT_10(F) F(11)
#define HEIGHT_12(F)    HEIGHT_11(F) F(12)
#define HEIGHT_13(F)    HEIGHT_12(F) F(13)
#define HEIGHT_14(F)    HEIGHT_13(F) F(14)
#define HEIGHT_15(F)    HEIGHT_14(F) F(15)
#define HEIGHT_16(F)    HEIGHT_15(F) F(16)
#define HEIGHT_OF(F, n) HEIGHT(F, n)
#define EACH_HEIGHT(F)  HEIGHT_OF(F, TILE_ROWS)

VEC_FUNCTION void scores_of(const float *queries, const float *keys, float *scores, int vectors, int rows)
{
#define CASE(n) \
    case n: scores_of_rows(queries, keys, scores, vectors, n); break;
    switch (rows) {
        EACH_HEIGHT(CASE)
    }
#undef CASE
}

VEC_FUNCTION void outputs_of(const struct product *product, float *outputs, const float *factor, int rows)
{
#define CASE(n) \
    case n: outputs_of_rows(product, outputs, factor, n); break;
    switch (rows) {
        EACH_HEIGHT(CASE)
    }
#undef CASE
}

#endif
