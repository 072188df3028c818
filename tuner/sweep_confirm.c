/* Confirming a problem: what its record predicts, or knows from another environment, is verified and measured
 * on the device here, against the default and the vendor library. Nothing is searched. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/sweep_internal.h"

enum { COMPILE_MS = 120000 };

static bool same_hash(const struct hash *a, const struct hash *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* ---- who takes part ---- */

static bool is_known(const struct sweep_confirmation *confirmation, const struct hash *kernel)
{
    for (size_t i = 0; i < confirmation->n; i++)
        if (same_hash(&confirmation->candidates[i].kernel, kernel)) return true;
    return false;
}

/* The candidate at the end of the list is taken; what it is comes with it. */
static struct sweep_confirmed *admit(struct sweep_confirmation *confirmation, enum evidence evidence)
{
    struct candidate *candidate = &confirmation->candidates[confirmation->n];
    struct sweep_confirmed *finding = &confirmation->findings[confirmation->n++];
    const struct descriptor *descriptor = &candidate->descriptor;
    *finding = (struct sweep_confirmed){.evidence = evidence, .verdict = VERDICT_STARTED};
    snprintf(finding->template_name, sizeof finding->template_name, "%s", descriptor->template_name);
    snprintf(finding->configuration, sizeof finding->configuration, "%s", descriptor->configuration);
    return finding;
}

/* The default of the most specific template that has one, made anew: it is what the others must beat. */
static enum status add_default(struct sweep_task *task, struct sweep_confirmation *confirmation)
{
    struct candidate *candidate = &confirmation->candidates[confirmation->n];
    struct tuning *tuning = NULL;
    for (size_t i = 0; i < task->n_tunings && !tuning; i++)
        if (task->tunings[i].has_default) tuning = &task->tunings[i];
    if (!tuning) return STATUS_OK;
    enum status status = candidate_prepare(tuning, &tuning->fallback, candidate);
    if (status == STATUS_OK)
        status = compile_run(&candidate->job, 1, 1, COMPILE_MS, task->sweep->options->stop_now);
    if (status == STATUS_OK && candidate->job.verdict == VERDICT_OK) {
        candidate_compiled(candidate);
        confirmation->has_default = true;
        admit(confirmation, EVIDENCE_DEFAULT);
        return STATUS_OK;
    }
    candidate_free(candidate);
    return status; /* one that does not compile here is nothing to beat */
}

/* Each kernel of the record once, with the code that the book has of it: that is what programs run. One that
 * is damaged is the lint's business. */
static void add_entries(struct sweep_task *task, struct sweep_confirmation *confirmation,
                        const struct record *record)
{
    const struct sweep *sweep = task->sweep;
    for (uint32_t i = 0; i < record->n_entries && confirmation->n < SWEEP_CONFIRMED_MAX; i++) {
        const struct record_entry *entry = &record->entries[i];
        struct candidate *candidate = &confirmation->candidates[confirmation->n];
        if (entry->evidence == EVIDENCE_DEFAULT) continue;
        bool is_default =
            confirmation->has_default && same_hash(&confirmation->candidates[0].kernel, &entry->kernel);
        struct sweep_confirmed *finding = &confirmation->findings[0];
        if (!is_default) {
            if (is_known(confirmation, &entry->kernel)) continue;
            if (candidate_from_book(sweep->options->book, &entry->kernel, sweep->compiler, candidate) !=
                STATUS_OK) {
                candidate_free(candidate);
                continue;
            }
            finding = admit(confirmation, (enum evidence)entry->evidence);
        }
        finding->before_ns = entry->timing.median_ns;
        finding->rank_before = i + 1;
    }
}

/* Is anything predicted, or measured under another environment? */
static bool is_open(const struct sweep *sweep, const struct record *record)
{
    for (uint32_t i = 0; i < record->n_entries; i++) {
        const struct record_entry *entry = &record->entries[i];
        if (entry->evidence == EVIDENCE_PREDICTED) return true;
        if (entry->evidence == EVIDENCE_MEASURED && !same_hash(&entry->environment, &sweep->environment))
            return true;
    }
    return false;
}

/* ---- one kernel, alone ---- */

static enum status is_quarantined(struct sweep_task *task, const struct candidate *candidate,
                                  struct sweep_confirmed *finding, bool *quarantined)
{
    const struct sweep *sweep = task->sweep;
    *quarantined = false;
    if (sweep->options->retry_quarantined) return STATUS_OK;
    enum status status = book_quarantined(sweep->options->book, sweep->info->class_text, &candidate->kernel,
                                          &sweep->environment, &finding->verdict);
    if (status == STATUS_NOT_FOUND) return STATUS_OK;
    TRY(status);
    *quarantined = true;
    snprintf(finding->detail, sizeof finding->detail, "in quarantine; --retry-quarantined tries it again");
    return STATUS_OK;
}

static enum status try_one(struct sweep_task *task, struct candidate *candidate,
                           struct sweep_confirmed *finding)
{
    struct book *book = task->sweep->options->book;
    struct trial_candidate trial = {&candidate->descriptor, candidate->job.code.data,
                                    candidate->job.code.size};
    struct trial_outcome outcome;
    uint64_t sequence, begin_ns = clock_ns();
    bool quarantined;
    TRY(is_quarantined(task, candidate, finding, &quarantined));
    if (quarantined) return STATUS_OK;
    TRY(book_start(book, task->key, candidate_name(candidate), &candidate->kernel, &sequence));
    TRY(trial_run(task->session, &trial, 0, &outcome));
    task->result.trial_ns += clock_ns() - begin_ns;
    task->fresh_trials++;
    const char *objection =
        outcome.verdict == VERDICT_OK
            ? physics_objection(&task->problem, task->sweep->info, outcome.timing.median_ns)
            : NULL;
    if (objection) {
        outcome.verdict = VERDICT_WRONG;
        snprintf(outcome.detail, sizeof outcome.detail, "%s", objection);
    }
    finding->verdict = outcome.verdict;
    finding->measured_ns = outcome.verdict == VERDICT_OK ? outcome.timing.median_ns : 0;
    snprintf(finding->detail, sizeof finding->detail, "%.300s", outcome.detail);
    task->result.n_verdicts[outcome.verdict]++;
    struct trial done = {.verdict = (uint8_t)outcome.verdict,
                         .attempts = 1,
                         .kernel = candidate->kernel,
                         .environment = task->sweep->environment,
                         .timing = outcome.timing,
                         .finished_at_s = clock_wall_s(),
                         .configuration = candidate_name(candidate),
                         .detail = outcome.detail};
    return book_finish(book, task->key, sequence, &done);
}

/* ---- the finals ---- */

/* Code and descriptor become the finals'; the hash stays. */
static void hand_over(struct sweep_confirmation *confirmation, size_t i, struct candidate *out)
{
    struct candidate *candidate = &confirmation->candidates[i];
    *out = *candidate;
    *candidate = (struct candidate){.kernel = candidate->kernel};
    confirmation->findings[i].in_finals = true;
}

/* The fastest that passed and is not there yet; n where none is left. */
static size_t next_fastest(const struct sweep_confirmation *confirmation)
{
    const struct sweep_confirmed *findings = confirmation->findings;
    size_t best = confirmation->n;
    for (size_t i = 0; i < confirmation->n; i++) {
        if (findings[i].in_finals || findings[i].verdict != VERDICT_OK) continue;
        if (best == confirmation->n || findings[i].measured_ns < findings[best].measured_ns) best = i;
    }
    return best;
}

/* The default first, then the fastest of those that passed. */
void sweep_confirmation_finalists(struct sweep_confirmation *confirmation, struct candidate *out, size_t most,
                                  size_t *n, bool *has_default)
{
    *n = 0;
    *has_default = confirmation->has_default && confirmation->findings[0].verdict == VERDICT_OK;
    if (*has_default) hand_over(confirmation, 0, &out[(*n)++]);
    for (size_t i; *n < most && (i = next_fastest(confirmation)) < confirmation->n;)
        hand_over(confirmation, i, &out[(*n)++]);
}

void sweep_confirmation_tell(struct sweep_confirmation *confirmation, const struct hash *kernel,
                             const struct trial_outcome *outcome, bool kept)
{
    for (size_t i = 0; i < confirmation->n; i++) {
        struct sweep_confirmed *finding = &confirmation->findings[i];
        if (!same_hash(&confirmation->candidates[i].kernel, kernel)) continue;
        finding->verdict = outcome->verdict;
        finding->measured_ns = outcome->verdict == VERDICT_OK ? outcome->timing.median_ns : 0;
        finding->kept = kept;
    }
}

static void number_ranks(struct sweep_confirmation *confirmation)
{
    for (size_t i = 0; i < confirmation->n; i++) {
        struct sweep_confirmed *finding = &confirmation->findings[i];
        if (!finding->measured_ns) continue;
        finding->rank_after = 1;
        for (size_t j = 0; j < confirmation->n; j++) {
            uint64_t other_ns = confirmation->findings[j].measured_ns;
            finding->rank_after += other_ns && other_ns < finding->measured_ns;
        }
    }
}

/* ---- the problem ---- */

static enum status confirm(struct sweep_task *task, const struct record *record)
{
    struct sweep_confirmation *confirmation = task->confirmation;
    TRY(add_default(task, confirmation));
    add_entries(task, confirmation, record);
    TRY(sweep_task_session(task));
    for (size_t i = 0; i < confirmation->n; i++) {
        TRY(try_one(task, &confirmation->candidates[i], &confirmation->findings[i]));
        sweep_news(task);
    }
    TRY(sweep_finals(task));
    number_ranks(confirmation);
    task->result.confirmed = confirmation->findings;
    task->result.n_confirmed = confirmation->n;
    return STATUS_OK;
}

enum status sweep_confirm(struct sweep_task *task)
{
    struct record *record = calloc(1, sizeof *record);
    task->confirmation = calloc(1, sizeof *task->confirmation);
    enum status status =
        record && task->confirmation ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for a record");
    if (status == STATUS_OK) status = book_get_record(task->sweep->options->book, task->key, record);
    if (status == STATUS_OK && is_open(task->sweep, record)) {
        status = confirm(task, record);
    } else if (status == STATUS_OK || status == STATUS_NOT_FOUND) {
        snprintf(task->result.note, sizeof task->result.note, "nothing to confirm");
        status = STATUS_OK;
    }
    free(record);
    return status;
}

void sweep_confirmation_free(struct sweep_confirmation *confirmation)
{
    if (!confirmation) return;
    for (size_t i = 0; i < confirmation->n; i++) candidate_free(&confirmation->candidates[i]);
    free(confirmation);
}
