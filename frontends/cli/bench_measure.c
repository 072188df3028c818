#include <stdlib.h>
#include <string.h>
#include "frontends/cli/bench.h"
#include "tuner/launch/kernel.h"
#include "tuner/launch/problem_key.h"

/* A kernel of a book, ready to be tried. */
struct contender {
    struct found_entry entry;
    struct value code;
    bool found;
};

struct bench_task {
    const struct bench *bench;
    struct bench_result *result;
    struct contender fallback, winner;
};

static void contender_free(struct contender *contender)
{
    found_entry_free(&contender->entry);
    value_free(&contender->code);
    contender->code = (struct value){0};
    contender->found = false;
}

static const struct hash *kernel_of(const struct contender *contender)
{
    return &contender->entry.record.entries[contender->entry.index].kernel;
}

/* Code is run only from a book that nobody else can write. */
static enum status load_code(const struct bench *bench, struct contender *contender)
{
    const char *path = book_path(contender->entry.book);
    if (strcmp(bench->finder->place->api->name, "cpu") == 0 && !book_is_private(path))
        return status_fail(STATUS_BAD_DATA,
                           "%s: holds code for the CPU but others can write it or its folder", path);
    TRY(book_get_code(contender->entry.book, &contender->entry.descriptor.code, &contender->code));
    contender->found = true;
    return STATUS_OK;
}

static bool is_default_here(struct bench_task *task, struct book *book, const char *key,
                            const char *template_name, const char *configuration)
{
    const struct device_info *info = task->bench->finder->place->info;
    struct contender *fallback = &task->fallback;
    if (finder_entry_of(book, key, template_name, configuration, &fallback->entry) == STATUS_OK &&
        kernel_covers(&fallback->entry.descriptor, &task->result->problem, &info->facts, NULL) &&
        load_code(task->bench, fallback) == STATUS_OK)
        return true;
    contender_free(fallback);
    return false;
}

/* The template's default in the winner's record, the problem's own record, or among its target's defaults. */
static bool find_in_books(struct bench_task *task, const struct manifest *manifest)
{
    struct finder *finder = task->bench->finder;
    const struct device_info *info = finder->place->info;
    int64_t slots[SLOT_COUNT] = {0};
    char keys[2][KEY_BYTES_MAX + 1];
    struct text configuration = {0};
    bool found = false;
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        slots[manifest->parameters[i].slot] = manifest->defaults[i];
    manifest_print_configuration(manifest, slots, &configuration);
    if (problem_key(&task->result->problem, info->class_text, keys[0]) != STATUS_OK) keys[0][0] = 0;
    if (problem_key(&task->result->problem, info->device_class.target, keys[1]) != STATUS_OK) keys[1][0] = 0;
    const char *places[] = {task->result->answer.record, keys[0], keys[1]};
    for (size_t p = 0; p < 3 && !found; p++)
        for (size_t i = 0; i < finder->layers.n && !found; i++)
            found = is_default_here(task, finder->layers.items[i], places[p], manifest->name,
                                    text_string(&configuration));
    text_free(&configuration);
    return found;
}

/* The default is that of the most specific template that has one, as in a sweep. */
static void find_default(struct bench_task *task)
{
    const struct template_set *set = task->bench->templates;
    uint32_t most = 0;
    for (size_t i = 0; i < set->n; i++)
        if (set->items[i]->n_accepts > most) most = set->items[i]->n_accepts;
    for (uint32_t specific = most + 1; specific-- > 0;)
        for (size_t i = 0; i < set->n; i++)
            if (set->items[i]->n_accepts == specific && set->items[i]->op == task->result->problem.op &&
                find_in_books(task, set->items[i]))
                return;
}

/* Verification first: a book's code is tried as hard as a stranger's. False, with the note, if it fails. */
static enum status verify(struct bench_task *task, struct trial_session *session,
                          const struct trial_candidate *candidate, bool *passed)
{
    struct trial_outcome outcome;
    TRY(trial_run(session, candidate, 0, &outcome));
    *passed = outcome.verdict == VERDICT_OK;
    if (!*passed)
        snprintf(task->result->note, sizeof task->result->note, "%s %s: %s: %.400s",
                 candidate->descriptor->template_name, candidate->descriptor->configuration,
                 verdict_name(outcome.verdict), outcome.detail);
    return STATUS_OK;
}

static enum status measure(struct bench_task *task, struct trial_session *session)
{
    struct bench_result *result = task->result;
    struct trial_candidate candidates[2];
    struct trial_outcome outcomes[2];
    struct trial_ratio over_baseline[2] = {0}, over_first[2] = {0};
    struct trial_final final = {.against_baseline = over_baseline, .against_first = over_first};
    bool same = task->fallback.found &&
                memcmp(kernel_of(&task->fallback), kernel_of(&task->winner), sizeof(struct hash)) == 0;
    struct contender *contenders[] = {&task->fallback, &task->winner};
    size_t n = 0;
    for (size_t i = 0; i < 2; i++) {
        struct contender *contender = contenders[i];
        if (!contender->found || (same && contender == &task->fallback)) continue;
        candidates[n++] = (struct trial_candidate){&contender->entry.descriptor, contender->code.bytes,
                                                   contender->code.size};
        bool passed;
        TRY(verify(task, session, &candidates[n - 1], &passed));
        if (!passed) return STATUS_OK;
    }
    TRY(trial_finals(session, candidates, n, task->bench->total_ms, outcomes, &final));
    const struct trial_outcome *winner = &outcomes[n - 1];
    if (winner->verdict != VERDICT_OK) {
        snprintf(result->note, sizeof result->note, "%s: %s", verdict_name(winner->verdict), winner->detail);
        return STATUS_OK;
    }
    result->measured = true;
    result->timing = winner->timing;
    result->has_default = task->fallback.found;
    result->over_default = same ? (struct trial_ratio){1, 1, 1} : over_first[n - 1];
    result->over_baseline = over_baseline[n - 1];
    memcpy(result->baseline_name, final.baseline_name, sizeof result->baseline_name);
    return STATUS_OK;
}

static enum status run(struct bench_task *task)
{
    const struct bench *bench = task->bench;
    struct bench_result *result = task->result;
    enum status status = finder_ask(bench->finder, &result->problem, &result->answer);
    if (status == STATUS_OK) status = finder_entry(bench->finder, &result->answer, &task->winner.entry);
    if (status == STATUS_OK) status = load_code(bench, &task->winner);
    if (status == STATUS_NOT_FOUND || status == STATUS_BAD_DATA) {
        snprintf(result->note, sizeof result->note, "%s", status_message());
        return STATUS_OK;
    }
    TRY(status);
    find_default(task);
    struct trial_session *session = NULL;
    struct trial_setting setting = {.backend = bench->finder->place->api->name,
                                    .device = bench->finder->place->index,
                                    .info = bench->finder->place->info,
                                    .threads = bench->threads,
                                    .problem = result->problem,
                                    .seed = bench->seed + 1,
                                    .measure_ms = 20,
                                    .stop = bench->stop};
    TRY(trial_open(&setting, &session));
    status = measure(task, session);
    trial_close(session);
    return status;
}

enum status bench_measure(const struct bench *bench, const struct problem *problem, struct bench_result *out)
{
    struct bench_task *task = calloc(1, sizeof *task);
    if (!task) return status_fail(STATUS_NO_MEMORY, "no memory for a measurement");
    *out = (struct bench_result){.problem = *problem};
    task->bench = bench;
    task->result = out;
    enum status status = run(task);
    contender_free(&task->winner);
    contender_free(&task->fallback);
    free(task);
    return status;
}
