#include "frontends/cli/bundles.h"

#include <string.h>
#include "db/bundle.h"
#include "frontends/cli/books.h"
#include "frontends/cli/bundle_trust.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "tuner/base/json.h"
#include "tuner/descriptor.h"
#include "tuner/lint.h"

struct importing {
    const struct settings *settings;
    struct text changes; /* --json: objects, with commas between */
};

static enum status check_descriptor(void *context, const struct descriptor *descriptor)
{
    (void)context;
    return descriptor_check(descriptor);
}

/* By what the record says alone: descriptors and environments are checked on their own. */
static enum status check_record(void *context, const char *key, const struct record *record)
{
    (void)context;
    return lint_refuse(NULL, key, record);
}

/* ---- what a dry run tells of each record ---- */

static uint64_t best_ns(const struct record *record)
{
    return record->n_entries ? record->entries[0].timing.median_ns : 0;
}

static void print_change(const char *problem, const char *device_class, enum bundle_change change,
                         uint64_t before_ns, uint64_t after_ns)
{
    char before[NUMBER_BYTES], after[NUMBER_BYTES];
    printf("%-8s  %s  %s", bundle_change_name(change), problem, device_class);
    if (change == BUNDLE_NEW)
        printf("  %s", number_time((double)after_ns, after));
    else if (before_ns != after_ns)
        printf("  %s -> %s", number_time((double)before_ns, before), number_time((double)after_ns, after));
    printf("\n");
}

static void add_change(struct importing *importing, const char *key, const char *problem,
                       enum bundle_change change, uint64_t before_ns, uint64_t after_ns)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "key", key);
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "change", bundle_change_name(change));
    json_add_ns(object, "before_ns", before_ns);
    json_add_ns(object, "after_ns", after_ns);
    if (importing->changes.size) text_append(&importing->changes, ",");
    json_print(object, false, &importing->changes);
    cJSON_Delete(object);
}

static void visit(void *context, const char *key, enum bundle_change change, const struct record *before,
                  const struct record *after)
{
    struct importing *importing = context;
    char problem[PROBLEM_TEXT_BYTES];
    struct key_parts parts = {0};
    if (change == BUNDLE_SAME) return;
    book_key_text(key, problem);
    key_parse(key, strlen(key), &parts);
    if (importing->settings->json)
        add_change(importing, key, problem, change, best_ns(before), best_ns(after));
    else
        print_change(problem, parts.device_class, change, best_ns(before), best_ns(after));
}

/* ---- and of all ---- */

static enum status report_json(struct importing *importing, const char *book,
                               const struct bundle_report *report)
{
    const struct settings *settings = importing->settings;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "file", settings->arguments.items[0]);
    cJSON_AddStringToObject(root, "book", book);
    cJSON_AddBoolToObject(root, "dry_run", settings->dry_run);
    cJSON_AddBoolToObject(root, "code", report->has_code);
    cJSON_AddBoolToObject(root, "trusted", report->trusted);
    cJSON_AddNumberToObject(root, "records", (double)report->counts.records);
    for (unsigned i = 0; i < BUNDLE_CHANGE_COUNT; i++) {
        char name[32];
        snprintf(name, sizeof name, "%s", bundle_change_name((enum bundle_change)i));
        for (char *c = name; *c; c++)
            if (*c == ' ') *c = '_';
        cJSON_AddNumberToObject(root, name, (double)report->changes[i]);
    }
    cJSON_AddNumberToObject(root, "left_out_entries", (double)report->left_out_entries);
    cJSON_AddNumberToObject(root, "new_kernels", (double)report->new_kernels);
    cJSON_AddNumberToObject(root, "new_environments", (double)report->new_environments);
    cJSON_AddNumberToObject(root, "new_sources", (double)report->new_sources);
    if (settings->dry_run) {
        struct text array = {0};
        text_format(&array, "[%s]", text_string(&importing->changes));
        cJSON_AddItemToObject(root, "changes", cJSON_CreateRaw(text_string(&array)));
        text_free(&array);
    }
    return json_deliver(root);
}

static void report_text(const struct importing *importing, const char *book,
                        const struct bundle_report *report)
{
    bool dry = importing->settings->dry_run;
    const char *separator = "";
    printf("%s: %s%llu records: ", book, dry ? "would take in " : "",
           (unsigned long long)report->counts.records);
    for (unsigned i = 0; i < BUNDLE_CHANGE_COUNT; i++) {
        if (!report->changes[i]) continue;
        printf("%s%llu %s", separator, (unsigned long long)report->changes[i],
               bundle_change_name((enum bundle_change)i));
        separator = ", ";
    }
    printf("; %llu new kernels\n", (unsigned long long)report->new_kernels);
    if (report->left_out_entries)
        talk_note(
            "%llu entries left out: the bundle has no code, and the book does not have their kernels; tune "
            "these problems here, or ask for a bundle with code",
            (unsigned long long)report->left_out_entries);
    if (dry && report->has_code && !report->trusted && !importing->settings->allow_unsigned)
        talk_note("the bundle holds code that nobody whom you trust has signed: importing it needs "
                  "--allow-unsigned");
}

enum status bundle_import_command(const struct settings *settings, const char *path)
{
    struct importing importing = {.settings = settings};
    struct text book = {0};
    struct bundle_report report;
    struct bundle_trust trust;
    struct bundle_import_options options = {.dry_run = settings->dry_run,
                                            .allow_unsigned = settings->allow_unsigned,
                                            .verifier = &trust.verifier,
                                            .stop = stop_flag(),
                                            .check_descriptor = check_descriptor,
                                            .check_record = check_record,
                                            .visit = visit,
                                            .context = &importing};
    stop_watch();
    enum status status = book_user_path(settings->book, &book);
    if (status == STATUS_OK) status = text_status(&book);
    enum status keys = bundle_trust_begin(settings, path, &trust);
    if (status == STATUS_OK) status = keys;
    if (status == STATUS_OK) status = bundle_import(path, book.data, &options, &report);
    if (status == STATUS_OK) status = text_status(&importing.changes);
    if (status == STATUS_OK && settings->json)
        status = report_json(&importing, book.data, &report);
    else if (status == STATUS_OK)
        report_text(&importing, book.data, &report);
    bundle_trust_free(&trust);
    text_free(&importing.changes);
    text_free(&book);
    return status;
}
