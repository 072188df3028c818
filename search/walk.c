#include "search/walk.h"

enum { DRAWS_MAX = 64000 };

void walk_begin(struct walk *walk, const struct space *space, struct rng *rng)
{
    *walk = (struct walk){.space = space, .rng = rng, .half_bits = 1};
    walk->count = space_count(space, &walk->exact);
    while (walk->half_bits < 32 && (walk->count - 1) >> (2 * walk->half_bits)) walk->half_bits++;
    for (unsigned i = 0; i < 4; i++) walk->keys[i] = rng_next(rng);
}

/* A Feistel network permutes 2 * half_bits bits; walking its cycle until the number is one of ours permutes
 * those (Black and Rogaway, "Ciphers with Arbitrary Finite Domains", 2002). */
static uint64_t permute(const struct walk *walk, uint64_t i)
{
    uint64_t mask = (UINT64_C(1) << walk->half_bits) - 1;
    do {
        uint64_t left = i >> walk->half_bits, right = i & mask;
        for (unsigned round = 0; round < 4; round++) {
            uint64_t mixed = (right ^ walk->keys[round]) * 0x9e3779b97f4a7c15u;
            uint64_t next = left ^ ((mixed ^ mixed >> 29) * 0xbf58476d1ce4e5b9u >> 32 & mask);
            left = right;
            right = next;
        }
        i = left << walk->half_bits | right;
    } while (i >= walk->count);
    return i;
}

bool walk_next(struct walk *walk, struct configuration *out)
{
    if (!walk->exact) return space_random(walk->space, walk->rng, out);
    if (walk->next == walk->count) return false;
    return space_at(walk->space, permute(walk, walk->next++), out);
}

bool walk_next_new(struct walk *walk, const struct known *known, struct configuration *out)
{
    for (unsigned attempt = 0; walk->exact || attempt < DRAWS_MAX; attempt++) {
        if (!walk_next(walk, out)) return false;
        if (known_get(known, out) == KNOWN_NOT) return true;
    }
    return false;
}
