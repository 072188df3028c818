#include <string.h>
#include "frontends/cli/explain.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/validity.h"
#include "tuner/launch/problem_key.h"

static cJSON *entry_json(const struct finder *finder, struct book *book, const struct record_entry *entry,
                         const struct problem *problem)
{
    cJSON *object = cJSON_CreateObject();
    struct value bytes = {0};
    struct descriptor descriptor;
    bool known = book_get_descriptor(book, &entry->kernel, &bytes, &descriptor) == STATUS_OK;
    char reason[VALIDITY_BYTES] = "";
    bool usable = known && entry_usable(finder->place, book, entry, &descriptor, problem, reason);
    if (!known) snprintf(reason, sizeof reason, "%s", status_message());
    json_add_text(object, "template", known ? descriptor.template_name : NULL);
    json_add_text(object, "configuration", known ? descriptor.configuration : NULL);
    cJSON_AddStringToObject(object, "evidence", evidence_name((enum evidence)entry->evidence));
    json_add_ns(object, "median_ns", entry->timing.median_ns);
    cJSON_AddBoolToObject(object, "usable", usable);
    json_add_text(object, "reason", reason);
    value_free(&bytes);
    return object;
}

static void add_record(cJSON *layer, const struct finder *finder, struct book *book,
                       const struct problem *problem, const char *device_class)
{
    char key[KEY_BYTES_MAX + 1];
    struct record record;
    if (problem_key(problem, device_class, key) != STATUS_OK) return;
    enum status status = book_get_record(book, key, &record);
    if (status == STATUS_NOT_FOUND) return;
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "key", key);
    if (status != STATUS_OK) json_add_text(object, "damage", status_message());
    cJSON *entries = cJSON_AddArrayToObject(object, "entries");
    for (uint32_t i = 0; status == STATUS_OK && i < record.n_entries; i++)
        cJSON_AddItemToArray(entries, entry_json(finder, book, &record.entries[i], problem));
    cJSON_AddItemToArray(cJSON_GetObjectItemCaseSensitive(layer, "records"), object);
}

cJSON *explain_layers(struct finder *finder, const struct problem *problem)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < finder->layers.n; i++) {
        struct book *book = finder->layers.items[i];
        struct book_counts counts = {0};
        enum status status = book_count(book, &counts);
        cJSON *layer = cJSON_CreateObject();
        cJSON_AddStringToObject(layer, "book", book_path(book));
        cJSON_AddNumberToObject(layer, "records_in_book", (double)counts.records);
        cJSON_AddArrayToObject(layer, "records");
        if (status != STATUS_OK) json_add_text(layer, "damage", status_message());
        add_record(layer, finder, book, problem, finder->place->info->class_text);
        add_record(layer, finder, book, problem, finder->place->info->device_class.target);
        cJSON_AddItemToArray(array, layer);
    }
    return array;
}
