/* gemm_skinny's vectors in AMD's matrix instructions of 32 lanes. A's rows and B's columns are lane % 16, and
 * the halves of the wave have a vector of k each, WORDS words of it once it has the instruction's type.
 *
 *     gfx1100     both halves want the k of both: they exchange their words, 4 by 4
 *     gfx1201     4 words of f16 or 2 of f8 are one instruction
 *     gfx1250     8 words are one; where there are 4, the others are 0: memory is what takes the time */
#ifndef TUNEBOOK_GEMM_SKINNY_WMMA_H
#define TUNEBOOK_GEMM_SKINNY_WMMA_H

#if GPU_ARCH == 0x1100
#define FORM_WORDS 8
#define OWN_WORDS  4 /* of a lane, that one instruction takes */
typedef gpu_u32x8 form_t;
#if A_TYPE == DTYPE_BF16
#define PRODUCT gpu_wmma11_f32_16x16x16_bf16
#else
#define PRODUCT gpu_wmma11_f32_16x16x16_f16
#endif
#elif GPU_ARCH == 0x1201
#if WORDS == 4 && ELEMENT_BYTES == 1
#define FORM_WORDS 2
typedef gpu_u32x2 form_t;
#define PRODUCT    gpu_wmma12_f32_16x16x16_ocp8
#else
#define FORM_WORDS 4
typedef gpu_u32x4 form_t;
#if A_TYPE == DTYPE_BF16
#define PRODUCT gpu_wmma12_f32_16x16x16_bf16
#else
#define PRODUCT gpu_wmma12_f32_16x16x16_f16
#endif
#endif
#define OWN_WORDS FORM_WORDS
#else
#define FORM_WORDS 8
#define OWN_WORDS  WORDS
typedef gpu_u32x8 form_t;
#if WORDS == 4 && ELEMENT_BYTES == 1
#define PRODUCT gpu_wmma_f32_16x16x64_ocp8
#elif A_TYPE == DTYPE_BF16
#define PRODUCT gpu_wmma_f32_16x16x32_bf16
#else
#define PRODUCT gpu_wmma_f32_16x16x32_f16
#endif
#endif

/* What one instruction takes, from word `first` of the lane on. */
GPU_DEVICE form_t form_words(const unsigned *word, int first)
{
    form_t out = {};
    GPU_UNROLL
    for (int i = 0; i < OWN_WORDS; i++) {
#if GPU_ARCH == 0x1100
        unsigned mine = word[first + i], other = gpu_shuffle_xor(mine, 16);
        bool upper = gpu_lane() >= 16;
        out[i] = upper ? other : mine;
        out[OWN_WORDS + i] = upper ? mine : other;
#else
        out[i] = word[first + i];
#endif
    }
    return out;
}

/* The lane's words of A's row and of a column of B. */
GPU_DEVICE void multiply_column(const unsigned *x, const unsigned *b, gpu_f32x8 *sums)
{
    GPU_UNROLL
    for (int i = 0; i < WORDS; i += OWN_WORDS) *sums = PRODUCT(form_words(x, i), form_words(b, i), *sums);
}

#endif
