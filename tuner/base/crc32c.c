#include "tuner/base/crc32c.h"

#include <pthread.h>
#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#include <wmmintrin.h>
#endif

/* The reflected polynomial 0x1EDC6F41. */
enum { SLICES = 8 };
static const uint32_t polynomial = 0x82f63b78;
static uint32_t table[SLICES][256];
static pthread_once_t table_once = PTHREAD_ONCE_INIT;

static void table_build(void)
{
    for (uint32_t i = 0; i < 256; i++) {
        uint32_t crc = i;
        for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? polynomial : 0);
        table[0][i] = crc;
    }
    for (int slice = 1; slice < SLICES; slice++)
        for (int i = 0; i < 256; i++)
            table[slice][i] = table[slice - 1][i] >> 8 ^ table[0][table[slice - 1][i] & 255];
}

/* Slicing by 8: Kounavis and Berry, "A Systematic Approach to Building High Performance, Software-based, CRC
 * Generators", ISCC 2005. */
static uint32_t crc_plain(uint32_t crc, const uint8_t *p, size_t size)
{
    pthread_once(&table_once, table_build);
    for (; size >= 8; p += 8, size -= 8) {
        crc ^= p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
        crc = table[7][crc & 255] ^ table[6][crc >> 8 & 255] ^ table[5][crc >> 16 & 255] ^
              table[4][crc >> 24] ^ table[3][p[4]] ^ table[2][p[5]] ^ table[1][p[6]] ^ table[0][p[7]];
    }
    for (; size; p++, size--) crc = crc >> 8 ^ table[0][(crc ^ *p) & 255];
    return crc;
}

#if defined(__x86_64__)
#define HARDWARE __attribute__((target("sse4.2,pclmul")))

static inline uint64_t load64(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
    return word;
}

/* crc * x^(8 n) mod P, where `factor` is x^(8 n - 33) mod P: the product of reflected numbers comes out one
 * place lower, and the instruction that reduces it multiplies by x^32. */
HARDWARE static inline uint64_t crc_shift(uint64_t crc, uint32_t factor)
{
    __m128i product =
        _mm_clmulepi64_si128(_mm_cvtsi64_si128((long long)crc), _mm_cvtsi32_si128((int)factor), 0);
    return _mm_crc32_u64(0, (uint64_t)_mm_cvtsi128_si64(product));
}

/* The instruction takes three cycles and one can begin in each: three stretches at once, whose remainders are
 * then put together. Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32 Instruction", Intel
 * 2011. */
HARDWARE static uint32_t crc_hardware(uint32_t crc, const uint8_t *p, size_t size)
{
    static const struct {
        uint32_t bytes, two, one; /* of a stretch; factors for two stretches and for one */
    } stretches[] = {{256, 0xdd7e3b0c, 0xb9e02b86}, {64, 0x0d3b6092, 0x9e4addf8}};
    uint64_t wide = crc;
    for (unsigned i = 0; i < sizeof stretches / sizeof *stretches; i++) {
        size_t n = stretches[i].bytes;
        for (; size >= 3 * n; p += 3 * n, size -= 3 * n) {
            uint64_t second = 0, third = 0;
#pragma GCC unroll 4
            for (size_t at = 0; at < n; at += 8) {
                wide = _mm_crc32_u64(wide, load64(p + at));
                second = _mm_crc32_u64(second, load64(p + n + at));
                third = _mm_crc32_u64(third, load64(p + 2 * n + at));
            }
            wide = crc_shift(wide, stretches[i].two) ^ crc_shift(second, stretches[i].one) ^ third;
        }
    }
    for (; size >= 8; p += 8, size -= 8) wide = _mm_crc32_u64(wide, load64(p));
    crc = (uint32_t)wide;
    for (; size; p++, size--) crc = _mm_crc32_u8(crc, *p);
    return crc;
}
#endif

uint32_t crc32c(const void *bytes, size_t size)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2") && __builtin_cpu_supports("pclmul"))
        return ~crc_hardware(~0u, bytes, size);
#endif
    return ~crc_plain(~0u, bytes, size);
}
