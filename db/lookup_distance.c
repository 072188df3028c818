#include "db/lookup_search.h"

__extension__ typedef unsigned __int128 wide;

/* By repeated squaring of the mantissa, a binary digit each: exact to the last bit and monotonic, so that
 * what is farther away never looks closer, on every machine. libm is not among the runtime's libraries. */
uint32_t log2_fixed(uint64_t value)
{
    unsigned exponent = 63 - (unsigned)__builtin_clzll(value);
    uint64_t mantissa = value << (63 - exponent);
    uint32_t result = exponent;
    for (int i = 0; i < 16; i++) {
        wide square = (wide)mantissa * mantissa >> 63;
        unsigned digit = (unsigned)(square >> 64);
        mantissa = (uint64_t)(square >> digit);
        result = result << 1 | digit;
    }
    return result;
}

uint32_t log2_distance(uint64_t a, uint64_t b)
{
    if (a == b) return 0;
    if (a == 0 || b == 0) return UINT32_MAX / KEY_SIZES_MAX;
    uint32_t x = log2_fixed(a), y = log2_fixed(b);
    return x > y ? x - y : y - x;
}
