/* autotune [sweep]: from the command line to sweep_run, and its news to the terminal. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "frontends/cli/command.h"
#include "frontends/cli/books.h"
#include "frontends/cli/confirm.h"
#include "frontends/cli/place.h"
#include "frontends/cli/predict.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/shard.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/strategies.h"
#include "frontends/cli/sweep_report.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "tuner/base/progress.h"
#include "tuner/compile/compiler.h"

/* A device at work: alone, or with --gpus=all beside others, which write into one book. */
struct lane {
    struct sweep_command *command;
    const struct place *place;
    struct sweep_report report;
    double fraction;
    enum status status;
    char message[1024];
    pthread_t thread;
};

struct sweep_command {
    const struct settings *settings;
    struct problem_list problems;
    struct sweep_budget budget;
    struct template_set templates;
    struct places places;
    struct book *book;
    struct progress progress;
    struct sweep_report report;
    struct lane lanes[PLACES_MAX];
    unsigned side_by_side;
    pthread_mutex_t mutex; /* over the terminal, and the lanes' fractions */
};

/* The whole is as far as its lanes are together; what runs beside others says who it is. */
static void on_progress(void *context, double fraction, const char *line)
{
    struct lane *lane = context;
    struct sweep_command *command = lane->command;
    pthread_mutex_lock(&command->mutex);
    lane->fraction = fraction;
    double sum = 0;
    for (unsigned i = 0; i < command->side_by_side; i++) sum += command->lanes[i].fraction;
    if (command->side_by_side > 1)
        progress_show(&command->progress, sum / command->side_by_side, "%s:%u %s", lane->place->api->name,
                      lane->place->index, line);
    else
        progress_show(&command->progress, fraction, "%s", line);
    pthread_mutex_unlock(&command->mutex);
}

/* On a terminal each finished problem leaves its line; the table comes at the end. */
static void on_finished(void *context, const struct sweep_result *result)
{
    struct lane *lane = context;
    struct sweep_command *command = lane->command;
    struct text line = {0};
    sweep_report_add(&lane->report, result);
    if (command->settings->dry_run) return;
    sweep_report_line(result, &line);
    pthread_mutex_lock(&command->mutex);
    if (command->side_by_side > 1)
        progress_say(&command->progress, "%s:%u %s", lane->place->api->name, lane->place->index,
                     text_string(&line));
    else
        progress_say(&command->progress, "%s", text_string(&line));
    pthread_mutex_unlock(&command->mutex);
    text_free(&line);
}

/* What the command line alone can be wrong about, before anything is opened. */
static enum status check_words(struct sweep_command *command)
{
    const struct settings *settings = command->settings;
    TRY(check_strategy(settings->strategy));
    if (settings->budget)
        TRY(status_prefix(sweep_budget_parse(settings->budget, &command->budget), "--budget=%s",
                          settings->budget));
    TRY(problems_gather(settings, &command->problems));
    if (!command->problems.n)
        return status_fail(STATUS_USAGE,
                           "nothing to tune: name a PROBLEM ('gemm f32 nt m=16 n=4096 k=4096'), --model=NAME "
                           "or --shapes=FILE; see 'autotune --help'");
    return shard_apply(settings, &command->problems);
}

/* What the machine must have; asked before the book is touched, so that nothing half-made stays behind. */
static enum status prepare(struct sweep_command *command)
{
    const struct settings *settings = command->settings;
    TRY(template_set_load(settings->templates, &command->templates));
    TRY(settings->gpus ? places_open_gpus(settings, &command->places)
                       : places_open(settings, &command->places));
    if (settings->dry_run) return STATUS_OK;
    for (size_t i = 0; i < command->places.n; i++) {
        const struct compiler_api *compiler;
        struct text identity = {0};
        enum status status =
            compiler_for_target(command->places.items[i].info->device_class.target, &compiler, &identity);
        text_free(&identity);
        TRY(status);
    }
    TRY(book_open_writable(settings->book, &command->book));
    if (book_scratch(command->book))
        talk_note("%s is on a network file system: working in %s, published at the end",
                  book_path(command->book), book_scratch(command->book));
    return STATUS_OK;
}

static unsigned lane_jobs(const struct sweep_command *command)
{
    unsigned jobs = (unsigned)command->settings->jobs, lanes = command->side_by_side;
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (lanes < 2) return jobs;
    if (!jobs) jobs = cpus > 0 ? (unsigned)cpus : 1;
    return jobs / lanes ? jobs / lanes : 1;
}

static void *run_lane(void *context)
{
    struct lane *lane = context;
    struct sweep_command *command = lane->command;
    const struct settings *settings = command->settings;
    struct sweep_options options = {.budget = command->budget,
                                    .strategy = settings->strategy,
                                    .seed = (uint64_t)settings->seed,
                                    .jobs = lane_jobs(command),
                                    .backend = lane->place->api->name,
                                    .device = lane->place->index,
                                    .threads = (uint32_t)settings->threads,
                                    .templates = command->templates.items,
                                    .n_templates = command->templates.n,
                                    .fresh = settings->fresh,
                                    .retry_quarantined = settings->retry_quarantined,
                                    .dry_run = settings->dry_run,
                                    .book = command->book,
                                    .stop = stop_flag(),
                                    .stop_now = stop_now_flag(),
                                    .progress = on_progress,
                                    .finished = on_finished,
                                    .context = lane};
    struct sweep_summary summary;
    lane->status = sweep_run(&options, command->problems.items, command->problems.n, &summary);
    if (lane->status != STATUS_OK) snprintf(lane->message, sizeof lane->message, "%s", status_message());
    sweep_report_summary(&lane->report, &summary);
    return NULL;
}

/* What lanes found becomes one report, in their order. */
static void gather(struct sweep_command *command, struct lane *lane)
{
    sweep_report_device(&command->report, lane->place->api->name, lane->place->info);
    for (size_t i = 0; i < lane->report.n; i++)
        sweep_report_add(&command->report, &lane->report.items[i].result);
    sweep_report_summary(&command->report, &lane->report.summary);
    command->report.failed |= lane->report.failed;
    sweep_report_free(&lane->report);
}

/* Several devices share a time budget, one after the other; side by side each has all of it. */
static enum status run_all(struct sweep_command *command)
{
    size_t n = command->places.n;
    bool together = command->settings->gpus && n > 1;
    command->side_by_side = together ? (unsigned)n : 1;
    if (!together) command->budget.time_ns /= n;
    pthread_mutex_init(&command->mutex, NULL);
    progress_begin(&command->progress);
    enum status status = STATUS_OK;
    size_t begun = 0;
    for (; begun < n && status == STATUS_OK; begun++) {
        struct lane *lane = &command->lanes[begun];
        lane->command = command;
        lane->place = &command->places.items[begun];
        if (together && pthread_create(&lane->thread, NULL, run_lane, lane) == 0) continue;
        run_lane(lane);
        if (!together) status = lane->status;
        lane->thread = pthread_self();
    }
    for (size_t i = 0; i < begun; i++) {
        struct lane *lane = &command->lanes[i];
        if (together && !pthread_equal(lane->thread, pthread_self())) pthread_join(lane->thread, NULL);
        gather(command, lane);
    }
    progress_end(&command->progress);
    pthread_mutex_destroy(&command->mutex);
    for (size_t i = 0; i < begun; i++) {
        const struct lane *lane = &command->lanes[i];
        if (lane->status == STATUS_OK) continue;
        if (together)
            return status_fail(lane->status, "%s:%u: %s", lane->place->api->name, lane->place->index,
                               lane->message);
        return status_fail(lane->status, "%s", lane->message);
    }
    return STATUS_OK;
}

/* The report first: what was finished before an interruption counts. */
static enum status conclude(struct sweep_command *command, enum status status)
{
    char line[1024];
    snprintf(line, sizeof line, "%s", status_message());
    enum status close_status = book_close(command->book);
    command->book = NULL;
    if (status == STATUS_OK || status == STATUS_INTERRUPTED) {
        enum status report = sweep_report_print(&command->report, command->settings);
        if (status == STATUS_OK) status = close_status != STATUS_OK ? close_status : report;
        if (status == STATUS_INTERRUPTED) status_fail(status, "%s", line);
    } else {
        status_fail(status, "%s", line);
    }
    return status;
}

enum status command_sweep(const struct settings *settings)
{
    struct sweep_command command = {.settings = settings};
    if (settings->predict) return predict_command(settings);
    if (settings->confirm) return confirm_command(settings);
    enum status status = check_words(&command);
    if (status == STATUS_OK) status = prepare(&command);
    if (status == STATUS_OK) {
        stop_watch();
        status = conclude(&command, run_all(&command));
    }
    sweep_report_free(&command.report);
    book_close(command.book);
    places_close(&command.places);
    template_set_free(&command.templates);
    problems_free(&command.problems);
    return status;
}
