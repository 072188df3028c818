/* The parts of `autotune replay`: every strategy on every recording, and what is said of it. */
#ifndef TUNEBOOK_CLI_REPLAY_H
#define TUNEBOOK_CLI_REPLAY_H

#include "search/runs.h"
#include "search/score.h"
#include "search/t1.h"

enum { REPLAY_COUNTS = 5 };
extern const uint64_t replay_counts[REPLAY_COUNTS]; /* of evaluations: 25, 50 ... 400 */

/* One strategy on one recording. */
struct replay_cell {
    double score, fraction[REPLAY_COUNTS];
    double *over_time;  /* the score at each step */
    double *nearness;   /* optimum / best so far at each step */
    double search_ns;   /* the strategy's own time for one configuration, mean */
    double evaluations; /* mean of a run */
    size_t repeats;
};

struct replay_table {
    size_t n_strategies, n_recordings;
    const char **strategies; /* ours, then those of `runs` */
    struct runs *runs;       /* of other tuners */
    size_t n_runs;
    struct recording **recordings;
    struct t1 *definition; /* of --space; NULL: what was recorded is the space */
    struct landscape *landscapes;
    struct replay_cell *cells; /* [strategy * n_recordings + recording] */
    struct score_setting setting;
    size_t repeats; /* of ours */
    uint64_t seed;
};

/* Fills the cells, on all CPUs. STATUS_INTERRUPTED when *stop becomes true. */
enum status replay_table_fill(struct replay_table *table, const volatile int *stop);

/* The score of a strategy over all recordings at each step, its mean, and its standard deviation over time.
 */
double replay_table_score(const struct replay_table *table, size_t strategy, double *deviation);
double replay_table_step(const struct replay_table *table, size_t strategy, unsigned step);
double replay_table_nearness(const struct replay_table *table, size_t strategy, unsigned step);

enum status replay_report_json(const struct replay_table *table);
void replay_report_text(const struct replay_table *table);

#endif
