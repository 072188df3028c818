/* Places to try next, from places known: what strategies share. Everything that comes out is valid and new:
 * neither pending nor told. Private to search. */
#ifndef TUNEBOOK_SEARCH_MOVES_H
#define TUNEBOOK_SEARCH_MOVES_H

#include "search/strategy.h"
#include "search/walk.h"

struct moves {
    const struct strategy_context *context;
    struct walk walk;
    bool exhausted; /* the walk has ended */
    struct configuration *list;
    size_t list_max;
};

enum status moves_begin(struct moves *moves, const struct strategy_context *context);
void moves_end(struct moves *moves);

bool moves_is_new(const struct moves *moves, const struct configuration *configuration);

/* Any, in random order. False: there are no more. */
bool moves_any(struct moves *moves, struct configuration *out);
/* All neighbours, in random order; the list stays until the next call. */
size_t moves_neighbours(struct moves *moves, const struct configuration *from, enum space_move move,
                        const struct configuration **list);
/* One neighbour by chance: adjacent ones first, so that steps are small where values have an order. */
bool moves_neighbour(struct moves *moves, const struct configuration *from, struct configuration *out);
/* `changes` parameters drawn anew. False after some attempts in vain. */
bool moves_jump(struct moves *moves, const struct configuration *from, unsigned changes,
                struct configuration *out);
/* Each parameter from one of two, then changed with probability mutations / parameters; what the constraints
 * refuse is repaired: differences from `mother` are taken back one by one, in random order, until it is
 * valid, which it is at the latest as her neighbour. False: what came out is not new. */
bool moves_cross(struct moves *moves, const struct configuration *mother, const struct configuration *father,
                 double mutations, struct configuration *out);

/* How many parameters differ. */
uint32_t moves_distance(const struct moves *moves, const struct configuration *a,
                        const struct configuration *b);

#endif
