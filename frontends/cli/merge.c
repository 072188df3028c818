/* autotune merge: all that several books know, as one new book. */
#include "db/merge.h"
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/books.h"
#include "frontends/cli/command.h"
#include "frontends/cli/json_rows.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/timing_json.h"
#include "tuner/base/clock.h"
#include "tuner/lint.h"

struct talk {
    bool json;
    struct json_rows rows; /* conflicts, kept in a file until the book is there */
};

static cJSON *side_json(struct book *book, const struct record_entry *entry)
{
    char when[21];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "book", book_path(book));
    timing_json_add(object, &entry->timing);
    clock_format_utc(entry->measured_at_s, when);
    json_add_text(object, "measured_at", entry->measured_at_s ? when : NULL);
    return object;
}

/* What the environment says of itself; null where no book has it. */
static cJSON *facts_json(const struct merge_conflict *conflict)
{
    struct value json;
    if (book_get_environment(conflict->low_book, &conflict->low->environment, &json) != STATUS_OK &&
        book_get_environment(conflict->high_book, &conflict->low->environment, &json) != STATUS_OK)
        return cJSON_CreateNull();
    cJSON *facts = cJSON_ParseWithLength(json.bytes, json.size);
    value_free(&json);
    return facts ? facts : cJSON_CreateNull();
}

static void on_conflict(void *context, const struct merge_conflict *conflict)
{
    struct talk *talk = context;
    struct key_parts parts = {0};
    struct text kernel = {0};
    char problem[PROBLEM_TEXT_BYTES], hex[SHA256_HEX_BYTES], low[NUMBER_BYTES], high[NUMBER_BYTES];
    const struct record_entry *entry = conflict->low;
    book_key_text(conflict->key, problem);
    key_parse(conflict->key, strlen(conflict->key), &parts);
    book_kernel_text(conflict->low_book, &entry->kernel, &kernel);
    text_hex(entry->environment.bytes, sizeof entry->environment.bytes, hex);
    talk_note("conflict: %s on %s: %s takes %s in %s and %s in %s, in one environment (%.16s)", problem,
              parts.device_class, text_string(&kernel), number_time((double)entry->timing.median_ns, low),
              book_path(conflict->low_book), number_time((double)conflict->high->timing.median_ns, high),
              book_path(conflict->high_book), hex);
    text_free(&kernel);
    if (!talk->json) return;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "class", parts.device_class);
    cJSON_AddStringToObject(object, "environment", hex);
    cJSON_AddItemToObject(object, "facts", facts_json(conflict));
    text_hex(entry->kernel.bytes, sizeof entry->kernel.bytes, hex);
    cJSON_AddStringToObject(object, "kernel", hex);
    cJSON_AddItemToObject(object, "low", side_json(conflict->low_book, entry));
    cJSON_AddItemToObject(object, "high", side_json(conflict->high_book, conflict->high));
    json_rows_add(&talk->rows, object);
}

static enum status print_json(const char *path, const struct merge_counts *counts, FILE *conflicts)
{
    const struct {
        const char *name;
        uint64_t value;
    } members[] = {{"records", counts->records},
                   {"entries", counts->entries},
                   {"kernels", counts->kernels},
                   {"environments", counts->environments},
                   {"trials", counts->trials},
                   {"quarantined", counts->quarantined},
                   {"pins", counts->pins},
                   {"left_out", counts->left_out},
                   {"n_conflicts", counts->conflicts}};
    char block[4096];
    cJSON *head = cJSON_CreateObject();
    cJSON_AddStringToObject(head, "book", path);
    for (size_t i = 0; i < sizeof members / sizeof *members; i++)
        cJSON_AddNumberToObject(head, members[i].name, (double)members[i].value);
    rewind(conflicts);
    TRY(json_rows_begin(head, "conflicts"));
    for (size_t got; (got = fread(block, 1, sizeof block, conflicts));) fwrite(block, 1, got, stdout);
    json_rows_end();
    return STATUS_OK;
}

static enum status report(const struct settings *settings, const struct merge_counts *counts,
                          struct talk *talk)
{
    if (counts->left_out)
        talk_note("%llu entries were left out: a record holds the best %d",
                  (unsigned long long)counts->left_out, RECORD_ENTRIES_MAX);
    if (talk->json && (talk->rows.status != STATUS_OK || fflush(talk->rows.to)))
        return status_fail(STATUS_IO, "%s is written, but its conflicts could not be kept to be printed",
                           settings->output);
    if (talk->json)
        TRY(print_json(settings->output, counts, talk->rows.to));
    else
        printf("%s: %llu records, %llu entries, %llu kernels, %llu conflicts\n", settings->output,
               (unsigned long long)counts->records, (unsigned long long)counts->entries,
               (unsigned long long)counts->kernels, (unsigned long long)counts->conflicts);
    if (settings->fail_on_conflict && counts->conflicts)
        return status_fail(STATUS_NOT_FOUND, "%s: %llu conflicts", settings->output,
                           (unsigned long long)counts->conflicts);
    return STATUS_OK;
}

/* What physics forbids comes from nobody's book. */
static enum status check_record(void *context, const char *key, const struct record *record)
{
    (void)context;
    return lint_refuse(NULL, key, record);
}

static enum status merge_books(const struct settings *settings, struct book **books)
{
    struct talk talk = {.json = settings->json};
    struct merge_counts counts = {0};
    struct book_merge merge = {.books = books,
                               .path = settings->output,
                               .conflict = on_conflict,
                               .check = check_record,
                               .context = &talk,
                               .stop = stop_flag()};
    enum status status = STATUS_OK;
    for (; merge.n_books < settings->arguments.n && status == STATUS_OK; merge.n_books += status == STATUS_OK)
        status = book_open_one(settings->arguments.items[merge.n_books], &books[merge.n_books]);
    if (status == STATUS_OK && talk.json && !(talk.rows.to = tmpfile()))
        status = status_fail_errno(STATUS_IO, "cannot keep conflicts in a temporary file");
    if (status == STATUS_OK) status = book_merge(&merge, &counts);
    if (status == STATUS_OK) status = report(settings, &counts, &talk);
    if (talk.rows.to) fclose(talk.rows.to);
    while (merge.n_books > 0) book_close(books[--merge.n_books]);
    return status;
}

enum status command_merge(const struct settings *settings)
{
    size_t n = settings->arguments.n;
    if (!settings->output) return status_fail(STATUS_USAGE, "merge: -o FILE is missing, the book to write");
    if (n == 0 || n > MERGE_BOOKS_MAX)
        return status_fail(STATUS_USAGE, "merge: %zu books; 1 to %d can be merged at once", n,
                           MERGE_BOOKS_MAX);
    struct book **books = calloc(n, sizeof(struct book *));
    if (!books) return status_fail(STATUS_NO_MEMORY, "no memory for %zu books", n);
    stop_watch();
    enum status status = merge_books(settings, books);
    free(books);
    return status;
}
