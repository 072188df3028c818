/* Every configuration once, in random order and without remembering any: a random permutation of the numbers
 * of an exact space. A space that cannot be counted is drawn from instead: without end, with repeats. Private
 * to search. */
#ifndef TUNEBOOK_SEARCH_WALK_H
#define TUNEBOOK_SEARCH_WALK_H

#include "search/known.h"

struct walk {
    const struct space *space;
    struct rng *rng;
    uint64_t count, next;
    uint64_t keys[4];
    unsigned half_bits;
    bool exact;
};

void walk_begin(struct walk *walk, const struct space *space, struct rng *rng);
bool walk_next(struct walk *walk, struct configuration *out); /* false: all were seen */

/* The next that is not in `known`. False: there is none, or, where the space cannot be counted, none among
 * very many drawn. */
bool walk_next_new(struct walk *walk, const struct known *known, struct configuration *out);

#endif
