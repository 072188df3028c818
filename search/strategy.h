/* Search strategies: ask for a batch of configurations, tell how each ended.
 *
 * A strategy is one file and one line in strategies.def. The driver (search.h) owns budget, validity,
 * duplicates and seeds, so that a strategy only proposes: it may propose a configuration twice or an invalid
 * one; the driver drops it. */
#ifndef TUNEBOOK_SEARCH_STRATEGY_H
#define TUNEBOOK_SEARCH_STRATEGY_H

#include "search/space.h"

/* How a configuration ended: its time, or that it has none. */
struct observation {
    struct configuration configuration;
    bool valid;       /* a time stands: verdict ok or slow */
    double median_ns; /* where valid */
};

struct strategy_context {
    const struct space *space;
    struct rng *rng;                    /* the driver's; the only source of chance */
    const struct configuration *starts; /* good places to begin: default, winners of neighbouring problems */
    size_t n_starts;
};

struct strategy_api {
    const char *name;
    const char *summary; /* one line for --help */
    size_t state_bytes;
    enum status (*begin)(void *state, const struct strategy_context *context);
    /* At most `capacity` proposals; 0 = nothing left to propose until something is told, or the end if
     * nothing is pending. */
    size_t (*ask)(void *state, struct configuration *out, size_t capacity);
    void (*tell)(void *state, const struct observation *observation);
    void (*end)(void *state);
};

const struct strategy_api *strategy_find(const char *name); /* NULL if unknown */
size_t strategy_names(const char **names, size_t capacity);

#endif
