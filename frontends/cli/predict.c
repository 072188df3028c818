#include "frontends/cli/predict.h"

#include <stdio.h>
#include <string.h>
#include "frontends/cli/books.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/shard.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "tuner/base/progress.h"
#include "tuner/compile/compiler.h"

struct predicting {
    const struct settings *settings;
    struct problem_list problems;
    struct template_set templates;
    struct book *book;
    struct progress progress;
    struct predict_report report;
    bool failed; /* the report found no memory */
};

static void on_progress(void *context, double fraction, const char *line)
{
    struct predicting *predicting = context;
    progress_show(&predicting->progress, fraction, "%s", line);
}

static void on_finished(void *context, const struct predict_result *result)
{
    struct predicting *predicting = context;
    char problem[PROBLEM_TEXT_BYTES], time[NUMBER_BYTES];
    problem_print(&result->problem, problem);
    if (result->n)
        progress_say(&predicting->progress, "%s: %s predicted, %s", problem,
                     number_time(result->choices[0].predicted_ns, time), result->choices[0].template_name);
    else
        progress_say(&predicting->progress, "%s: %s", problem, result->note);
    if (predict_report_add(&predicting->report, result) != STATUS_OK) predicting->failed = true;
}

/* What would be without effect here is refused. */
static enum status check_company(const struct settings *settings)
{
    const struct {
        const char *name;
        bool given;
    } useless[] = {{"confirm", settings->confirm},       {"device", settings->device != NULL},
                   {"gpus", settings->gpus != NULL},     {"threads", settings->threads != 0},
                   {"budget", settings->budget != NULL}, {"strategy", settings->strategy != NULL},
                   {"fresh", settings->fresh},           {"retry-quarantined", settings->retry_quarantined},
                   {"dry-run", settings->dry_run}};
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
        if (useless[i].given)
            return status_fail(STATUS_USAGE, "--%s: goes without --predict, which asks no device",
                               useless[i].name);
    return STATUS_OK;
}

/* There is a model of matrix products only: what a model's name means here is those. */
static enum status gather(const struct settings *settings, struct problem_list *out)
{
    struct settings products = *settings;
    if (!products.op && products.models.n) products.op = "gemm";
    return problems_gather(&products, out);
}

/* Whatever can be wrong is asked before the book is touched. */
static enum status prepare(struct predicting *predicting)
{
    const struct settings *settings = predicting->settings;
    char target[32];
    uint32_t units, gbps;
    const struct compiler_api *compiler;
    struct text identity = {0};
    TRY(check_company(settings));
    TRY(predict_class(settings, predicting->report.class_text));
    TRY(gather(settings, &predicting->problems));
    if (!predicting->problems.n)
        return status_fail(STATUS_USAGE, "nothing to predict: name a PROBLEM ('gemm bf16 nt m=16 n=4096 "
                                         "k=4096'), --model=NAME or --shapes=FILE; see 'autotune --help'");
    TRY(shard_apply(settings, &predicting->problems));
    TRY(template_set_load(settings->templates, &predicting->templates));
    TRY(class_parse(predicting->report.class_text, target, &units, &gbps));
    enum status status = compiler_for_target(target, &compiler, &identity);
    text_free(&identity);
    TRY(status);
    return book_open_writable(settings->book, &predicting->book);
}

static enum status run(struct predicting *predicting)
{
    const struct settings *settings = predicting->settings;
    struct predict_options options = {.class_text = predicting->report.class_text,
                                      .templates = predicting->templates.items,
                                      .n_templates = predicting->templates.n,
                                      .jobs = (unsigned)settings->jobs,
                                      .seed = (uint64_t)settings->seed,
                                      .book = predicting->book,
                                      .stop = stop_flag(),
                                      .progress = on_progress,
                                      .finished = on_finished,
                                      .context = predicting};
    stop_watch();
    progress_begin(&predicting->progress);
    enum status status = predict_run(&options, predicting->problems.items, predicting->problems.n,
                                     &predicting->report.summary);
    progress_end(&predicting->progress);
    return status;
}

/* The report first: what was finished before an interruption counts. */
static enum status conclude(struct predicting *predicting, enum status status)
{
    char line[1024];
    snprintf(line, sizeof line, "%s", status_message());
    enum status closed = book_close(predicting->book);
    predicting->book = NULL;
    if (status != STATUS_OK && status != STATUS_INTERRUPTED) return status_fail(status, "%s", line);
    if (status == STATUS_OK && closed != STATUS_OK) return closed;
    predicting->report.interrupted = status == STATUS_INTERRUPTED;
    enum status report = predict_report_print(&predicting->report, predicting->settings);
    if (status != STATUS_OK) return status_fail(status, "%s", line);
    if (predicting->failed)
        return status_fail(STATUS_NO_MEMORY, "no memory for the report; the book has everything");
    return report;
}

enum status predict_command(const struct settings *settings)
{
    struct predicting predicting = {.settings = settings};
    enum status status = prepare(&predicting);
    if (status == STATUS_OK) status = conclude(&predicting, run(&predicting));
    predict_report_free(&predicting.report);
    book_close(predicting.book);
    template_set_free(&predicting.templates);
    problems_free(&predicting.problems);
    return status;
}
