#include "tuner/stats.h"

#include <math.h>
#include <stdlib.h>

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t n, double p)
{
    double place = p * (double)(n - 1);
    size_t below = (size_t)place;
    if (below + 1 >= n) return sorted[n - 1];
    return sorted[below] + (place - (double)below) * (sorted[below + 1] - sorted[below]);
}

/* Sums the binomial's tail from the end, by logarithms: 2^-n vanishes beyond n = 1074. */
size_t stats_rank(size_t n, double chance)
{
    double tail = 0;
    for (size_t r = 0; r <= n / 2; r++) {
        double log_chance =
            lgamma((double)n + 1) - lgamma((double)r + 1) - lgamma((double)(n - r) + 1) - (double)n * M_LN2;
        tail += exp(log_chance);
        if (tail > chance) return r;
    }
    return n / 2;
}

size_t stats_interval_rank(size_t n)
{
    return stats_rank(n, 0.025);
}

void stats_of(double *samples, size_t n, struct stats *out)
{
    qsort(samples, n, sizeof samples[0], compare);
    size_t rank = stats_interval_rank(n);
    *out = (struct stats){
        .n = n,
        .median = quantile(samples, n, 0.5),
        .q1 = quantile(samples, n, 0.25),
        .q3 = quantile(samples, n, 0.75),
        .min = samples[0],
        .low = samples[rank ? rank - 1 : 0],
        .high = samples[rank ? n - rank : n - 1],
    };
}
