/* autotune lint: what in a book is not to be believed, and what is worth knowing. */
#include "tuner/lint.h"

#include <stdlib.h>
#include <string.h>
#include "db/pin.h"
#include "frontends/cli/books.h"
#include "frontends/cli/command.h"
#include "frontends/cli/lint_report.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "tuner/base/classes.h"

struct lint_command {
    struct book *book;
    struct lint_book facts;
    struct lint_report report;
    char device_class[CLASS_TEXT_BYTES]; /* only this; "": all */
    uint64_t n_records;
};

static bool visit_finding(void *context, const struct lint_finding *finding)
{
    struct lint_command *command = context;
    char problem[PROBLEM_TEXT_BYTES], where[PROBLEM_TEXT_BYTES + CLASS_TEXT_BYTES + 8];
    struct key_parts parts;
    if (!lint_report_lists(&command->report, finding->rule)) {
        lint_report_add(&command->report, "", finding);
        return !*stop_flag();
    }
    bool known = key_parse(finding->key, strlen(finding->key), &parts) == STATUS_OK;
    book_key_text(finding->key, problem);
    snprintf(where, sizeof where, "%s%s%s%s", problem, known ? " (" : "", known ? parts.device_class : "",
             known ? ")" : "");
    lint_report_add(&command->report, where, finding);
    return !*stop_flag();
}

static bool is_wanted(const struct lint_command *command, const char *key)
{
    struct key_parts parts;
    return !*command->device_class || (key_parse(key, strlen(key), &parts) == STATUS_OK &&
                                       strcmp(parts.device_class, command->device_class) == 0);
}

static bool visit_record(void *context, const char *key, const struct record *record)
{
    struct lint_command *command = context;
    if (!is_wanted(command, key)) return !*stop_flag();
    command->n_records++;
    return lint_record(&command->facts.sources, key, record, visit_finding, command) && !*stop_flag();
}

/* A pin is worth knowing, and the entry that it brings is believed no more than a record's. */
static bool visit_pin(void *context, const char *key, const struct pin *pin)
{
    struct lint_command *command = context;
    struct lint_finding about = {.key = key, .entry = LINT_RECORD};
    if (!pin) talk_note("%s", status_message());
    if (!pin || !is_wanted(command, key)) return !*stop_flag();
    return lint_tell(visit_finding, command, &about, LINT_PINNED, "%s", pin->line) &&
           lint_record(&command->facts.sources, key, &pin->record, visit_finding, command) && !*stop_flag();
}

static enum status choose_class(const char *name, char out[CLASS_TEXT_BYTES])
{
    char target[32];
    uint32_t units, gbps;
    const struct device_class *known = name ? class_find(name) : NULL;
    *out = '\0';
    if (!name) return STATUS_OK;
    if (known)
        class_format(known, out);
    else
        TRY(class_parse(name, target, &units, &gbps));
    if (!known) snprintf(out, CLASS_TEXT_BYTES, "%s", name);
    return STATUS_OK;
}

static enum status lint_whole(struct lint_command *command, const struct settings *settings)
{
    TRY(lint_book_open(command->book, &command->facts));
    lint_report_begin(&command->report, settings->json);
    enum status status = book_each_record(command->book, "", visit_record, command);
    if (status == STATUS_OK) status = book_each_pin(command->book, visit_pin, command);
    lint_book_close(&command->facts);
    if (status == STATUS_OK && *stop_flag())
        status = status_fail(STATUS_INTERRUPTED, "%s: interrupted after %llu records",
                             book_path(command->book), (unsigned long long)command->n_records);
    TRY(status);
    return lint_report_end(&command->report, book_path(command->book), "records", command->n_records);
}

enum status command_lint(const struct settings *settings)
{
    struct lint_command *command = calloc(1, sizeof *command);
    struct layers layers = {0};
    struct text path = {0};
    if (!command) return status_fail(STATUS_NO_MEMORY, "no memory for a lint");
    enum status status = settings->arguments.n > 1
                             ? status_fail(STATUS_USAGE, "lint: takes one BOOK")
                             : choose_class(settings->device_class, command->device_class);
    stop_watch();
    if (status == STATUS_OK)
        status = book_user_path(settings->arguments.n ? settings->arguments.items[0] : NULL, &path);
    if (status == STATUS_OK) status = books_open(path.data, &layers);
    if (status == STATUS_OK) {
        command->book = layers.items[0];
        status = lint_whole(command, settings);
    }
    lint_report_free(&command->report);
    books_close(&layers);
    text_free(&path);
    free(command);
    return status;
}
