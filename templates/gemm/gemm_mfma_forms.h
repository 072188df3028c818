/* The matrix instructions of gemm_mfma: which one an operand's type, FORM and the target make, for chunks of
 * 16 bytes of k that lanes have of A and of B.
 *
 * An instruction takes STEP_BYTES of k of a lane; a chunk is as many instructions as it holds of that. Which
 * k a lane's bytes are is the same for A and B, and so it does not matter which. */
#ifndef TUNEBOOK_GEMM_MFMA_FORMS_H
#define TUNEBOOK_GEMM_MFMA_FORMS_H

#define STEP_BYTES 8

#if A_TYPE == DTYPE_F16
#define PRODUCT_16 gpu_mfma_f32_16x16x16_f16
#define PRODUCT_32 gpu_mfma_f32_32x32x8_f16
#elif A_TYPE == DTYPE_BF16
#define PRODUCT_16 gpu_mfma_f32_16x16x16_bf16
#define PRODUCT_32 gpu_mfma_f32_32x32x8_bf16
#elif A_TYPE == DTYPE_F8E4M3FNUZ
#define PRODUCT_16 gpu_mfma_f32_16x16x32_fp8
#define PRODUCT_32 gpu_mfma_f32_32x32x16_fp8
#elif A_TYPE == DTYPE_F8E4M3
#define PRODUCT_16 gpu_mfma_f32_16x16x32_ocp8
#define PRODUCT_32 gpu_mfma_f32_32x32x16_ocp8
#elif GPU_ARCH == 0x90a
#define PRODUCT_16 gpu_mfma_i32_16x16x16_i8
#define PRODUCT_32 gpu_mfma_i32_32x32x8_i8
#undef STEP_BYTES
#define STEP_BYTES 4
#else
#define PRODUCT_16 gpu_mfma_i32_16x16x32_i8
#define PRODUCT_32 gpu_mfma_i32_32x32x16_i8
#endif

#if MFMA == 32 && A_TYPE == DTYPE_I8
typedef gpu_i32x16 sums_t;
#elif MFMA == 32
typedef gpu_f32x16 sums_t;
#elif A_TYPE == DTYPE_I8
typedef gpu_i32x4 sums_t;
#else
typedef gpu_f32x4 sums_t;
#endif

#if MFMA == 32
#define PRODUCT PRODUCT_32
#else
#define PRODUCT PRODUCT_16
#endif

#define FORM  MFMA               /* lines of A, and of B, of an instruction */
#define HELD  (FORM * FORM / 64) /* its sums that a lane has */
#define STEPS (16 / STEP_BYTES)  /* instructions for a chunk */

#if STEP_BYTES == 4
typedef unsigned step_t;
#else
typedef gpu_u32x2 step_t;
#endif

/* What instruction `step` takes of a chunk. */
GPU_DEVICE step_t step_of(gpu_u32x4 chunk, int step)
{
#if STEP_BYTES == 4
    return chunk[step];
#else
    step_t out = {chunk[2 * step], chunk[2 * step + 1]};
    return out;
#endif
}

#endif
