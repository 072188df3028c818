/* Shared by the files of the sweep and its tests; nobody else includes it. */
#ifndef TUNEBOOK_SWEEP_INTERNAL_H
#define TUNEBOOK_SWEEP_INTERNAL_H

#include <pthread.h>
#include "tuner/physics.h"
#include "tuner/racing.h"
#include "tuner/sweep.h"
#include "tuner/sweep_allocate.h"
#include "tuner/tuning.h"

/* Where launches take seconds, the finals take about this many of each contestant (finals.c: its rounds at
 * least, and warming up). */
enum { SWEEP_FINALS_LAUNCHES = 8 };

/* Of the model's front-runners so many are tried first; it looks at so many configurations for them, which
 * takes it about a tenth of a second. */
enum { SWEEP_MODEL_STARTS = 8, SWEEP_MODEL_LOOKS = 60000 };

enum { SWEEP_TEMPLATES_MAX = 16, SWEEP_BATCH_MAX = 32, SWEEP_FINALISTS = 4, SWEEP_CHAMPIONS = 3 };

/* Of each problem so many of the fastest are remembered for its neighbours: problems of the same op and
 * words, whose sizes are within so many octaves, all together. So many of their best start a search. */
enum { SWEEP_LESSONS = 3, SWEEP_NEIGHBOUR_OCTAVES = 6, SWEEP_LESSON_STARTS = 4 };

/* A configuration, by values: the same in the spaces of all problems. */
struct lesson {
    const struct manifest *manifest;
    int64_t values[MANIFEST_PARAMETERS_MAX];
    uint64_t median_ns;
};

/* What this sweep knows of one problem, the fastest first. */
struct sweep_lessons {
    struct problem problem;
    struct lesson best[SWEEP_LESSONS];
    size_t n;
    uint64_t first_ns; /* the first median there was, the default's as a rule; 0: none */
    uint64_t told_ns;  /* the best when the neighbours last heard of it; 0: not yet */
};

/* The device, opened once, and what every problem shares. */
struct sweep {
    const struct sweep_options *options;
    const struct device_info *info;
    bool overlaps;             /* compiling takes nothing from the device: both go on at once */
    pthread_mutex_t compiling; /* then batches of several problems take turns with all CPUs */
    const struct compiler_api *compiler;
    struct text compiler_identity;
    struct hash environment;
    struct sweep_summary *summary;
    uint64_t started_ns;
    size_t n_problems;
    uint64_t compile_ns, compiled; /* of all problems so far: what a kernel costs that is not in the cache */
    double *shares;                /* of the problems, of the time; they add up to 1 */
    struct sweep_lessons *lessons; /* one per problem */
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

/* Candidates on their way. */
struct sweep_batch {
    struct candidate *candidates;
    size_t n;
    unsigned jobs;
    pthread_mutex_t *turn; /* NULL: none is needed */
    const volatile int *stop;
    uint64_t compile_ns;
    bool aside; /* compiled in a thread, */
    pthread_t thread;
    volatile int stop_aside;
    enum status status; /* which ends with this */
    char message[512];
};

/* A record's kernels, the default in front of them, on their way through the device here. */
enum { SWEEP_CONFIRMED_MAX = 1 + RECORD_ENTRIES_MAX };
struct sweep_confirmation {
    struct candidate candidates[SWEEP_CONFIRMED_MAX]; /* finalists leave only their hash behind */
    struct sweep_confirmed findings[SWEEP_CONFIRMED_MAX];
    size_t n;
    bool has_default; /* it is [0] */
};

/* One problem at work. */
struct sweep_task {
    struct sweep *sweep;
    size_t index; /* of the problem */
    struct problem problem;
    char key[KEY_BYTES_MAX + 1];
    struct tuning_scene scene;
    struct tuning tunings[SWEEP_TEMPLATES_MAX]; /* the most specific template first */
    size_t n_tunings;
    struct trial_session *session;
    struct sweep_batch *ahead; /* what is compiled while others are tried; NULL */
    struct tried *tried;
    size_t n_tried, tried_capacity;
    struct earlier *earlier; /* trials of earlier sweeps in this environment */
    size_t n_earlier, earlier_capacity;
    uint64_t deadline_ns; /* of what is under way: all searching, then the finals; 0: none */
    uint64_t max_trials;  /* 0: none */
    uint64_t fresh_trials;
    size_t n_learned;   /* of what is asked for next: neighbours' finds, whose kernels are compiled */
    uint64_t search_ns; /* spent on batches so far; sessions and finals are not among it */
    uint64_t open_ns;   /* what opening the session took the last time */
    struct race_account race;
    struct sweep_confirmation *confirmation; /* NULL in a sweep that searches */
    struct sweep_result result;
};

/* sweep_task.c: the life of one problem. */
enum status sweep_task_create(struct sweep *sweep, const struct sweep_problem *problem, size_t index,
                              struct sweep_task **out);
/* Spaces, searches, what is known already. Without a template (n_tunings 0) the result's note says why, and
 * nothing else may be called. */
enum status sweep_task_open(struct sweep_task *task);
/* Opens the session where it is closed. */
enum status sweep_task_session(struct sweep_task *task);
/* One batch of trials, as many as fit before slice_end_ns (0: no limit). Without *more there was none: the
 * slice is over, or max_trials, or the spaces. */
enum status sweep_task_batch(struct sweep_task *task, uint64_t slice_end_ns, bool *more);
/* What a trial takes, compile included, by those before; 0 before the first. */
double sweep_task_each_ns(const struct sweep_task *task);
bool sweep_task_is_over(const struct sweep_task *task); /* no search has anything left to try */
/* The time to keep for the finals, from what they need where launches are short to what they may take. */
double sweep_task_finals_ns(const struct sweep_task *task, double least_ns, double most_ns);
/* Hands the result out. */
void sweep_task_report(struct sweep_task *task);
/* Counts what was done in the sweep's summary, reported or not, and frees. NULL: nothing. */
void sweep_task_close(struct sweep_task *task);

/* sweep_rounds.c: problems side by side under a budget of time. */
enum status sweep_rounds(struct sweep *sweep, const struct sweep_problem *problems);

/* sweep_lessons.c */
enum status sweep_lessons_begin(struct sweep *sweep, const struct sweep_problem *problems, size_t n);
void sweep_lessons_take(struct sweep_task *task); /* from what the task has tried */
/* The neighbours' best of this template, nearest first: those that are valid here, and not the default. */
size_t sweep_lessons_starts(struct sweep_task *task, struct tuning *tuning, struct configuration *out,
                            size_t capacity);
/* Suggests the problem's best, if it is news, to the neighbours at work; `tasks`: NULL where none is. */
void sweep_lessons_spread(struct sweep *sweep, size_t index, struct sweep_task *const *tasks,
                          struct prospect *prospects);

/* Of any template; 0: none yet. */
double sweep_best_ns(const struct sweep_task *task);
/* sweep_shares.c */
enum status sweep_shares_begin(struct sweep *sweep, const struct sweep_problem *problems, size_t n);
/* The least that a launch can take: its arithmetic at peak, or its bytes at the memory's bandwidth. */
double sweep_least_launch_ns(const struct problem *problem, const struct device_info *info);

bool sweep_stopped(const struct sweep *sweep);
void sweep_news(const struct sweep_task *task);

/* sweep_recall.c: what earlier sweeps know, told to the searches before they begin. */
enum status sweep_recall(struct sweep_task *task);

/* sweep_trials.c: compile and try one batch. */
enum status sweep_note(struct sweep_task *task, const struct candidate *candidate, enum verdict verdict,
                       const struct timing *timing, bool recalled);
/* Prepares a batch and compiles it, `aside` in a thread of its own. */
enum status sweep_batch_begin(struct sweep_task *task, struct tuning *tuning,
                              const struct configuration *configurations, size_t n, bool aside,
                              struct sweep_batch **out);
/* Waits for the compiles and tries all. */
enum status sweep_batch_finish(struct sweep_task *task, struct sweep_batch *batch);
void sweep_batch_free(struct sweep_batch *batch);
void sweep_batch_drop(
    struct sweep_task *task); /* the one ahead: its configurations go back to their search */

/* sweep_starts.c: where a search begins: the default, what this sweep learned of neighbouring problems, then
 * their winners of earlier sweeps. */
size_t sweep_starts(struct sweep_task *task, struct tuning *tuning, struct configuration *out,
                    size_t capacity);

/* sweep_finals.c: finalists, what the record says today, default and vendor library
 * interleaved; the winner into the book. */
enum status sweep_finals(struct sweep_task *task);

/* sweep_confirm.c: in place of a search and its finals. */
enum status sweep_confirm(struct sweep_task *task);
/* For the finals: who takes part, moved to `out`; and what they found. */
void sweep_confirmation_finalists(struct sweep_confirmation *confirmation, struct candidate *out, size_t most,
                                  size_t *n, bool *has_default);
void sweep_confirmation_tell(struct sweep_confirmation *confirmation, const struct hash *kernel,
                             const struct trial_outcome *outcome, bool kept);
void sweep_confirmation_free(struct sweep_confirmation *confirmation);

#endif
