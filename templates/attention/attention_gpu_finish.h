/* What becomes of a row when all of its keys are added up: the sink joins, sums are divided, LSE is taken.
 *
 *     struct attention_ending ending = attention_ending_of(args, b, head, kv_head, max, sum);
 *     O = attention_output(ending, o)      LSE = ending.lse
 *
 * with the running maximum (base 2), the sum of weights and the sums of weighted values. V's scale is in. */
#ifndef TUNEBOOK_ATTENTION_GPU_FINISH_H
#define TUNEBOOK_ATTENTION_GPU_FINISH_H

#include "attention_gpu_score.h"

struct attention_ending {
    float factor; /* of the sums; 0: the row has seen nothing */
    float lse;
};

/* gpu_rcp and one step of Newton's: to the last bit or so. 0 < x, or NaN. */
GPU_DEVICE float attention_reciprocal(float x)
{
    float y = gpu_rcp(x);
    return gpu_fma(gpu_fma(-x, y, 1.0f), y, y);
}

GPU_DEVICE struct attention_ending attention_ending_of(const struct attention_args &args, int b, int head,
                                                       int kv_head, float max, float sum)
{
    struct attention_ending ending;
    float sink = SINKS ? args.sinks[head] * ATTENTION_LOG2_E : ATTENTION_HIDDEN;
    float last = SINKS ? gpu_max(max, sink) : max, base = attention_base(last);
    float shift = SINKS ? gpu_exp2(max - base) : 1.0f;
    float total = SINKS ? gpu_fma(sum, shift, gpu_exp2(sink - base)) : sum;
    float scale = attention_scale_at(args, args.v_scale, b, kv_head);
    ending.factor = sum == 0 ? 0.0f : shift * scale * attention_reciprocal(total);
    ending.lse = total == 0 ? ATTENTION_HIDDEN : (base + gpu_log2(total)) * ATTENTION_LN_2;
    return ending;
}

/* A row that saw nothing is zeros, whatever was multiplied by its zero weights. */
GPU_DEVICE float attention_output(const struct attention_ending &ending, float sum)
{
    return ending.factor == 0 ? 0.0f : sum * ending.factor;
}

/* N outputs from sums, 8 bytes or a multiple of 16. */
template <int N>
GPU_DEVICE void attention_store(const struct attention_ending &ending, const float *sums, o_t *to)
{
    float x[N];
    unsigned word[N * O_BYTES / 4];
    GPU_UNROLL
    for (int i = 0; i < N; i++) x[i] = attention_output(ending, sums[i]);
    numbers_to<O_TYPE, N>(x, word);
    words_store<N * O_BYTES>(to, word);
}

#endif
