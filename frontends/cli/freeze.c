/* autotune freeze: books, or every template's default and named records, as one frozen book. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "frontends/cli/books.h"
#include "frontends/cli/command.h"
#include "frontends/cli/records.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "tuner/base/progress.h"
#include "tuner/defaults.h"

enum { TARGETS_MAX = 64, PATH_BYTES = 4096 };

/* What was written, in a form for people or programs. */
static enum status report(const struct settings *settings)
{
    struct book *book;
    struct book_counts counts;
    char bytes[NUMBER_BYTES];
    TRY(book_open(settings->output, BOOK_FROZEN, &book));
    enum status status = book_count(book, &counts);
    book_close(book);
    TRY(status);
    if (!settings->json) {
        printf("%s: %llu records, %llu kernels, %s\n", settings->output, (unsigned long long)counts.records,
               (unsigned long long)counts.kernels, number_bytes((double)counts.bytes, bytes));
        return STATUS_OK;
    }
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "book", settings->output);
    cJSON_AddNumberToObject(root, "records", (double)counts.records);
    cJSON_AddNumberToObject(root, "kernels", (double)counts.kernels);
    cJSON_AddNumberToObject(root, "bytes", (double)counts.bytes);
    return json_deliver(root);
}

static enum status freeze_books(const struct settings *settings)
{
    struct layers books = {0};
    enum status status = STATUS_OK;
    if (settings->arguments.n > LAYERS_MAX)
        return status_fail(STATUS_USAGE, "%zu books: at most %d at once", settings->arguments.n, LAYERS_MAX);
    for (size_t i = 0; i < settings->arguments.n && status == STATUS_OK; i++) {
        struct layers one;
        status = books_open(settings->arguments.items[i], &one);
        if (status == STATUS_OK) books.items[books.n++] = one.items[0];
    }
    if (status == STATUS_OK) status = book_freeze(books.items, books.n, settings->output);
    books_close(&books);
    return status;
}

/* "a,b" into words; `copy` holds them. */
static enum status split_targets(char *copy, const char **targets, size_t *n)
{
    *n = 0;
    for (char *save = NULL, *word = strtok_r(copy, ",", &save); word; word = strtok_r(NULL, ",", &save)) {
        if (*n == TARGETS_MAX) return status_fail(STATUS_USAGE, "--targets: more than %d", TARGETS_MAX);
        targets[(*n)++] = word;
    }
    return *n ? STATUS_OK
              : status_fail(STATUS_USAGE, "--targets: names no target; --targets=x86-64-v3,x86-64-v4");
}

static enum status check_targets(const struct template_set *templates, const char *const *targets, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *known[TARGETS_MAX];
        size_t n_known = 0;
        bool found = false;
        for (size_t t = 0; t < templates->n; t++) {
            found |= manifest_has_target(templates->items[t], targets[i]);
            for (const char *const *name = templates->items[t]->targets; *name && n_known < TARGETS_MAX;
                 name++)
                known[n_known++] = *name;
        }
        if (found) continue;
        const char *closest = text_closest(targets[i], known, n_known);
        return status_fail(STATUS_USAGE, "--targets: no template is for '%s'%s%s%s", targets[i],
                           closest ? "; did you mean '" : "", closest ? closest : "", closest ? "'?" : "");
    }
    return STATUS_OK;
}

static void on_progress(void *context, double fraction, const char *line)
{
    progress_show(context, fraction, "%s", line);
}

static enum status build(const struct settings *settings, const struct template_set *templates,
                         struct book *book)
{
    const char *targets[TARGETS_MAX];
    size_t n_targets = 0;
    char *copy = settings->targets ? strdup(settings->targets) : NULL;
    struct progress progress;
    struct defaults_options options = {.book = book,
                                       .templates = templates->items,
                                       .n_templates = templates->n,
                                       .jobs = (unsigned)settings->jobs,
                                       .stop = stop_flag(),
                                       .progress = on_progress,
                                       .context = &progress};
    struct defaults_summary summary = {0};
    enum status status = STATUS_OK;
    if (copy) status = split_targets(copy, targets, &n_targets);
    if (status == STATUS_OK) status = check_targets(templates, targets, n_targets);
    if (n_targets) options.targets = targets;
    options.n_targets = n_targets;
    progress_begin(&progress);
    if (status == STATUS_OK) status = defaults_build(&options, &summary);
    progress_end(&progress);
    free(copy);
    if (status == STATUS_OK && summary.failed)
        talk_note("%llu defaults did not compile; the first: %s", (unsigned long long)summary.failed,
                  summary.first_failure);
    if (status == STATUS_OK && !summary.records)
        status = status_fail(STATUS_UNAVAILABLE, "no default compiled here: %s",
                             *summary.first_failure ? summary.first_failure
                                                    : "no compiler makes the templates' targets");
    return status;
}

/* A live book in a folder of its own takes the kernels; what is kept is its frozen copy. */
static enum status freeze_compiled(const struct settings *settings)
{
    const char *temporary = getenv("TMPDIR");
    char folder[PATH_BYTES], path[PATH_BYTES + 16], lock[PATH_BYTES + 32];
    struct template_set templates;
    struct book *book = NULL;
    TRY(template_set_load(settings->templates, &templates));
    snprintf(folder, sizeof folder, "%s/autotune.XXXXXX", temporary && *temporary ? temporary : "/tmp");
    enum status status = STATUS_OK;
    if (!mkdtemp(folder)) status = status_fail_errno(STATUS_IO, "%s: cannot make a scratch folder", folder);
    if (status == STATUS_OK) {
        snprintf(path, sizeof path, "%s/defaults.book", folder);
        snprintf(lock, sizeof lock, "%s-lock", path);
        status = book_open(path, BOOK_WRITE, &book);
        if (status == STATUS_OK && settings->defaults) status = build(settings, &templates, book);
        if (status == STATUS_OK) status = records_import(settings, &templates, book);
        if (status == STATUS_OK) status = book_freeze(&book, 1, settings->output);
        book_close(book);
        unlink(path);
        unlink(lock);
        rmdir(folder);
    }
    template_set_free(&templates);
    return status;
}

/* Publishing over a book that is being read would take it from under its writers. */
static enum status check_output(const struct settings *settings)
{
    char *output = realpath(settings->output, NULL);
    enum status status = STATUS_OK;
    for (size_t i = 0; output && i < settings->arguments.n && status == STATUS_OK; i++) {
        char *book = realpath(settings->arguments.items[i], NULL);
        if (book && strcmp(book, output) == 0)
            status = status_fail(STATUS_USAGE, "-o %s: is one of the books to freeze; name another file",
                                 settings->output);
        free(book);
    }
    free(output);
    return status;
}

static bool compiles(const struct settings *settings)
{
    return settings->defaults || settings->records.n;
}

static enum status check(const struct settings *settings)
{
    if (!settings->output)
        return status_fail(STATUS_USAGE, "freeze: -o FILE is missing, the frozen book to write");
    if (compiles(settings) && settings->arguments.n)
        return status_fail(STATUS_USAGE, "%s: --%s takes no books", settings->arguments.items[0],
                           settings->defaults ? "defaults" : "records");
    if (!compiles(settings) && !settings->arguments.n)
        return status_fail(STATUS_USAGE,
                           "freeze: names no BOOK; --defaults compiles the templates' defaults");
    const char *only = settings->targets     ? "targets"
                       : settings->templates ? "templates"
                       : settings->jobs      ? "jobs"
                                             : NULL;
    if (!compiles(settings) && only)
        return status_fail(STATUS_USAGE, "--%s: goes with --defaults, which is missing", only);
    if (settings->targets && !settings->defaults)
        return status_fail(STATUS_USAGE, "--targets: goes with --defaults, which is missing");
    return check_output(settings);
}

enum status command_freeze(const struct settings *settings)
{
    TRY(check(settings));
    stop_watch();
    TRY(compiles(settings) ? freeze_compiled(settings) : freeze_books(settings));
    return report(settings);
}
