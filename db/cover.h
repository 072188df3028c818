/* The fewest items that hit every set: a hitting set, which is a set cover seen from the other side. Pure.
 *
 * Exact where that is affordable, else greedy and then without what is superfluous; a lower bound says how
 * far from the fewest the answer can be. The answer depends on the sets alone, never on time: efforts are
 * counted. Private to db. */
#ifndef TUNEBOOK_DB_COVER_H
#define TUNEBOOK_DB_COVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

/* Sets of items, each set once, however often it is added. `struct cover c = {.n_items = n};` has none. */
struct cover {
    uint32_t n_items;
    const uint64_t *costs; /* of each item: the cheaper of two that are equally good; NULL: all alike */
    uint32_t *members;     /* of all sets, one behind the other; each set ascending */
    size_t n_members, member_capacity;
    size_t *begins; /* of set i; begins[n_sets] ends the last */
    size_t n_sets, set_capacity;
    size_t *slots; /* 1 + index of a set; 0: empty */
    size_t n_slots;
};
/* `items` ascending, without repetitions; an empty set is passed over. */
enum status cover_add(struct cover *cover, const uint32_t *items, size_t n);
void cover_free(struct cover *cover);

struct cover_result {
    size_t n_chosen;    /* those that had to be included */
    size_t lower_bound; /* no choice with what had to be is smaller */
};
/* chosen[item]: 1 on entry must be chosen; on return the choice. */
enum status cover_solve(const struct cover *cover, uint8_t *chosen, struct cover_result *out);

#endif
