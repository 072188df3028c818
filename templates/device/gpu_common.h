/* What is the same in every spelling: typed faces over words, and arithmetic that every compiler sees
 * through. */
#ifndef TUNEBOOK_DEVICE_GPU_COMMON_H
#define TUNEBOOK_DEVICE_GPU_COMMON_H

#define GPU_SHUFFLE(name)                                           \
    GPU_WRAP unsigned gpu_##name(unsigned x, unsigned argument)     \
    {                                                               \
        return gpu_##name##_word(x, argument);                      \
    }                                                               \
    GPU_WRAP int gpu_##name(int x, unsigned argument)               \
    {                                                               \
        return (int)gpu_##name##_word((unsigned)x, argument);       \
    }                                                               \
    GPU_WRAP float gpu_##name(float x, unsigned argument)           \
    {                                                               \
        return gpu_float(gpu_##name##_word(gpu_bits(x), argument)); \
    }
GPU_SHUFFLE(shuffle)
GPU_SHUFFLE(shuffle_xor)
GPU_SHUFFLE(shuffle_up)
GPU_SHUFFLE(shuffle_down)
#undef GPU_SHUFFLE

#define gpu_any(p) (gpu_ballot(p) != 0)
#define gpu_all(p) (gpu_ballot(!(p)) == 0)

/* Every fp8 of these is an f16, too. */
#define GPU_F16_PAIR(name)                                                         \
    GPU_WRAP unsigned gpu_f16x2_from_##name(unsigned codes)                        \
    {                                                                              \
        return gpu_to_f16(gpu_from_##name((gpu_fp8)codes)) |                       \
               (unsigned)gpu_to_f16(gpu_from_##name((gpu_fp8)(codes >> 8))) << 16; \
    }
#ifndef GPU_HAS_F8E4M3_PAIRS
GPU_F16_PAIR(f8e4m3)
#endif
GPU_F16_PAIR(f8e4m3fnuz)
#undef GPU_F16_PAIR

/* A word of two halves: the lower ones of a and b, or the upper ones; a's comes first. */
#ifndef GPU_HAS_HALVES
GPU_WRAP unsigned gpu_low_halves(unsigned a, unsigned b)
{
    return (a & 0xffffu) | b << 16;
}

GPU_WRAP unsigned gpu_high_halves(unsigned a, unsigned b)
{
    return a >> 16 | (b & 0xffff0000u);
}
#endif

GPU_WRAP float gpu_abs(float x)
{
    return gpu_float(gpu_bits(x) & 0x7fffffffu);
}

#endif
