/* Small floats to and from float in portable bit arithmetic: nearest even, exact, whatever a target does with
 * denormal floats. The emulator always converts so; a GPU where it has no instruction. Valid C and C++.
 *
 *     float gpu_soft_from_NAME(code)    unsigned gpu_soft_to_NAME(float)
 *
 * Sources of the formats: IEEE 754 binary16; bfloat16 is the upper half of binary32; OCP 8-bit Floating Point
 * Specification (OFP8) 1.0; the FNUZ formats are in AMD's CDNA 3 ISA guide. */
#ifndef TUNEBOOK_DEVICE_GPU_NUMBER_H
#define TUNEBOOK_DEVICE_GPU_NUMBER_H

#ifndef GPU_WRAP
#define GPU_WRAP static inline __attribute__((always_inline, unused))
#endif

typedef unsigned short gpu_f16, gpu_bf16;
typedef unsigned char gpu_fp8;

union gpu_float_bits {
    float value;
    unsigned bits;
};

GPU_WRAP unsigned gpu_bits(float x)
{
    union gpu_float_bits u;
    u.value = x;
    return u.bits;
}

GPU_WRAP float gpu_float(unsigned bits)
{
    union gpu_float_bits u;
    u.bits = bits;
    return u.value;
}

/* What the codes of the largest exponent mean. */
#define GPU_IEEE 0 /* infinity and NaN */
#define GPU_FN   1 /* numbers, but for all ones, which is NaN; no infinity */
#define GPU_FNUZ 2 /* numbers; the code of minus zero is NaN; no infinity */

/* The value of a code of 1 + exponent + fraction_bits = `bits` bits. The arguments but the first are
 * constants. */
GPU_WRAP float gpu_soft_decode(unsigned code, int bits, int fraction_bits, int bias, int special)
{
    unsigned largest = (1u << (bits - 1)) - 1, magnitude = code & largest;
    unsigned sign = (code >> (bits - 1) & 1) << 31;
    unsigned first_normal = 1u << fraction_bits, first_special = largest + 1 - first_normal;
    if (special == GPU_FNUZ && sign && !magnitude) return gpu_float(0x7fc00000u);
    if (special == GPU_FN && magnitude == largest) return gpu_float(sign | 0x7fc00000u);
    if (special == GPU_IEEE && magnitude >= first_special)
        return gpu_float(sign | 0x7f800000u | (magnitude - first_special) << (23 - fraction_bits));
    if (magnitude < first_normal) /* a whole number of the smallest steps */
        return gpu_float(
            sign | gpu_bits((float)magnitude * gpu_float((unsigned)(128 - bias - fraction_bits) << 23)));
    return gpu_float(sign | ((magnitude << (23 - fraction_bits)) + ((unsigned)(127 - bias) << 23)));
}

/* The nearest code. Beyond `largest`, the largest finite one, comes `over`: largest itself, or infinity. */
GPU_WRAP unsigned gpu_soft_encode(float x, int bits, int fraction_bits, int bias, int special,
                                  unsigned largest, unsigned over)
{
    unsigned magnitude = gpu_bits(x) & 0x7fffffffu, sign = gpu_bits(x) >> 31 << (bits - 1);
    unsigned first_normal = (unsigned)(128 - bias) << 23, code;
    int dropped = 23 - fraction_bits;
    if (magnitude > 0x7f800000u) {
        if (special == GPU_FNUZ) return 1u << (bits - 1);
        if (special == GPU_FN) return sign | ((1u << (bits - 1)) - 1);
        return sign | (((1u << (bits - 1)) - 1) & ~((1u << (fraction_bits - 1)) - 1));
    }
    if (magnitude < first_normal) {
        /* Adding a number whose last place is the smallest step rounds to it. */
        unsigned shift = (unsigned)(128 - bias + dropped) << 23;
        code = gpu_bits(gpu_float(magnitude) + gpu_float(shift)) - shift;
    } else {
        unsigned half = (1u << (dropped - 1)) - 1;
        code = (magnitude + half + (magnitude >> dropped & 1)) >> dropped;
        code -= (unsigned)(127 - bias) << fraction_bits;
    }
    if (code > largest) code = over;
    return special == GPU_FNUZ && !code ? 0 : sign | code;
}

/* GPU_SMALL_FLOAT(name, type, bits, fraction_bits, bias, special, largest, over) */
#define GPU_SMALL_FLOAT(name, type, bits, fraction_bits, bias, special, largest, over)      \
    GPU_WRAP float gpu_soft_from_##name(type code)                                          \
    {                                                                                       \
        return gpu_soft_decode(code, bits, fraction_bits, bias, special);                   \
    }                                                                                       \
    GPU_WRAP type gpu_soft_to_##name(float x)                                               \
    {                                                                                       \
        return (type)gpu_soft_encode(x, bits, fraction_bits, bias, special, largest, over); \
    }

GPU_SMALL_FLOAT(f16, gpu_f16, 16, 10, 15, GPU_IEEE, 0x7bff, 0x7c00)
GPU_SMALL_FLOAT(f8e4m3, gpu_fp8, 8, 3, 7, GPU_FN, 0x7e, 0x7e)
GPU_SMALL_FLOAT(f8e5m2, gpu_fp8, 8, 2, 15, GPU_IEEE, 0x7b, 0x7b)
GPU_SMALL_FLOAT(f8e4m3fnuz, gpu_fp8, 8, 3, 8, GPU_FNUZ, 0x7f, 0x7f)
GPU_SMALL_FLOAT(f8e5m2fnuz, gpu_fp8, 8, 2, 16, GPU_FNUZ, 0x7f, 0x7f)

/* bfloat16 has float's exponent: no case is special but NaN, which could round to infinity. */
GPU_WRAP float gpu_soft_from_bf16(gpu_bf16 code)
{
    return gpu_float((unsigned)code << 16);
}

GPU_WRAP gpu_bf16 gpu_soft_to_bf16(float x)
{
    unsigned bits = gpu_bits(x);
    if ((bits & 0x7fffffffu) > 0x7f800000u) return (gpu_bf16)(bits >> 16 | 0x40);
    return (gpu_bf16)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* A spelling that has no instruction for a format takes the functions above. */
#define GPU_SOFT(name, type)                  \
    GPU_WRAP float gpu_from_##name(type code) \
    {                                         \
        return gpu_soft_from_##name(code);    \
    }                                         \
    GPU_WRAP type gpu_to_##name(float x)      \
    {                                         \
        return gpu_soft_to_##name(x);         \
    }

#endif
