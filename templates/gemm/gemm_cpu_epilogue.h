/* What happens to a row of sums on its way into D, for the CPU GEMM templates: alpha, bias, activation, beta
 * * C and the conversion to D's type. Needs vec.h, cpu.h, gemm_args.h and the operation's -D macros before
 * it. */
#ifndef TUNEBOOK_GEMM_CPU_EPILOGUE_H
#define TUNEBOOK_GEMM_CPU_EPILOGUE_H

#define GLU (ACT >= ACT_REGLU)

#if A_TYPE == DTYPE_BF16
typedef bf16_t in_t;
#define in_load      vec_load_bf16
#define in_load_part vec_load_part_bf16
#else
typedef float in_t;
#define in_load      vec_load
#define in_load_part vec_load_part
#endif

#if D_TYPE == DTYPE_BF16
typedef bf16_t out_t;
#define out_load       vec_load_bf16
#define out_load_part  vec_load_part_bf16
#define out_store      vec_store_bf16
#define out_store_part vec_store_part_bf16
#else
typedef float out_t;
#define out_load       vec_load
#define out_load_part  vec_load_part
#define out_store      vec_store
#define out_store_part vec_store_part
#endif

VEC_INLINE vec activate(vec x)
{
#if ACT == ACT_RELU || ACT == ACT_REGLU
    return vec_relu(x);
#elif ACT == ACT_GELU || ACT == ACT_GEGLU
    return vec_gelu(x);
#elif ACT == ACT_SILU || ACT == ACT_SWIGLU
    return vec_silu(x);
#else
    return x;
#endif
}

/* Where a batch item's bias, C and D are. `value_column` is the distance from a gate column to its value
 * column. */
struct output {
    const out_t *bias, *c;
    out_t *d;
    long long ldc, ldd, value_column;
    float alpha, beta;
};

VEC_INLINE struct output output_of(const struct gemm_args *args, long long item)
{
    if (args->batch == 1) item = 0;
    return (struct output){.bias = BIAS ? (const out_t *)args->bias + item * args->stride_bias : 0,
                           .c = args->beta != 0 ? (const out_t *)args->c + item * args->stride_c : 0,
                           .d = (out_t *)args->d + item * args->stride_d,
                           .ldc = args->ldc,
                           .ldd = args->ldd,
                           .value_column = args->n / 2,
                           .alpha = args->alpha,
                           .beta = args->beta};
}

VEC_INLINE vec output_bias(const struct output *out, long long column, int count)
{
    return count >= LANES ? out_load(out->bias + column) : out_load_part(out->bias + column, count);
}

/* Up to a vector of sums, of which `count` belong to D's columns from `column` on. */
VEC_INLINE void output_vec(const struct output *out, long long row, long long column, int count, vec sums,
                           vec values)
{
    vec x = sums * out->alpha;
    if (BIAS) x += output_bias(out, column, count);
    x = activate(x);
    if (GLU) {
        vec value = values * out->alpha;
        if (BIAS) value += output_bias(out, column + out->value_column, count);
        x *= value;
    }
    if (out->beta != 0) {
        const out_t *c = out->c + row * out->ldc + column;
        x += (count >= LANES ? out_load(c) : out_load_part(c, count)) * out->beta;
    }
    out_t *d = out->d + row * out->ldd + column;
    if (count >= LANES) {
        out_store(d, x);
    } else {
        out_store_part(d, x, count);
    }
}

/* A row of sums into `count` elements of D from (row, column) on. `sums`, and with a glu `values`, are
 * scratch that may be read up to the next multiple of LANES. */
VEC_INLINE void output_row(const struct output *out, long long row, long long column, int count,
                           const float *sums, const float *values)
{
    for (int j = 0; j < count; j += LANES) {
        output_vec(out, row, column + j, count - j, vec_load(sums + j),
                   GLU ? vec_load(values + j) : (vec){0});
    }
}

#endif
