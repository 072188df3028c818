/* From a product of Q and K to a weight. Scores are kept to the base 2, log2(e) folded into the scale:
 *
 *     x = attention_score(scoring, dot)            a visible key's; -infinity for others (ATTENTION_HIDDEN)
 *     next = gpu_max(max, x ...)                   running maximum, from ATTENTION_HIDDEN on
 *     base = attention_base(next)                  what is subtracted
 *     weight = gpu_exp2(x - base)                  0 for hidden keys, whatever the row has seen
 *     sum, o *= gpu_exp2(max - base)               what was added up before
 *
 * As long as a row has seen nothing its maximum is -infinity, its base 0 and its sums stay exactly 0: there
 * is no infinity minus infinity. A NaN score makes NaN of the sum, +infinity too (infinity - infinity), so
 * that maxima may pass NaN over, as gpu_max does. */
#ifndef TUNEBOOK_ATTENTION_GPU_SCORE_H
#define TUNEBOOK_ATTENTION_GPU_SCORE_H

#include "attention_gpu_sequence.h"

#define ATTENTION_HIDDEN (gpu_float(0xff800000u)) /* -infinity */
#define ATTENTION_LOG2_E 1.44269504f
#define ATTENTION_LN_2   0.693147181f

/* Without SOFTCAP the score is dot * factor: kernels may fold that into the exponent's argument. */
struct attention_scoring {
    float factor; /* SOFTCAP: of tanh's argument */
    float cap;    /* SOFTCAP: of its value */
};

GPU_DEVICE struct attention_scoring attention_scoring_of(const struct attention_args &args, int b,
                                                         int kv_head)
{
    struct attention_scoring scoring;
    float scale = args.scale * attention_scale_at(args, args.k_scale, b, kv_head);
    scoring.factor = SOFTCAP ? scale / args.softcap : scale * ATTENTION_LOG2_E;
    scoring.cap = args.softcap * ATTENTION_LOG2_E;
    return scoring;
}

/* 1 - 2 / (e^2x + 1) loses digits at 0; there the odd polynomial of the Cephes library's tanhf. */
GPU_DEVICE float attention_tanh(float x)
{
    float size = gpu_abs(x), square = x * x;
    float near = gpu_fma(square, -5.70498872745e-3f, 2.06390887954e-2f);
    near = gpu_fma(near, square, -5.37397155531e-2f);
    near = gpu_fma(near, square, 1.33314422036e-1f);
    near = gpu_fma(near, square, -3.33332819422e-1f);
    near = gpu_fma(near * square, x, x);
    float far = gpu_fma(-2.0f, gpu_rcp(gpu_exp2(size * (2 * ATTENTION_LOG2_E)) + 1.0f), 1.0f);
    return size < 0.625f ? near : x < 0 ? -far : far;
}

GPU_DEVICE float attention_score(const struct attention_scoring &scoring, float dot)
{
    float x = dot * scoring.factor;
    return SOFTCAP ? attention_tanh(x) * scoring.cap : x;
}

GPU_DEVICE float attention_base(float max)
{
    return max == ATTENTION_HIDDEN ? 0.0f : max;
}

/* Kernels that fold the factor into the exponent, gpu_fma(dot, factor, -base), round dot * factor in the base
 * and not beside it: the maximum's own exponent is off by up to 2^-24 of the base, which beyond 2^20 becomes
 * more than weights can take. There dots are rounded as the base was, and subtracted from in place:
 *
 *     if (gpu_any(attention_is_far(base))) far: dot = attention_exponent(dot, factor, base), factor = 1, base
 * = 0 */
GPU_DEVICE bool attention_is_far(float base)
{
    return gpu_abs(base) > 1048576.0f;
}

/* A product of its own, which no compiler joins with what follows. */
GPU_DEVICE float attention_exponent(float dot, float factor, float base)
{
    return gpu_fma(dot, factor, -0.0f) - base;
}

#endif
