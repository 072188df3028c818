/* Happens-before: which accesses of others a thread knows to lie before what it does now.
 *
 * A team counts its synchronizations: that is its time. A word is (time << bits | number of a thread in its
 * team) and stands for all that this thread did at this time. Knowledge is a limit: every word below it is
 * known. A barrier of the whole team lets all threads know everything before it, so that one limit per thread
 * says all. Whatever orders less (a barrier of some threads, an atomic) gives a thread a `past`: a limit per
 * thread of the team; and pasts of other teams, where atomics in global memory reach across. Pasts never
 * change once they are shared.
 *
 * Of global memory a thread may know less than of shared memory, since there is a barrier of the block that
 * orders the one alone: it has a limit of its own, and what a thread passes on is that. Nothing is lost by
 * this, for whoever can learn something of a block's shared memory came to the same barriers.
 *
 * After an access was made known to others, the thread's time moves on, so that later ones are told apart. */
#ifndef TUNEBOOK_EMULATOR_ORDER_H
#define TUNEBOOK_EMULATOR_ORDER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct fiber;
struct worker;

/* What is known of one team. */
struct past {
    _Atomic uint32_t references;
    uint32_t team, all, n;
    uint32_t threads[]; /* n limits, by number */
};

/* Of several teams, each once, by index. */
struct pasts {
    _Atomic uint32_t references;
    uint32_t n;
    struct past *items[];
};

struct team_order {
    uint32_t time, bits, mask;
    struct pasts *others; /* all threads know */
    bool private_pasts;   /* some thread has `own` or `others` */
};

/* What the threads that come to a barrier know together. */
struct gather {
    struct past *sum; /* of their team, with all that they did so far */
    struct pasts *others;
    struct past *last_own;
    uint32_t last_limit, last_block, last_wave, last_known_block, last_known_wave;
};

enum { ORDER_BITS = 31 }; /* of a word */

/* A word's thread `number` of `team` did what `word` stands for in shared memory, or in global memory; does
 * `f` know? */
bool order_knows(const struct fiber *f, uint32_t team, uint32_t word);
bool order_knows_global(const struct fiber *f, uint32_t team, uint32_t word);

/* `f` has a new time. False: the team has run out of times (a fault was reported). */
bool order_advance(struct fiber *f);

void order_advance_all(struct fiber *f, struct fiber *const *members, uint32_t n); /* one for all of them */

/* Agents work beside the threads of a team and have numbers behind theirs: what one does now, at a time of
 * its own. */
uint32_t order_agent(struct fiber *f, uint32_t agent);

/* A barrier of the whole team; all its threads have come. */
bool order_barrier_team(struct fiber *f);
/* The same of a team of one block, for what was done in shared memory. What they know of global memory, and
 * pass on by other means than this barrier, stays as it was. */
bool order_barrier_shared(struct fiber *f);
/* A barrier of some: of one block of several, or of a wave. */
bool order_barrier_some(struct fiber *f, struct fiber **members, uint32_t n, bool wave);

void gather_add(struct gather *gather, const struct fiber *f);
void gather_add_agent(struct gather *gather, const struct fiber *f, uint32_t word);
struct pasts *gather_pasts(const struct gather *gather);
void gather_give(const struct gather *gather, struct fiber *f);
void gather_clear(struct gather *gather);

/* All that `f` knows and did; to be put away. */
struct pasts *order_snapshot(const struct fiber *f);
/* `f` now knows `pasts`, which it does not keep (NULL: nothing). */
void order_learn(struct fiber *f, struct pasts *pasts);

struct pasts *pasts_share(struct pasts *pasts);
void pasts_put_away(struct pasts *pasts);
/* The union; takes both over. */
struct pasts *pasts_merge(struct pasts *a, struct pasts *b);

/* `f` forgets all that it knew, and frees it. */
void order_forget(struct fiber *f);
/* What its worker keeps for the next to learn the same. */
void order_forget_union(struct worker *worker);

#endif
