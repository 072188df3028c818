/* Search strategies: propose a configuration, hear how each ended.
 *
 * A strategy is one file and one line in strategies.def. The driver (search.h) owns budget, validity,
 * duplicates, batches and seeds; moves.h owns neighbourhoods. So a strategy only proposes: it may propose a
 * configuration twice or an invalid one, which the driver drops. */
#ifndef TUNEBOOK_SEARCH_STRATEGY_H
#define TUNEBOOK_SEARCH_STRATEGY_H

#include "search/known.h"

/* How a configuration ended: its time, or that it has none. */
struct observation {
    struct configuration configuration;
    bool valid;       /* a time stands: verdict ok or slow */
    double median_ns; /* where valid */
    double noise;     /* width of the median's interval over the median; 0: exact, or not known */
};

/* A score for a configuration before anything is tried, lower is better; of any scale. */
typedef double search_prior(const void *context, const struct configuration *configuration);

/* What the driver lends a strategy for its life. */
struct strategy_context {
    const struct space *space;
    struct rng *rng;                    /* the only source of chance */
    const struct known *known;          /* pending: handed out; told: its result is known */
    const uint64_t *n_pending;          /* how many are pending */
    const struct configuration *starts; /* good places to begin, proposed by the driver before anything */
    size_t n_starts;
    search_prior *prior; /* may be NULL */
    const void *prior_context;
    const double *options; /* values of the strategy's own options, in their order */
};

/* A number that may be set: --strategy=annealing:heat=0.2:cooling=0.9. */
struct strategy_option {
    const char *name;
    double value, low, high; /* value: if left out */
    const char *help;
};

struct strategy_api {
    const char *name;
    const char *summary; /* one line for --help */
    const struct strategy_option *options;
    size_t n_options;
    size_t state_bytes;
    enum status (*begin)(void *state, const struct strategy_context *context); /* keeps `context` */
    /* False: nothing until something is told, or nothing more at all if nothing is pending. */
    bool (*propose)(void *state, struct configuration *out);
    void (*tell)(void *state, const struct observation *observation);
    void (*end)(void *state); /* also after a begin that failed */
    /* Why it proposes nothing more; may be NULL. */
    const char *(*reason)(const void *state);
};

const struct strategy_api *strategy_find(const char *name); /* NULL if unknown */
size_t strategy_names(const char **names, size_t capacity);

/* "NAME" or "NAME:OPTION=VALUE:..." Finds the strategy and fills `values` (STRATEGY_OPTIONS_MAX long) with
 * the defaults and what is set. STATUS_USAGE names what is unknown or out of range, and what there is. NULL
 * is the default strategy. */
enum { STRATEGY_OPTIONS_MAX = 8 };
enum status strategy_parse(const char *text, const struct strategy_api **api, double *values);

#endif
