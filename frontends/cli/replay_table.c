/* The work of `autotune replay`: one run for each strategy, recording and repeat, spread over the CPUs; then
 * the scores. A run's seed is made of what it is, so that neither the order nor the number of threads shows.
 */
#include <stdio.h>
#include <math.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "frontends/cli/replay.h"
#include "tuner/base/rng.h"

const uint64_t replay_counts[REPLAY_COUNTS] = {25, 50, 100, 200, 400};

enum { THREADS_MAX = 64 };

struct work {
    struct replay_table *table;
    struct replay *replays; /* [cell * most_repeats + repeat] */
    size_t most_repeats;
    atomic_size_t next_run, next_cell;
    atomic_int failure; /* enum status, of the first that failed */
    char message[512];
    pthread_mutex_t mutex;
    const volatile int *stop;
};

static void note_failure(struct work *work, enum status status)
{
    pthread_mutex_lock(&work->mutex);
    if (!atomic_load(&work->failure)) {
        snprintf(work->message, sizeof work->message, "%s", status_message());
        atomic_store(&work->failure, (int)status);
    }
    pthread_mutex_unlock(&work->mutex);
}

static bool is_stopped(const struct work *work)
{
    return atomic_load(&work->failure) || (work->stop && *work->stop);
}

/* As far as the score looks, and as many evaluations as the fractions want. */
static enum status run_ours(const struct replay_table *table, size_t strategy, size_t recording,
                            size_t repeat, struct replay *out)
{
    struct replay_options options = {.strategy = table->strategies[strategy],
                                     .seed = table->seed * 1000003 + repeat};
    options.max_time_ns = score_replay_ns(&table->landscapes[recording], &table->setting);
    options.min_evaluations = replay_counts[REPLAY_COUNTS - 1];
    return replay_run(table->recordings[recording], &options, out);
}

static enum status run_one(struct work *work, size_t run)
{
    const struct replay_table *table = work->table;
    size_t cell = run / work->most_repeats, repeat = run % work->most_repeats;
    size_t strategy = cell / table->n_recordings, recording = cell % table->n_recordings;
    size_t n_ours = table->n_strategies - table->n_runs;
    if (repeat >= table->cells[cell].repeats) return STATUS_OK;
    if (strategy < n_ours) return run_ours(table, strategy, recording, repeat, &work->replays[run]);
    return runs_replay(&table->runs[strategy - n_ours], repeat, table->recordings[recording],
                       &work->replays[run]);
}

static enum status score_one(struct work *work, size_t cell)
{
    struct replay_table *table = work->table;
    const struct landscape *landscape = &table->landscapes[cell % table->n_recordings];
    const struct replay *replays = work->replays + cell * work->most_repeats;
    struct replay_cell *out = &table->cells[cell];
    size_t repeats = out->repeats;
    TRY(score_over_time(landscape, &table->setting, replays, repeats, out->over_time, out->nearness));
    for (unsigned i = 0; i < table->setting.steps; i++)
        out->score += out->over_time[i] / table->setting.steps;
    for (size_t i = 0; i < REPLAY_COUNTS; i++)
        out->fraction[i] = score_fraction_of_optimum(landscape, replays, repeats, replay_counts[i]);
    double asked = 0, search_ns = 0;
    for (size_t r = 0; r < repeats; r++) {
        asked += (double)replays[r].n;
        search_ns += (double)replays[r].search_ns;
    }
    out->evaluations = asked / (double)repeats;
    out->search_ns = asked > 0 ? search_ns / asked : 0;
    return STATUS_OK;
}

static void *run_some(void *argument)
{
    struct work *work = argument;
    size_t n = work->table->n_strategies * work->table->n_recordings * work->most_repeats, run;
    while (!is_stopped(work) && (run = atomic_fetch_add(&work->next_run, 1)) < n) {
        enum status status = run_one(work, run);
        if (status != STATUS_OK) note_failure(work, status);
    }
    return NULL;
}

static void *score_some(void *argument)
{
    struct work *work = argument;
    size_t n = work->table->n_strategies * work->table->n_recordings, cell;
    while (!is_stopped(work) && (cell = atomic_fetch_add(&work->next_cell, 1)) < n) {
        enum status status = score_one(work, cell);
        if (status != STATUS_OK) note_failure(work, status);
    }
    return NULL;
}

/* This thread works, too: what cannot be started is done here. */
static void on_all_cpus(struct work *work, void *(*some)(void *))
{
    pthread_t threads[THREADS_MAX];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN), n = 0;
    while (n + 1 < cpus && n < THREADS_MAX && pthread_create(&threads[n], NULL, some, work) == 0) n++;
    some(work);
    while (n > 0) pthread_join(threads[--n], NULL);
}

/* Ours as often as wanted, other tuners' as often as they ran. */
static enum status count_repeats(struct work *work)
{
    struct replay_table *table = work->table;
    size_t n_ours = table->n_strategies - table->n_runs;
    for (size_t cell = 0; cell < table->n_strategies * table->n_recordings; cell++) {
        size_t strategy = cell / table->n_recordings;
        const struct recording *recording = table->recordings[cell % table->n_recordings];
        const struct runs *runs = strategy < n_ours ? NULL : &table->runs[strategy - n_ours];
        size_t repeats = runs ? runs_count(runs, recording) : table->repeats;
        if (!repeats)
            return status_fail(STATUS_BAD_DATA, "%s: holds no run on %s", runs->name, recording->name);
        table->cells[cell].repeats = repeats;
        if (repeats > work->most_repeats) work->most_repeats = repeats;
    }
    return STATUS_OK;
}

enum status replay_table_fill(struct replay_table *table, const volatile int *stop)
{
    struct work work = {.table = table, .mutex = PTHREAD_MUTEX_INITIALIZER, .stop = stop};
    TRY(count_repeats(&work));
    size_t n_runs = table->n_strategies * table->n_recordings * work.most_repeats;
    work.replays = calloc(n_runs + 1, sizeof *work.replays);
    if (!work.replays) return status_fail(STATUS_NO_MEMORY, "no memory for %zu replays", n_runs);
    on_all_cpus(&work, run_some);
    on_all_cpus(&work, score_some);
    for (size_t i = 0; i < n_runs; i++) replay_free(&work.replays[i]);
    free(work.replays);
    pthread_mutex_destroy(&work.mutex);
    if (atomic_load(&work.failure))
        return status_fail((enum status)atomic_load(&work.failure), "%s", work.message);
    return stop && *stop ? status_fail(STATUS_INTERRUPTED, "interrupted") : STATUS_OK;
}

double replay_table_step(const struct replay_table *table, size_t strategy, unsigned step)
{
    double sum = 0;
    for (size_t r = 0; r < table->n_recordings; r++)
        sum += table->cells[strategy * table->n_recordings + r].over_time[step];
    return sum / (double)table->n_recordings;
}

double replay_table_nearness(const struct replay_table *table, size_t strategy, unsigned step)
{
    double sum = 0;
    for (size_t r = 0; r < table->n_recordings; r++)
        sum += table->cells[strategy * table->n_recordings + r].nearness[step];
    return sum / (double)table->n_recordings;
}

double replay_table_score(const struct replay_table *table, size_t strategy, double *deviation)
{
    unsigned steps = table->setting.steps;
    double sum = 0, squares = 0;
    for (unsigned i = 0; i < steps; i++) {
        double score = replay_table_step(table, strategy, i);
        sum += score;
        squares += score * score;
    }
    double mean = sum / steps, variance = squares / steps - mean * mean;
    if (deviation) *deviation = variance > 0 ? sqrt(variance) : 0;
    return mean;
}
