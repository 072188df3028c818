#include "search/landscape.h"

#include <math.h>
#include <stdlib.h>

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double median_of(double *values, size_t n)
{
    qsort(values, n, sizeof *values, by_value);
    return n % 2 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

enum status landscape_of(const struct recording *recording, struct landscape *out)
{
    double *costs = malloc((recording->n + 1) * sizeof *costs);
    *out = (struct landscape){.ascending_ns = malloc((recording->n + 1) * sizeof *out->ascending_ns)};
    if (!costs || !out->ascending_ns) {
        free(costs);
        landscape_free(out);
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", recording->name);
    }
    double valid_ns = 0, invalid_ns = 0;
    for (size_t i = 0; i < recording->n; i++) {
        const struct recorded *entry = &recording->entries[i];
        costs[i] = entry->cost_ns;
        if (entry->valid) out->ascending_ns[out->n++] = entry->objective_ns;
        *(entry->valid ? &valid_ns : &invalid_ns) += entry->cost_ns;
    }
    out->median_ns = median_of(out->ascending_ns, out->n); /* sorts them */
    out->optimum_ns = out->ascending_ns[0];
    out->median_cost_ns = median_of(costs, recording->n);
    out->expected_cost_ns = valid_ns / (double)out->n + invalid_ns / (double)recording->n;
    free(costs);
    return STATUS_OK;
}

void landscape_free(struct landscape *landscape)
{
    free(landscape->ascending_ns);
    *landscape = (struct landscape){0};
}

/* Counted from the worst. */
static double nth_worst(const struct landscape *landscape, size_t i)
{
    return landscape->ascending_ns[landscape->n - 1 - i];
}

uint64_t landscape_budget_evaluations(const struct landscape *landscape, double p)
{
    double target_ns = landscape->optimum_ns + (landscape->median_ns - landscape->optimum_ns) * (1 - p);
    size_t i = 0, n = landscape->n;
    while (nth_worst(landscape, i) > target_ns) i++;
    if (p < 1 && i > 0 && nth_worst(landscape, i) <= landscape->optimum_ns) i--;
    uint64_t evaluations = (uint64_t)ceil((double)i / (double)(n + 1 - i));
    return evaluations ? evaluations : 1;
}

double landscape_budget_ns(const struct landscape *landscape, double p)
{
    return (double)landscape_budget_evaluations(landscape, p) * landscape->median_cost_ns;
}

double landscape_random_ns(const struct landscape *landscape, uint64_t evaluations)
{
    double n = (double)landscape->n, m = (double)evaluations;
    double i = nearbyint(m * (n + 1) / (m + 1));
    return nth_worst(landscape, i < n ? (size_t)i : landscape->n - 1);
}

size_t landscape_place(const struct landscape *landscape, double ns)
{
    size_t low = 0, high = landscape->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (landscape->ascending_ns[middle] < ns)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
