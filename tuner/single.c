#include "tuner/single.h"

#include <stdio.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/physics.h"

enum { COMPILE_MS = 120000 };

static struct trial_setting setting_of(const struct single *single)
{
    return (struct trial_setting){.backend = single->backend,
                                  .device = single->device,
                                  .info = single->info,
                                  .threads = trial_host_threads(single->info, single->threads),
                                  .problem = *single->tuning->scene->problem,
                                  .seed = 1,
                                  .stop = single->stop};
}

static enum status fail(struct candidate *candidate, enum verdict verdict, const char *detail)
{
    return status_fail(STATUS_NOT_FOUND, "%s: %s%s%s", candidate_name(candidate), verdict_name(verdict),
                       *detail ? ": " : "", detail);
}

static enum status compile(const struct single *single, struct candidate *candidate)
{
    TRY(candidate_prepare(single->tuning, &single->configuration, candidate));
    TRY(compile_run(&candidate->job, 1, 1, COMPILE_MS, single->stop));
    if (candidate->job.verdict != VERDICT_OK)
        return fail(candidate, candidate->job.verdict, candidate->job.detail);
    candidate_compiled(candidate);
    return STATUS_OK;
}

static enum status note_environment(const struct single *single, struct hash *out)
{
    struct trial_setting setting = setting_of(single);
    struct text json = {0};
    enum status status = trial_environment(&setting, single->tuning->scene->compiler_identity, &json);
    if (status == STATUS_OK) status = book_put_environment(single->book, text_string(&json), out);
    text_free(&json);
    return status;
}

static enum status run(const struct single *single, const struct candidate *candidate,
                       struct trial_outcome *outcome)
{
    struct trial_setting setting = setting_of(single);
    struct trial_candidate tried = {&candidate->descriptor, candidate->job.code.data,
                                    candidate->job.code.size};
    struct trial_session *session = NULL;
    TRY(trial_open(&setting, &session));
    enum status status = trial_run(session, &tried, 0, outcome);
    trial_close(session);
    TRY(status);
    const char *objection = outcome->verdict == VERDICT_OK
                                ? physics_objection(&setting.problem, single->info, outcome->timing.median_ns)
                                : NULL;
    if (!objection) return STATUS_OK;
    outcome->verdict = VERDICT_WRONG;
    snprintf(outcome->detail, sizeof outcome->detail, "%s", objection);
    return STATUS_OK;
}

/* A mark before, the verdict after: what brings the machine down is known then. */
static enum status try_marked(const struct single *single, struct candidate *candidate,
                              const struct hash *environment, struct trial_outcome *outcome)
{
    uint64_t sequence;
    enum verdict verdict;
    if (book_quarantined(single->book, single->info->class_text, &candidate->kernel, environment, &verdict) ==
        STATUS_OK)
        return status_fail(STATUS_NOT_FOUND,
                           "%s: in quarantine: %s; 'autotune --retry-quarantined' tries it again",
                           candidate_name(candidate), verdict_name(verdict));
    TRY(book_start(single->book, single->key, candidate_name(candidate), &candidate->kernel, &sequence));
    TRY(run(single, candidate, outcome));
    struct trial done = {.verdict = (uint8_t)outcome->verdict,
                         .attempts = 1,
                         .kernel = candidate->kernel,
                         .environment = *environment,
                         .timing = outcome->timing,
                         .finished_at_s = clock_wall_s(),
                         .configuration = candidate_name(candidate),
                         .detail = outcome->detail};
    return book_finish(single->book, single->key, sequence, &done);
}

static enum status keep(const struct single *single, const struct candidate *candidate)
{
    const struct manifest *manifest = single->tuning->manifest;
    struct text both = {0};
    text_format(&both, "%s\n%s", manifest->json, manifest->source);
    enum status status = text_status(&both);
    if (status == STATUS_OK) status = book_put_source(single->book, &manifest->hash, both.data, both.size);
    text_free(&both);
    if (status != STATUS_OK) return status;
    return book_put_kernel(single->book, &candidate->kernel, &candidate->descriptor, candidate->job.code.data,
                           candidate->job.code.size);
}

enum status single_try(const struct single *single, struct record_entry *out)
{
    struct candidate candidate = {0};
    struct trial_outcome outcome = {0};
    struct hash environment;
    enum status status = compile(single, &candidate);
    if (status == STATUS_OK) status = note_environment(single, &environment);
    if (status == STATUS_OK) status = try_marked(single, &candidate, &environment, &outcome);
    if (status == STATUS_OK && outcome.verdict != VERDICT_OK)
        status = fail(&candidate, outcome.verdict, outcome.detail);
    if (status == STATUS_OK) status = keep(single, &candidate);
    if (status == STATUS_OK)
        *out = (struct record_entry){.kernel = candidate.kernel,
                                     .environment = environment,
                                     .evidence = EVIDENCE_MEASURED,
                                     .verified = 1,
                                     .timing = outcome.timing,
                                     .measured_at_s = clock_wall_s()};
    candidate_free(&candidate);
    return status;
}
