/* What becomes of sums on their way into D, for every GEMM on a GPU: alpha, bias, activation, beta * C and
 * the conversion to D's type.
 *
 *     struct output out = output_of(args, item);
 *     output_run<N>(&out, row, column, sums, values);    N sums of a row
 *
 * `column` is a multiple of N, a power of two up to 16; what lies beyond D's columns is left out, rows are
 * the caller's to test. With a glu (GLU) `sums` are the gates' and `values` the sums n/2 columns on; D's
 * columns are then n/2. C and D are read and written in the widest accesses that N, ALIGN_C and ALIGN_D
 * allow.
 *
 * Needs gpu.h, gemm_args.h and D_TYPE, ACT, BIAS, GLU, ALIGN_C, ALIGN_D, A_TYPE before it. */
#ifndef TUNEBOOK_GEMM_GPU_EPILOGUE_H
#define TUNEBOOK_GEMM_GPU_EPILOGUE_H

#include "gemm_gpu_words.h"

#if D_TYPE == DTYPE_F32
typedef float out_t;
#define OUT_BYTES 4
#else
typedef unsigned short out_t;
#define OUT_BYTES 2
#endif

#define LOG2_E 1.44269504f

/* What C's address and pitch are multiples of: it may be D. */
#define ALIGN_IN_PLACE (ALIGN_C < ALIGN_D ? ALIGN_C : ALIGN_D)

/* x / (1 + e^-y): 0 where e^-y is infinite, x where it is 0; a NaN stays one. */
GPU_DEVICE float logistic(float x, float y)
{
    return x * gpu_rcp(1.0f + gpu_exp2(y * -LOG2_E));
}

/* gelu in its tanh form: x/2 (1 + tanh u) = x / (1 + e^-2u) with u = sqrt(2/pi) (x + 0.044715 x^3). */
GPU_DEVICE float activate(float x)
{
#if ACT == ACT_RELU || ACT == ACT_REGLU
    return x < 0 ? 0.0f : x;
#elif ACT == ACT_GELU || ACT == ACT_GEGLU
    return logistic(x, x * 1.59576912f * (x * x * 0.044715f + 1.0f));
#elif ACT == ACT_SILU || ACT == ACT_SWIGLU
    return logistic(x, x);
#else
    return x;
#endif
}

GPU_DEVICE float from_out(unsigned bits)
{
#if D_TYPE == DTYPE_F32
    return gpu_float(bits);
#elif D_TYPE == DTYPE_F16
    return gpu_from_f16((gpu_f16)bits);
#else
    return gpu_from_bf16((gpu_bf16)bits);
#endif
}

GPU_DEVICE unsigned to_out(float x)
{
#if D_TYPE == DTYPE_F32
    return gpu_bits(x);
#elif D_TYPE == DTYPE_F16
    return gpu_to_f16(x);
#else
    return gpu_to_bf16(x);
#endif
}

GPU_DEVICE float out_element(const out_t *from)
{
#if D_TYPE == DTYPE_F32
    return *from;
#else
    return from_out(*from);
#endif
}

/* --- runs of N elements of C and D, at addresses that are multiples of N elements where ALIGN says so --- */

template <int N, int ALIGN> struct run {
    static constexpr int BYTES = N * OUT_BYTES;
    static constexpr int ALIGNED = BYTES < 1 << ALIGN ? BYTES : 1 << ALIGN;
    static constexpr int ACCESS = LEAST(ALIGNED, 16); /* a power of two */
    static constexpr int WORDS = (BYTES + 3) / 4;
    static constexpr int STEP = ACCESS < 4 ? 1 : ACCESS / 4; /* words of an access */
};

template <int N, int ALIGN> GPU_DEVICE void load_run(const out_t *from, float *x)
{
    typedef struct run<N, ALIGN> R;
    if constexpr (R::ACCESS < 4) {
        GPU_UNROLL
        for (int i = 0; i < N; i++) x[i] = out_element(from + i);
    } else {
        unsigned word[R::WORDS];
        GPU_UNROLL
        for (int i = 0; i < R::WORDS; i += R::STEP) load_words<R::STEP>((const char *)from + 4 * i, word + i);
        GPU_UNROLL
        for (int i = 0; i < N; i++)
            x[i] = from_out(OUT_BYTES == 4 ? word[i] : (word[i / 2] >> (i % 2 * 16)) & 0xffff);
    }
}

template <int N, int ALIGN> GPU_DEVICE void store_run(out_t *to, const float *x)
{
    typedef struct run<N, ALIGN> R;
    if constexpr (R::ACCESS < 4) {
        GPU_UNROLL
        for (int i = 0; i < N; i++) to[i] = (out_t)to_out(x[i]);
    } else {
        unsigned word[R::WORDS];
        GPU_UNROLL
        for (int i = 0; i < R::WORDS; i++)
            word[i] = OUT_BYTES == 4 ? to_out(x[i]) : to_out(x[2 * i]) | to_out(x[2 * i + 1]) << 16;
        GPU_UNROLL
        for (int i = 0; i < R::WORDS; i += R::STEP) store_words<R::STEP>((char *)to + 4 * i, word + i);
    }
}

/* --- to D --- */

/* Where a batch item's bias, C and D are. `columns` are D's. */
struct output {
    const out_t *bias, *c;
    out_t *d;
    long long ldc, ldd, columns;
    float alpha, beta;
};

GPU_DEVICE struct output output_of(const struct gemm_args &args, long long item)
{
    struct output out;
    out.bias = BIAS ? (const out_t *)args.bias + item * args.stride_bias : 0;
    out.c = (const out_t *)args.c + (args.beta != 0 ? item * args.stride_c : 0);
    out.d = (out_t *)args.d + item * args.stride_d;
    out.ldc = args.ldc;
    out.ldd = args.ldd;
    out.columns = GLU ? args.n / 2 : args.n;
    out.alpha = args.alpha;
    out.beta = args.beta;
    return out;
}

/* A sum, with a glu its value's sum too, of one column. */
GPU_DEVICE float output_element(const struct output *out, long long column, float sum, float value)
{
    float x = sum * out->alpha;
    if (BIAS) x += out_element(out->bias + column);
    x = activate(x);
    if (!GLU) return x;
    value *= out->alpha;
    if (BIAS) value += out_element(out->bias + out->columns + column);
    return x * value;
}

/* N sums into D from (row, column) on, where column is a multiple of N; none goes beyond D's columns. */
template <int N>
GPU_DEVICE void output_run(const struct output *out, long long row, long long column, const float *sums,
                           const float *values)
{
    const out_t *c = out->c + row * out->ldc + column;
    out_t *d = out->d + row * out->ldd + column;
    float x[N], addend[N];
    if (column + N <= out->columns) {
        GPU_UNROLL
        for (int i = 0; i < N; i++) x[i] = output_element(out, column + i, sums[i], GLU ? values[i] : 0);
        if (out->beta != 0) {
            load_run<N, ALIGN_IN_PLACE>(c, addend);
            GPU_UNROLL
            for (int i = 0; i < N; i++) x[i] = gpu_fma(out->beta, addend[i], x[i]);
        }
        store_run<N, ALIGN_D>(d, x);
        return;
    }
    GPU_UNROLL
    for (int i = 0; i < N; i++) {
        if (column + i >= out->columns) continue;
        x[i] = output_element(out, column + i, sums[i], GLU ? values[i] : 0);
        if (out->beta != 0) x[i] = gpu_fma(out->beta, out_element(c + i), x[i]);
        store_run<1, ALIGN_D>(d + i, x + i);
    }
}

#endif
