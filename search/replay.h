/* A strategy at work on a recording: what it asks for is answered from the file, and what each answer took
 * when it was recorded is its time. The same seed gives the same run. */
#ifndef TUNEBOOK_SEARCH_REPLAY_H
#define TUNEBOOK_SEARCH_REPLAY_H

#include "search/recording.h"

struct replay_options {
    const char *strategy; /* NULL: the default */
    uint64_t seed;
    size_t batch;             /* asked for at once; 0: 1 */
    double max_time_ns;       /* stop once this much recorded time is spent; 0: no limit */
    uint64_t min_evaluations; /* but not before so many evaluations */
    uint64_t max_evaluations; /* 0: no limit */
};

/* After one evaluation. */
struct replay_point {
    double time_ns; /* recorded, since the beginning */
    double best_ns; /* 0 before the first valid configuration */
};

struct replay {
    struct replay_point *points; /* one per evaluation */
    size_t n, capacity;
    bool finished;      /* by itself, before a limit */
    uint64_t search_ns; /* spent in the strategy, by the clock */
};

enum status replay_run(const struct recording *recording, const struct replay_options *options,
                       struct replay *out);
/* Appends what one more evaluation brings: for runs that something else made. */
enum status replay_add(struct replay *replay, const struct recorded *recorded);
void replay_free(struct replay *replay);

#endif
