/* The GEMM argument block: what every GEMM kernel of every template and target receives.
 *
 *     D[i,j] = act(alpha * sum_p A[i,p] * B[p,j] + bias[j]) + beta * C[i,j]       for each of `batch`
 * products
 *
 * Row-major. A is m x k, B is k x n, C and D are m x n. An operand stored as named ("n") has element (r,c) at
 * base[r * ld + c]; stored transposed ("t") at base[c * ld + r]. The leading dimension ld counts elements.
 *
 * With a glu activation the product has n columns and D (and C) have n/2: with x = alpha * A.B + bias,
 * D[i,j] = act(x[i,j]) * x[i, j + n/2] + beta * C[i,j]: the gate is the left half of B, the value the right
 * half.
 *
 * C is read only where beta != 0, and may then be D itself (in place). bias has n elements of D's type and is
 * read only where the kernel was compiled with BIAS. Batch item b has its operands `stride_*` elements
 * further; strides may be 0 for inputs (broadcast). When batch == 1 strides are ignored.
 *
 * This header is part of every kernel: it includes nothing, and its layout is an ABI (GEMM_ARGS_ABI). */
#ifndef TUNEBOOK_GEMM_ARGS_H
#define TUNEBOOK_GEMM_ARGS_H

#define GEMM_ARGS_ABI 1

struct gemm_args {
    const void *a;
    const void *b;
    const void *c;
    const void *bias;
    void *d;
    void *workspace;
    long long m, n, k, batch;
    long long lda, ldb, ldc, ldd;
    long long stride_a, stride_b, stride_c, stride_d, stride_bias;
    float alpha, beta;
};

#endif
