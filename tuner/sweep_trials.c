/* Batches of candidates: compile side by side, then try one after the other, each between a started mark and
 * its trial. On a GPU the next batch is compiled meanwhile. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/code_report.h"
#include "tuner/sweep_internal.h"

enum { COMPILE_MS = 60000, STOP_LOOK_NS = 100000000 };

static enum status grow(struct sweep_task *task)
{
    if (task->n_tried < task->tried_capacity) return STATUS_OK;
    size_t wanted = task->tried_capacity ? task->tried_capacity * 2 : 64;
    struct tried *larger = realloc(task->tried, wanted * sizeof *larger);
    if (!larger) return status_fail(STATUS_NO_MEMORY, "no memory for %zu trials", wanted);
    task->tried = larger;
    task->tried_capacity = wanted;
    return STATUS_OK;
}

/* --- Telling. --- */

/* Width of the median's interval over the median. */
static double noise_of(const struct timing *timing)
{
    return timing->median_ns > 0 ? (double)(timing->high_ns - timing->low_ns) / (double)timing->median_ns : 0;
}

enum status sweep_note(struct sweep_task *task, const struct candidate *candidate, enum verdict verdict,
                       const struct timing *timing, bool recalled)
{
    struct tuning *tuning = candidate->tuning;
    TRY(grow(task));
    task->tried[task->n_tried++] = (struct tried){.tuning = tuning,
                                                  .configuration = candidate->configuration,
                                                  .kernel = candidate->kernel,
                                                  .verdict = verdict,
                                                  .timing = *timing};
    bool valid = (verdict == VERDICT_OK || verdict == VERDICT_SLOW) && timing->median_ns > 0;
    struct observation observation = {candidate->configuration, valid, (double)timing->median_ns,
                                      noise_of(timing)};
    (recalled ? search_recall : search_tell)(tuning->search, &observation);
    tuning->told++;
    if (verdict == VERDICT_OK && (tuning->best_ns == 0 || observation.median_ns < tuning->best_ns))
        tuning->best_ns = observation.median_ns;
    task->result.n_verdicts[verdict]++;
    if (!recalled) race_count(&task->race, verdict, timing);
    return STATUS_OK;
}

/* Whom candidates race against: the best so far, by the upper end of its interval. */
static uint64_t rival_ns(const struct sweep_task *task)
{
    const struct timing *best = NULL;
    for (size_t i = 0; i < task->n_tried; i++)
        if (task->tried[i].verdict == VERDICT_OK &&
            (!best || task->tried[i].timing.median_ns < best->median_ns))
            best = &task->tried[i].timing;
    return best ? best->high_ns : 0;
}

/* --- One candidate. --- */

static enum status record_trial(struct sweep_task *task, struct candidate *candidate, uint64_t sequence,
                                const struct trial_outcome *outcome)
{
    const char *name = candidate_name(candidate);
    struct trial trial = {.verdict = (uint8_t)outcome->verdict,
                          .attempts = 1,
                          .kernel = candidate->kernel,
                          .environment = task->sweep->environment,
                          .timing = outcome->timing,
                          .compile_ns = candidate->job.compile_ns,
                          .finished_at_s = clock_wall_s(),
                          .configuration = name,
                          .detail = outcome->detail};
    return book_finish(task->sweep->options->book, task->key, sequence, &trial);
}

static enum status conclude(struct sweep_task *task, struct candidate *candidate, uint64_t sequence,
                            const struct trial_outcome *outcome)
{
    TRY(record_trial(task, candidate, sequence, outcome));
    task->fresh_trials++;
    return sweep_note(task, candidate, outcome->verdict, &outcome->timing, false);
}

/* The default is always tried, unless no device could run it. */
static bool is_pruned(const struct candidate *candidate, struct trial_outcome *outcome)
{
    const struct tuning *tuning = candidate->tuning;
    bool is_default = tuning->has_default &&
                      memcmp(&candidate->configuration, &tuning->fallback, sizeof tuning->fallback) == 0;
    if (!code_report_fits(&candidate->descriptor, candidate->job.code.data, candidate->job.code.size,
                          tuning->scene->problem, tuning->scene->facts, outcome->detail,
                          sizeof outcome->detail)) {
        outcome->verdict =
            VERDICT_RESOURCE_LIMIT; /* a device would say so, too, after a process and a load */
        return true;
    }
    if (is_default || !candidate->descriptor.resources.registers) return false;
    if (!siblings_prune(&tuning->siblings, candidate->descriptor.resources.spill_bytes, outcome->detail,
                        sizeof outcome->detail))
        return false;
    outcome->verdict = VERDICT_PRUNED;
    return true;
}

/* A kernel that may run is tried in a child; one that did not compile only has its verdict recorded. */
static enum status try_candidate(struct sweep_task *task, struct candidate *candidate,
                                 struct trial_outcome *outcome)
{
    struct book *book = task->sweep->options->book;
    uint64_t sequence;
    memset(outcome, 0, sizeof *outcome);
    TRY(book_start(book, task->key, candidate_name(candidate), &candidate->kernel, &sequence));
    if (candidate->job.verdict != VERDICT_OK) {
        outcome->verdict = candidate->job.verdict;
        snprintf(outcome->detail, sizeof outcome->detail, "%s", candidate->job.detail);
    } else {
        candidate_compiled(candidate);
        if (is_pruned(candidate, outcome)) return conclude(task, candidate, sequence, outcome);
        struct trial_candidate trial = {&candidate->descriptor, candidate->job.code.data,
                                        candidate->job.code.size};
        uint64_t begin_ns = clock_ns();
        TRY(trial_run(task->session, &trial, rival_ns(task), outcome));
        task->result.trial_ns += clock_ns() - begin_ns;
    }
    const char *objection =
        outcome->verdict == VERDICT_OK
            ? physics_objection(&task->problem, task->sweep->info, outcome->timing.median_ns)
            : NULL;
    if (objection) {
        outcome->verdict = VERDICT_WRONG;
        snprintf(outcome->detail, sizeof outcome->detail, "%s", objection);
    }
    bool measured = outcome->verdict == VERDICT_OK || outcome->verdict == VERDICT_SLOW;
    if (measured && candidate->descriptor.resources.registers)
        siblings_note(&candidate->tuning->siblings, candidate->descriptor.resources.spill_bytes,
                      outcome->timing.median_ns);
    return conclude(task, candidate, sequence, outcome);
}

static enum status is_quarantined(struct sweep_task *task, const struct candidate *candidate,
                                  bool *quarantined)
{
    enum verdict verdict;
    *quarantined = false;
    if (task->sweep->options->retry_quarantined) return STATUS_OK;
    enum status status = book_quarantined(task->sweep->options->book, task->sweep->info->class_text,
                                          &candidate->kernel, &task->sweep->environment, &verdict);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    TRY(status);
    *quarantined = true;
    return sweep_note(task, candidate, verdict, &(struct timing){0}, false);
}

/* Two started marks that outlived the machine they ran on speak against a kernel: it is not touched a third
 * time. */
static bool count_orphans(void *context, const char *record_key_hash, const struct orphan *orphan)
{
    (void)record_key_hash;
    struct candidate *candidate = ((void **)context)[0];
    unsigned *attempts = ((void **)context)[1];
    if (memcmp(&orphan->kernel, &candidate->kernel, sizeof orphan->kernel) == 0 &&
        orphan->attempts > *attempts)
        *attempts = orphan->attempts;
    return true;
}

static enum status quarantine_orphan(struct sweep_task *task, struct candidate *candidate, bool *quarantined)
{
    unsigned attempts = 0;
    TRY(book_each_orphan(task->sweep->options->book, task->key, count_orphans,
                         (void *[]){candidate, &attempts}));
    if (attempts < 2) return STATUS_OK;
    TRY(book_quarantine(task->sweep->options->book, task->sweep->info->class_text, &candidate->kernel,
                        &task->sweep->environment, VERDICT_CRASH));
    *quarantined = true;
    return sweep_note(task, candidate, VERDICT_CRASH, &(struct timing){0}, false);
}

/* --- A batch. --- */

/* Prepares what must be compiled; what the quarantine holds is told at once. */
static enum status prepare_batch(struct sweep_task *task, struct tuning *tuning,
                                 const struct configuration *batch, size_t n, struct candidate *candidates,
                                 size_t *n_candidates)
{
    for (size_t i = 0; i < n; i++) {
        struct candidate *candidate = &candidates[*n_candidates];
        enum status status = candidate_prepare(tuning, &batch[i], candidate);
        (*n_candidates)++; /* counted first: the caller frees it in any case */
        TRY(status);
        bool settled = false;
        TRY(is_quarantined(task, candidate, &settled));
        if (!settled && !task->sweep->options->retry_quarantined)
            TRY(quarantine_orphan(task, candidate, &settled));
        if (settled) {
            candidate_free(candidate);
            (*n_candidates)--;
        }
    }
    return STATUS_OK;
}

/* Any thread's: it touches nothing but the batch, and reads the sweep's options. */
static enum status compile_all(struct sweep_batch *batch)
{
    struct compile_job jobs[SWEEP_BATCH_MAX];
    for (size_t i = 0; i < batch->n; i++) jobs[i] = batch->candidates[i].job;
    uint64_t begin_ns = clock_ns();
    enum status status = compile_run(jobs, batch->n, batch->jobs, COMPILE_MS, batch->stop);
    batch->compile_ns = clock_ns() - begin_ns;
    for (size_t i = 0; i < batch->n; i++) batch->candidates[i].job = jobs[i];
    return status;
}

static void count_compiles(struct sweep_task *task, const struct sweep_batch *batch)
{
    uint64_t compiled = 0;
    for (size_t i = 0; i < batch->n; i++) {
        compiled += !batch->candidates[i].job.cached;
        task->result.compile_hits += batch->candidates[i].job.cached;
    }
    task->result.compile_ns += batch->compile_ns;
    task->result.compiled += compiled;
    if (compiled) task->sweep->compile_ns += batch->compile_ns;
    task->sweep->compiled += compiled;
}

/* Where time ends before the batch, the rest may come later. */
static void give_back(const struct candidate *candidates, size_t n)
{
    for (size_t i = 0; i < n; i++) search_return(candidates[i].tuning->search, &candidates[i].configuration);
}

/* ---- a batch that is compiled while others are tried ---- */

static void *compile_aside(void *context)
{
    struct sweep_batch *batch = context;
    if (batch->turn) pthread_mutex_lock(batch->turn);
    batch->status = compile_all(batch);
    if (batch->turn) pthread_mutex_unlock(batch->turn);
    if (batch->status != STATUS_OK) snprintf(batch->message, sizeof batch->message, "%s", status_message());
    return NULL;
}

enum status sweep_batch_begin(struct sweep_task *task, struct tuning *tuning,
                              const struct configuration *configurations, size_t n, bool aside,
                              struct sweep_batch **out)
{
    struct sweep_batch *batch = calloc(1, sizeof *batch);
    if (batch) batch->candidates = calloc(n, sizeof *batch->candidates);
    if (!batch || !batch->candidates) {
        free(batch);
        return status_fail(STATUS_NO_MEMORY, "no memory for a batch of %zu", n);
    }
    batch->jobs = task->sweep->options->jobs;
    batch->stop = aside ? &batch->stop_aside : task->sweep->options->stop;
    if (aside && n > 1) batch->turn = &task->sweep->compiling; /* a problem's default is not kept waiting */
    enum status status = prepare_batch(task, tuning, configurations, n, batch->candidates, &batch->n);
    if (status == STATUS_OK && aside)
        batch->aside = batch->n && pthread_create(&batch->thread, NULL, compile_aside, batch) == 0;
    if (status == STATUS_OK && batch->n && !batch->aside) {
        batch->stop = task->sweep->options->stop;
        compile_aside(batch);
    }
    if (status != STATUS_OK) {
        sweep_batch_free(batch);
        return status;
    }
    *out = batch;
    return STATUS_OK;
}

/* Waits for its compiles, unless the user stops everything. */
static enum status await_batch(const struct sweep_task *task, struct sweep_batch *batch)
{
    if (batch->aside) {
        struct timespec look;
        do {
            if (sweep_stopped(task->sweep)) batch->stop_aside = 1;
            clock_gettime(CLOCK_REALTIME, &look);
            look.tv_nsec += STOP_LOOK_NS;
            look.tv_sec += look.tv_nsec / 1000000000;
            look.tv_nsec %= 1000000000;
        } while (pthread_timedjoin_np(batch->thread, NULL, &look) != 0);
        batch->aside = false;
    }
    return batch->status == STATUS_OK ? STATUS_OK : status_fail(batch->status, "%s", batch->message);
}

enum status sweep_batch_finish(struct sweep_task *task, struct sweep_batch *batch)
{
    TRY(await_batch(task, batch));
    count_compiles(task, batch);
    for (size_t i = 0; i < batch->n; i++) {
        bool late = i > 0 && task->deadline_ns && clock_ns() > task->deadline_ns;
        if (late || sweep_stopped(task->sweep)) {
            give_back(batch->candidates + i, batch->n - i);
            return STATUS_OK;
        }
        struct trial_outcome outcome;
        TRY(try_candidate(task, &batch->candidates[i], &outcome));
        sweep_news(task);
    }
    return STATUS_OK;
}

void sweep_batch_free(struct sweep_batch *batch)
{
    if (!batch) return;
    batch->stop_aside = 1;
    if (batch->aside) pthread_join(batch->thread, NULL);
    for (size_t i = 0; i < batch->n; i++) candidate_free(&batch->candidates[i]);
    free(batch->candidates);
    free(batch);
}

void sweep_batch_drop(struct sweep_task *task)
{
    if (!task->ahead) return;
    give_back(task->ahead->candidates, task->ahead->n);
    sweep_batch_free(task->ahead);
    task->ahead = NULL;
}
