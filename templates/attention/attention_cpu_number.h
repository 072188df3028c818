/* Vectors of floats from elements of every type, and back.
 *
 * Narrow floats become wide ones by their bits: exponent and mantissa are moved into their places and the
 * exponent's bias is made up for. Subnormals have none to move: they are whole numbers of the smallest one.
 */
#ifndef TUNEBOOK_ATTENTION_CPU_NUMBER_H
#define TUNEBOOK_ATTENTION_CPU_NUMBER_H

#include "attention_cpu_words.h"

typedef unsigned char fp8_t;
typedef unsigned short f16_t;
typedef unsigned short vec_f16 __attribute__((vector_size(VECTOR_BYTES / 2)));
typedef unsigned char vec_fp8 __attribute__((vector_size(VECTOR_BYTES / 4)));

#define IS_FP8(type)     ((type) == DTYPE_F8E4M3 || (type) == DTYPE_F8E4M3FNUZ)
#define TYPE_BYTES(type) ((type) == DTYPE_F32 ? 4 : IS_FP8(type) ? 1 : 2)

STATIC_ASSERT(Q_TYPE == DTYPE_F32 || Q_TYPE == DTYPE_F16 || Q_TYPE == DTYPE_BF16);
STATIC_ASSERT(O_TYPE == DTYPE_F32 || O_TYPE == DTYPE_F16 || O_TYPE == DTYPE_BF16);
STATIC_ASSERT(KV_TYPE == Q_TYPE || IS_FP8(KV_TYPE));

/* `magnitude` is all but the sign of a number with `digits` bits of mantissa and this exponent bias. */
VEC_INLINE vec vec_widen(vec_bits magnitude, int digits, int bias)
{
    vec_bits whole = (magnitude << (23 - digits)) + ((127u - (unsigned)bias) << 23);
    vec small = __builtin_convertvector((vec_int)magnitude, vec) *
                (vec)((vec_bits){0} + ((unsigned)(128 - bias - digits) << 23));
    return vec_select((vec_int)magnitude < (1 << digits), small, (vec)whole);
}

VEC_INLINE vec vec_from_f16(vec_f16 x)
{
    vec_bits bits = __builtin_convertvector(x, vec_bits), magnitude = bits & 0x7fff;
    vec_bits is_special = (vec_bits)((vec_int)magnitude > 0x7bff);
    return (vec)((vec_bits)vec_widen(magnitude, 10, 15) | (is_special & 0x7f800000) | (bits & 0x8000) << 16);
}

/* f8e4m3: 0x7f and 0xff are NaN, nothing is infinite. f8e4m3fnuz: only 0x80 is NaN, zero has no sign. */
VEC_INLINE vec vec_from_fp8(int type, vec_fp8 x)
{
    vec_bits bits = __builtin_convertvector(x, vec_bits), magnitude = bits & 0x7f;
    vec_bits is_nan = (vec_bits)(type == DTYPE_F8E4M3 ? magnitude == 0x7f : bits == 0x80);
    vec wide = vec_widen(magnitude, 3, type == DTYPE_F8E4M3 ? 7 : 8);
    return (vec)((vec_bits)wide | (is_nan & 0x7fc00000) | (bits & 0x80) << 24);
}

/* Rounds to nearest, ties to even. Adding 2^13 times the power of two that a float's last f16 bit is worth,
 * at least that of subnormals, rounds where f16 does; what is too large becomes infinite. */
VEC_INLINE vec_f16 vec_to_f16(vec x)
{
    vec_bits bits = (vec_bits)x, sign = bits >> 16 & 0x8000;
    vec magnitude = (vec)(bits & 0x7fffffff);
    vec_bits exponent = bits & 0x7f800000, least = (vec_bits){0} + (113u << 23);
    vec_bits is_small = (vec_bits)((vec_int)exponent < (vec_int)least);
    vec_bits base = ((is_small & least) | (~is_small & exponent)) + (13u << 23);
    vec_bits sum = (vec_bits)(magnitude + (vec)base);
    vec_bits half = (sum & 0x7fffff) + ((base - (126u << 23)) >> 13);
    vec_bits is_large = (vec_bits)(magnitude >= 65520.0f), is_nan = (vec_bits)(x != x);
    half = (~is_large & half) | (is_large & 0x7c00);
    half = (~is_nan & half) | (is_nan & 0x7e00);
    return __builtin_convertvector(half | sign, vec_f16);
}

/* `count` elements of `type`, the others 0. */
VEC_INLINE vec load_part(int type, const void *from, int count)
{
    if (type == DTYPE_F32) return vec_load_part((const float *)from, count);
    if (type == DTYPE_BF16) return vec_load_part_bf16((const bf16_t *)from, count);
    if (type == DTYPE_F16) {
        vec_f16 x = {0};
        vec_copy_part((char *)&x, (const char *)from, count, 2);
        return vec_from_f16(x);
    }
    vec_fp8 x = {0};
    vec_copy_part((char *)&x, (const char *)from, count, 1);
    return vec_from_fp8(type, x);
}

VEC_INLINE void store_part(int type, void *to, vec x, int count)
{
    if (type == DTYPE_F32) {
        vec_store_part((float *)to, x, count);
    } else if (type == DTYPE_BF16) {
        vec_store_part_bf16((bf16_t *)to, x, count);
    } else {
        vec_f16 rounded = vec_to_f16(x);
        vec_copy_part((char *)to, (const char *)&rounded, count, 2);
    }
}

/* Vector `v` of a head of `size` elements: all of `size` but the last are whole. */
VEC_INLINE int vector_count(int size, int v)
{
    return size - v * LANES < LANES ? size - v * LANES : LANES;
}

#endif
