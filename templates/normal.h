/* Random inputs that every op's proof can use. */
#ifndef TUNEBOOK_TEMPLATES_NORMAL_H
#define TUNEBOOK_TEMPLATES_NORMAL_H

#include "templates/op.h"

/* Fills an operand, stored as it says, with standard normal values; gaps untouched. Deterministic in `seed`.
 * Integer types get three times that, rounded. */
void normal_fill(const struct operand *operand, uint64_t seed, void *storage);

/* splitmix64's finalizer (Steele, Lea, Flood 2014): a hash of 64 bits, to make pure functions of coordinates
 * with. */
static inline uint64_t mix_bits(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

#endif
