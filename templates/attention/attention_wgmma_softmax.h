/* Scores to weights, in registers. A thread has two rows of its warpgroup's 64: row 16 * warp + lane / 4 and
 * the one 8 further on (`half` 0 and 1), and of them the columns 8 * j + lane % 4 * 2 and the next, in
 * scores[4 * j + 2 * half + ...]. The other columns are in the three neighbouring lanes.
 *
 * Scores stay as the product leaves them (with SOFTCAP they are capped, to the base 2): scale and log2(e) are
 * part of the exponent's multiplication. The scale is positive: load_rows() sees to that. */
#ifndef TUNEBOOK_ATTENTION_WGMMA_SOFTMAX_H
#define TUNEBOOK_ATTENTION_WGMMA_SOFTMAX_H

struct state {
    float max[2]; /* of scores */
    float sum[2]; /* of weights: this thread's columns only */
};

/* What a consumer's rows see. */
struct scope {
    struct attention_range row[2]; /* of this thread */
    struct attention_range all;    /* a tile within it needs no mask */
    struct attention_scoring scoring;
};

GPU_DEVICE void state_begin(struct state *state)
{
    GPU_UNROLL
    for (int half = 0; half < 2; half++) {
        state->max[half] = ATTENTION_HIDDEN;
        state->sum[half] = 0;
    }
}

GPU_DEVICE void sums_begin(float (&sums)[SUMS])
{
    GPU_UNROLL
    for (int i = 0; i < SUMS; i++) sums[i] = 0;
}

/* Row of the consumer's 64. */
GPU_DEVICE int own_row(int half)
{
    return (int)(gpu_thread_x() / 32 % 4 * 16 + gpu_lane() / 4) + 8 * half;
}

GPU_DEVICE struct scope scope_of(const struct attention_args &args, const struct work &work, unsigned group)
{
    struct scope scope;
    int first = work.first_row + (int)group * 64;
    GPU_UNROLL
    for (int half = 0; half < 2; half++) scope.row[half] = seen_by_any(args, work, first + own_row(half), 1);
    scope.all = seen_by_all(args, work, first, 64);
    scope.scoring = attention_scoring_of(args, work.s.number, work.rows.kv_head);
    return scope;
}

/* What a score is multiplied by to be an exponent of 2. A scale of 0 makes all keys alike, and hidden ones
 * stay hidden: it is the least number that does so. */
GPU_DEVICE float exponent_factor(const struct scope &scope)
{
    if (SOFTCAP) return 1;
    return scope.scoring.factor == 0 ? 1.17549435e-38f : scope.scoring.factor;
}

GPU_DEVICE void cap_scores(const struct scope &scope, float (&scores)[SCORES])
{
    GPU_UNROLL
    for (int i = 0; i < SCORES; i++) scores[i] = attention_score(scope.scoring, scores[i]);
}

GPU_DEVICE void hide_scores(const struct scope &scope, int first, float (&scores)[SCORES])
{
    if (attention_sees_all(scope.all, first, TILE_N)) return;
    int column = first + (int)(gpu_lane() % 4) * 2;
    GPU_UNROLL
    for (int i = 0; i < SCORES; i++)
        if (!attention_sees(scope.row[i / 2 % 2], column + i / 4 * 8 + i % 2)) scores[i] = ATTENTION_HIDDEN;
}

/* The largest of a row: four lanes have it. */
GPU_DEVICE float row_max(const float (&scores)[SCORES], int half, float max)
{
    GPU_UNROLL
    for (int i = 2 * half; i < SCORES; i += 4) max = gpu_max(gpu_max(max, scores[i]), scores[i + 1]);
    max = gpu_max(max, gpu_shuffle_xor(max, 1));
    return gpu_max(max, gpu_shuffle_xor(max, 2));
}

/* The scores of keys from `first` on become weights; what was summed up before is to be multiplied by
 * rescale. */
GPU_DEVICE void soften(const struct scope &scope, int first, struct state *state, float (&scores)[SCORES],
                       float (&rescale)[2])
{
    float factor = exponent_factor(scope);
    if (SOFTCAP) cap_scores(scope, scores);
    hide_scores(scope, first, scores);
    GPU_UNROLL
    for (int half = 0; half < 2; half++) {
        /* The maximum is taken away first: its own exponent is then 0 however large it is. The addition is
         * hidden behind exp2's unit, which takes one number in eight cycles of the others. */
        float max = row_max(scores, half, state->max[half]), from = attention_base(max), sum = 0;
        rescale[half] = gpu_exp2((state->max[half] - from) * factor);
        state->max[half] = max;
        GPU_UNROLL
        for (int i = 2 * half; i < SCORES; i += 4) {
            scores[i] = gpu_exp2((scores[i] - from) * factor);
            scores[i + 1] = gpu_exp2((scores[i + 1] - from) * factor);
            sum += scores[i] + scores[i + 1];
        }
        state->sum[half] = gpu_fma(state->sum[half], rescale[half], sum);
    }
}

GPU_DEVICE void rescale_sums(float (&sums)[SUMS], const float (&rescale)[2])
{
    GPU_UNROLL
    for (int i = 0; i < SUMS; i++) sums[i] *= rescale[i / 2 % 2];
}

/* Weights as wgmma takes its left operand from registers: of 16 keys word r is row r % 2, keys 8 * (r / 2)
 * on, which is where the product left them. */
GPU_DEVICE void pack_weights(const float (&scores)[SCORES], unsigned (&weights)[TILE_N / STEP][4])
{
    GPU_UNROLL
    for (int k = 0; k < TILE_N / STEP; k++) numbers_to<Q_TYPE, 8>(&scores[8 * k], weights[k]);
}

#endif
