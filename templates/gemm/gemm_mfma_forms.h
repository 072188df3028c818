/* The matrix instructions of gemm_mfma: which one an operand's type, FORM and the target make, for chunks of
 * 16 bytes of k that lanes have of A and of B.
 *
 * An instruction takes STEP_BYTES of k of a lane; a fragment, a chunk or two, is as many instructions as it
 * holds of that. Which
 * k a lane's bytes are is the same for A and B, and so it does not matter which. */
#ifndef TUNEBOOK_GEMM_MFMA_FORMS_H
#define TUNEBOOK_GEMM_MFMA_FORMS_H

#if GPU_ARCH == 0x950 && A_TYPE == DTYPE_F8E4M3 /* twice as deep, and as fast again */
#define PRODUCT_16 gpu_mfma_f32_16x16x128_ocp8
#define PRODUCT_32 gpu_mfma_f32_32x32x64_ocp8
#define STEP_BYTES 32
#elif GPU_ARCH == 0x950 && A_TYPE == DTYPE_F16
#define PRODUCT_16 gpu_mfma_f32_16x16x32_f16
#define PRODUCT_32 gpu_mfma_f32_32x32x16_f16
#define STEP_BYTES 16
#elif GPU_ARCH == 0x950 && A_TYPE == DTYPE_BF16
#define PRODUCT_16 gpu_mfma_f32_16x16x32_bf16
#define PRODUCT_32 gpu_mfma_f32_32x32x16_bf16
#define STEP_BYTES 16
#elif GPU_ARCH == 0x950
#define PRODUCT_16 gpu_mfma_i32_16x16x64_i8
#define PRODUCT_32 gpu_mfma_i32_32x32x32_i8
#define STEP_BYTES 16
#elif A_TYPE == DTYPE_F16
#define PRODUCT_16 gpu_mfma_f32_16x16x16_f16
#define PRODUCT_32 gpu_mfma_f32_32x32x8_f16
#define STEP_BYTES 8
#elif A_TYPE == DTYPE_BF16
#define PRODUCT_16 gpu_mfma_f32_16x16x16_bf16
#define PRODUCT_32 gpu_mfma_f32_32x32x8_bf16
#define STEP_BYTES 8
#elif A_TYPE == DTYPE_F8E4M3FNUZ
#define PRODUCT_16 gpu_mfma_f32_16x16x32_fp8
#define PRODUCT_32 gpu_mfma_f32_32x32x16_fp8
#define STEP_BYTES 8
#elif GPU_ARCH == 0x942
#define PRODUCT_16 gpu_mfma_i32_16x16x32_i8
#define PRODUCT_32 gpu_mfma_i32_32x32x16_i8
#define STEP_BYTES 8
#else
#define PRODUCT_16 gpu_mfma_i32_16x16x16_i8
#define PRODUCT_32 gpu_mfma_i32_32x32x8_i8
#define STEP_BYTES 4
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

#define FORM  MFMA                                    /* lines of A, and of B, of an instruction */
#define HELD  (FORM * FORM / 64)                      /* its sums that a lane has */
#define STEPS (STEP_BYTES < 16 ? 16 / STEP_BYTES : 1) /* instructions for a fragment */
#define DEEP  (STEP_BYTES == 32 ? 2 : 1)              /* chunks of a fragment */

#if STEP_BYTES == 4
typedef unsigned step_t;
#elif STEP_BYTES == 8
typedef gpu_u32x2 step_t;
#elif STEP_BYTES == 16
typedef gpu_u32x4 step_t;
#else
typedef gpu_u32x8 step_t;
#endif

/* What instruction `step` takes of a fragment. */
GPU_DEVICE step_t step_of(const gpu_u32x4 *chunk, int step)
{
#if STEP_BYTES == 4
    return chunk[0][step];
#elif STEP_BYTES == 16
    (void)step;
    return chunk[0];
#else
    step_t out;
    GPU_UNROLL
    for (int i = 0; i < STEP_BYTES / 4; i++) out[i] = chunk[i / 4][step * (STEP_BYTES / 4 % 4) + i % 4];
    return out;
#endif
}

#endif
