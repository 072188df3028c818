/* The two products of a tile of keys, for attention_mma: scores = Q K^T, and O += P V.
 *
 * A wave has ROW_TILES x 16 rows of the block's and WAVE_KEYS of a tile's keys. Of each 16 x 8 sums a lane
 * holds four floats: columns lane % 4 * 2 and the next of rows lane / 4 and eight below (PTX ISA, "Matrix
 * Fragments for mma.m16n8k16"). Two tiles of scores side by side, rounded to the queries' type, are just what
 * a lane gives to a product as A, so that weights never leave their registers. Needs attention_mma_tile.h
 * before it. */
#ifndef TUNEBOOK_ATTENTION_MMA_PRODUCTS_H
#define TUNEBOOK_ATTENTION_MMA_PRODUCTS_H

#define KEY_TILES   (WAVE_KEYS / 8)
#define VALUE_TILES (SIZE_DV / 8)
#define D_STEPS     (SIZE_D / 16)

#if Q_TYPE == DTYPE_F16
#define MMA     gpu_mma_m16n8k16_f32_f16
#define TO_HALF gpu_to_f16
#else
#define MMA     gpu_mma_m16n8k16_f32_bf16
#define TO_HALF gpu_to_bf16
#endif

/* What a lane has of its wave's rows: lane / 4 and eight below of each 16. */
struct rows {
    float o[ROW_TILES][VALUE_TILES][4];
    float max[ROW_TILES][2]; /* of scores so far, -infinity where there was none */
    float sum[ROW_TILES][2]; /* of weights, of the lane's own columns */
};

/* Q's fragments where they stay in registers. */
struct queries {
    unsigned a[Q_REGISTERS ? ROW_TILES : 1][Q_REGISTERS ? D_STEPS : 1][4];
};

/* Of the lane's rows of ldmatrix, in Q and in the wave's part of a tile of K and of V. */
struct places {
    int q, k, v;
};

GPU_DEVICE void load_queries(const unsigned char *shared, const struct places &places, struct queries *out)
{
    GPU_UNROLL
    for (int i = 0; i < ROW_TILES; i++) {
        GPU_UNROLL
        for (int step = 0; step < D_STEPS; step++)
            gpu_ldmatrix_x4(out->a[i][step], shared + place_from<tile_q>(places.q, i * 16, step * 16));
    }
}

/* Scores of the wave's rows and keys; nobody has scaled them yet. */
GPU_DEVICE void multiply_keys(const unsigned char *q, const struct queries &queries,
                              const unsigned char *keys, const struct places &places,
                              float (*scores)[KEY_TILES][4])
{
    int q_place = afresh(places.q), k_place = afresh(places.k);
    GPU_UNROLL
    for (int i = 0; i < ROW_TILES * KEY_TILES * 4; i++)
        scores[i / 4 / KEY_TILES][i / 4 % KEY_TILES][i % 4] = 0;
    GPU_UNROLL
    for (int step = 0; step < D_STEPS; step++) {
        unsigned a[ROW_TILES][4];
        GPU_UNROLL
        for (int i = 0; i < ROW_TILES && !Q_REGISTERS; i++)
            gpu_ldmatrix_x4(a[i], q + place_from<tile_q>(q_place, i * 16, step * 16));
        GPU_UNROLL
        for (int j = 0; j < KEY_TILES; j += 2) {
            unsigned b[4];
            gpu_ldmatrix_x4(b, keys + place_from<tile_k>(k_place, j * 8, step * 16));
            GPU_UNROLL
            for (int i = 0; i < ROW_TILES; i++) {
                const unsigned *rows =
                    Q_REGISTERS ? queries.a[Q_REGISTERS ? i : 0][Q_REGISTERS ? step : 0] : a[i];
                MMA(scores[i][j], rows, b, scores[i][j]);
                MMA(scores[i][j + 1], rows, b + 2, scores[i][j + 1]);
            }
        }
    }
}

GPU_DEVICE unsigned pair_of(float low, float high)
{
    return TO_HALF(low) | (unsigned)TO_HALF(high) << 16;
}

/* O += P V: `weights` are what has become of scores. */
GPU_DEVICE void multiply_values(const unsigned char *values, const struct places &places,
                                const float (*weights)[KEY_TILES][4], struct rows *rows)
{
    int place = afresh(places.v);
    GPU_UNROLL
    for (int step = 0; step < KEY_TILES / 2; step++) {
        unsigned a[ROW_TILES][4];
        GPU_UNROLL
        for (int i = 0; i < 4 * ROW_TILES; i++) {
            const float *pair = weights[i / 4][2 * step + i % 4 / 2] + i % 2 * 2;
            a[i / 4][i % 4] = pair_of(pair[0], pair[1]);
        }
        GPU_UNROLL
        for (int j = 0; j < VALUE_TILES; j += 2) {
            unsigned b[4];
            gpu_ldmatrix_trans_x4(b, values + place_from<tile_v>(place, step * 16, j * 8));
            GPU_UNROLL
            for (int i = 0; i < ROW_TILES; i++) {
                MMA(rows->o[i][j], a[i], b, rows->o[i][j]);
                MMA(rows->o[i][j + 1], a[i], b + 2, rows->o[i][j + 1]);
            }
        }
    }
}

#endif
