/* What somebody believes of configurations before anything is tried, as a place among random ones: 0 is
 * better than all of them, 1 worse. So the scale of a prior does not matter, only its order. Private to
 * search. */
#ifndef TUNEBOOK_SEARCH_PRIOR_H
#define TUNEBOOK_SEARCH_PRIOR_H

#include "search/strategy.h"

enum { PRIOR_SAMPLES = 256 };

struct prior {
    search_prior *score; /* NULL: there is none, every place is 0.5 */
    const void *context;
    double scores[PRIOR_SAMPLES]; /* of random configurations, ascending */
    size_t n;
};

void prior_begin(struct prior *prior, const struct strategy_context *context);
double prior_place(const struct prior *prior, const struct configuration *configuration);

#endif
