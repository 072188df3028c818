/* A step of gemm_skinny multiplied: what lanes hold of A and B, and the sums that become of it. Needs
 * gemm_skinny_stream.h. */
#ifndef TUNEBOOK_GEMM_SKINNY_MATH_H
#define TUNEBOOK_GEMM_SKINNY_MATH_H

#define LANE_COLUMNS (TILES * COLUMNS) /* columns of a lane, tile by tile */

#if MATH == MATH_FMA

/* Sums over the lane's steps of k. */
struct sums {
    float x[ROWS][LANE_COLUMNS];
};

/* Element i of a vector. */
GPU_DEVICE float element_of(const unsigned *word, int i)
{
#if A_TYPE == DTYPE_F32
    return gpu_float(word[i]);
#elif A_TYPE == DTYPE_F16
    return gpu_from_f16((gpu_f16)(word[i / 2] >> (i % 2 * 16)));
#elif A_TYPE == DTYPE_BF16
    return gpu_float(i % 2 ? word[i / 2] & 0xffff0000u : word[i / 2] << 16);
#elif A_TYPE == DTYPE_F8E4M3 && GPU_NVIDIA && GPU_ARCH >= 890 /* two by one instruction */
    return gpu_from_f16((gpu_f16)(gpu_f16x2_from_f8e4m3(word[i / 4] >> (i / 2 % 2 * 16)) >> (i % 2 * 16)));
#elif A_TYPE == DTYPE_F8E4M3
    return gpu_from_f8e4m3((gpu_fp8)(word[i / 4] >> (i % 4 * 8)));
#else
    return gpu_from_f8e4m3fnuz((gpu_fp8)(word[i / 4] >> (i % 4 * 8)));
#endif
}

GPU_DEVICE void multiply_step(const struct step &step, struct sums *sums)
{
    GPU_UNROLL
    for (int p = 0; p < PER; p++) {
        float x[ROWS];
        GPU_UNROLL
        for (int r = 0; r < ROWS; r++) x[r] = element_of(step.x[r], p);
        GPU_UNROLL
        for (int c = 0; c < LANE_COLUMNS; c++) {
            const unsigned(*vector)[4] = step.b[c / COLUMNS];
            float b = ALONG_K ? element_of(vector[0], p) : element_of(vector[p % LOADS], c % COLUMNS);
            GPU_UNROLL
            for (int r = 0; r < ROWS; r++) sums->x[r][c] = gpu_fma(x[r], b, sums->x[r][c]);
        }
    }
}

#else

static_assert(LANES_K == (GPU_HAS_WMMA ? 2 : 4) && (ROWS == 8 || ROWS == 16),
              "as matrix instructions have it");

#if GPU_HAS_MMA
struct sums {
    float x[LANE_COLUMNS][4];
};
#elif GPU_HAS_WMMA
struct sums {
    gpu_f32x8 x[LANE_COLUMNS];
};
#elif GPU_HAS_MFMA
struct sums {
    gpu_f32x4 x[LANE_COLUMNS];
};
#else
#error "this target has no matrix instructions that the dialect knows"
#endif

/* The lane's PER steps of k of column `c` of its own. With nn they are a column of its square. */
GPU_DEVICE void column_words(const struct step &step, int c, unsigned *word)
{
    const unsigned(*vector)[4] = step.b[c / COLUMNS];
    GPU_UNROLL
    for (int i = 0; i < 4; i++) {
#if LAYOUT == LAYOUT_NT
        word[i] = vector[0][i];
#elif ELEMENT_BYTES == 2
        unsigned low = vector[2 * i][c % COLUMNS / 2], high = vector[2 * i + 1][c % COLUMNS / 2];
        word[i] = c % 2 ? low >> 16 | (high & 0xffff0000u) : (low & 0xffffu) | high << 16;
#else
        word[i] = 0;
        GPU_UNROLL
        for (int p = 0; p < 4; p++)
            word[i] |= (vector[4 * i + p][c % COLUMNS / 4] >> (c % 4 * 8) & 0xffu) << (p * 8);
#endif
    }
}

#if ELEMENT_BYTES == 2
#define WORDS 4
#elif GPU_ARCH == 0x942 && A_TYPE == DTYPE_F8E4M3FNUZ
#define WORDS 4
#define MFMA  gpu_mfma_f32_16x16x32_fp8
#elif (GPU_ARCH == 0x1201 || GPU_ARCH == 0x1250) && A_TYPE == DTYPE_F8E4M3
#define WORDS 4
#elif GPU_ARCH == 0x950 && A_TYPE == DTYPE_F8E4M3
#define WORDS 4
#define MFMA  gpu_mfma_f32_16x16x32_ocp8
#else
#define WORDS 8 /* every fp8 is an f16, too */
#endif

#if A_TYPE == DTYPE_BF16
#define MMA gpu_mma_m16n8k16_f32_bf16
#else
#define MMA gpu_mma_m16n8k16_f32_f16
#endif
#ifndef MFMA
#if A_TYPE == DTYPE_BF16
#define MFMA gpu_mfma_f32_16x16x16_bf16
#else
#define MFMA gpu_mfma_f32_16x16x16_f16
#endif
#endif

#if GPU_HAS_WMMA
#include "gemm_skinny_wmma.h"
#endif

/* A vector's elements as the matrix instruction takes them. */
GPU_DEVICE void operand_words(const unsigned *word, unsigned *out)
{
    GPU_UNROLL
    for (int i = 0; i < WORDS; i++) {
#if WORDS == 4
        out[i] = word[i];
#elif A_TYPE == DTYPE_F8E4M3
        out[i] = gpu_f16x2_from_f8e4m3(word[i / 2] >> (i % 2 * 16));
#else
        out[i] = gpu_f16x2_from_f8e4m3fnuz(word[i / 2] >> (i % 2 * 16));
#endif
    }
}

/* Two words of a lane are what one instruction takes of it, but for WMMA. */
GPU_DEVICE void multiply_step(const struct step &step, struct sums *sums)
{
    unsigned x[X_ROWS][WORDS];
    GPU_UNROLL
    for (int i = 0; i < X_ROWS; i++) operand_words(step.x[i], x[i]);
    GPU_UNROLL
    for (int c = 0; c < LANE_COLUMNS; c++) {
        unsigned column[4], b[WORDS];
        column_words(step, c, column);
        operand_words(column, b);
#if GPU_HAS_WMMA
        multiply_column(x[0], b, &sums->x[c]);
#else
        GPU_UNROLL
        for (int i = 0; i < WORDS; i += 2) {
#if GPU_HAS_MMA
            const unsigned *low = x[X_ROWS - 1];
            unsigned a[4] = {x[0][i], X_ROWS == 2 ? low[i] : 0, x[0][i + 1], X_ROWS == 2 ? low[i + 1] : 0};
            MMA(sums->x[c], a, b + i, sums->x[c]);
#else
            gpu_u32x2 a = {x[0][i], x[0][i + 1]}, two = {b[i], b[i + 1]};
            sums->x[c] = MFMA(a, two, sums->x[c]);
#endif
        }
#endif
    }
}

#endif

/* The step at hand, `ahead` of the stream's. */
GPU_DEVICE void use_step(const struct stream *stream, int ahead, struct step *step, struct sums *sums)
{
    if (!DIRECT) load_x(stream, ahead, step);
    multiply_step(*step, sums);
}

#endif
