#include "search/prior.h"

#include <math.h>
#include <stdlib.h>

static int ascending(const void *a, const void *b)
{
    const double *left = a, *right = b;
    return (*left > *right) - (*left < *right);
}

/* What is no number is worst. */
static double score_of(const struct prior *prior, const struct configuration *configuration)
{
    double score = prior->score(prior->context, configuration);
    return isnan(score) ? INFINITY : score;
}

void prior_begin(struct prior *prior, const struct strategy_context *context)
{
    struct configuration drawn;
    *prior = (struct prior){.score = context->prior, .context = context->prior_context};
    while (prior->score && prior->n < PRIOR_SAMPLES && space_random(context->space, context->rng, &drawn))
        prior->scores[prior->n++] = score_of(prior, &drawn);
    qsort(prior->scores, prior->n, sizeof *prior->scores, ascending);
}

double prior_place(const struct prior *prior, const struct configuration *configuration)
{
    if (prior->n == 0) return 0.5;
    double score = score_of(prior, configuration);
    size_t low = 0, high = prior->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (prior->scores[middle] < score)
            low = middle + 1;
        else
            high = middle;
    }
    return (double)low / (double)prior->n;
}
