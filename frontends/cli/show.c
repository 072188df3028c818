/* autotune show: the records of a book. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "frontends/cli/command.h"
#include "frontends/cli/find.h"
#include "frontends/cli/place.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/timing_json.h"
#include "tuner/base/clock.h"
#include "tuner/launch/problem_key.h"

struct show {
    const struct settings *settings;
    struct book *book;
    const char *prefix;           /* of keys */
    struct problem_list problems; /* only these; all where empty */
    struct table table;
    cJSON *records;
    size_t n_found;
    uint64_t n_rows, n_trial_tables; /* printed so far */
};

static const char *const headings[] = {"problem",        "class",    "time",    "default",
                                       "vendor library", "evidence", "entries", "best"};

static bool is_wanted(const struct show *show, const char *key)
{
    struct problem problem;
    if (!show->problems.n) return true;
    if (!book_key_problem(key, &problem)) return false;
    for (size_t i = 0; i < show->problems.n; i++) {
        const struct problem *wanted = &show->problems.items[i].problem;
        if (wanted->op == problem.op && memcmp(wanted->value, problem.value, sizeof problem.value) == 0)
            return true;
    }
    return false;
}

static void class_of(const char *key, char out[CLASS_TEXT_BYTES])
{
    struct key_parts parts;
    bool known = key_parse(key, strlen(key), &parts) == STATUS_OK;
    snprintf(out, CLASS_TEXT_BYTES, "%s", known ? parts.device_class : "?");
}

static void add_row(struct show *show, const char *key, const struct record *record)
{
    char problem[PROBLEM_TEXT_BYTES], class_text[CLASS_TEXT_BYTES], time[NUMBER_BYTES];
    const struct record_entry *best = record->n_entries ? &record->entries[0] : NULL;
    struct text kernel = {0};
    book_key_text(key, problem);
    class_of(key, class_text);
    if (best) book_kernel_text(show->book, &best->kernel, &kernel);
    table_add(&show->table, "%s", problem);
    table_add(&show->table, "%s", class_text);
    table_add(&show->table, "%s", number_time(best ? (double)best->timing.median_ns : 0, time));
    table_add(&show->table, "%s", number_time((double)record->default_ns, time));
    table_add(&show->table, "%s", number_time((double)record->baseline_ns, time));
    table_add(&show->table, "%s", best ? evidence_name((enum evidence)best->evidence) : "-");
    table_add(&show->table, "%u", record->n_entries);
    table_add(&show->table, "%s", text_string(&kernel));
    text_free(&kernel);
}

static cJSON *entry_json(struct show *show, const struct record_entry *entry)
{
    char hex[SHA256_HEX_BYTES], when[21];
    cJSON *object = cJSON_CreateObject();
    struct value bytes = {0};
    struct descriptor descriptor;
    bool known = book_get_descriptor(show->book, &entry->kernel, &bytes, &descriptor) == STATUS_OK;
    json_add_text(object, "template", known ? descriptor.template_name : NULL);
    json_add_text(object, "configuration", known ? descriptor.configuration : NULL);
    json_add_text(object, "target", known ? descriptor.target : NULL);
    json_add_text(object, "problem", known ? NULL : status_message());
    text_hex(entry->kernel.bytes, sizeof entry->kernel.bytes, hex);
    cJSON_AddStringToObject(object, "kernel", hex);
    text_hex(entry->environment.bytes, sizeof entry->environment.bytes, hex);
    cJSON_AddStringToObject(object, "environment", hex);
    cJSON_AddStringToObject(object, "evidence", evidence_name((enum evidence)entry->evidence));
    cJSON_AddBoolToObject(object, "verified", entry->verified);
    timing_json_add(object, &entry->timing);
    clock_format_utc(entry->measured_at_s, when);
    json_add_text(object, "measured_at", entry->measured_at_s ? when : NULL);
    value_free(&bytes);
    return object;
}

static cJSON *record_json(struct show *show, const char *key, const struct record *record)
{
    char problem[PROBLEM_TEXT_BYTES], class_text[CLASS_TEXT_BYTES];
    book_key_text(key, problem);
    class_of(key, class_text);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "key", key);
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "class", class_text);
    json_add_ns(object, "default_ns", record->default_ns);
    json_add_ns(object, "baseline_ns", record->baseline_ns);
    json_add_text(object, "baseline", record->baseline_name);
    struct pin pin;
    bool pinned = book_get_pin(show->book, key, &pin) == STATUS_OK;
    cJSON *pinned_to = pin_json(pinned ? &pin : NULL);
    if (pinned) cJSON_AddItemToObject(pinned_to, "entry", entry_json(show, &pin.record.entries[0]));
    cJSON_AddItemToObject(object, "pin", pinned_to);
    cJSON *entries = cJSON_AddArrayToObject(object, "entries");
    for (uint32_t i = 0; i < record->n_entries; i++)
        cJSON_AddItemToArray(entries, entry_json(show, &record->entries[i]));
    return object;
}

/* Behind the table: what programs get in place of the best. */
static void print_pin(struct show *show, const char *key)
{
    char problem[PROBLEM_TEXT_BYTES], class_text[CLASS_TEXT_BYTES];
    struct pin pin;
    struct text kernel = {0};
    if (book_get_pin(show->book, key, &pin) != STATUS_OK) return;
    book_key_text(key, problem);
    class_of(key, class_text);
    book_kernel_text(show->book, &pin.record.entries[0].kernel, &kernel);
    printf("%s on %s: %s: %s\n", problem, class_text, pin.line, text_string(&kernel));
    text_free(&kernel);
}

/* Trials as text rows under their record, or as JSON in it. */
struct trial_list {
    struct table *table;
    cJSON *array;
};

static bool visit_trial(void *context, uint64_t sequence, const struct trial *trial)
{
    struct trial_list *list = context;
    char time[NUMBER_BYTES];
    if (list->array) {
        cJSON *object = cJSON_CreateObject();
        cJSON_AddNumberToObject(object, "sequence", (double)sequence);
        cJSON_AddStringToObject(object, "verdict", verdict_name((enum verdict)trial->verdict));
        cJSON_AddNumberToObject(object, "attempts", trial->attempts);
        cJSON_AddStringToObject(object, "configuration", trial->configuration);
        json_add_text(object, "detail", trial->detail);
        timing_json_add(object, &trial->timing);
        cJSON_AddItemToArray(list->array, object);
        return true;
    }
    table_add(list->table, "%s", verdict_name((enum verdict)trial->verdict));
    table_add(list->table, "%s", number_time((double)trial->timing.median_ns, time));
    table_add(list->table, "%s", trial->configuration);
    table_add(list->table, "%s", trial->detail);
    return true;
}

static enum status print_trials(struct show *show, const char *key)
{
    static const char *const trial_headings[] = {"verdict", "time", "candidate", "detail"};
    struct table table = {.headings = trial_headings, .align = "lrll", .n_columns = 4};
    struct trial_list list = {.table = &table};
    char problem[PROBLEM_TEXT_BYTES];
    book_key_text(key, problem);
    enum status status = book_each_trial(show->book, key, visit_trial, &list);
    if (show->n_rows || show->n_trial_tables++) printf("\n");
    printf("%s\n", problem);
    table_print(&table);
    return status;
}

struct key_list {
    char **items;
    size_t n, capacity;
};

static bool add_key(struct key_list *list, const char *key)
{
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        char **items = realloc(list->items, capacity * sizeof *items);
        if (!items) return false;
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->n] = strdup(key);
    return list->items[list->n++] != NULL;
}

struct walk {
    struct show *show;
    struct key_list keys;
    bool failed;
};

static bool collect_key(void *context, const char *key, const struct record *record)
{
    struct walk *walk = context;
    (void)record;
    if (!is_wanted(walk->show, key)) return true;
    walk->failed = !add_key(&walk->keys, key);
    return !walk->failed;
}

static bool is_collected(const struct key_list *list, const char *key)
{
    for (size_t i = 0; i < list->n; i++)
        if (strcmp(list->items[i], key) == 0) return true;
    return false;
}

static bool note_any(void *context, uint64_t sequence, const struct trial *trial)
{
    (void)sequence, (void)trial;
    *(bool *)context = true;
    return false;
}

/* A problem where no candidate passed has trials but no record; its key follows from the device here. */
static enum status collect_tried(struct show *show, const char *device_class, struct key_list *list)
{
    for (size_t i = 0; i < show->problems.n; i++) {
        char key[KEY_BYTES_MAX + 1];
        bool any = false;
        TRY(problem_key(&show->problems.items[i].problem, device_class, key));
        if (is_collected(list, key)) continue;
        TRY(book_each_trial(show->book, key, note_any, &any));
        if (any && !add_key(list, key))
            return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", list->n);
    }
    return STATUS_OK;
}

static enum status collect_tried_here(struct show *show, struct key_list *list)
{
    struct places places;
    if (!show->settings->trials || !show->problems.n) return STATUS_OK;
    TRY(places_open(show->settings, &places));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < places.n && status == STATUS_OK; i++)
        status = collect_tried(show, places.items[i].info->class_text, list);
    places_close(&places);
    return status;
}

/* Trials without a record are an object like the others, without times and entries. */
static enum status show_record(struct show *show, const char *key)
{
    struct record record = {0};
    enum status status = book_get_record(show->book, key, &record);
    if (status == STATUS_NOT_FOUND && !(show->settings->trials && show->problems.n))
        return STATUS_OK; /* gone since the walk */
    if (status != STATUS_NOT_FOUND) TRY(status);
    if (!show->records) {
        if (status == STATUS_OK) add_row(show, key, &record);
        show->n_rows += status == STATUS_OK;
        return STATUS_OK;
    }
    cJSON *object = record_json(show, key, &record);
    cJSON_AddItemToArray(show->records, object);
    if (!show->settings->trials) return STATUS_OK;
    struct trial_list list = {.array = cJSON_AddArrayToObject(object, "trials")};
    return book_each_trial(show->book, key, visit_trial, &list);
}

/* Keys first, then each record: the walk over the book stays short. */
static enum status show_records(struct show *show)
{
    struct walk walk = {.show = show};
    enum status status = book_each_record(show->book, show->prefix, collect_key, &walk);
    if (walk.failed) status = status_fail(STATUS_NO_MEMORY, "no memory for %zu records", walk.keys.n);
    if (status == STATUS_OK) status = collect_tried_here(show, &walk.keys);
    for (size_t i = 0; i < walk.keys.n && status == STATUS_OK; i++)
        status = show_record(show, walk.keys.items[i]);
    if (show->records && status == STATUS_OK) {
        cJSON *root = cJSON_CreateObject();
        cJSON_AddStringToObject(root, "book", book_path(show->book));
        cJSON_AddItemToObject(root, "records", show->records);
        show->records = NULL;
        status = json_deliver(root);
    } else if (!show->records) {
        if (show->n_rows) table_print(&show->table);
        for (size_t i = 0; i < walk.keys.n; i++) print_pin(show, walk.keys.items[i]);
        for (size_t i = 0; i < walk.keys.n && show->settings->trials && status == STATUS_OK; i++)
            status = print_trials(show, walk.keys.items[i]);
    }
    show->n_found = walk.keys.n;
    for (size_t i = 0; i < walk.keys.n; i++) free(walk.keys.items[i]);
    free(walk.keys.items);
    return status;
}

/* "gemm/a=bf16" is a prefix of keys; anything else are problems, and --op alone a prefix. */
static enum status choose_filter(struct show *show, char *prefix, size_t size)
{
    const struct settings *settings = show->settings;
    show->prefix = prefix;
    prefix[0] = 0;
    if (settings->arguments.n == 1 && strchr(settings->arguments.items[0], '/')) {
        if (settings->op || settings->models.n)
            return status_fail(STATUS_USAGE, "%s: a key prefix goes without --op and --model",
                               settings->arguments.items[0]);
        snprintf(prefix, size, "%s", settings->arguments.items[0]);
        return STATUS_OK;
    }
    if (settings->op && !settings->models.n) {
        if (!op_find(settings->op)) return status_fail(STATUS_USAGE, "--op=%s: unknown op", settings->op);
        snprintf(prefix, size, "%s/", settings->op);
    }
    struct settings chosen = *settings;
    if (!settings->models.n) chosen.op = NULL;
    return problems_gather(&chosen, &show->problems);
}

static enum status open_book(const struct settings *settings, struct layers *out)
{
    struct text path = {0};
    enum status status = book_user_path(settings->book, &path);
    if (status == STATUS_OK && !settings->book && access(path.data, F_OK) != 0)
        status =
            status_fail(STATUS_NOT_FOUND,
                        "%s: no book yet; 'autotune PROBLEM' or 'autotune --model=NAME' makes it", path.data);
    if (status == STATUS_OK) status = books_open(path.data, out);
    text_free(&path);
    return status;
}

enum status command_show(const struct settings *settings)
{
    char prefix[KEY_BYTES_MAX + 1];
    struct layers layers = {0};
    struct show show = {.settings = settings};
    show.table = (struct table){.headings = headings, .align = "llrrrlrl", .n_columns = 8};
    enum status status = choose_filter(&show, prefix, sizeof prefix);
    if (status == STATUS_OK) status = open_book(settings, &layers);
    if (status == STATUS_OK) {
        show.book = layers.items[0];
        show.records = settings->json ? cJSON_CreateArray() : NULL;
        status = show_records(&show);
        cJSON_Delete(show.records);
        if (status == STATUS_OK && !show.n_found)
            status = status_fail(STATUS_NOT_FOUND, "%s: no record%s%s", book_path(show.book),
                                 settings->trials && show.problems.n ? " or trial" : "",
                                 show.problems.n || prefix[0] ? " of that problem" : "");
    }
    problems_free(&show.problems);
    books_close(&layers);
    return status;
}
