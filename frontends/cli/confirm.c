#include "frontends/cli/confirm.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "frontends/cli/books.h"
#include "frontends/cli/place.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "tuner/base/progress.h"

enum { CLASSES_MAX = 32, LIST_BYTES = 512 };

/* A problem of the book on a device class. */
struct booked {
    struct sweep_problem problem;
    char class_text[CLASS_TEXT_BYTES];
};

struct confirming {
    const struct settings *settings;
    struct problem_list wanted; /* only these; all of the book where empty */
    struct template_set templates;
    struct places places;
    struct book *book;
    struct booked *booked;
    size_t n_booked, capacity;
    const struct place *place; /* at work */
    struct progress progress;
    struct confirm_report report;
    bool failed; /* no memory on the way */
};

/* ---- what the book has ---- */

static bool is_wanted(const struct confirming *confirming, const struct problem *problem)
{
    if (!confirming->wanted.n) return true;
    for (size_t i = 0; i < confirming->wanted.n; i++) {
        const struct problem *wanted = &confirming->wanted.items[i].problem;
        if (wanted->op == problem->op && memcmp(wanted->value, problem->value, sizeof problem->value) == 0)
            return true;
    }
    return false;
}

static bool add_booked(struct confirming *confirming, const struct problem *problem, const char *class_text)
{
    if (confirming->n_booked == confirming->capacity) {
        size_t capacity = confirming->capacity ? 2 * confirming->capacity : 64;
        struct booked *larger = realloc(confirming->booked, capacity * sizeof *larger);
        if (!larger) return false;
        confirming->booked = larger;
        confirming->capacity = capacity;
    }
    struct booked *booked = &confirming->booked[confirming->n_booked++];
    *booked = (struct booked){.problem = {*problem, 1}};
    snprintf(booked->class_text, sizeof booked->class_text, "%s", class_text);
    return true;
}

static bool visit(void *context, const char *key, const struct record *record)
{
    struct confirming *confirming = context;
    struct problem problem;
    struct key_parts parts;
    bool any = false;
    for (uint32_t i = 0; i < record->n_entries; i++) any |= record->entries[i].evidence != EVIDENCE_DEFAULT;
    if (!any || !book_key_problem(key, &problem) || !is_wanted(confirming, &problem)) return true;
    if (key_parse(key, strlen(key), &parts) != STATUS_OK) return true;
    confirming->failed |= !add_booked(confirming, &problem, parts.device_class);
    return !confirming->failed;
}

/* "gfx942:304:5300 (mi300x)", each once. */
static void list_classes(const struct confirming *confirming, char out[LIST_BYTES])
{
    out[0] = 0;
    for (size_t i = 0; i < confirming->n_booked; i++) {
        const char *text = confirming->booked[i].class_text;
        const struct device_class *known = class_find(text);
        size_t used = strlen(out), before = 0;
        while (strcmp(confirming->booked[before].class_text, text) != 0) before++;
        if (before < i) continue;
        snprintf(out + used, LIST_BYTES - used, "%s%s%s%s%s", used ? ", " : "", text, known ? " (" : "",
                 known ? known->nickname : "", known ? ")" : "");
    }
}

static enum status read_book(struct confirming *confirming)
{
    struct text path = {0};
    enum status status = book_user_path(confirming->settings->book, &path);
    if (status == STATUS_OK && access(path.data, F_OK) != 0)
        status = status_fail(STATUS_IO, "%s: no such book", path.data);
    text_free(&path);
    TRY(status);
    TRY(book_open_writable(confirming->settings->book, &confirming->book));
    TRY(book_each_record(confirming->book, "", visit, confirming));
    if (confirming->failed) return status_fail(STATUS_NO_MEMORY, "no memory for the book's problems");
    if (confirming->n_booked) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND,
                       "%s: nothing to confirm: it has no record%s; 'autotune --predict' fills a book",
                       book_path(confirming->book), confirming->wanted.n ? " of these problems" : "");
}

/* ---- the devices ---- */

static size_t count_of_class(const struct confirming *confirming, const char *class_text)
{
    size_t n = 0;
    for (size_t i = 0; i < confirming->n_booked; i++)
        n += strcmp(confirming->booked[i].class_text, class_text) == 0;
    return n;
}

static enum status fail_absent(const struct confirming *confirming, const struct places *found)
{
    char of_book[LIST_BYTES], here[LIST_BYTES] = "";
    list_classes(confirming, of_book);
    for (size_t i = 0; i < found->n; i++) {
        size_t used = strlen(here);
        snprintf(here + used, sizeof here - used, "%s%s:%u (%s)", used ? ", " : "", found->items[i].api->name,
                 found->items[i].index, found->items[i].info->class_text);
    }
    return status_fail(STATUS_UNAVAILABLE, "%s is for %s; no such device here; found: %s%s%s",
                       book_path(confirming->book), of_book, *here ? here : "none",
                       *found->unopened ? "; " : "", found->unopened);
}

/* The devices meant, or all here, of a class that the book has: two of one class are measured on the first.
 */
static enum status choose_places(struct confirming *confirming)
{
    const struct settings *settings = confirming->settings;
    bool named = settings->arch || settings->device || settings->device_class;
    struct places all;
    TRY(named ? places_open(settings, &all) : places_open_all(settings, &all));
    struct places *chosen = &confirming->places;
    bool taken[PLACES_MAX] = {false};
    for (size_t i = 0; i < all.n; i++) {
        taken[i] = count_of_class(confirming, all.items[i].info->class_text) > 0;
        for (size_t j = 0; j < i && taken[i]; j++)
            if (taken[j] && strcmp(all.items[i].info->class_text, all.items[j].info->class_text) == 0)
                taken[i] = false;
    }
    enum status status = STATUS_OK;
    for (size_t i = 0; i < all.n; i++)
        if (taken[i]) chosen->items[chosen->n++] = all.items[i];
    if (!chosen->n) status = fail_absent(confirming, &all);
    for (size_t i = 0; i < all.n; i++)
        if (!taken[i]) place_close(&all.items[i]);
    return status;
}

/* ---- running ---- */

static void on_progress(void *context, double fraction, const char *line)
{
    struct confirming *confirming = context;
    progress_show(&confirming->progress, fraction, "%s", line);
}

static void on_finished(void *context, const struct sweep_result *result)
{
    struct confirming *confirming = context;
    char problem[PROBLEM_TEXT_BYTES], time[NUMBER_BYTES];
    if (result->n_confirmed) {
        problem_print(&result->problem, problem);
        progress_say(&confirming->progress, "%s: %s", problem,
                     result->has_best ? number_time((double)result->best.timing.median_ns, time)
                                      : result->note);
    }
    if (confirm_report_add(&confirming->report, confirming->place->info->class_text, result) != STATUS_OK)
        confirming->failed = true;
}

static enum status run_place(struct confirming *confirming, const struct place *place)
{
    const struct settings *settings = confirming->settings;
    size_t n = 0;
    struct sweep_problem *problems = calloc(confirming->n_booked, sizeof *problems);
    struct sweep_summary summary;
    if (!problems) return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", confirming->n_booked);
    for (size_t i = 0; i < confirming->n_booked; i++)
        if (strcmp(confirming->booked[i].class_text, place->info->class_text) == 0)
            problems[n++] = confirming->booked[i].problem;
    struct sweep_options options = {.seed = (uint64_t)settings->seed,
                                    .jobs = (unsigned)settings->jobs,
                                    .backend = place->api->name,
                                    .device = place->index,
                                    .threads = (uint32_t)settings->threads,
                                    .templates = confirming->templates.items,
                                    .n_templates = confirming->templates.n,
                                    .confirm = true,
                                    .retry_quarantined = settings->retry_quarantined,
                                    .book = confirming->book,
                                    .stop = stop_flag(),
                                    .stop_now = stop_now_flag(),
                                    .progress = on_progress,
                                    .finished = on_finished,
                                    .context = confirming};
    confirming->place = place;
    enum status status = sweep_run(&options, problems, n, &summary);
    confirming->report.summary.trials += summary.trials;
    confirming->report.summary.total_ns += summary.total_ns;
    confirming->report.summary.interrupted |= summary.interrupted;
    free(problems);
    return status;
}

static enum status check_company(const struct settings *settings)
{
    const struct {
        const char *name;
        bool given;
    } useless[] = {{"gpus", settings->gpus != NULL},   {"budget", settings->budget != NULL},
                   {"shard", settings->shard != NULL}, {"strategy", settings->strategy != NULL},
                   {"fresh", settings->fresh},         {"dry-run", settings->dry_run}};
    for (size_t i = 0; i < sizeof useless / sizeof *useless; i++)
        if (useless[i].given)
            return status_fail(STATUS_USAGE, "--%s: goes without --confirm, which searches nothing",
                               useless[i].name);
    return STATUS_OK;
}

static enum status prepare(struct confirming *confirming)
{
    const struct settings *settings = confirming->settings;
    TRY(check_company(settings));
    TRY(problems_gather(settings, &confirming->wanted));
    TRY(template_set_load(settings->templates, &confirming->templates));
    TRY(read_book(confirming));
    return choose_places(confirming);
}

/* The report first: what was finished before an interruption counts. */
static enum status run(struct confirming *confirming)
{
    enum status status = STATUS_OK;
    char line[1024];
    stop_watch();
    progress_begin(&confirming->progress);
    for (size_t i = 0; i < confirming->places.n && status == STATUS_OK; i++)
        status = run_place(confirming, &confirming->places.items[i]);
    progress_end(&confirming->progress);
    snprintf(line, sizeof line, "%s", status_message());
    if (status == STATUS_OK || status == STATUS_INTERRUPTED) {
        enum status report = confirm_report_print(&confirming->report, confirming->settings);
        if (status == STATUS_OK) return report;
    }
    return status_fail(status, "%s", line);
}

enum status confirm_command(const struct settings *settings)
{
    struct confirming confirming = {.settings = settings};
    char line[1024];
    enum status status = prepare(&confirming);
    if (status == STATUS_OK) status = run(&confirming);
    snprintf(line, sizeof line, "%s", status_message());
    places_close(&confirming.places);
    enum status closed = book_close(confirming.book);
    if (status != STATUS_OK)
        status_fail(status, "%s", line);
    else
        status = closed;
    if (status == STATUS_OK && confirming.failed)
        status = status_fail(STATUS_NO_MEMORY, "no memory for the report; the book has everything");
    confirm_report_free(&confirming.report);
    free(confirming.booked);
    template_set_free(&confirming.templates);
    problems_free(&confirming.wanted);
    return status;
}
