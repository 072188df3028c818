/* Shared by the files of the sweep; nobody else includes it. */
#ifndef TUNEBOOK_SWEEP_INTERNAL_H
#define TUNEBOOK_SWEEP_INTERNAL_H

#include "tuner/racing.h"
#include "tuner/sweep.h"
#include "tuner/tuning.h"

/* Where launches take seconds, the finals take about this many of each contestant (finals.c: its rounds at
 * least, and warming up). */
enum { SWEEP_FINALS_LAUNCHES = 8 };

enum { SWEEP_TEMPLATES_MAX = 16, SWEEP_BATCH_MAX = 32, SWEEP_FINALISTS = 4, SWEEP_CHAMPIONS = 3 };

/* The device, opened once, and what every problem shares. */
struct sweep {
    const struct sweep_options *options;
    const struct device_info *info;
    const struct compiler_api *compiler;
    struct text compiler_identity;
    struct hash environment;
    struct sweep_summary *summary;
    uint64_t started_ns;
    size_t n_problems, index; /* the problem at work */
    double *weights;          /* of the problems, for their shares of the time */
};

/* A configuration that was tried, now or in an earlier sweep. */
struct tried {
    struct tuning *tuning;
    struct configuration configuration;
    struct hash kernel;
    enum verdict verdict;
    struct timing timing;
};

/* A trial as the book remembers it. */
struct earlier {
    struct hash kernel;
    enum verdict verdict;
    struct timing timing;
    char name[640]; /* as candidate_name gives it */
};

/* One problem at work. */
struct sweep_task {
    struct sweep *sweep;
    struct problem problem;
    char key[KEY_BYTES_MAX + 1];
    struct tuning_scene scene;
    struct tuning tunings[SWEEP_TEMPLATES_MAX]; /* the most specific template first */
    size_t n_tunings;
    struct trial_session *session;
    struct tried *tried;
    size_t n_tried, tried_capacity;
    struct earlier *earlier; /* trials of earlier sweeps in this environment */
    size_t n_earlier, earlier_capacity;
    uint64_t deadline_ns; /* of what is under way: the search, then the finals; 0: none */
    uint64_t max_trials;  /* 0: none */
    uint64_t fresh_trials;
    struct race_account race;
    struct sweep_result *result;
};

/* Of any template; 0: none yet. */
double sweep_best_ns(const struct sweep_task *task);
/* sweep_shares.c: the share of the time left that the problem at work may take, 0..1. */
enum status sweep_shares_begin(struct sweep *sweep, const struct sweep_problem *problems, size_t n);
double sweep_share(const struct sweep *sweep);

bool sweep_stopped(const struct sweep *sweep);
void sweep_news(struct sweep_task *task);

/* sweep_recall.c: what earlier sweeps know, told to the searches before they begin. */
enum status sweep_recall(struct sweep_task *task);

/* sweep_trials.c: compile and try one batch. */
enum status sweep_note(struct sweep_task *task, const struct candidate *candidate, enum verdict verdict,
                       const struct timing *timing, bool recalled);
enum status sweep_batch(struct sweep_task *task, struct tuning *tuning, const struct configuration *batch,
                        size_t n);

/* sweep_starts.c: where a search begins: the default, then winners of neighbouring problems. */
size_t sweep_starts(struct sweep_task *task, struct tuning *tuning, struct configuration *out,
                    size_t capacity);

/* sweep_finals.c: finalists, what the record says today, default and vendor library
 * interleaved; the winner into the book. */
enum status sweep_finals(struct sweep_task *task);

/* physics.c: a line when no kernel could be that fast on this device, else NULL. */
const char *physics_objection(const struct problem *problem, const struct device_info *info,
                              uint64_t median_ns);

#endif
