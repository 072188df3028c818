/* Seeded random numbers (xoshiro256**, Blackman and Vigna): the same seed gives the same sequence everywhere.
 */
#ifndef TUNEBOOK_BASE_RNG_H
#define TUNEBOOK_BASE_RNG_H

#include <stdint.h>

struct rng {
    uint64_t state[4];
};

void rng_seed(struct rng *rng, uint64_t seed);
uint64_t rng_next(struct rng *rng);
uint64_t rng_below(struct rng *rng, uint64_t bound); /* uniform in [0, bound), unbiased; bound > 0 */
double rng_unit(struct rng *rng);                    /* uniform in [0, 1) */
double rng_normal(struct rng *rng);                  /* mean 0, variance 1 */

#endif
