/* One problem of a sweep: its spaces, its searches, its trial session. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/launch/problem_key.h"
#include "tuner/sweep_internal.h"

enum status sweep_task_create(struct sweep *sweep, const struct sweep_problem *problem, size_t index,
                              struct sweep_task **out)
{
    struct sweep_task *task = calloc(1, sizeof *task);
    if (!task) return status_fail(STATUS_NO_MEMORY, "no memory for a sweep");
    task->sweep = sweep;
    task->index = index;
    task->problem = problem->problem;
    task->result =
        (struct sweep_result){.problem = problem->problem, .calls = problem->calls, .index = index};
    task->scene = (struct tuning_scene){&task->problem, &sweep->info->facts, sweep->info->device_class.target,
                                        sweep->compiler, text_string(&sweep->compiler_identity)};
    *out = task;
    return STATUS_OK;
}

void sweep_task_close(struct sweep_task *task)
{
    if (!task) return;
    struct sweep_summary *summary = task->sweep->summary;
    const struct sweep_result *result = &task->result;
    struct race_saving racing;
    race_saved(&task->race, &racing);
    race_saving_add(&summary->racing, &racing);
    summary->tuned += result->has_best;
    summary->trials += task->fresh_trials;
    summary->compiled += result->compiled;
    summary->compile_hits += result->compile_hits;
    summary->compile_ns += result->compile_ns;
    summary->trial_ns += result->trial_ns + result->finals_ns;
    sweep_batch_drop(task);
    trial_close(task->session);
    sweep_confirmation_free(task->confirmation);
    for (size_t i = 0; i < task->n_tunings; i++) tuning_close(&task->tunings[i]);
    free(task->tried);
    free(task->earlier);
    free(task);
}

/* Why no more was tried: what the search of the best template says, where all have ended by themselves. */
static void note_end(struct sweep_task *task)
{
    const char *reason = NULL;
    double best_ns = sweep_best_ns(task);
    struct sweep_result *result = &task->result;
    for (size_t i = 0; i < task->n_tunings; i++) {
        const struct tuning *tuning = &task->tunings[i];
        if (tuning->search && tuning->best_ns == best_ns && !reason)
            reason = search_ended_because(tuning->search);
    }
    result->ended_by_itself = reason && task->n_tunings && sweep_task_is_over(task);
    if (!result->ended_by_itself)
        reason = sweep_stopped(task->sweep)                                   ? "interrupted"
                 : task->max_trials && task->fresh_trials >= task->max_trials ? "the trials were used up"
                 : task->sweep->options->budget.time_ns                       ? "the time was used up"
                                                                              : "";
    snprintf(result->ended, sizeof result->ended, "%s", reason);
}

void sweep_task_report(struct sweep_task *task)
{
    const struct sweep_options *options = task->sweep->options;
    if (task->fresh_trials || task->n_tried) note_end(task);
    race_saved(&task->race, &task->result.racing);
    task->sweep->summary->problems++;
    if (options->finished) options->finished(options->context, &task->result);
}

/* --- Opening. --- */

static int by_specificity(const void *a, const void *b)
{
    const struct manifest *const *left = a, *const *right = b;
    if ((*left)->n_accepts != (*right)->n_accepts) return (*left)->n_accepts > (*right)->n_accepts ? -1 : 1;
    return strcmp((*left)->name, (*right)->name);
}

/* Opens a tuning for every template that accepts the problem; why others of this op that are for this target
 * do not goes into the result's note. */
static enum status open_tunings(struct sweep_task *task)
{
    const struct sweep_options *options = task->sweep->options;
    const struct manifest *order[SWEEP_TEMPLATES_MAX];
    size_t n = 0;
    bool for_target = false;
    for (size_t i = 0; i < options->n_templates && n < SWEEP_TEMPLATES_MAX; i++) {
        if (options->templates[i]->op != task->scene.problem->op) continue;
        order[n++] = options->templates[i];
        for_target = for_target || manifest_has_target(options->templates[i], task->scene.target);
    }
    qsort(order, n, sizeof *order, by_specificity);
    for (size_t i = 0; i < n; i++) {
        struct tuning *tuning = &task->tunings[task->n_tunings];
        enum status status = tuning_open(&task->scene, order[i], tuning);
        if (status == STATUS_NOT_COVERED) {
            tuning_close(tuning);
            if (for_target && !manifest_has_target(order[i], task->scene.target)) continue;
            size_t used = strlen(task->result.note);
            snprintf(task->result.note + used, sizeof task->result.note - used, "%s%s", used ? "; " : "",
                     status_message());
            continue;
        }
        TRY(status);
        bool exact;
        task->result.space_valid += (double)space_count(tuning->space, &exact);
        task->result.space_raw += space_raw_count(tuning->space);
        task->n_tunings++;
    }
    if (task->n_tunings)
        task->result.note[0] = 0;
    else if (!n)
        snprintf(task->result.note, sizeof task->result.note, "no templates for this op");
    return STATUS_OK;
}

static enum status open_searches(struct sweep_task *task)
{
    const struct sweep_options *options = task->sweep->options;
    for (size_t i = 0; i < task->n_tunings; i++) {
        struct tuning *tuning = &task->tunings[i];
        struct configuration starts[2 + SWEEP_LESSON_STARTS + SWEEP_MODEL_STARTS + MANIFEST_STARTS_MAX + 8];
        tuning_rank(tuning, &task->sweep->info->device_class);
        struct search_options search = {.strategy = options->strategy,
                                        .seed = options->seed + i,
                                        .starts = starts,
                                        .prior = tuning->ranking ? ranking_prior : NULL,
                                        .prior_context = tuning->ranking};
        search.n_starts = sweep_starts(task, tuning, starts, sizeof starts / sizeof *starts);
        TRY(search_create(tuning->space, &search, &tuning->search));
    }
    return STATUS_OK;
}

/* How many trials; the whole space of all templates is known by now. */
static void limit_trials(struct sweep_task *task)
{
    const struct sweep_budget *budget = &task->sweep->options->budget;
    task->max_trials = budget->trials;
    if (budget->fraction > 0) task->max_trials = (uint64_t)ceil(budget->fraction * task->result.space_valid);
    if (!task->max_trials && !budget->time_ns) task->max_trials = SWEEP_DEFAULT_TRIALS;
}

enum status sweep_task_open(struct sweep_task *task)
{
    TRY(problem_key(&task->problem, task->sweep->info->class_text, task->key));
    TRY(open_tunings(task));
    if (!task->n_tunings || task->sweep->options->dry_run || task->sweep->options->confirm) return STATUS_OK;
    limit_trials(task);
    TRY(open_searches(task));
    return sweep_recall(task);
}

enum status sweep_task_session(struct sweep_task *task)
{
    const struct sweep_options *options = task->sweep->options;
    if (task->session) return STATUS_OK;
    struct trial_setting setting = {.backend = options->backend,
                                    .device = options->device,
                                    .info = task->sweep->info,
                                    .threads = options->threads,
                                    .problem = task->problem,
                                    .seed = options->seed + 1,
                                    .stop = options->stop_now,
                                    .busy_ns = &task->sweep->summary->busy_ns};
    if (options->budget.time_ns) {
        /* Under a time budget a trial's samples get a fortieth of the problem's share, 20 to 200 ms. */
        double share_ms = (double)options->budget.time_ns / 1e6 * task->sweep->shares[task->index] / 40;
        setting.measure_ms = (uint32_t)fmin(fmax(share_ms, 20), 200);
    }
    uint64_t begin_ns = clock_ns();
    enum status status = trial_open(&setting, &task->session);
    task->open_ns = clock_ns() - begin_ns;
    task->result.open_ns += task->open_ns;
    return status;
}

/* --- Searching. --- */

double sweep_best_ns(const struct sweep_task *task)
{
    double best_ns = 0;
    for (size_t i = 0; i < task->n_tunings; i++)
        if (task->tunings[i].best_ns > 0 && (best_ns == 0 || task->tunings[i].best_ns < best_ns))
            best_ns = task->tunings[i].best_ns;
    return best_ns;
}

/* The template whose turn it is: each gets a first look; after that one that is clearly behind the best
 * (1.5x) after eight trials waits until all others are finished. */
static struct tuning *next_tuning(struct sweep_task *task)
{
    double best_ns = sweep_best_ns(task);
    struct tuning *chosen = NULL;
    bool chosen_behind = true;
    for (size_t i = 0; i < task->n_tunings; i++) {
        struct tuning *tuning = &task->tunings[i];
        if (tuning->finished) continue;
        bool behind =
            tuning->told >= 8 && best_ns > 0 && (tuning->best_ns == 0 || tuning->best_ns > 1.5 * best_ns);
        if (!chosen || (chosen_behind && !behind) ||
            (chosen_behind == behind && tuning->told < chosen->told)) {
            chosen = tuning;
            chosen_behind = behind;
        }
    }
    return chosen;
}

bool sweep_task_is_over(const struct sweep_task *task)
{
    for (size_t i = 0; i < task->n_tunings; i++)
        if (!task->tunings[i].finished) return false;
    return !task->ahead;
}

/* Those that are compiled already count as tried. */
static uint64_t trials_left(const struct sweep_task *task)
{
    uint64_t begun = task->fresh_trials + (task->ahead ? task->ahead->n : 0);
    if (!task->max_trials) return UINT64_MAX;
    return task->max_trials > begun ? task->max_trials - begun : 0;
}

static bool budget_left(const struct sweep_task *task, uint64_t slice_end_ns)
{
    if (sweep_stopped(task->sweep)) return false;
    if (!task->ahead && !trials_left(task)) return false;
    return !slice_end_ns || clock_ns() < slice_end_ns;
}

/* However little time there is, a problem gets its default. */
static bool is_first_look(const struct sweep_task *task, uint64_t slice_end_ns)
{
    return !task->n_tried && slice_end_ns && !sweep_stopped(task->sweep);
}

/* A trial like those before, and a compile: a problem that began with kernels from the cache would else be
 * taken for a cheap one. */
double sweep_task_each_ns(const struct sweep_task *task)
{
    const struct sweep *sweep = task->sweep;
    double compile_ns = sweep->compiled ? (double)sweep->compile_ns / (double)sweep->compiled : 0;
    if (!task->fresh_trials) return 0;
    double trial_ns = (double)task->result.trial_ns / (double)task->fresh_trials;
    return sweep->overlaps ? fmax(compile_ns, trial_ns) : compile_ns + trial_ns;
}

/* Two candidates for each compile at once; fewer where the trials or the time left are for fewer, going by
 * those before. The first stands alone: where time is short, a problem still gets its default. */
static size_t batch_size(const struct sweep_task *task, uint64_t slice_end_ns)
{
    uint64_t size = task->sweep->options->jobs * 2, now_ns = clock_ns();
    if (size < 4) size = 4;
    if (size > SWEEP_BATCH_MAX) size = SWEEP_BATCH_MAX;
    if (trials_left(task) < size) size = trials_left(task);
    if (!slice_end_ns) return (size_t)size;
    if (!task->n_tried || slice_end_ns <= now_ns) return 1;
    double each_ns = sweep_task_each_ns(task);
    double fitting = each_ns > 0 ? (double)(slice_end_ns - now_ns) / each_ns : (double)size;
    /* Slices come again: one that begins to compile does so on all CPUs, for as many as there is time to try.
     */
    bool alone = task->sweep->n_problems == 1 || task->n_learned;
    double trial_ns = task->fresh_trials ? (double)task->result.trial_ns / (double)task->fresh_trials : 0;
    double tried = trial_ns > 0 ? (double)(slice_end_ns - now_ns) / trial_ns : (double)size;
    double least = alone ? 1 : fmin(task->sweep->options->jobs, fmax(1, tried));
    return (size_t)fmin(fmax(fitting, least), (double)size);
}

/* Asks for a batch and sees to its compiles. *out is NULL where the search has
 * nothing to ask for. */
static enum status begin_batch(struct sweep_task *task, size_t want, bool aside, struct sweep_batch **out)
{
    struct tuning *tuning;
    *out = NULL;
    while (want && (tuning = next_tuning(task))) {
        struct configuration batch[SWEEP_BATCH_MAX];
        bool waiting = task->ahead != NULL;
        size_t n = search_ask(tuning->search, batch, want, &tuning->finished);
        if (n) return sweep_batch_begin(task, tuning, batch, n, aside, out);
        if (waiting && !tuning->finished) return STATUS_OK; /* for results of what is on its way */
        tuning->finished = true; /* nothing is pending, so nothing more will come */
    }
    return STATUS_OK;
}

/* The batch to try now, and behind it the next one, which is compiled meanwhile. */
static enum status take_ahead(struct sweep_task *task, uint64_t slice_end_ns, struct sweep_batch **now)
{
    if (!task->ahead) TRY(begin_batch(task, batch_size(task, slice_end_ns), true, &task->ahead));
    *now = task->ahead;
    if (!*now) return STATUS_OK;
    /* Beside its first trial a lone problem compiles all it can; among others it might not come to try
     * them soon. */
    bool alone = task->sweep->n_problems == 1;
    size_t want = task->n_tried ? batch_size(task, slice_end_ns) : alone ? SWEEP_BATCH_MAX : 0;
    if (want > trials_left(task)) want = (size_t)trials_left(task);
    struct sweep_batch *next;
    enum status status = begin_batch(task, want, true, &next);
    task->ahead = status == STATUS_OK ? next : NULL;
    return status;
}

enum status sweep_task_batch(struct sweep_task *task, uint64_t slice_end_ns, bool *more)
{
    uint64_t begin_ns = clock_ns();
    struct sweep_batch *batch = NULL;
    *more = false;
    if (!budget_left(task, slice_end_ns) && !is_first_look(task, slice_end_ns)) return STATUS_OK;
    enum status status = task->sweep->overlaps
                             ? take_ahead(task, slice_end_ns, &batch)
                             : begin_batch(task, batch_size(task, slice_end_ns), false, &batch);
    *more = batch != NULL;
    if (status == STATUS_OK && batch) status = sweep_batch_finish(task, batch);
    sweep_batch_free(batch);
    task->search_ns += clock_ns() - begin_ns;
    if (status == STATUS_OK && *more) sweep_news(task);
    *more = *more && status == STATUS_OK;
    return status;
}

/* More than the least where launches are so long that default, winner and vendor library need it. */
double sweep_task_finals_ns(const struct sweep_task *task, double least_ns, double most_ns)
{
    return fmin(fmax(least_ns, 3 * SWEEP_FINALS_LAUNCHES * sweep_best_ns(task)), most_ns);
}
