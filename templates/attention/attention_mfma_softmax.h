/* From scores to weights, for attention_mfma: a wave's own, in registers.
 *
 * A lane has one query for each of its M_TILES, and every GROUPS-th eight of keys. The running maximum is the
 * same in all lanes of a query; the sum of weights is the lane's own until the end. With RESCALE_NEEDED what
 * was added up before is multiplied only if some query of the wave has a new maximum. */
#ifndef TUNEBOOK_ATTENTION_MFMA_SOFTMAX_H
#define TUNEBOOK_ATTENTION_MFMA_SOFTMAX_H

/* gfx90a's matrix instructions take subnormal f16 for zeros (AMD, "MI200 MFMA behavior specifics" in MIOpen's
 * documentation): weights below 2^-14 of a row's largest would be in the sum and not in O. There the largest
 * is 2^14, as if the maximum had been smaller by 14. */
#define WEIGHTS_LOG2 (GPU_ARCH == 0x90a && Q_TYPE == DTYPE_F16 ? 14.0f : 0.0f)

struct softmax {
    float max[M_TILES], sum[M_TILES];
    struct attention_range seen[M_TILES]; /* by the lane's queries */
};

/* Two numbers packed in Q's type. bf16 without an instruction for it is rounded with ties away from zero,
 * which is two operations instead of ten: weights are not negative, and a NaN of a score keeps a bit above
 * those that are cut. */
GPU_DEVICE unsigned pack_weights(float low, float high)
{
#if Q_TYPE == DTYPE_BF16 && GPU_ARCH != 0x950
    return gpu_high_halves(gpu_bits(low) + 0x8000u, gpu_bits(high) + 0x8000u);
#else
    return number_to<Q_TYPE>(low) | number_to<Q_TYPE>(high) << 16;
#endif
}

/* Hides what a query does not see of the wave's keys from `key` on. */
GPU_DEVICE void mask_scores(const struct softmax &state, int key, scores_t scores)
{
    constexpr bool WINDOWED = MASK == MASK_SLIDING || MASK == MASK_BAND;
    key += key_of_eight(0);
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        int first = state.seen[i].first - key, last = state.seen[i].last - key;
        GPU_UNROLL
        for (int n = 0; n < EIGHTS * 8; n++) {
            int eight = n / 8, e = n % 8, at = eight_distance(eight) + e;
            bool hidden = at >= last || (WINDOWED && at < first);
            float score = scores[i][EIGHT_TILE(eight, e)][EIGHT_SUM(eight, e)];
            scores[i][EIGHT_TILE(eight, e)][EIGHT_SUM(eight, e)] = hidden ? ATTENTION_HIDDEN : score;
        }
    }
}

GPU_DEVICE void cap_scores(const struct attention_scoring &scoring, scores_t scores)
{
    GPU_UNROLL
    for (int n = 0; n < M_TILES * KEY_TILES * HELD; n++) {
        int i = n / (KEY_TILES * HELD), t = n / HELD % KEY_TILES, r = n % HELD;
        scores[i][t][r] = attention_score(scoring, scores[i][t][r]);
    }
}

/* The lane's largest score of tile `i` of rows. Several maxima side by side, so that none waits for another.
 */
GPU_DEVICE float largest_score(const sums_t *scores)
{
    float largest[4];
    GPU_UNROLL
    for (int r = 0; r < 4; r++) largest[r] = scores[0][r];
    GPU_UNROLL
    for (int n = 4; n < KEY_TILES * HELD; n++)
        largest[n % 4] = gpu_max(largest[n % 4], scores[n / HELD][n % HELD]);
    return gpu_max(gpu_max(largest[0], largest[1]), gpu_max(largest[2], largest[3]));
}

/* `factor` is positive, and 1 with SOFTCAP. */
GPU_DEVICE void weigh(sums_t *scores, float factor, float base, float *sum, gpu_u32x4 *weights)
{
    float sums[4] = {0, 0, 0, 0};
    if (gpu_any(attention_is_far(base))) {
        GPU_UNROLL
        for (int n = 0; n < KEY_TILES * HELD; n++)
            scores[n / HELD][n % HELD] = attention_exponent(scores[n / HELD][n % HELD], factor, base);
        factor = 1.0f, base = 0.0f;
    }
    base -= WEIGHTS_LOG2;
    GPU_UNROLL
    for (int n = 0; n < EIGHTS * 4; n++) {
        int eight = n / 4, e = n % 4 * 2;
        const sums_t &from = scores[EIGHT_TILE(eight, e)];
        float low = gpu_exp2(gpu_fma(from[EIGHT_SUM(eight, e)], factor, -base));
        float high = gpu_exp2(gpu_fma(from[EIGHT_SUM(eight, e) + 1], factor, -base));
        sums[n % 2 * 2] += low;
        sums[n % 2 * 2 + 1] += high;
        weights[eight][n % 4] = pack_weights(low, high);
    }
    *sum += (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

GPU_DEVICE void take_scores(float factor, scores_t scores, struct softmax *state, weights_t weights,
                            outputs_t outputs)
{
    float before[M_TILES];
    bool grown = false;
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++) {
        float largest = largest_of_column(largest_score(scores[i])) * factor;
        float next = gpu_max(state->max[i], largest);
        grown = grown || next > state->max[i];
        before[i] = gpu_exp2(state->max[i] - attention_base(next));
        state->max[i] = next;
    }
    if (RESCALE == RESCALE_ALWAYS || gpu_any(grown)) {
        GPU_UNROLL
        for (int i = 0; i < M_TILES; i++) {
            state->sum[i] *= before[i];
            scale_outputs(outputs[i], before[i]);
        }
    }
    GPU_UNROLL
    for (int i = 0; i < M_TILES; i++)
        weigh(scores[i], factor, attention_base(state->max[i]), &state->sum[i], weights[i]);
}

#endif
