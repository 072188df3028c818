#include "search/monotone.h"

#include <math.h>

/* Blocks of equal value; scratch[b] is where block b begins, its value and weight stand there. */
void isotonic_fit(double *y, double *weight, size_t n, size_t *scratch)
{
    size_t n_blocks = 0;
    for (size_t i = 0; i < n; i++) {
        scratch[n_blocks++] = i;
        while (n_blocks > 1 && y[scratch[n_blocks - 2]] < y[scratch[n_blocks - 1]]) {
            size_t left = scratch[n_blocks - 2], right = scratch[n_blocks - 1];
            double sum = weight[left] + weight[right];
            y[left] = (y[left] * weight[left] + y[right] * weight[right]) / sum;
            weight[left] = sum;
            n_blocks--;
        }
    }
    for (size_t b = n_blocks, end = n; b-- > 0; end = scratch[b])
        for (size_t i = scratch[b] + 1; i < end; i++) y[i] = y[scratch[b]];
}

/* The interval [x[i], x[i + 1]] that holds `at`. */
static size_t find_interval(const double *x, size_t n, double at)
{
    size_t low = 0, high = n - 1;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (x[middle] <= at)
            low = middle;
        else
            high = middle;
    }
    return low;
}

double interpolate_linear(const double *x, const double *y, size_t n, double at)
{
    if (at <= x[0] || n == 1) return y[0];
    if (at >= x[n - 1]) return y[n - 1];
    size_t i = find_interval(x, n, at);
    return y[i] + (y[i + 1] - y[i]) * (at - x[i]) / (x[i + 1] - x[i]);
}

/* The three-point slope at an end, kept from overshooting. */
static double end_slope(double h0, double h1, double d0, double d1)
{
    double slope = ((2 * h0 + h1) * d0 - h0 * d1) / (h0 + h1);
    if (slope * d0 <= 0) return 0;
    if (d0 * d1 < 0 && fabs(slope) > 3 * fabs(d0)) return 3 * d0;
    return slope;
}

void pchip_slopes(const double *x, const double *y, size_t n, double *slope)
{
    double first = (y[1] - y[0]) / (x[1] - x[0]);
    if (n == 2) {
        slope[0] = slope[1] = first;
        return;
    }
    for (size_t i = 1; i + 1 < n; i++) {
        double h0 = x[i] - x[i - 1], h1 = x[i + 1] - x[i];
        double d0 = (y[i] - y[i - 1]) / h0, d1 = (y[i + 1] - y[i]) / h1;
        double w0 = 2 * h1 + h0, w1 = h1 + 2 * h0;
        slope[i] = d0 * d1 <= 0 ? 0 : (w0 + w1) / (w0 / d0 + w1 / d1);
    }
    slope[0] = end_slope(x[1] - x[0], x[2] - x[1], first, (y[2] - y[1]) / (x[2] - x[1]));
    double h0 = x[n - 1] - x[n - 2], h1 = x[n - 2] - x[n - 3];
    slope[n - 1] = end_slope(h0, h1, (y[n - 1] - y[n - 2]) / h0, (y[n - 2] - y[n - 3]) / h1);
}

double pchip_at(const double *x, const double *y, const double *slope, size_t n, double at)
{
    size_t i = find_interval(x, n, at);
    double h = x[i + 1] - x[i], t = (at - x[i]) / h, u = 1 - t;
    return y[i] * (1 + 2 * t) * u * u + y[i + 1] * (3 - 2 * t) * t * t + slope[i] * h * t * u * u -
           slope[i + 1] * h * t * t * u;
}
