/* NVIDIA's matrix instructions of a wave (sm_80 and later): PTX ISA, "Warp-level matrix instructions".
 *
 *     gpu_mma_m16n8k16_f32_f16 / bf16(float d[4], const unsigned a[4], const unsigned b[2], const float c[4])
 *     gpu_ldmatrix_x1 / x2 / x4, gpu_ldmatrix_trans_x1 / x2 / x4(unsigned *registers, const void *shared_row)
 *
 * d may be c. Lane 8*i + r of ldmatrix names the 16 bytes of row r of 8x8 matrix i. */
#ifndef TUNEBOOK_DEVICE_GPU_MMA_H
#define TUNEBOOK_DEVICE_GPU_MMA_H

#define GPU_HAS_MMA (GPU_NVIDIA && GPU_ARCH >= 800)
#if GPU_HAS_MMA

#if GPU_EMULATED
#define GPU_MMA(type)                                                                             \
    GPU_WRAP void gpu_mma_m16n8k16_f32_##type(float *d, const unsigned *a, const unsigned *b,     \
                                              const float *c)                                     \
    {                                                                                             \
        emu_matrix(GPU_MATRIX_mma_m16n8k16_f32_##type, (unsigned *)d, a, b, (const unsigned *)c); \
    }
#else
#define GPU_MMA(type)                                                                               \
    GPU_WRAP void gpu_mma_m16n8k16_f32_##type(float *d, const unsigned *a, const unsigned *b,       \
                                              const float *c)                                       \
    {                                                                                               \
        asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." #type "." #type ".f32 "               \
                     "{%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%10, %11, %12, %13};"          \
                     : "=f"(d[0]), "=f"(d[1]), "=f"(d[2]), "=f"(d[3])                               \
                     : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]), "f"(c[0]), \
                       "f"(c[1]), "f"(c[2]), "f"(c[3]));                                            \
    }
#endif
GPU_MMA(f16)
GPU_MMA(bf16)
#undef GPU_MMA

#if GPU_EMULATED
#define gpu_ldmatrix_x1(registers, row)       emu_ldmatrix(registers, row, 1, 0)
#define gpu_ldmatrix_x2(registers, row)       emu_ldmatrix(registers, row, 2, 0)
#define gpu_ldmatrix_x4(registers, row)       emu_ldmatrix(registers, row, 4, 0)
#define gpu_ldmatrix_trans_x1(registers, row) emu_ldmatrix(registers, row, 1, 1)
#define gpu_ldmatrix_trans_x2(registers, row) emu_ldmatrix(registers, row, 2, 1)
#define gpu_ldmatrix_trans_x4(registers, row) emu_ldmatrix(registers, row, 4, 1)
#else
#define GPU_LDMATRIX(name, form)                                                                \
    GPU_WRAP void gpu_ldmatrix_##name##x1(unsigned *to, const void *row)                        \
    {                                                                                           \
        asm volatile("ldmatrix.sync.aligned.m8n8.x1" form ".shared.b16 {%0}, [%1];"             \
                     : "=r"(to[0])                                                              \
                     : "r"(gpu_shared_address(row))                                             \
                     : "memory");                                                               \
    }                                                                                           \
    GPU_WRAP void gpu_ldmatrix_##name##x2(unsigned *to, const void *row)                        \
    {                                                                                           \
        asm volatile("ldmatrix.sync.aligned.m8n8.x2" form ".shared.b16 {%0, %1}, [%2];"         \
                     : "=r"(to[0]), "=r"(to[1])                                                 \
                     : "r"(gpu_shared_address(row))                                             \
                     : "memory");                                                               \
    }                                                                                           \
    GPU_WRAP void gpu_ldmatrix_##name##x4(unsigned *to, const void *row)                        \
    {                                                                                           \
        asm volatile("ldmatrix.sync.aligned.m8n8.x4" form ".shared.b16 {%0, %1, %2, %3}, [%4];" \
                     : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])                       \
                     : "r"(gpu_shared_address(row))                                             \
                     : "memory");                                                               \
    }
GPU_LDMATRIX(, "")
GPU_LDMATRIX(trans_, ".trans")
#undef GPU_LDMATRIX
#endif

#endif
#endif
