/* NVIDIA's matrix instructions of a wave (sm_80 and later): PTX ISA, "Warp-level matrix instructions".
 *
 *     gpu_mma_m16n8k16_f32_f16 / bf16(float d[4], const unsigned a[4], const unsigned b[2], const float c[4])
 *     gpu_ldmatrix_x1 / x2 / x4, gpu_ldmatrix_trans_x1 / x2 / x4(unsigned *registers, const void *shared_row)
 *
 *     gpu_stmatrix_x1 / x2 / x4, gpu_stmatrix_trans_x1 / x2 / x4(void *shared_row, const unsigned *registers)
 *     GPU_REGISTERS_MORE(n) GPU_REGISTERS_LESS(n)
 *
 * d may be c. Lane 8*i + r of ldmatrix and stmatrix names the 16 bytes of row r of 8x8 matrix i. */
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

/* The other way: the lane's fragments of 8x8 matrices to rows in shared memory (sm_90 and later). */
#define GPU_HAS_STMATRIX (GPU_NVIDIA && GPU_ARCH >= 900)
#if GPU_HAS_STMATRIX
#if GPU_EMULATED
#define gpu_stmatrix_x1(row, registers)       emu_stmatrix(row, registers, 1, 0)
#define gpu_stmatrix_x2(row, registers)       emu_stmatrix(row, registers, 2, 0)
#define gpu_stmatrix_x4(row, registers)       emu_stmatrix(row, registers, 4, 0)
#define gpu_stmatrix_trans_x1(row, registers) emu_stmatrix(row, registers, 1, 1)
#define gpu_stmatrix_trans_x2(row, registers) emu_stmatrix(row, registers, 2, 1)
#define gpu_stmatrix_trans_x4(row, registers) emu_stmatrix(row, registers, 4, 1)
#else
#define GPU_STMATRIX(name, form)                                                                            \
    GPU_WRAP void gpu_stmatrix_##name##x1(void *row, const unsigned *from)                                  \
    {                                                                                                       \
        asm volatile("stmatrix.sync.aligned.m8n8.x1" form ".shared.b16 [%0], {%1};"                         \
                     :                                                                                      \
                     : "r"(gpu_shared_address(row)), "r"(from[0])                                           \
                     : "memory");                                                                           \
    }                                                                                                       \
    GPU_WRAP void gpu_stmatrix_##name##x2(void *row, const unsigned *from)                                  \
    {                                                                                                       \
        asm volatile("stmatrix.sync.aligned.m8n8.x2" form ".shared.b16 [%0], {%1, %2};"                     \
                     :                                                                                      \
                     : "r"(gpu_shared_address(row)), "r"(from[0]), "r"(from[1])                             \
                     : "memory");                                                                           \
    }                                                                                                       \
    GPU_WRAP void gpu_stmatrix_##name##x4(void *row, const unsigned *from)                                  \
    {                                                                                                       \
        asm volatile("stmatrix.sync.aligned.m8n8.x4" form ".shared.b16 [%0], {%1, %2, %3, %4};"             \
                     :                                                                                      \
                     : "r"(gpu_shared_address(row)), "r"(from[0]), "r"(from[1]), "r"(from[2]), "r"(from[3]) \
                     : "memory");                                                                           \
    }
GPU_STMATRIX(, "")
GPU_STMATRIX(trans_, ".trans")
#undef GPU_STMATRIX
#endif
#endif

/* Registers move between waves: every wave of four consecutive ones says how many each lane shall have from
 * here on, 24 to 256 in steps of 8. The kernel is a GPU_KERNEL_ALONE. */
#define GPU_HAS_REGISTER_SHARES (GPU_NVIDIA && GPU_ARCH >= 900)
#if GPU_HAS_REGISTER_SHARES
#if GPU_EMULATED
#define GPU_REGISTERS_MORE(n) emu_registers(n, 1)
#define GPU_REGISTERS_LESS(n) emu_registers(n, 0)
#else
#define GPU_REGISTERS_MORE(n) asm volatile("setmaxnreg.inc.sync.aligned.u32 %0;" : : "n"(n))
#define GPU_REGISTERS_LESS(n) asm volatile("setmaxnreg.dec.sync.aligned.u32 %0;" : : "n"(n))
#endif
#endif

#endif
#endif
