#include <string.h>
#include "frontends/cli/explain.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/validity.h"
#include "tuner/launch/problem_key.h"

/* "present", "another"; NULL: it has none, or the present one is not known. */
static const char *environment_word(const struct explanation *explanation, const struct record_entry *entry)
{
    static const struct hash none;
    if (!explanation->knows_present || memcmp(&entry->environment, &none, sizeof none) == 0) return NULL;
    bool same = memcmp(&entry->environment, &explanation->present, sizeof none) == 0;
    return same ? "present" : "another";
}

cJSON *explain_entry(const struct explanation *explanation, struct book *book,
                     const struct record_entry *entry)
{
    cJSON *object = cJSON_CreateObject();
    struct value bytes = {0};
    struct descriptor descriptor;
    bool known = book_get_descriptor(book, &entry->kernel, &bytes, &descriptor) == STATUS_OK;
    char reason[VALIDITY_BYTES] = "";
    bool usable = known && entry_usable(explanation->finder->place, book, entry, &descriptor,
                                        explanation->problem, reason);
    if (!known) snprintf(reason, sizeof reason, "%s", status_message());
    json_add_text(object, "template", known ? descriptor.template_name : NULL);
    json_add_text(object, "configuration", known ? descriptor.configuration : NULL);
    cJSON_AddStringToObject(object, "evidence", evidence_name((enum evidence)entry->evidence));
    json_add_ns(object, "median_ns", entry->timing.median_ns);
    json_add_text(object, "environment", environment_word(explanation, entry));
    cJSON_AddBoolToObject(object, "usable", usable);
    json_add_text(object, "reason", reason);
    value_free(&bytes);
    return object;
}

static void add_record(cJSON *layer, const struct explanation *explanation, struct book *book,
                       const char *device_class)
{
    char key[KEY_BYTES_MAX + 1];
    struct record record;
    struct pin pin;
    if (problem_key(explanation->problem, device_class, key) != STATUS_OK) return;
    enum status status = book_get_record(book, key, &record);
    bool pinned = book_get_pin(book, key, &pin) == STATUS_OK;
    if (status == STATUS_NOT_FOUND && !pinned) return;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "key", key);
    if (status != STATUS_OK && status != STATUS_NOT_FOUND) json_add_text(object, "damage", status_message());
    if (pinned) {
        cJSON *entry = explain_entry(explanation, book, &pin.record.entries[0]);
        cJSON_AddStringToObject(entry, "pin", pin.line);
        cJSON_AddItemToObject(object, "pinned", entry);
    }
    cJSON *entries = cJSON_AddArrayToObject(object, "entries");
    for (uint32_t i = 0; status == STATUS_OK && i < record.n_entries; i++)
        cJSON_AddItemToArray(entries, explain_entry(explanation, book, &record.entries[i]));
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(layer, "records"), object);
}

cJSON *explain_layers(const struct explanation *explanation)
{
    cJSON *array = cJSON_CreateArray();
    const struct finder *finder = explanation->finder;
    for (size_t i = 0; i < finder->layers.n; i++) {
        struct book *book = finder->layers.items[i];
        struct book_counts counts = {0};
        enum status status = book_count(book, &counts);
        cJSON *layer = cJSON_CreateObject();
        cJSON_AddStringToObject(layer, "book", book_path(book));
        cJSON_AddNumberToObject(layer, "records_in_book", (double)counts.records);
        cJSON_AddArrayToObject(layer, "records");
        if (status != STATUS_OK) json_add_text(layer, "damage", status_message());
        add_record(layer, explanation, book, finder->place->info->class_text);
        add_record(layer, explanation, book, finder->place->info->device_class.target);
        cJSON_AddItemToArray(array, layer);
    }
    return array;
}
