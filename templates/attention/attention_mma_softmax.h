/* From scores to weights, for attention_mma: mask, running maximum and sum, and what was added up before
 * brought to the new maximum. A row's columns lie in the four lanes of a quad. Needs attention_mma_products.h
 * before it.
 */
#ifndef TUNEBOOK_ATTENTION_MMA_SOFTMAX_H
#define TUNEBOOK_ATTENTION_MMA_SOFTMAX_H

GPU_DEVICE void rows_begin(struct rows *rows)
{
    GPU_UNROLL
    for (int i = 0; i < 2 * ROW_TILES; i++) {
        rows->max[i / 2][i % 2] = ATTENTION_HIDDEN;
        rows->sum[i / 2][i % 2] = 0;
    }
    GPU_UNROLL
    for (int i = 0; i < ROW_TILES * VALUE_TILES * 4; i++)
        rows->o[i / 4 / VALUE_TILES][i / 4 % VALUE_TILES][i % 4] = 0;
}

/* Hides the scores of keys that a row does not see. `key` is the lane's first; `position` is that of the
 * wave's row whose number the lane has. */
GPU_DEVICE void mask_scores(const struct attention_args &args, const struct attention_sequence &s,
                            int position, int key, float (*scores)[KEY_TILES][4])
{
    GPU_UNROLL
    for (int i = 0; i < 2 * ROW_TILES; i++) {
        int p = gpu_shuffle(position, i * 8 + gpu_lane() / 4);
        struct attention_range seen = attention_seen_by_any(args, s, p, p);
        GPU_UNROLL
        for (int j = 0; j < KEY_TILES * 2; j++) {
            float *x = &scores[i / 2][j / 2][i % 2 * 2 + j % 2];
            if (!attention_sees(seen, key + j / 2 * 8 + j % 2)) *x = ATTENTION_HIDDEN;
        }
    }
}

/* What a product is multiplied by on its way into the exponent, when a maximum of products may be taken
 * before that: it is positive. Else scores are made first, and it is 1. */
GPU_DEVICE float exponent_factor(const struct attention_scoring &scoring)
{
    return !SOFTCAP && scoring.factor > 0 ? scoring.factor : 1.0f;
}

GPU_DEVICE void scale_scores(const struct attention_scoring &scoring, float (*scores)[KEY_TILES][4])
{
    if (!SOFTCAP && scoring.factor > 0) return;
    GPU_UNROLL
    for (int i = 0; i < ROW_TILES * KEY_TILES * 4; i++) {
        float *x = &scores[i / 4 / KEY_TILES][i / 4 % KEY_TILES][i % 4];
        *x = attention_score(scoring, *x);
    }
}

GPU_DEVICE float quad_max(float x)
{
    x = gpu_max(x, gpu_shuffle_xor(x, 1));
    return gpu_max(x, gpu_shuffle_xor(x, 2));
}

GPU_DEVICE float quad_sum(float x)
{
    x += gpu_shuffle_xor(x, 1);
    return x + gpu_shuffle_xor(x, 2);
}

/* One row of a lane: weights from its scores. */
GPU_DEVICE void weigh_row(float factor, int i, int half, float (*scores)[KEY_TILES][4], struct rows *rows)
{
    float top = ATTENTION_HIDDEN, old = rows->max[i][half];
    GPU_UNROLL
    for (int j = 0; j < KEY_TILES * 2; j++) top = gpu_max(top, scores[i][j / 2][half * 2 + j % 2]);
    float next = gpu_max(old, quad_max(top) * factor), base = attention_base(next),
          shift = gpu_exp2(old - base);
    float sum = 0, subtracted = base;
    if (gpu_any(attention_is_far(base))) {
        GPU_UNROLL
        for (int j = 0; j < KEY_TILES * 2; j++) {
            float *x = &scores[i][j / 2][half * 2 + j % 2];
            *x = attention_exponent(*x, factor, base);
        }
        factor = 1.0f, subtracted = 0.0f;
    }
    GPU_UNROLL
    for (int j = 0; j < KEY_TILES * 2; j++) {
        float *x = &scores[i][j / 2][half * 2 + j % 2];
        *x = gpu_exp2(gpu_fma(*x, factor, -subtracted));
        sum += *x;
    }
    rows->max[i][half] = next;
    rows->sum[i][half] = gpu_fma(rows->sum[i][half], shift, sum);
    GPU_UNROLL
    for (int j = 0; j < VALUE_TILES * 2; j++) rows->o[i][j / 2][half * 2 + j % 2] *= shift;
}

GPU_DEVICE void weigh(float factor, float (*scores)[KEY_TILES][4], struct rows *rows)
{
    GPU_UNROLL
    for (int i = 0; i < 2 * ROW_TILES; i++) weigh_row(factor, i / 2, i % 2, scores, rows);
}

#endif
