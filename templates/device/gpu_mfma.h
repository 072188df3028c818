/* AMD's matrix instructions of the compute line (gfx9): gpu_NAME(a, b, c) -> a.b + c, NAME a row of
 * matrix.def.
 *
 * c and the result are gpu_f32x16, gpu_f32x4, gpu_i32x16 or gpu_i32x4. a and b are the lane's packed
 * elements: 8 bytes in a gpu_u32x2, 4 bytes in an unsigned (the i8 forms of gfx90a); of the deeper forms of
 * gfx950 16 bytes in a gpu_u32x4, and 32 bytes of fp8 in a gpu_u32x8. Who holds what is in the vendor's
 * tables: AMD matrix instruction calculator. */
#ifndef TUNEBOOK_DEVICE_GPU_MFMA_H
#define TUNEBOOK_DEVICE_GPU_MFMA_H

#if GPU_EMULATED
enum gpu_matrix_form {
#define MATRIX(name, m, n, k, in, acc, wave, family, targets, evidence) GPU_MATRIX_##name,
#include "matrix.def"
#undef MATRIX
    GPU_MATRIX_FORMS
};
#endif

#define GPU_HAS_MFMA (GPU_AMD && GPU_ARCH < 0x1000)
#if GPU_HAS_MFMA

#if GPU_EMULATED
#define GPU_MFMA_DEEP(name, sum, builtin) GPU_MFMA(name, sum, gpu_u32x8, , )
#define GPU_MFMA(name, sum, operand, type, builtin)                                               \
    GPU_WRAP sum gpu_##name(operand a, operand b, sum c)                                          \
    {                                                                                             \
        emu_matrix(GPU_MATRIX_##name, (unsigned *)&c, (const unsigned *)&a, (const unsigned *)&b, \
                   (const unsigned *)&c);                                                         \
        return c;                                                                                 \
    }
#else
#define GPU_MFMA_DEEP(name, sum, builtin)                                                                   \
    GPU_WRAP sum gpu_##name(gpu_u32x8 a, gpu_u32x8 b, sum c)                                                \
    {                                                                                                       \
        return __builtin_amdgcn_##builtin(__builtin_bit_cast(gpu_int8, a), __builtin_bit_cast(gpu_int8, b), \
                                          c, 0, 0, 0, 0, 0, 0); /* e4m3 both, no scales */                  \
    }
typedef int gpu_int8 __attribute__((ext_vector_type(8)));
typedef _Float16 gpu_half8 __attribute__((ext_vector_type(8)));
typedef __fp16 gpu_half4 __attribute__((ext_vector_type(4)));
typedef short gpu_short4 __attribute__((ext_vector_type(4)));
#define GPU_MFMA(name, sum, operand, type, builtin)                                                          \
    GPU_WRAP sum gpu_##name(operand a, operand b, sum c)                                                     \
    {                                                                                                        \
        return __builtin_amdgcn_##builtin(__builtin_bit_cast(type, a), __builtin_bit_cast(type, b), c, 0, 0, \
                                          0);                                                                \
    }
#endif

GPU_MFMA(mfma_f32_32x32x8_f16, gpu_f32x16, gpu_u32x2, gpu_half4, mfma_f32_32x32x8f16)
GPU_MFMA(mfma_f32_16x16x16_f16, gpu_f32x4, gpu_u32x2, gpu_half4, mfma_f32_16x16x16f16)
GPU_MFMA(mfma_f32_32x32x8_bf16, gpu_f32x16, gpu_u32x2, gpu_short4, mfma_f32_32x32x8bf16_1k)
GPU_MFMA(mfma_f32_16x16x16_bf16, gpu_f32x4, gpu_u32x2, gpu_short4, mfma_f32_16x16x16bf16_1k)
#if GPU_ARCH == 0x90a
GPU_MFMA(mfma_i32_32x32x8_i8, gpu_i32x16, unsigned, int, mfma_i32_32x32x8i8)
GPU_MFMA(mfma_i32_16x16x16_i8, gpu_i32x4, unsigned, int, mfma_i32_16x16x16i8)
#else
GPU_MFMA(mfma_i32_32x32x16_i8, gpu_i32x16, gpu_u32x2, long, mfma_i32_32x32x16_i8)
GPU_MFMA(mfma_i32_16x16x32_i8, gpu_i32x4, gpu_u32x2, long, mfma_i32_16x16x32_i8)
#endif
#if GPU_ARCH == 0x942 /* the same instructions; gfx942 reads FNUZ, gfx950 OCP */
GPU_MFMA(mfma_f32_32x32x16_fp8, gpu_f32x16, gpu_u32x2, long, mfma_f32_32x32x16_fp8_fp8)
GPU_MFMA(mfma_f32_16x16x32_fp8, gpu_f32x4, gpu_u32x2, long, mfma_f32_16x16x32_fp8_fp8)
#elif GPU_ARCH == 0x950
GPU_MFMA(mfma_f32_32x32x16_ocp8, gpu_f32x16, gpu_u32x2, long, mfma_f32_32x32x16_fp8_fp8)
GPU_MFMA(mfma_f32_16x16x32_ocp8, gpu_f32x4, gpu_u32x2, long, mfma_f32_16x16x32_fp8_fp8)
#if !GPU_EMULATED
typedef __bf16 gpu_bfloat8 __attribute__((ext_vector_type(8)));
#endif
GPU_MFMA(mfma_f32_32x32x16_f16, gpu_f32x16, gpu_u32x4, gpu_half8, mfma_f32_32x32x16_f16)
GPU_MFMA(mfma_f32_16x16x32_f16, gpu_f32x4, gpu_u32x4, gpu_half8, mfma_f32_16x16x32_f16)
GPU_MFMA(mfma_f32_32x32x16_bf16, gpu_f32x16, gpu_u32x4, gpu_bfloat8, mfma_f32_32x32x16_bf16)
GPU_MFMA(mfma_f32_16x16x32_bf16, gpu_f32x4, gpu_u32x4, gpu_bfloat8, mfma_f32_16x16x32_bf16)
GPU_MFMA(mfma_i32_32x32x32_i8, gpu_i32x16, gpu_u32x4, gpu_i32x4, mfma_i32_32x32x32_i8)
GPU_MFMA(mfma_i32_16x16x64_i8, gpu_i32x4, gpu_u32x4, gpu_i32x4, mfma_i32_16x16x64_i8)
GPU_MFMA_DEEP(mfma_f32_32x32x64_ocp8, gpu_f32x16, mfma_scale_f32_32x32x64_f8f6f4)
GPU_MFMA_DEEP(mfma_f32_16x16x128_ocp8, gpu_f32x4, mfma_scale_f32_16x16x128_f8f6f4)
#endif
#undef GPU_MFMA
#undef GPU_MFMA_DEEP

#endif
#endif
