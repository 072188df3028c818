/* AMD's matrix instructions of 32 lanes (gfx11 and later): gpu_NAME(a, b, c) -> a.b + c, NAME a row of
 * matrix.def.
 *
 * c and the result are gpu_f32x8 or gpu_i32x8. a and b are the lane's packed elements in a gpu_u32x2, x4, x8
 * or x16, as many as matrix.def's k takes. With h the lane's half (lane / 16) and i its place in it: A's row
 * and B's column are i, D's column is i.
 *
 *     gfx1100     A and B: all 16 steps of k in order; both halves hold the same. D's row: 2 * r + h, r being
 *                 the register
 *     gfx1201     runs of 4 steps of k, to h = 0 and h = 1 in turns. D's row: 8 * h + r
 *     gfx1250     runs of 16 bytes of k, likewise. D's row: 8 * h + r
 *
 * The order of k does not show in a sum: any other will do, if A and B have the same.
 *
 *     gpu_wmma_hold(sums)     no product moves beyond this place; sums is a variable */
#ifndef TUNEBOOK_DEVICE_GPU_WMMA_H
#define TUNEBOOK_DEVICE_GPU_WMMA_H

#define GPU_HAS_WMMA (GPU_AMD && GPU_ARCH >= 0x1100)
#if GPU_HAS_WMMA

/* What a wrapper is made of: GPU_WMMA(name, sum, operand, type, arguments of the builtin in front of a,
 * between a and b, between b and c, behind c). */
#if GPU_EMULATED
#define GPU_WMMA(name, sum, operand, type, builtin, call)                                         \
    GPU_WRAP sum gpu_##name(operand a, operand b, sum c)                                          \
    {                                                                                             \
        emu_matrix(GPU_MATRIX_##name, (unsigned *)&c, (const unsigned *)&a, (const unsigned *)&b, \
                   (const unsigned *)&c);                                                         \
        return c;                                                                                 \
    }
#else
typedef _Float16 gpu_half8 __attribute__((ext_vector_type(8)));
typedef _Float16 gpu_half16 __attribute__((ext_vector_type(16)));
typedef short gpu_short8 __attribute__((ext_vector_type(8)));
typedef short gpu_short16 __attribute__((ext_vector_type(16)));
typedef __bf16 gpu_bfloat16x16 __attribute__((ext_vector_type(16)));
typedef int gpu_int2 __attribute__((ext_vector_type(2)));
#define GPU_WMMA(name, sum, operand, type, builtin, call)                               \
    GPU_WRAP sum gpu_##name(operand a, operand b, sum c)                                \
    {                                                                                   \
        return GPU_WMMA_##call(__builtin_amdgcn_##builtin, __builtin_bit_cast(type, a), \
                               __builtin_bit_cast(type, b), c);                         \
    }
/* Integers are signed and not clamped; gfx1250's have modifiers, none of which is wanted, and hints that
 * operands come again, which the compiler gives better. */
#define GPU_WMMA_PLAIN(builtin, a, b, c)      builtin(a, b, c)
#define GPU_WMMA_INTEGER(builtin, a, b, c)    builtin(true, a, true, b, c, false)
#define GPU_WMMA_HALVES(builtin, a, b, c)     builtin(false, a, false, b, (short)0, c, false, false)
#define GPU_WMMA_BYTES(builtin, a, b, c)      builtin(a, b, (short)0, c, false, false)
#define GPU_WMMA_INTEGER125(builtin, a, b, c) builtin(true, a, true, b, c, false, false)
#endif

/* What was multiplied so far is multiplied here, and not after a branch or a barrier that comes later: clang
 * likes to move products to where their sums are used, and keeps all their operands in registers till then.
 */
#if GPU_EMULATED
#define gpu_wmma_hold(sums) ((void)(sums))
#else
#define gpu_wmma_hold(sums) asm volatile("" : "+v"(sums))
#endif

#if GPU_ARCH == 0x1100
GPU_WMMA(wmma11_f32_16x16x16_f16, gpu_f32x8, gpu_u32x8, gpu_half16, wmma_f32_16x16x16_f16_w32, PLAIN)
GPU_WMMA(wmma11_f32_16x16x16_bf16, gpu_f32x8, gpu_u32x8, gpu_short16, wmma_f32_16x16x16_bf16_w32, PLAIN)
GPU_WMMA(wmma11_i32_16x16x16_i8, gpu_i32x8, gpu_u32x4, gpu_i32x4, wmma_i32_16x16x16_iu8_w32, INTEGER)
#elif GPU_ARCH == 0x1201
GPU_WMMA(wmma12_f32_16x16x16_f16, gpu_f32x8, gpu_u32x4, gpu_half8, wmma_f32_16x16x16_f16_w32_gfx12, PLAIN)
GPU_WMMA(wmma12_f32_16x16x16_bf16, gpu_f32x8, gpu_u32x4, gpu_short8, wmma_f32_16x16x16_bf16_w32_gfx12, PLAIN)
GPU_WMMA(wmma12_f32_16x16x16_ocp8, gpu_f32x8, gpu_u32x2, gpu_int2, wmma_f32_16x16x16_fp8_fp8_w32_gfx12, PLAIN)
GPU_WMMA(wmma12_i32_16x16x16_i8, gpu_i32x8, gpu_u32x2, gpu_int2, wmma_i32_16x16x16_iu8_w32_gfx12, INTEGER)
#elif GPU_ARCH == 0x1250
GPU_WMMA(wmma_f32_16x16x32_f16, gpu_f32x8, gpu_u32x8, gpu_half16, wmma_f32_16x16x32_f16, HALVES)
GPU_WMMA(wmma_f32_16x16x32_bf16, gpu_f32x8, gpu_u32x8, gpu_bfloat16x16, wmma_f32_16x16x32_bf16, HALVES)
GPU_WMMA(wmma_f32_16x16x64_ocp8, gpu_f32x8, gpu_u32x8, gpu_i32x8, wmma_f32_16x16x64_fp8_fp8, BYTES)
GPU_WMMA(wmma_f32_16x16x128_ocp8, gpu_f32x8, gpu_u32x16, gpu_i32x16, wmma_f32_16x16x128_fp8_fp8, BYTES)
GPU_WMMA(wmma_i32_16x16x64_i8, gpu_i32x8, gpu_u32x8, gpu_i32x8, wmma_i32_16x16x64_iu8, INTEGER125)
#endif
#undef GPU_WMMA

#endif
#endif
