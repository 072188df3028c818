#include "tuner/base/rng.h"

#include <string.h>

/* The same digits from every compiler: no fused multiply-add (gcc fuses none with -std=c17). */
#ifdef __clang__
#pragma STDC FP_CONTRACT OFF
#endif

/* SplitMix64, the seeding that the authors of xoshiro recommend: https://prng.di.unimi.it/splitmix64.c */
void rng_seed(struct rng *rng, uint64_t seed)
{
    for (int i = 0; i < 4; i++) {
        uint64_t z = seed += 0x9e3779b97f4a7c15u;
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
        z = (z ^ z >> 27) * 0x94d049bb133111ebu;
        rng->state[i] = z ^ z >> 31;
    }
}

static uint64_t rotate_left(uint64_t x, int by)
{
    return x << by | x >> (64 - by);
}

/* https://prng.di.unimi.it/xoshiro256starstar.c */
uint64_t rng_next(struct rng *rng)
{
    uint64_t *s = rng->state;
    uint64_t result = rotate_left(s[1] * 5, 7) * 9;
    uint64_t t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

uint64_t rng_below(struct rng *rng, uint64_t bound)
{
    uint64_t unfair = -bound % bound; /* 2^64 mod bound: that many values would come once too often */
    for (;;) {
        uint64_t value = rng_next(rng);
        if (value >= unfair) return value % bound;
    }
}

double rng_unit(struct rng *rng)
{
    return (double)(rng_next(rng) >> 11) * 0x1p-53;
}

/* Natural logarithm of a normal number, by the series of atanh: libm's last digit differs between systems,
 * and the runtime library links no libm. */
static double natural_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 52) - 1023;
    bits = (bits & 0xfffffffffffffu) | 0x3ff0000000000000u;
    memcpy(&x, &bits, sizeof x);
    if (x > 1.4142135623730951) {
        x *= 0.5;
        exponent++;
    }
    double s = (x - 1) / (x + 1), square = s * s, sum = 0;
    for (int k = 23; k >= 1; k -= 2) sum = sum * square + 1.0 / k;
    return exponent * 0.6931471805599453 + 2 * s * sum;
}

/* Ratio of uniforms with Leva's bounds, ACM TOMS 18 (1992), algorithm 712: the logarithm is rarely needed. */
double rng_normal(struct rng *rng)
{
    for (;;) {
        double u = 1 - rng_unit(rng);
        double v = 1.7156 * (rng_unit(rng) - 0.5);
        double x = u - 0.449871;
        double y = (v < 0 ? -v : v) + 0.386595;
        double q = x * x + y * (0.19600 * y - 0.25472 * x);
        if (q < 0.27597) return v / u;
        if (q > 0.27846) continue;
        if (v * v <= -4 * u * u * natural_log(u)) return v / u;
    }
}
