/* A Gaussian process over configurations: what has been tried says how fast the others may be.
 *
 * Two configurations are as alike as exp(-distance): the distance is the sum over the parameters of how far
 * apart their values stand in their lists (from end to end 1/reach; for words, which have no order, the same
 * for any two), so that the kernel is a product of one-dimensional ones. Nothing is fitted: reach and noise
 * are given. Observations are appended one by one (an incremental Cholesky factorization; Rasmussen and
 * Williams, "Gaussian Processes for Machine Learning", 2006, algorithm 2.1), and guesses are kept for a pool
 * of candidates, so that one observation costs pool x observations multiplications and nothing is ever
 * refitted. Targets are given when guesses are wanted: they may be rescaled at will.
 *
 * Not for threads. Private to search. */
#ifndef TUNEBOOK_SEARCH_GAUSSIAN_H
#define TUNEBOOK_SEARCH_GAUSSIAN_H

#include <stddef.h>
#include "search/space.h"

struct gaussian_setting {
    const struct space *space;
    /* One more coordinate of a configuration, 0..1, as far-reaching as a parameter; may be NULL. */
    double (*extra)(const void *context, const struct configuration *configuration);
    const void *extra_context;
    size_t observations_max, pool_max; /* pool_max: a multiple of 16 */
    double reach; /* distance at which likeness is 1/e, in lengths of a parameter's list */
    double noise; /* variance, where the targets' is 1 */
};

struct gaussian;

enum status gaussian_create(const struct gaussian_setting *setting, struct gaussian **out);
void gaussian_free(struct gaussian *gaussian);
void gaussian_clear(struct gaussian *gaussian); /* forgets the observations, keeps the pool */

size_t gaussian_n(const struct gaussian *gaussian);
bool gaussian_is_full(const struct gaussian *gaussian);
/* Appends one; not when full. */
void gaussian_observe(struct gaussian *gaussian, const struct configuration *configuration);

/* Puts a candidate into a slot of the pool, below pool_max; in place of what stood there. */
void gaussian_place(struct gaussian *gaussian, size_t slot, const struct configuration *candidate);
const struct configuration *gaussian_candidate(const struct gaussian *gaussian, size_t slot);

/* Mean and standard deviation for slots [0, n_slots), from the targets of the observations in their order.
 * The arrays stay until the next call. */
void gaussian_guess(struct gaussian *gaussian, const float *targets, size_t n_slots, const float **mean,
                    const float **deviation);

#endif
