/* Vectors of float for CPU kernels: GCC's vector extensions (clang has them too), no intrinsics, no libc, no
 * libm.
 *
 * A `vec` is as wide as the target's registers: 64 bytes with AVX-512, 32 with AVX, else 16. Element pointers
 * need only their natural alignment. Nothing here touches memory outside the elements named: the functions
 * called
 * *_part handle `count` elements, 0 <= count <= LANES, and read or write no other byte. */
#ifndef TUNEBOOK_DEVICE_VEC_H
#define TUNEBOOK_DEVICE_VEC_H

#if defined(__AVX512F__)
#define VECTOR_BYTES 64
#elif defined(__AVX__)
#define VECTOR_BYTES 32
#else
#define VECTOR_BYTES 16
#endif
#define LANES (VECTOR_BYTES / 4)

/* clang halves 64-byte vectors on targets that it tunes for 32-byte ones unless a function asks for them. */
#if defined(__clang__)
#define VEC_WIDE __attribute__((min_vector_width(VECTOR_BYTES * 8)))
#else
#define VEC_WIDE
#endif
#define VEC_INLINE               static inline __attribute__((always_inline, unused)) VEC_WIDE
#define VEC_FUNCTION             static __attribute__((noinline, unused)) VEC_WIDE
#define STATIC_ASSERT(condition) _Static_assert(condition, #condition)

/* F(0) F(1) ... F(15): arrays of vectors become registers in every compiler only if their indices are
 * constants from the start, hence repetition by the preprocessor where a loop would have to be unrolled
 * first. */
#define EACH_OF_4(F) F(0) F(1) F(2) F(3)
#define EACH_OF_8(F) \
    EACH_OF_4(F)     \
    F(4) F(5) F(6) F(7)
#define EACH_OF_16(F) \
    EACH_OF_8(F)      \
    F(8) F(9) F(10) F(11) F(12) F(13) F(14) F(15)

/* In the body of a loop over elements: keeps the compiler from turning it into a call of memcpy or memset. */
#define NO_LIBRARY_CALL __asm__ volatile("")

typedef unsigned short bf16_t; /* the upper half of a float */
typedef float vec __attribute__((vector_size(VECTOR_BYTES)));
typedef int vec_int __attribute__((vector_size(VECTOR_BYTES)));
typedef unsigned vec_bits __attribute__((vector_size(VECTOR_BYTES)));
typedef unsigned short vec_bf16 __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef float vec_unaligned __attribute__((vector_size(VECTOR_BYTES), aligned(4), may_alias));
typedef unsigned short vec_bf16_unaligned
    __attribute__((vector_size(VECTOR_BYTES / 2), aligned(2), may_alias));

VEC_INLINE vec vec_splat(float x)
{
    return x - (vec){0};
}

/* --- memory --- */

VEC_INLINE vec vec_load(const float *from)
{
    return *(const vec_unaligned *)from;
}

VEC_INLINE void vec_store(float *to, vec x)
{
    *(vec_unaligned *)to = x;
}

VEC_INLINE vec vec_from_bf16(vec_bf16 x)
{
    return (vec)(__builtin_convertvector(x, vec_bits) << 16);
}

/* Rounds to nearest, ties to even; a NaN stays one. */
VEC_INLINE vec_bf16 vec_to_bf16(vec x)
{
    vec_bits bits = (vec_bits)x;
    vec_bits is_nan = (vec_bits)(x != x);
    vec_bits rounded = bits + 0x7fff + ((bits >> 16) & 1);
    bits = (is_nan & (bits | 0x400000)) | (~is_nan & rounded);
    return __builtin_convertvector(bits >> 16, vec_bf16);
}

VEC_INLINE vec vec_load_bf16(const bf16_t *from)
{
    return vec_from_bf16(*(const vec_bf16_unaligned *)from);
}

VEC_INLINE void vec_store_bf16(bf16_t *to, vec x)
{
    *(vec_bf16_unaligned *)to = vec_to_bf16(x);
}

/* Copies `count` elements of `size` bytes in pieces whose sizes the compiler knows. */
VEC_INLINE void vec_copy_part(char *to, const char *from, int count, int size)
{
    if (count >= LANES) {
        __builtin_memcpy(to, from, (unsigned)(LANES * size));
        return;
    }
#define COPY_PIECE(piece)                                     \
    if (LANES > (piece) && (count & (piece))) {               \
        __builtin_memcpy(to, from, (unsigned)((piece)*size)); \
        to += (piece)*size;                                   \
        from += (piece)*size;                                 \
    }
    COPY_PIECE(8)
    COPY_PIECE(4)
    COPY_PIECE(2)
    COPY_PIECE(1)
#undef COPY_PIECE
}

/* Elements from `count` on are 0. */
VEC_INLINE vec vec_load_part(const float *from, int count)
{
    vec x = {0};
    vec_copy_part((char *)&x, (const char *)from, count, 4);
    return x;
}

VEC_INLINE vec vec_load_part_bf16(const bf16_t *from, int count)
{
    vec_bf16 x = {0};
    vec_copy_part((char *)&x, (const char *)from, count, 2);
    return vec_from_bf16(x);
}

VEC_INLINE void vec_store_part(float *to, vec x, int count)
{
    vec_copy_part((char *)to, (const char *)&x, count, 4);
}

VEC_INLINE void vec_store_part_bf16(bf16_t *to, vec x, int count)
{
    vec_bf16 rounded = vec_to_bf16(x);
    vec_copy_part((char *)to, (const char *)&rounded, count, 2);
}

/* --- lanes --- */

/* EACH_LANE(F, h): F(0, h), F(1, h), ... as many as a vector has lanes. */
#if LANES == 16
#define EACH_LANE(F, h)                                                                                 \
    F(0, h), F(1, h), F(2, h), F(3, h), F(4, h), F(5, h), F(6, h), F(7, h), F(8, h), F(9, h), F(10, h), \
        F(11, h), F(12, h), F(13, h), F(14, h), F(15, h)
#elif LANES == 8
#define EACH_LANE(F, h) F(0, h), F(1, h), F(2, h), F(3, h), F(4, h), F(5, h), F(6, h), F(7, h)
#else
#define EACH_LANE(F, h) F(0, h), F(1, h), F(2, h), F(3, h)
#endif

/* Lanes come in groups of h. vec_even takes groups 0, 2, ... of x and puts those of y into the gaps; vec_odd
 * takes groups 1, 3, ... likewise. With h = 1: even = x0 y0 x2 y2 ..., odd = x1 y1 x3 y3 ... */
#define EVEN_GROUP(lane, h) (((lane) & (h)) ? LANES + (lane) - (h) : (lane))
#define ODD_GROUP(lane, h)  (((lane) & (h)) ? LANES + (lane) : (lane) + (h))
#define VEC_EVEN(x, y, h)   __builtin_shufflevector(x, y, EACH_LANE(EVEN_GROUP, h))
#define VEC_ODD(x, y, h)    __builtin_shufflevector(x, y, EACH_LANE(ODD_GROUP, h))

#define EXCHANGE(i, h)                                                 \
    if ((i) + (h) < LANES && !((i) & (h))) {                           \
        vec low = rows[(i) % LANES], high = rows[((i) + (h)) % LANES]; \
        rows[(i) % LANES] = VEC_EVEN(low, high, h);                    \
        rows[((i) + (h)) % LANES] = VEC_ODD(low, high, h);             \
    }
#define EXCHANGE_1(i) EXCHANGE(i, 1)
#define EXCHANGE_2(i) EXCHANGE(i, 2)
#define EXCHANGE_4(i) EXCHANGE(i, 4)
#define EXCHANGE_8(i) EXCHANGE(i, 8)

/* rows[i][j] becomes rows[j][i]; log2(LANES) rounds of exchanges of ever smaller groups. */
VEC_INLINE void vec_transpose(vec rows[LANES])
{
#if LANES == 16
    EACH_OF_16(EXCHANGE_8)
#endif
#if LANES >= 8
    EACH_OF_16(EXCHANGE_4)
#endif
    EACH_OF_16(EXCHANGE_2)
    EACH_OF_16(EXCHANGE_1)
}

#define ADD_GROUPS(i, h)                                                    \
    if ((i) + (h) < LANES && (i) % (2 * (h)) == 0) {                        \
        vec low = rows[(i) % LANES], high = rows[((i) + (h)) % LANES];      \
        rows[(i) % LANES] = VEC_EVEN(low, high, h) + VEC_ODD(low, high, h); \
    }
#define ADD_GROUPS_1(i) ADD_GROUPS(i, 1)
#define ADD_GROUPS_2(i) ADD_GROUPS(i, 2)
#define ADD_GROUPS_4(i) ADD_GROUPS(i, 4)
#define ADD_GROUPS_8(i) ADD_GROUPS(i, 8)

/* Lane i of the result is the sum of the lanes of rows[i], always added in the same order. `rows` is spent.
 */
VEC_INLINE vec vec_sum_each(vec rows[LANES])
{
    EACH_OF_16(ADD_GROUPS_1)
    EACH_OF_16(ADD_GROUPS_2)
#if LANES >= 8
    EACH_OF_16(ADD_GROUPS_4)
#endif
#if LANES == 16
    EACH_OF_16(ADD_GROUPS_8)
#endif
    return rows[0];
}

/* --- functions --- */

VEC_INLINE vec vec_select(vec_int mask, vec yes, vec no)
{
    return (vec)((mask & (vec_int)yes) | (~mask & (vec_int)no));
}

/* A NaN stays one. */
VEC_INLINE vec vec_relu(vec x)
{
    return vec_select(x < (vec){0}, (vec){0}, x);
}

/* e^x within 2 ulp for |x| <= 87, x clamped to that range; a NaN stays one.
 * x = n ln 2 + r with |r| <= ln 2 / 2; e^r by its Taylor series to r^7 (remainder below 2^-27 of the sum). */
VEC_INLINE vec vec_exp(vec x)
{
    const vec limit = vec_splat(87.0f),
              shift = vec_splat(12582912.0f); /* 1.5 * 2^23: adding it rounds to integer */
    x = vec_select(x > limit, limit, vec_select(x < -limit, -limit, x));
    vec shifted = x * 1.44269504f + shift;
    vec n = shifted - shift;
    vec r = x - n * 0.693359375f;
    r = r + n * 2.12194440e-4f;
    vec sum = r * (1.0f / 5040) + 1.0f / 720;
    sum = sum * r + 1.0f / 120;
    sum = sum * r + 1.0f / 24;
    sum = sum * r + 1.0f / 6;
    sum = sum * r + 0.5f;
    sum = sum * r + 1.0f;
    sum = sum * r + 1.0f;
    return sum * (vec)(((vec_bits)shifted << 23) + 0x3f800000u);
}

VEC_INLINE vec vec_silu(vec x)
{
    return x / (vec_exp(-x) + 1.0f);
}

/* The tanh form: x/2 (1 + tanh u) = x / (1 + e^-2u) with u = sqrt(2/pi) (x + 0.044715 x^3). */
VEC_INLINE vec vec_gelu(vec x)
{
    vec minus_2u = x * -1.59576912f * (x * x * 0.044715f + 1.0f);
    return x / (vec_exp(minus_2u) + 1.0f);
}

#endif
