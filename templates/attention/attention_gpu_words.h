/* The words that a compile command of the attention op defines, with defaults, and what GPU kernels move its
 * numbers with: the types of Q, of K and V, and of O, from and to float, in runs of up to 16 bytes. */
#ifndef TUNEBOOK_ATTENTION_GPU_WORDS_H
#define TUNEBOOK_ATTENTION_GPU_WORDS_H

#include "attention_args.h"
#include "../device/gpu.h"

#ifndef Q_TYPE
#define Q_TYPE DTYPE_BF16 /* DTYPE_F32, DTYPE_F16 or DTYPE_BF16 */
#endif
#ifndef KV_TYPE
#define KV_TYPE Q_TYPE /* or DTYPE_F8E4M3, DTYPE_F8E4M3FNUZ, DTYPE_F8E5M2, with scales */
#endif
#ifndef O_TYPE
#define O_TYPE Q_TYPE /* any of Q's */
#endif
#ifndef MASK
#define MASK MASK_FULL
#endif
#ifndef VARLEN
#define VARLEN 0
#endif
#ifndef SOFTCAP
#define SOFTCAP 0
#endif
#ifndef SINKS
#define SINKS 0
#endif
#ifndef LSE
#define LSE 0
#endif
#ifndef SIZE_D
#define SIZE_D 128 /* elements of a head of Q and K: a multiple of 8 */
#endif
#ifndef SIZE_DV
#define SIZE_DV SIZE_D /* ... of V and O */
#endif

/* fp8 K and V, which have scales. */
#define KV_NARROW (KV_TYPE == DTYPE_F8E4M3 || KV_TYPE == DTYPE_F8E4M3FNUZ || KV_TYPE == DTYPE_F8E5M2)

static_assert(KV_TYPE == Q_TYPE || KV_NARROW, "K and V have Q's type, or fp8");
static_assert(SIZE_D % 8 == 0 && SIZE_DV % 8 == 0, "head sizes are multiples of 8");

/* What a type is stored as, and its conversions. Codes are the low bits of a word. */
template <int TYPE> struct number {
    typedef unsigned short stored;
    static constexpr int BYTES = 2;
};
template <> struct number<DTYPE_F32> {
    typedef float stored;
    static constexpr int BYTES = 4;
};
template <> struct number<DTYPE_F8E4M3> {
    typedef unsigned char stored;
    static constexpr int BYTES = 1;
};
template <> struct number<DTYPE_F8E4M3FNUZ> : number<DTYPE_F8E4M3> {
};
template <> struct number<DTYPE_F8E5M2> : number<DTYPE_F8E4M3> {
};

typedef number<Q_TYPE>::stored q_t;
typedef number<KV_TYPE>::stored kv_t;
typedef number<O_TYPE>::stored o_t;
#define Q_BYTES  ((int)sizeof(q_t))
#define KV_BYTES ((int)sizeof(kv_t))
#define O_BYTES  ((int)sizeof(o_t))

template <int TYPE> GPU_DEVICE float number_from(unsigned code)
{
    if constexpr (TYPE == DTYPE_F32) return gpu_float(code);
    if constexpr (TYPE == DTYPE_F16) return gpu_from_f16((gpu_f16)code);
    if constexpr (TYPE == DTYPE_BF16) return gpu_from_bf16((gpu_bf16)code);
    if constexpr (TYPE == DTYPE_F8E4M3) return gpu_from_f8e4m3((gpu_fp8)code);
    if constexpr (TYPE == DTYPE_F8E4M3FNUZ) return gpu_from_f8e4m3fnuz((gpu_fp8)code);
    if constexpr (TYPE == DTYPE_F8E5M2) return gpu_from_f8e5m2((gpu_fp8)code);
}

/* Of the types that O and P have. */
template <int TYPE> GPU_DEVICE unsigned number_to(float x)
{
    if constexpr (TYPE == DTYPE_F32) return gpu_bits(x);
    if constexpr (TYPE == DTYPE_F16) return gpu_to_f16(x);
    if constexpr (TYPE == DTYPE_BF16) return gpu_to_bf16(x);
}

/* --- words --- */

/* BYTES, 4, 8 or a multiple of 16, from or to an address that is a multiple of them, or of 16. */
template <int BYTES> GPU_DEVICE void words_load(const void *from, unsigned *word)
{
    if constexpr (BYTES % 16 == 0) {
        GPU_UNROLL
        for (int i = 0; i < BYTES / 16; i++) {
            gpu_u32x4 four = gpu_load16((const char *)from + 16 * i);
            GPU_UNROLL
            for (int j = 0; j < 4; j++) word[4 * i + j] = four[j];
        }
    } else if constexpr (BYTES == 8) {
        gpu_u32x2 two = gpu_load8(from);
        word[0] = two[0];
        word[1] = two[1];
    } else {
        static_assert(BYTES == 4, "4, 8 or multiples of 16");
        word[0] = gpu_load4(from);
    }
}

template <int BYTES> GPU_DEVICE void words_store(void *to, const unsigned *word)
{
    if constexpr (BYTES % 16 == 0) {
        GPU_UNROLL
        for (int i = 0; i < BYTES / 16; i++) {
            gpu_u32x4 four = {word[4 * i], word[4 * i + 1], word[4 * i + 2], word[4 * i + 3]};
            gpu_store16((char *)to + 16 * i, four);
        }
    } else if constexpr (BYTES == 8) {
        gpu_u32x2 two = {word[0], word[1]};
        gpu_store8(to, two);
    } else {
        static_assert(BYTES == 4, "4, 8 or multiples of 16");
        gpu_store4(to, word[0]);
    }
}

/* N numbers of a type out of packed words, and into them. */
template <int TYPE, int N> GPU_DEVICE void numbers_from(const unsigned *word, float *x)
{
    constexpr int BITS = 8 * number<TYPE>::BYTES, EACH = 32 / BITS;
    GPU_UNROLL
    for (int i = 0; i < N; i++)
        x[i] = number_from<TYPE>(EACH == 1 ? word[i]
                                           : word[i / EACH] >> i % EACH * BITS & 0xffffffffu >> (32 - BITS));
}

template <int TYPE, int N> GPU_DEVICE void numbers_to(const float *x, unsigned *word)
{
    static_assert(number<TYPE>::BYTES == 4 || (number<TYPE>::BYTES == 2 && N % 2 == 0), "whole words");
    GPU_UNROLL
    for (int i = 0; i < N * number<TYPE>::BYTES / 4; i++)
        word[i] = number<TYPE>::BYTES == 4 ? number_to<TYPE>(x[i])
                                           : number_to<TYPE>(x[2 * i]) | number_to<TYPE>(x[2 * i + 1]) << 16;
}

#endif
