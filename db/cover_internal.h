/* What the halves of the solver share. Private to db. */
#ifndef TUNEBOOK_DB_COVER_INTERNAL_H
#define TUNEBOOK_DB_COVER_INTERNAL_H

#include "db/cover.h"

/* Sets and items that hang together, numbered anew: a problem of its own. */
struct cover_part {
    uint32_t n_items, n_sets;
    uint32_t *members, *begins;  /* of set s: members[begins[s]..begins[s + 1]) */
    uint32_t *uses, *use_begins; /* of item i: the sets that it hits */
    const uint64_t *costs;       /* NULL: all alike */
    uint32_t *hits;              /* of set s: how many chosen items hit it; all 0 between calls */
    uint8_t *marks;              /* of item i: scratch */
    uint8_t *chosen;             /* the best so far */
    uint32_t n_chosen, lower_bound;
    uint64_t effort_left; /* for this part and all others: members of sets looked at */
};

/* cover_greedy.c: a good choice, and a bound from sets that share no item. */
enum status cover_greedy(struct cover_part *part);
/* Takes out of a choice what it can do without. */
enum status cover_prune(struct cover_part *part);
/* cover_exact.c: fewer, where a bounded effort finds fewer; where it finds out that there are none,
 * lower_bound becomes n_chosen. */
enum status cover_exact(struct cover_part *part);

#endif
