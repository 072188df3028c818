/* What the kernels here share: which types there are, and the way of one sum into D. Needs gpu.h, gemm_args.h
 * and the operation's macros before it. */
#ifndef TUNEBOOK_TESTS_EMULATOR_PRODUCT_H
#define TUNEBOOK_TESTS_EMULATOR_PRODUCT_H

#if D_TYPE == DTYPE_F32
typedef float out_t;
#else
typedef unsigned short out_t;
#endif

GPU_DEVICE float from_out(out_t x)
{
#if D_TYPE == DTYPE_F32
    return x;
#elif D_TYPE == DTYPE_F16
    return gpu_from_f16(x);
#else
    return gpu_from_bf16(x);
#endif
}

GPU_DEVICE out_t to_out(float x)
{
#if D_TYPE == DTYPE_F32
    return x;
#elif D_TYPE == DTYPE_F16
    return (out_t)gpu_to_f16(x);
#else
    return (out_t)gpu_to_bf16(x);
#endif
}

/* A sum to its place in D, which exists. C is read only where beta is not 0; it may be D itself. */
GPU_DEVICE void finish(const struct gemm_args &args, long long item, long long row, long long column,
                       float sum)
{
    out_t *d = (out_t *)args.d + item * args.stride_d + row * args.ldd + column;
    float x = args.alpha * sum;
    if (args.beta != 0) {
        const out_t *c = (const out_t *)args.c + item * args.stride_c + row * args.ldc + column;
        x = gpu_fma(args.beta, from_out(*c), x);
    }
    *d = to_out(x);
}

/* How many of `tile` lines from `first` on exist. */
GPU_DEVICE int lines_inside(long long size, long long first, int tile)
{
    return size - first < tile ? (int)(size - first) : tile;
}

#endif
