#include "tuner/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/launch/problem_key.h"
#include "tuner/sweep_internal.h"

enum status sweep_budget_parse(const char *text, struct sweep_budget *out)
{
    static const struct {
        const char *suffix;
        double seconds;
    } units[] = {{"ms", 1e-3}, {"s", 1}, {"m", 60}, {"h", 3600}};
    char *end = NULL;
    double value = strtod(text, &end);
    struct sweep_budget budget = {0};
    bool known = false;
    if (end != text && isfinite(value) && value > 0 && value < 1e9) {
        if (*end == 0) {
            known = value == floor(value);
            budget.trials = (uint64_t)value;
        } else if (strcmp(end, "%") == 0) {
            known = value <= 100;
            budget.fraction = value / 100;
        }
        for (size_t i = 0; i < sizeof units / sizeof *units; i++)
            if (strcmp(end, units[i].suffix) == 0) {
                known = true;
                budget.time_ns = (uint64_t)(value * units[i].seconds * 1e9);
            }
    }
    if (!known)
        return status_fail(
            STATUS_USAGE,
            "bad budget '%s': a time for the sweep (60s, 5m, 1h), trials per problem (500) or a share of "
            "each space (10%%)",
            text);
    *out = budget;
    return STATUS_OK;
}

bool sweep_stopped(const struct sweep *sweep)
{
    return sweep->options->stop && *sweep->options->stop;
}

/* How far the sweep is, 0..1: by time where time is the budget, else by problems and trials. */
static double fraction_done(const struct sweep_task *task)
{
    const struct sweep *sweep = task->sweep;
    const struct sweep_budget *budget = &sweep->options->budget;
    if (budget->time_ns) return fmin(1.0, (double)(clock_ns() - sweep->started_ns) / (double)budget->time_ns);
    double inside = task->max_trials ? fmin(1.0, (double)task->fresh_trials / (double)task->max_trials) : 0;
    return ((double)sweep->index + inside) / (double)sweep->n_problems;
}

void sweep_news(struct sweep_task *task)
{
    const struct sweep_options *options = task->sweep->options;
    if (!options->progress) return;
    char problem[PROBLEM_TEXT_BYTES], line[PROBLEM_TEXT_BYTES + 160];
    problem_print(&task->problem, problem);
    uint64_t best_ns = 0;
    for (size_t i = 0; i < task->n_tried; i++)
        if (task->tried[i].verdict == VERDICT_OK && (!best_ns || task->tried[i].timing.median_ns < best_ns))
            best_ns = task->tried[i].timing.median_ns;
    int size = snprintf(line, sizeof line, "[%zu/%zu] %s: %zu trials", task->sweep->index + 1,
                        task->sweep->n_problems, problem, task->n_tried);
    if (best_ns && size > 0 && (size_t)size < sizeof line)
        snprintf(line + size, sizeof line - (size_t)size, ", best %.1f us", (double)best_ns / 1e3);
    options->progress(options->context, fraction_done(task), line);
}

/* --- One problem. --- */

static int by_specificity(const void *a, const void *b)
{
    const struct manifest *const *left = a, *const *right = b;
    if ((*left)->n_accepts != (*right)->n_accepts) return (*left)->n_accepts > (*right)->n_accepts ? -1 : 1;
    return strcmp((*left)->name, (*right)->name);
}

/* Opens a tuning for every template that accepts the problem; why the others do not goes into the result's
 * note. */
static enum status open_tunings(struct sweep_task *task)
{
    const struct sweep_options *options = task->sweep->options;
    const struct manifest *order[SWEEP_TEMPLATES_MAX];
    size_t n = options->n_templates < SWEEP_TEMPLATES_MAX ? options->n_templates : SWEEP_TEMPLATES_MAX;
    for (size_t i = 0; i < n; i++) order[i] = options->templates[i];
    qsort(order, n, sizeof *order, by_specificity);
    for (size_t i = 0; i < n; i++) {
        struct tuning *tuning = &task->tunings[task->n_tunings];
        enum status status = tuning_open(&task->scene, order[i], tuning);
        if (status == STATUS_NOT_COVERED) {
            tuning_close(tuning);
            size_t used = strlen(task->result->note);
            snprintf(task->result->note + used, sizeof task->result->note - used, "%s%s", used ? "; " : "",
                     status_message());
            continue;
        }
        TRY(status);
        bool exact;
        task->result->space_valid += (double)space_count(tuning->space, &exact);
        task->result->space_raw += space_raw_count(tuning->space);
        task->n_tunings++;
    }
    if (task->n_tunings)
        task->result->note[0] = 0;
    else if (!n)
        snprintf(task->result->note, sizeof task->result->note, "no templates for this op");
    return STATUS_OK;
}

static enum status open_searches(struct sweep_task *task)
{
    const struct sweep_options *options = task->sweep->options;
    for (size_t i = 0; i < task->n_tunings; i++) {
        struct configuration starts[2 + MANIFEST_STARTS_MAX + 8];
        struct search_options search = {
            .strategy = options->strategy, .seed = options->seed + i, .starts = starts};
        search.n_starts = sweep_starts(task, &task->tunings[i], starts, sizeof starts / sizeof *starts);
        TRY(search_create(task->tunings[i].space, &search, &task->tunings[i].search));
    }
    return STATUS_OK;
}

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

static bool budget_left(const struct sweep_task *task)
{
    if (sweep_stopped(task->sweep)) return false;
    if (task->max_trials && task->fresh_trials >= task->max_trials) return false;
    return !task->deadline_ns || clock_ns() < task->deadline_ns;
}

/* Two candidates for each compile at once; fewer where the trials or the time left are for fewer, going by
 * those before. The first stands alone: where time is short, a problem still gets its default. */
static size_t batch_size(const struct sweep_task *task, uint64_t begun_ns)
{
    uint64_t size = task->sweep->options->jobs * 2, now_ns = clock_ns();
    if (size < 4) size = 4;
    if (size > SWEEP_BATCH_MAX) size = SWEEP_BATCH_MAX;
    if (task->max_trials && task->max_trials - task->fresh_trials < size)
        size = task->max_trials - task->fresh_trials;
    if (!task->deadline_ns) return (size_t)size;
    if (!task->n_tried || task->deadline_ns <= now_ns) return 1;
    uint64_t each_ns = task->fresh_trials ? (now_ns - begun_ns) / task->fresh_trials : 0;
    uint64_t fitting = each_ns ? (task->deadline_ns - now_ns) / each_ns : size;
    return (size_t)(fitting < 1 ? 1 : fitting < size ? fitting : size);
}

static bool is_first_look(const struct sweep_task *task)
{
    return !task->n_tried && task->deadline_ns && !sweep_stopped(task->sweep);
}

/* A quarter of the time is for the finals; more, up to three quarters, where launches are so long that
 * default, winner and vendor library need it. */
static void reserve_finals(struct sweep_task *task, uint64_t begun_ns, uint64_t end_ns)
{
    if (end_ns <= begun_ns) return;
    double share_ns = (double)(end_ns - begun_ns), reserve_ns = share_ns / 4;
    reserve_ns = fmax(reserve_ns, 3 * SWEEP_FINALS_LAUNCHES * sweep_best_ns(task));
    task->deadline_ns = end_ns - (uint64_t)fmin(reserve_ns, share_ns * 3 / 4);
}

static enum status search_rounds(struct sweep_task *task)
{
    uint64_t begun_ns = clock_ns(), end_ns = task->deadline_ns;
    reserve_finals(task, begun_ns, end_ns);
    struct tuning *tuning;
    while ((budget_left(task) || is_first_look(task)) && (tuning = next_tuning(task))) {
        struct configuration batch[SWEEP_BATCH_MAX];
        size_t want = batch_size(task, begun_ns);
        size_t n = search_ask(tuning->search, batch, want, &tuning->finished);
        if (n == 0) {
            tuning->finished = true; /* nothing is pending between batches, so nothing more will come */
            continue;
        }
        TRY(sweep_batch(task, tuning, batch, n));
        sweep_news(task);
        reserve_finals(task, begun_ns, end_ns);
    }
    task->deadline_ns = end_ns;
    return STATUS_OK;
}

static enum status open_session(struct sweep_task *task)
{
    const struct sweep_options *options = task->sweep->options;
    struct trial_setting setting = {.backend = options->backend,
                                    .device = options->device,
                                    .threads = options->threads,
                                    .problem = task->problem,
                                    .seed = options->seed + 1,
                                    .stop = options->stop_now};
    if (task->deadline_ns) {
        /* Under a time budget a trial's samples get a fortieth of the problem's share, 20 to 200 ms. */
        uint64_t share_ms = (task->deadline_ns - clock_ns()) / 1000000 / 40;
        setting.measure_ms = (uint32_t)(share_ms < 20 ? 20 : share_ms > 200 ? 200 : share_ms);
    }
    return trial_open(&setting, &task->session);
}

static void set_budget(struct sweep_task *task)
{
    const struct sweep_budget *budget = &task->sweep->options->budget;
    const struct sweep *sweep = task->sweep;
    if (budget->time_ns) {
        uint64_t end_ns = sweep->started_ns + budget->time_ns, now_ns = clock_ns();
        uint64_t left_ns = end_ns > now_ns ? end_ns - now_ns : 0;
        task->deadline_ns = now_ns + (uint64_t)((double)left_ns * sweep_share(sweep));
        if (task->deadline_ns == now_ns) task->deadline_ns++;
    }
    task->max_trials = budget->trials;
    if (budget->fraction > 0) task->max_trials = (uint64_t)ceil(budget->fraction * task->result->space_valid);
    if (!task->max_trials && !budget->time_ns) task->max_trials = SWEEP_DEFAULT_TRIALS;
}

/* Each problem gets its default tried however little time is left to it; but a budget that is far too short
 * for all of them is overrun by half at most, and the last problems wait for the next sweep. */
static bool must_wait(const struct sweep_task *task)
{
    const struct sweep *sweep = task->sweep;
    uint64_t budget_ns = sweep->options->budget.time_ns;
    return sweep->index && budget_ns && clock_ns() - sweep->started_ns > budget_ns + budget_ns / 2;
}

static enum status work(struct sweep_task *task)
{
    TRY(problem_key(&task->problem, task->sweep->info->class_text, task->key));
    TRY(open_tunings(task));
    if (!task->n_tunings || task->sweep->options->dry_run) return STATUS_OK;
    if (must_wait(task)) {
        snprintf(task->result->note, sizeof task->result->note,
                 "not tried: the budget ended before its turn; the same command goes on");
        return STATUS_OK;
    }
    set_budget(task);
    TRY(open_searches(task));
    TRY(sweep_recall(task));
    TRY(open_session(task));
    TRY(search_rounds(task));
    return sweep_finals(task);
}

static enum status tune(struct sweep *sweep, const struct sweep_problem *problem, struct sweep_result *result)
{
    struct sweep_task *task = calloc(1, sizeof *task);
    if (!task) return status_fail(STATUS_NO_MEMORY, "no memory for a sweep");
    uint64_t begin_ns = clock_ns();
    *result = (struct sweep_result){.problem = problem->problem, .calls = problem->calls};
    task->sweep = sweep;
    task->problem = problem->problem;
    task->result = result;
    task->scene = (struct tuning_scene){&task->problem, &sweep->info->facts, sweep->info->device_class.target,
                                        sweep->compiler, text_string(&sweep->compiler_identity)};
    enum status status = work(task);
    trial_close(task->session);
    for (size_t i = 0; i < task->n_tunings; i++) tuning_close(&task->tunings[i]);
    free(task->tried);
    free(task->earlier);
    result->total_ns = clock_ns() - begin_ns;
    race_saved(&task->race, &result->racing);
    race_saving_add(&sweep->summary->racing, &result->racing);
    sweep->summary->tuned += result->has_best;
    sweep->summary->trials += task->fresh_trials;
    sweep->summary->compiled += result->compiled;
    sweep->summary->compile_hits += result->compile_hits;
    sweep->summary->compile_ns += result->compile_ns;
    sweep->summary->trial_ns += result->trial_ns;
    free(task);
    return status;
}

/* --- The sweep. --- */

static enum status note_environment(struct sweep *sweep)
{
    const struct sweep_options *options = sweep->options;
    struct trial_setting setting = {
        .backend = options->backend, .device = options->device, .threads = options->threads};
    struct text json = {0};
    enum status status = trial_environment(&setting, text_string(&sweep->compiler_identity), &json);
    if (status == STATUS_OK)
        status = book_put_environment(options->book, text_string(&json), &sweep->environment);
    for (size_t i = 0; status == STATUS_OK && i < options->n_templates; i++) {
        const struct manifest *manifest = options->templates[i];
        struct text both = {0};
        text_format(&both, "%s\n%s", manifest->json, manifest->source);
        status = text_status(&both);
        if (status == STATUS_OK)
            status = book_put_source(options->book, &manifest->hash, both.data, both.size);
        text_free(&both);
    }
    text_free(&json);
    return status;
}

static enum status sweep_each(struct sweep *sweep, const struct sweep_problem *problems, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (sweep_stopped(sweep)) break;
        struct sweep_result result;
        sweep->index = i;
        enum status status = tune(sweep, &problems[i], &result);
        if (status == STATUS_INTERRUPTED) break;
        TRY(status);
        sweep->summary->problems++;
        if (sweep->options->finished) sweep->options->finished(sweep->options->context, &result);
    }
    if (!sweep_stopped(sweep)) return STATUS_OK;
    sweep->summary->interrupted = true;
    return status_fail(STATUS_INTERRUPTED,
                       "interrupted; everything finished is in the book, the same command resumes");
}

enum status sweep_run(const struct sweep_options *options, const struct sweep_problem *problems, size_t n,
                      struct sweep_summary *summary)
{
    struct sweep_options settled = *options;
    memset(summary, 0, sizeof *summary);
    const struct device_api *api = device_find(options->backend);
    if (!api) return status_fail(STATUS_UNAVAILABLE, "no backend '%s' in this program", options->backend);
    struct device *device = NULL;
    struct device_options device_options = {.threads = options->threads, .measure_class = true};
    TRY(api->open(options->device, &device_options, &device));
    struct sweep sweep = {.options = &settled,
                          .info = api->info(device),
                          .summary = summary,
                          .started_ns = clock_ns(),
                          .n_problems = n};
    settled.threads = settled.threads ? settled.threads : sweep.info->device_class.units;
    settled.jobs = settled.jobs ? settled.jobs : sweep.info->device_class.units;
    enum status status =
        compiler_for_target(sweep.info->device_class.target, &sweep.compiler, &sweep.compiler_identity);
    if (status == STATUS_OK && !settled.dry_run) status = note_environment(&sweep);
    if (status == STATUS_OK) status = sweep_shares_begin(&sweep, problems, n);
    if (status == STATUS_OK) status = sweep_each(&sweep, problems, n);
    free(sweep.weights);
    summary->total_ns = clock_ns() - sweep.started_ns;
    text_free(&sweep.compiler_identity);
    api->close(device);
    return status;
}
