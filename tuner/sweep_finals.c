/* The finals: front-runners, default and vendor library measured again in one child, interleaved; winners
 * into the book. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/sweep_internal.h"

enum { FINALS_MAX = 1 + SWEEP_CHAMPIONS + SWEEP_FINALISTS };

struct finals {
    struct sweep_task *task;
    struct candidate candidates[FINALS_MAX]; /* [0] is the default where `has_default` */
    size_t n;
    bool has_default;
    struct trial_outcome outcomes[FINALS_MAX];
    struct trial_ratio against_baseline[FINALS_MAX], against_default[FINALS_MAX];
    struct trial_final final;
};

static int by_time(const void *a, const void *b)
{
    const struct tried *left = *(const struct tried *const *)a, *right = *(const struct tried *const *)b;
    if (left->timing.median_ns != right->timing.median_ns)
        return left->timing.median_ns < right->timing.median_ns ? -1 : 1;
    return memcmp(&left->kernel, &right->kernel, sizeof left->kernel);
}

/* Takes over the candidate at the end of the list, prepared by now, unless it is there already. */
static void admit(struct finals *finals)
{
    struct candidate *candidate = &finals->candidates[finals->n];
    for (size_t i = 0; i < finals->n; i++)
        if (memcmp(&finals->candidates[i].kernel, &candidate->kernel, sizeof candidate->kernel) == 0) {
            candidate_free(candidate);
            return;
        }
    finals->n++;
}

static enum status add_finalist(struct finals *finals, struct tuning *tuning,
                                const struct configuration *configuration)
{
    struct candidate *candidate = &finals->candidates[finals->n];
    enum status status = candidate_prepare(tuning, configuration, candidate);
    if (status == STATUS_OK)
        admit(finals);
    else
        candidate_free(candidate);
    return status;
}

/* The default is that of the most specific template that has one and that passed its trial. */
static enum status add_default(struct finals *finals)
{
    struct sweep_task *task = finals->task;
    for (size_t i = 0; i < task->n_tunings; i++) {
        struct tuning *tuning = &task->tunings[i];
        for (size_t j = 0; tuning->has_default && j < task->n_tried; j++) {
            const struct tried *tried = &task->tried[j];
            bool passed = tried->verdict == VERDICT_OK || tried->verdict == VERDICT_SLOW;
            if (tried->tuning != tuning || !passed ||
                memcmp(&tried->configuration, &tuning->fallback, sizeof tuning->fallback) != 0)
                continue;
            finals->has_default = true;
            return add_finalist(finals, tuning, &tuning->fallback);
        }
    }
    return STATUS_OK;
}

/* What the record answers with today must win again: it may have been measured in a faster hour. */
static enum status add_champions(struct finals *finals)
{
    struct sweep_task *task = finals->task;
    struct book *book = task->sweep->options->book;
    struct record *record = calloc(1, sizeof *record);
    if (!record) return status_fail(STATUS_NO_MEMORY, "no memory for finals");
    enum status status = STATUS_OK;
    if (book_get_record(book, task->key, record) != STATUS_OK) record->n_entries = 0;
    for (uint32_t i = 0, n = 0; status == STATUS_OK && i < record->n_entries && n < SWEEP_CHAMPIONS; i++) {
        const struct record_entry *entry = &record->entries[i];
        bool here = memcmp(&entry->environment, &task->sweep->environment, sizeof entry->environment) == 0;
        if (!here || entry->evidence != EVIDENCE_MEASURED) continue;
        n++;
        struct candidate *candidate = &finals->candidates[finals->n];
        if (candidate_from_book(book, &entry->kernel, task->sweep->compiler, candidate) == STATUS_OK)
            admit(finals);
        else
            candidate_free(candidate); /* damaged: the lint's business, not this sweep's */
    }
    free(record);
    return status;
}

/* How many of the fastest the time is enough for, beside default and vendor library: one at least, so that a
 * default whose trial fell into a fast phase has a challenger. */
static size_t places(const struct sweep_task *task)
{
    double best_ns = sweep_best_ns(task), left_ns = (double)task->deadline_ns - (double)clock_ns();
    if (!task->deadline_ns || best_ns <= 0) return SWEEP_FINALISTS;
    double fitting = left_ns / (SWEEP_FINALS_LAUNCHES * best_ns) - 2;
    return fitting < 1 ? 1 : fitting > SWEEP_FINALISTS ? SWEEP_FINALISTS : (size_t)fitting;
}

static enum status add_fastest(struct finals *finals)
{
    struct sweep_task *task = finals->task;
    const struct tried **order = calloc(task->n_tried + 1, sizeof *order);
    if (!order) return status_fail(STATUS_NO_MEMORY, "no memory for finals");
    size_t n = 0, most = places(task);
    for (size_t i = 0; i < task->n_tried; i++)
        if (task->tried[i].verdict == VERDICT_OK) order[n++] = &task->tried[i];
    qsort(order, n, sizeof *order, by_time);
    enum status status = STATUS_OK;
    size_t enough = finals->n + most;
    for (size_t i = 0; status == STATUS_OK && i < n && finals->n < enough; i++)
        status = add_finalist(finals, order[i]->tuning, &order[i]->configuration);
    free(order);
    return status;
}

static enum status choose(struct finals *finals)
{
    struct sweep_confirmation *confirmation = finals->task->confirmation;
    if (confirmation) {
        sweep_confirmation_finalists(confirmation, finals->candidates, FINALS_MAX, &finals->n,
                                     &finals->has_default);
        return STATUS_OK;
    }
    TRY(add_default(finals));
    TRY(add_champions(finals));
    return add_fastest(finals);
}

/* From the cache, as a rule: they were compiled for their trials. Where one no longer compiles, there are no
 * finals. */
static enum status compile(struct finals *finals)
{
    struct sweep_task *task = finals->task;
    struct compile_job jobs[FINALS_MAX];
    struct candidate *owners[FINALS_MAX];
    size_t n = 0;
    for (size_t i = 0; i < finals->n; i++) {
        if (finals->candidates[i].job.code.size) continue; /* from the book */
        owners[n] = &finals->candidates[i];
        jobs[n++] = finals->candidates[i].job;
    }
    enum status status =
        compile_run(jobs, n, task->sweep->options->jobs, 60000, task->sweep->options->stop_now);
    for (size_t i = 0; i < n; i++) owners[i]->job = jobs[i];
    TRY(status);
    for (size_t i = 0; i < n; i++) {
        struct candidate *candidate = owners[i];
        if (candidate->job.verdict != VERDICT_OK)
            return status_fail(STATUS_UNAVAILABLE, "a finalist does not compile again: %s",
                               candidate->job.detail);
        candidate_compiled(candidate);
    }
    return STATUS_OK;
}

/* A third of a second each, or what is left of the problem's time, at least 0.3 s for all. */
static uint32_t finals_ms(const struct finals *finals)
{
    const struct sweep_task *task = finals->task;
    uint64_t wanted = 333 * (finals->n + 1);
    if (!task->deadline_ns) return (uint32_t)wanted;
    uint64_t now_ns = clock_ns(), left_ns = task->deadline_ns > now_ns ? task->deadline_ns - now_ns : 0;
    uint64_t ms = left_ns / 1000000;
    return (uint32_t)(ms < 300 ? 300 : ms > wanted ? wanted : ms);
}

static enum status measure(struct finals *finals)
{
    struct sweep_task *task = finals->task;
    struct trial_candidate trials[FINALS_MAX];
    for (size_t i = 0; i < finals->n; i++)
        trials[i] =
            (struct trial_candidate){&finals->candidates[i].descriptor, finals->candidates[i].job.code.data,
                                     finals->candidates[i].job.code.size};
    finals->final.against_baseline = finals->against_baseline;
    finals->final.against_first = finals->against_default;
    return trial_finals(task->session, trials, finals->n, finals_ms(finals), finals->outcomes,
                        &finals->final);
}

/* A finalist is kept where it beats the default outside the noise: in three rounds of four. The default
 * itself always is. */
static bool is_kept(const struct finals *finals, size_t i)
{
    if (finals->outcomes[i].verdict != VERDICT_OK || finals->outcomes[i].timing.median_ns == 0) return false;
    return i == 0 || !finals->has_default || finals->against_default[i].q1 > 1.0;
}

static void entry_of(const struct finals *finals, size_t i, struct record_entry *out)
{
    *out = (struct record_entry){.kernel = finals->candidates[i].kernel,
                                 .environment = finals->task->sweep->environment,
                                 .evidence = EVIDENCE_MEASURED,
                                 .verified = 1,
                                 .timing = finals->outcomes[i].timing,
                                 .measured_at_s = clock_wall_s()};
}

/* All kernels that were measured; in a confirmation those that did not get here, too: what was said of them
 * before no longer stands. */
static size_t list_measured(const struct finals *finals, struct hash *out)
{
    const struct sweep_confirmation *confirmation = finals->task->confirmation;
    size_t n = 0;
    for (size_t i = 0; i < finals->n; i++) out[n++] = finals->candidates[i].kernel;
    for (size_t i = 0; confirmation && i < confirmation->n; i++)
        out[n++] = confirmation->candidates[i].kernel;
    return n;
}

/* All of it in one transaction, after the kernels: what these finals found replaces what earlier ones did. */
static enum status keep(struct finals *finals)
{
    struct sweep_task *task = finals->task;
    struct book *book = task->sweep->options->book;
    struct record_entry entries[FINALS_MAX];
    struct hash measured[FINALS_MAX + SWEEP_CONFIRMED_MAX];
    struct book_finals found = {.entries = entries,
                                .environment = &task->sweep->environment,
                                .measured = measured,
                                .baseline_ns = finals->final.baseline.timing.median_ns,
                                .baseline_name = finals->final.baseline_name,
                                .default_ns = finals->has_default ? finals->outcomes[0].timing.median_ns : 0};
    for (size_t i = 0; i < finals->n; i++) {
        struct candidate *candidate = &finals->candidates[i];
        if (task->confirmation)
            sweep_confirmation_tell(task->confirmation, &candidate->kernel, &finals->outcomes[i],
                                    is_kept(finals, i));
        if (!is_kept(finals, i)) continue;
        entry_of(finals, i, &entries[found.n_entries++]);
        TRY(book_put_kernel(book, &candidate->kernel, &candidate->descriptor, candidate->job.code.data,
                            candidate->job.code.size));
    }
    found.n_measured = list_measured(finals, measured);
    if (found.n_entries == 0) {
        if (!task->confirmation) return STATUS_OK; /* nothing better is known: what stands, stands */
        found.environment = NULL;
    }
    return book_put_finals(book, task->key, &found);
}

/* The best by the record's own order, so that what the sweep prints is what a lookup answers. */
static size_t best_of(const struct finals *finals)
{
    size_t best = finals->n;
    for (size_t i = 0; i < finals->n; i++) {
        struct record_entry entry, champion;
        if (!is_kept(finals, i)) continue;
        entry_of(finals, i, &entry);
        if (best < finals->n) entry_of(finals, best, &champion);
        if (best == finals->n || record_entry_compare(&entry, &champion) < 0) best = i;
    }
    return best;
}

static void describe(const struct finals *finals, size_t i, struct sweep_choice *out)
{
    const struct descriptor *descriptor = &finals->candidates[i].descriptor;
    snprintf(out->template_name, sizeof out->template_name, "%s", descriptor->template_name);
    snprintf(out->configuration, sizeof out->configuration, "%s", descriptor->configuration);
    out->timing = finals->outcomes[i].timing;
}

static void report(const struct finals *finals, struct sweep_result *result)
{
    if (finals->final.baseline_name[0]) {
        result->has_baseline = true;
        snprintf(result->baseline_name, sizeof result->baseline_name, "%s", finals->final.baseline_name);
        result->baseline_ns = finals->final.baseline.timing.median_ns;
    }
    if (finals->has_default && finals->outcomes[0].verdict == VERDICT_OK) {
        result->has_default = true;
        describe(finals, 0, &result->fallback);
    }
    size_t best = best_of(finals);
    if (best == finals->n) return;
    result->has_best = true;
    describe(finals, best, &result->best);
    if (result->has_default) result->best_against_default = finals->against_default[best];
    if (result->has_baseline) result->best_against_baseline = finals->against_baseline[best];
}

static enum status run(struct finals *finals)
{
    TRY(choose(finals));
    if (finals->n == 0) return finals->task->confirmation ? keep(finals) : STATUS_OK;
    TRY(compile(finals));
    TRY(measure(finals));
    TRY(keep(finals));
    report(finals, &finals->task->result);
    return STATUS_OK;
}

static void explain(const struct sweep_task *task, struct sweep_result *result)
{
    char problem[PROBLEM_TEXT_BYTES];
    problem_print(&task->problem, problem);
    if (task->n_tried || task->confirmation)
        snprintf(result->note, sizeof result->note,
                 "no candidate passed its trial; `autotune show '%s' --trials` has the verdicts", problem);
    else
        snprintf(result->note, sizeof result->note, "no candidate was tried");
}

enum status sweep_finals(struct sweep_task *task)
{
    struct finals *finals = calloc(1, sizeof *finals);
    if (!finals) return status_fail(STATUS_NO_MEMORY, "no memory for finals");
    finals->task = task;
    sweep_batch_drop(task); /* nothing else runs beside the finals */
    uint64_t begin_ns = clock_ns();
    enum status status = run(finals);
    task->result.finals_ns += clock_ns() - begin_ns;
    if (status == STATUS_OK && !task->result.has_best) explain(task, &task->result);
    for (size_t i = 0; i < finals->n; i++) candidate_free(&finals->candidates[i]);
    free(finals);
    return status;
}
