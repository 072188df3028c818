/* What earlier sweeps know of a problem: their trials are told to the searches before these begin, so that a
 * sweep goes on where the last one stopped, however little time it has. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/sweep_internal.h"

static enum status grow(struct sweep_task *task)
{
    if (task->n_earlier < task->earlier_capacity) return STATUS_OK;
    size_t wanted = task->earlier_capacity ? task->earlier_capacity * 2 : 64;
    struct earlier *larger = realloc(task->earlier, wanted * sizeof *larger);
    if (!larger) return status_fail(STATUS_NO_MEMORY, "no memory for %zu trials", wanted);
    task->earlier = larger;
    task->earlier_capacity = wanted;
    return STATUS_OK;
}

/* Trials come grouped by configuration, oldest first: the newest of each is kept. */
static bool keep(void *context, uint64_t sequence, const struct trial *trial)
{
    (void)sequence;
    struct sweep_task *task = context;
    if (trial->verdict == VERDICT_STARTED || trial->verdict == VERDICT_PRUNED) return true; /* not tried */
    if (memcmp(&trial->environment, &task->sweep->environment, sizeof trial->environment) != 0) return true;
    struct earlier *last = task->n_earlier ? &task->earlier[task->n_earlier - 1] : NULL;
    if (!last || memcmp(&last->kernel, &trial->kernel, sizeof last->kernel) != 0) {
        if (grow(task) != STATUS_OK) return false;
        last = &task->earlier[task->n_earlier++];
    }
    *last = (struct earlier){.kernel = trial->kernel, .verdict = trial->verdict, .timing = trial->timing};
    snprintf(last->name, sizeof last->name, "%s", trial->configuration);
    return true;
}

/* True where the trial is of this template and its kernel is what the template makes of the configuration
 * today. */
static enum status recall_one(struct sweep_task *task, struct tuning *tuning, const struct earlier *earlier,
                              bool *done)
{
    size_t length = strlen(tuning->manifest->name);
    struct configuration configuration;
    struct candidate candidate;
    if (strncmp(earlier->name, tuning->manifest->name, length) != 0 || earlier->name[length] != ' ')
        return STATUS_OK;
    if (!tuning_configuration(tuning, earlier->name + length + 1, &configuration)) return STATUS_OK;
    enum status status = candidate_prepare(tuning, &configuration, &candidate);
    if (status == STATUS_OK && memcmp(&candidate.kernel, &earlier->kernel, sizeof earlier->kernel) == 0) {
        status = sweep_note(task, &candidate, earlier->verdict, &earlier->timing, true);
        task->result.recalled++;
        *done = true;
    }
    candidate_free(&candidate);
    return status;
}

enum status sweep_recall(struct sweep_task *task)
{
    if (task->sweep->options->fresh) return STATUS_OK;
    TRY(book_each_trial(task->sweep->options->book, task->key, keep, task));
    for (size_t i = 0; i < task->n_earlier; i++) {
        bool done = false;
        for (size_t t = 0; t < task->n_tunings && !done; t++)
            TRY(recall_one(task, &task->tunings[t], &task->earlier[i], &done));
    }
    return STATUS_OK;
}
