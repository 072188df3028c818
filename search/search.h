/* One search over one space: hands out configurations never handed out before, hears their results, keeps the
 * best. Deterministic for a seed and an order of tells. Not for threads. */
#ifndef TUNEBOOK_SEARCH_SEARCH_H
#define TUNEBOOK_SEARCH_SEARCH_H

#include "search/strategy.h"

struct search_options {
    const char *strategy; /* as strategy_parse reads it; NULL: the default */
    uint64_t seed;
    uint64_t max_trials;                /* 0: no limit */
    const struct configuration *starts; /* tried first, in this order; invalid ones are skipped; copied */
    size_t n_starts;
    search_prior *prior; /* may be NULL; callable for the life of the search */
    const void *prior_context;
};

struct search;

enum status search_create(const struct space *space, const struct search_options *options,
                          struct search **out);
void search_free(struct search *search);

/* Up to `capacity` new configurations. 0 with *finished: the space or the budget is exhausted or the strategy
 * has converged; 0 without: waits for results of what is pending. */
size_t search_ask(struct search *search, struct configuration *out, size_t capacity, bool *finished);
/* A configuration that is worth trying soon: handed out before anything else, the first suggested first.
 * False, and nothing happens, if it is not valid, known already, or too many wait. */
bool search_suggest(struct search *search, const struct configuration *configuration);
/* Gives back what was handed out and not tried: it is handed out again, before anything else. */
void search_return(struct search *search, const struct configuration *configuration);
/* The second tell of one configuration is ignored. */
void search_tell(struct search *search, const struct observation *observation);

/* Marks one as already known (a trial of an earlier sweep): counts as told, never handed out, not among
 * max_trials. One that the space does not hold is ignored. */
void search_recall(struct search *search, const struct observation *observation);

const struct observation *search_best(const struct search *search); /* NULL before the first valid one */
/* Why a search that is finished is; NULL before. */
const char *search_ended_because(const struct search *search);
uint64_t search_asked(const struct search *search);

#endif
