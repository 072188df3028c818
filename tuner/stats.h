/* Order statistics of samples. */
#ifndef TUNEBOOK_STATS_H
#define TUNEBOOK_STATS_H

#include <stddef.h>

struct stats {
    double median, q1, q3, min;
    double low, high; /* 95 % interval of the median */
    size_t n;
};

/* Sorts the samples in place and summarizes them; n >= 1.
 *
 * Quantiles interpolate linearly between order statistics (Hyndman and Fan, Sample Quantiles in Statistical
 * Packages, 1996, type 7). The interval is distribution-free (David and Nagaraja, Order Statistics,
 * section 7.1): [x(r), x(n+1-r)] with the largest r for which a binomial(n, 1/2) lies below r with a chance
 * of at most 2.5 %. Fewer than 6 samples have no such r: then it is the whole range, and covers less than 95
 * %. */
void stats_of(double *samples, size_t n, struct stats *out);

/* The largest r (1-based) for which a binomial(n, 1/2) lies below r with a chance of at most `chance`: the
 * median of the distribution lies below x(r) no more often. 0: there is none, n is too small. */
size_t stats_rank(size_t n, double chance);

/* That of the interval above; 0 if n < 6. */
size_t stats_interval_rank(size_t n);

#endif
