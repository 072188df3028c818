/* What GPU GEMMs read and write memory with: runs of 1, 2 or 4 words, whichever an address allows. Needs
 * gpu.h and A_TYPE before it. */
#ifndef TUNEBOOK_GEMM_GPU_WORDS_H
#define TUNEBOOK_GEMM_GPU_WORDS_H

#if A_TYPE == DTYPE_F32
typedef float in_t;
#define IN_BYTES 4
#elif A_TYPE == DTYPE_F16 || A_TYPE == DTYPE_BF16
typedef unsigned short in_t;
#define IN_BYTES 2
#else
typedef unsigned char in_t;
#define IN_BYTES 1
#endif

#define LEAST(a, b) ((a) < (b) ? (a) : (b))

/* 1, 2 or 4 words from or to memory, at an address that is a multiple of as many. */
template <int WORDS> GPU_DEVICE void load_words(const void *from, unsigned *word)
{
    if constexpr (WORDS == 4) {
        gpu_u32x4 four = gpu_load16(from);
        GPU_UNROLL
        for (int i = 0; i < WORDS; i++) word[i] = four[i];
    } else if constexpr (WORDS == 2) {
        gpu_u32x2 two = gpu_load8(from);
        GPU_UNROLL
        for (int i = 0; i < WORDS; i++) word[i] = two[i];
    } else {
        word[0] = gpu_load4(from);
    }
}

template <int WORDS> GPU_DEVICE void store_words(void *to, const unsigned *word)
{
    if constexpr (WORDS == 4) {
        gpu_u32x4 four;
        GPU_UNROLL
        for (int i = 0; i < WORDS; i++) four[i] = word[i];
        gpu_store16(to, four);
    } else if constexpr (WORDS == 2) {
        gpu_u32x2 two;
        GPU_UNROLL
        for (int i = 0; i < WORDS; i++) two[i] = word[i];
        gpu_store8(to, two);
    } else {
        gpu_store4(to, word[0]);
    }
}

/* n floats, a multiple of four. */
GPU_DEVICE void load_floats(const float *from, float *x, int n)
{
    GPU_UNROLL
    for (int i = 0; i < n; i += 4) {
        unsigned word[4];
        load_words<4>(from + i, word);
        GPU_UNROLL
        for (int j = 0; j < 4; j++) x[i + j] = gpu_float(word[j]);
    }
}

/* N floats, 1, 2 or 4 of them. */
template <int N> GPU_DEVICE void store_floats(float *to, const float *x)
{
    unsigned word[N];
    GPU_UNROLL
    for (int i = 0; i < N; i++) word[i] = gpu_bits(x[i]);
    store_words<N>(to, word);
}

#endif
