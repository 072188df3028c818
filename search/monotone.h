/* Monotone curves through points: the two that the published score is made of. */
#ifndef TUNEBOOK_SEARCH_MONOTONE_H
#define TUNEBOOK_SEARCH_MONOTONE_H

#include <stddef.h>

/* The non-increasing step values that lie closest to y in weighted squares (pool adjacent violators: Barlow,
 * Bartholomew, Bremner, Brunk, "Statistical Inference under Order Restrictions", 1972). Points in order of
 * their x; in place. `scratch` has room for n sizes. */
void isotonic_fit(double *y, double *weight, size_t n, size_t *scratch);

/* Linear between the points, constant beyond the first and the last; x ascends. */
double interpolate_linear(const double *x, const double *y, size_t n, double at);

/* The monotone cubic of Fritsch and Carlson (SIAM J. Numer. Anal. 17, 1980), with the slopes of Fritsch and
 * Butland (1984): fills slope[n]. x ascends strictly, n >= 2. */
void pchip_slopes(const double *x, const double *y, size_t n, double *slope);
double pchip_at(const double *x, const double *y, const double *slope, size_t n, double at);

#endif
