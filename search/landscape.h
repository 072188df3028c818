/* The distribution of a recording's times, and how far random search is expected to come in it. The formulae
 * are those of the methodology that score.h names. */
#ifndef TUNEBOOK_SEARCH_LANDSCAPE_H
#define TUNEBOOK_SEARCH_LANDSCAPE_H

#include "search/recording.h"

/* What a recording's distribution says, before any strategy ran. */
struct landscape {
    double *ascending_ns; /* objectives of the valid configurations */
    size_t n;
    double optimum_ns, median_ns;
    double median_cost_ns;   /* of trying one configuration */
    double expected_cost_ns; /* the mean of a valid one, and of an invalid one as often as they come */
};
enum status landscape_of(const struct recording *recording, struct landscape *out);
void landscape_free(struct landscape *landscape);

/* Evaluations after which random search is expected to have come the share p of the way from the median to
 * the optimum; and its time. */
uint64_t landscape_budget_evaluations(const struct landscape *landscape, double p);
double landscape_budget_ns(const struct landscape *landscape, double p);

/* The best that random search is expected to have found after so many evaluations. */
double landscape_random_ns(const struct landscape *landscape, uint64_t evaluations);

/* The place of a time among the valid ones, 0 the best: how many are faster. */
size_t landscape_place(const struct landscape *landscape, double ns);

/* Sorts in place; n >= 1. */
double median_of(double *values, size_t n);

#endif
