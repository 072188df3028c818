/* The field's published score of a strategy, from its replays.
 *
 * Willemsen, Schoonhoven, Filipovic, Torring, van Nieuwpoort, van Werkhoven: "A methodology for comparing
 * optimization algorithms for auto-tuning", Future Generation Computer Systems 159, 2024,
 * doi 10.1016/j.future.2024.05.021, in the form its authors' software has (autotuning_methodology,
 * "standardization"): 0 is what random search is expected to reach in the same time, 1 the optimum; the mean
 * over time from an early budget to the one at which random search is expected within 5 % of the way from the
 * median to the optimum. */
#ifndef TUNEBOOK_SEARCH_SCORE_H
#define TUNEBOOK_SEARCH_SCORE_H

#include "search/landscape.h"
#include "search/replay.h"

struct score_setting {
    double p_start, p_end; /* 0.01 and 0.95 in the paper's software */
    unsigned steps;        /* points in time: 1000 */
    uint64_t seed;         /* of the bootstrap */
};
extern const struct score_setting score_setting_published;

/* A replay must reach this far. */
double score_replay_ns(const struct landscape *landscape, const struct score_setting *setting);

/* At each step, from all replays of one strategy on one recording: the score, and how near the best so far is
 * to the optimum (optimum / best). Both arrays have setting->steps elements. */
enum status score_over_time(const struct landscape *landscape, const struct score_setting *setting,
                            const struct replay *replays, size_t n_replays, double *score, double *nearness);

/* optimum / best after so many evaluations, the mean over the replays; a run that ended keeps its last best,
 * one without a valid configuration so far counts 0. */
double score_fraction_of_optimum(const struct landscape *landscape, const struct replay *replays,
                                 size_t n_replays, uint64_t evaluations);

#endif
