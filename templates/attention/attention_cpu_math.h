/* The functions of the softmax, on vectors. All keep a NaN, and none needs libm. */
#ifndef TUNEBOOK_ATTENTION_CPU_MATH_H
#define TUNEBOOK_ATTENTION_CPU_MATH_H

#include "../device/vec.h"

#define LOG2_E   1.44269504f
#define LN_2     0.693147181f
#define INFINITE __builtin_inff()

/* b where a is NaN. */
VEC_INLINE vec vec_max(vec a, vec b)
{
    vec max;
    for (int l = 0; l < LANES; l++) max[l] = a[l] > b[l] ? a[l] : b[l]; /* one instruction */
    return max;
}

#define MAX_GROUPS(i, h)                                                            \
    if ((i) + (h) < LANES && (i) % (2 * (h)) == 0) {                                \
        vec low = rows[(i) % LANES], high = rows[((i) + (h)) % LANES];              \
        rows[(i) % LANES] = vec_max(VEC_EVEN(low, high, h), VEC_ODD(low, high, h)); \
    }
#define MAX_GROUPS_1(i) MAX_GROUPS(i, 1)
#define MAX_GROUPS_2(i) MAX_GROUPS(i, 2)
#define MAX_GROUPS_4(i) MAX_GROUPS(i, 4)
#define MAX_GROUPS_8(i) MAX_GROUPS(i, 8)

/* Lane i of the result is the largest lane of rows[i]. `rows` is spent. */
VEC_INLINE vec vec_max_each(vec rows[LANES])
{
    EACH_OF_16(MAX_GROUPS_1)
    EACH_OF_16(MAX_GROUPS_2)
#if LANES >= 8
    EACH_OF_16(MAX_GROUPS_4)
#endif
#if LANES == 16
    EACH_OF_16(MAX_GROUPS_8)
#endif
    return rows[0];
}

/* 2^x for x <= 127 within 2^-22 of it, exactly 1 for 0, and 0 below -125.
 * x = n + f with |f| <= 1/2. The polynomial, 1 for 0, has the smallest largest relative error on that
 * interval: 2^-28.5. */
VEC_INLINE vec vec_exp2(vec x)
{
    const vec shift =
        vec_splat(12582912.0f + 127); /* 1.5 * 2^23 rounds to integer, 127 is the exponent's bias */
    vec shifted = x + shift;
    vec f = x - (shifted - shift);
    vec sum = f * 1.55946776e-4f + 1.34066439e-3f;
    sum = sum * f + 9.61769297e-3f;
    sum = sum * f + 5.55031055e-2f;
    sum = sum * f + 0.240226528f;
    sum = sum * f + 0.693147215f;
    sum = sum * f + 1.0f;
    sum = sum * (vec)((vec_bits)shifted << 23);
    return (vec)((vec_int)sum & ~(x < -125.0f));
}

/* tanh x within 2^-21 of it. About 0 x + x^3 P(x^2), where the other form would cancel; P has the smallest
 * largest error of the whole on |x| <= 0.6, 2^-28.4. */
VEC_INLINE vec vec_tanh(vec x)
{
    vec square = x * x;
    vec sum = square * -5.89515838e-3f + 2.07959719e-2f;
    sum = sum * square - 5.37838304e-2f;
    sum = sum * square + 0.133319241f;
    sum = sum * square - 0.33333298f;
    vec near = x + x * square * sum;
    vec size = (vec)((vec_bits)x & 0x7fffffff);
    vec limited = vec_select(size > 20.0f, vec_splat(20.0f), size);
    vec far = 1.0f - 2.0f / (vec_exp2(limited * (2 * LOG2_E)) + 1.0f);
    far = (vec)((vec_bits)far | ((vec_bits)x & 0x80000000u));
    return vec_select(size > 0.6f, far, near);
}

/* The logarithm to base 2 of a positive normal number, absolutely within 2^-22 (1 + |result|); infinity
 * stays. x = m 2^n, m from sqrt(1/2) to sqrt(2); ln m = 2 artanh t with t = (m - 1) / (m + 1), its series to
 * t^9. */
VEC_INLINE vec vec_log2(vec x)
{
    vec_bits bits = (vec_bits)x - 0x3f3504f3u;
    vec n = __builtin_convertvector((vec_int)bits >> 23, vec);
    vec m = (vec)((bits & 0x7fffff) + 0x3f3504f3u);
    vec t = (m - 1.0f) / (m + 1.0f), square = t * t;
    vec sum = square * (2.0f / 9) + 2.0f / 7;
    sum = sum * square + 2.0f / 5;
    sum = sum * square + 2.0f / 3;
    sum = sum * square + 2.0f;
    vec result = t * sum * LOG2_E + n;
    return vec_select(x < vec_splat(INFINITE), result, x);
}

#endif
