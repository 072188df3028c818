/* autotune [sweep]: from the command line to sweep_run, and its news to the terminal. */
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/books.h"
#include "frontends/cli/place.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/strategies.h"
#include "frontends/cli/sweep_report.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "tuner/base/progress.h"
#include "tuner/compile/compiler.h"

struct sweep_command {
    const struct settings *settings;
    struct problem_list problems;
    struct sweep_budget budget;
    struct template_set templates;
    struct places places;
    struct book *book;
    struct progress progress;
    struct sweep_report report;
};

static void on_progress(void *context, double fraction, const char *line)
{
    struct sweep_command *command = context;
    progress_show(&command->progress, fraction, "%s", line);
}

/* On a terminal each finished problem leaves its line; the table comes at the end. */
static void on_finished(void *context, const struct sweep_result *result)
{
    struct sweep_command *command = context;
    struct text line = {0};
    sweep_report_add(&command->report, result);
    if (command->settings->dry_run) return;
    sweep_report_line(result, &line);
    progress_say(&command->progress, "%s", text_string(&line));
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
    return STATUS_OK;
}

/* What the machine must have; asked before the book is touched, so that nothing half-made stays behind. */
static enum status prepare(struct sweep_command *command)
{
    const struct settings *settings = command->settings;
    TRY(template_set_load(settings->templates, &command->templates));
    TRY(places_open(settings, &command->places));
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

static enum status run_place(struct sweep_command *command, const struct place *place)
{
    const struct settings *settings = command->settings;
    struct sweep_options options = {.budget = command->budget,
                                    .strategy = settings->strategy,
                                    .seed = (uint64_t)settings->seed,
                                    .jobs = (unsigned)settings->jobs,
                                    .backend = place->api->name,
                                    .device = place->index,
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
                                    .context = command};
    struct sweep_summary summary;
    sweep_report_device(&command->report, place->api->name, place->info);
    enum status status = sweep_run(&options, command->problems.items, command->problems.n, &summary);
    sweep_report_summary(&command->report, &summary);
    return status;
}

/* Several devices share a time budget, one after the other. */
static enum status run_all(struct sweep_command *command)
{
    enum status status = STATUS_OK;
    command->budget.time_ns /= command->places.n;
    progress_begin(&command->progress);
    for (size_t i = 0; i < command->places.n && status == STATUS_OK; i++)
        status = run_place(command, &command->places.items[i]);
    progress_end(&command->progress);
    return status;
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
