#include "tuner/sweep.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/selftest.h"
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
    return ((double)task->index + inside) / (double)sweep->n_problems;
}

void sweep_news(const struct sweep_task *task)
{
    const struct sweep_options *options = task->sweep->options;
    if (!options->progress) return;
    char problem[PROBLEM_TEXT_BYTES], line[PROBLEM_TEXT_BYTES + 160];
    problem_print(&task->problem, problem);
    double best_ns = sweep_best_ns(task);
    int size =
        snprintf(line, sizeof line, "[%zu/%zu] %s: %zu trials", task->index + 1, task->sweep->n_problems,
                 problem, task->confirmation ? (size_t)task->fresh_trials : task->n_tried);
    if (best_ns > 0 && size > 0 && (size_t)size < sizeof line)
        snprintf(line + size, sizeof line - (size_t)size, ", best %.1f us", best_ns / 1e3);
    options->progress(options->context, fraction_done(task), line);
}

/* --- One problem after the other. --- */

/* A quarter of a time budget is for the finals; up to three quarters where launches are long. */
static enum status search(struct sweep_task *task)
{
    const struct sweep *sweep = task->sweep;
    uint64_t budget_ns = sweep->options->budget.time_ns, begun_ns = clock_ns();
    uint64_t end_ns = budget_ns ? sweep->started_ns + budget_ns : 0;
    if (budget_ns && end_ns <= begun_ns) end_ns = begun_ns + 1;
    for (bool more = true; more;) {
        double share_ns = (double)(end_ns - begun_ns);
        if (end_ns)
            task->deadline_ns = end_ns - (uint64_t)sweep_task_finals_ns(task, share_ns / 4, share_ns * 3 / 4);
        TRY(sweep_task_batch(task, task->deadline_ns, &more));
    }
    task->deadline_ns = end_ns;
    return STATUS_OK;
}

static enum status work(struct sweep_task *task)
{
    TRY(sweep_task_open(task));
    if (task->sweep->options->confirm) return sweep_confirm(task);
    if (!task->n_tunings || task->sweep->options->dry_run) return STATUS_OK;
    TRY(sweep_task_session(task));
    TRY(search(task));
    sweep_lessons_take(task);
    return sweep_finals(task);
}

static enum status sweep_each(struct sweep *sweep, const struct sweep_problem *problems)
{
    for (size_t i = 0; i < sweep->n_problems && !sweep_stopped(sweep); i++) {
        struct sweep_task *task;
        uint64_t begin_ns = clock_ns();
        TRY(sweep_task_create(sweep, &problems[i], i, &task));
        enum status status = work(task);
        task->result.total_ns = clock_ns() - begin_ns;
        if (status == STATUS_OK) sweep_task_report(task);
        sweep_task_close(task);
        TRY(status);
    }
    return STATUS_OK;
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

/* Matrix instructions of these problems' types that no vendor tables: the device itself is asked, once,
 * before any kernel with them is believed. */
static enum status ask_instructions(const struct sweep *sweep, const struct device_api *api,
                                    struct device *device, const struct sweep_problem *problems)
{
    struct selftest_device on = {.api = api,
                                 .device = device,
                                 .target = sweep->info->device_class.target,
                                 .compiler = sweep->compiler,
                                 .identity = text_string(&sweep->compiler_identity),
                                 .stop = sweep->options->stop};
    for (size_t i = 0; api->own_memory && i < sweep->n_problems; i++) {
        const struct problem *problem = &problems[i].problem;
        for (unsigned f = 0; f < problem->op->n_fields; f++)
            if (problem->op->fields[f].kind == FIELD_TYPE)
                TRY(selftest_ensure_type(&on, (enum dtype)problem->value[f]));
    }
    return STATUS_OK;
}

/* Trials are the user's word for each problem; time flows to where it is worth most. */
static enum status sweep_all(struct sweep *sweep, const struct sweep_problem *problems)
{
    const struct sweep_options *options = sweep->options;
    TRY(sweep_shares_begin(sweep, problems, sweep->n_problems));
    TRY(sweep_lessons_begin(sweep, problems, sweep->n_problems));
    bool rounds = options->budget.time_ns && sweep->n_problems > 1 && !options->dry_run;
    enum status status = rounds ? sweep_rounds(sweep, problems) : sweep_each(sweep, problems);
    if (!sweep_stopped(sweep)) return status;
    if (status != STATUS_OK && status != STATUS_INTERRUPTED) return status;
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
                          .overlaps = api->own_memory,
                          .summary = summary,
                          .started_ns = clock_ns(),
                          .n_problems = n};
    pthread_mutex_init(&sweep.compiling, NULL);
    settled.threads = trial_host_threads(sweep.info, settled.threads);
    settled.jobs = settled.jobs ? settled.jobs : trial_host_threads(sweep.info, 0);
    enum status status =
        compiler_for_target(sweep.info->device_class.target, &sweep.compiler, &sweep.compiler_identity);
    if (status == STATUS_OK && !settled.dry_run) status = note_environment(&sweep);
    if (status == STATUS_OK && !settled.dry_run) status = ask_instructions(&sweep, api, device, problems);
    if (status == STATUS_OK) status = sweep_all(&sweep, problems);
    pthread_mutex_destroy(&sweep.compiling);
    free(sweep.shares);
    free(sweep.lessons);
    summary->total_ns = clock_ns() - sweep.started_ns;
    text_free(&sweep.compiler_identity);
    api->close(device);
    return status;
}
