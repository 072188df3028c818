/* A manifest's "parameters" and "default". */
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "templates/manifest_reader.h"

static enum status fail_memory(const struct manifest_reader *reader)
{
    return status_fail(STATUS_NO_MEMORY, "%s: no memory for its parameters", reader->source.name);
}

/* Parameters become macros beside those that every kernel gets: A_TYPE, LAYOUT, SIZE_N ... */
static bool is_reserved(const struct op *op, const char *name)
{
    if (strncmp(name, "SIZE_", 5) == 0) return true;
    for (unsigned i = 0; i < op->n_fields; i++)
        if (strcasecmp(op->fields[i].name, name) == 0) return true;
    return false;
}

static enum status check_name(struct manifest_reader *reader, const char *name)
{
    const char *source = reader->source.name;
    if (!reader_is_name(name, true))
        return status_fail(
            STATUS_BAD_DATA,
            "%s: parameter \"%s\" must be named like a macro: capitals, digits and _, at most %d", source,
            name, MANIFEST_NAME_BYTES - 1);
    if (is_reserved(reader->manifest->op, name))
        return status_fail(STATUS_BAD_DATA,
                           "%s: parameter %s has the name of a macro that every kernel gets; rename it",
                           source, name);
    return STATUS_OK;
}

static int compare_values(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* The value that stands twice, if any. */
static enum status find_duplicate(const struct manifest_parameter *parameter, bool *found, int64_t *value)
{
    size_t bytes = parameter->n_values * sizeof *parameter->values;
    int64_t *sorted = malloc(bytes);
    if (!sorted) return status_fail(STATUS_NO_MEMORY, "parameter %s: no memory", parameter->name);
    memcpy(sorted, parameter->values, bytes);
    qsort(sorted, parameter->n_values, sizeof *sorted, compare_values);
    for (uint32_t i = 1; i < parameter->n_values && !*found; i++) {
        *found = sorted[i] == sorted[i - 1];
        *value = sorted[i];
    }
    free(sorted);
    return STATUS_OK;
}

static const char *word_of(const struct manifest_parameter *parameter, int64_t value)
{
    for (uint32_t i = 0; parameter->words && i < parameter->n_values; i++)
        if (parameter->values[i] == value) return parameter->words[i];
    return NULL;
}

static enum status check_distinct(struct manifest_reader *reader, const struct manifest_parameter *parameter)
{
    bool found = false;
    int64_t value = 0;
    TRY(find_duplicate(parameter, &found, &value));
    if (!found) return STATUS_OK;
    const char *word = word_of(parameter, value);
    if (word)
        return status_fail(STATUS_BAD_DATA, "%s: parameter %s lists \"%s\" twice", reader->source.name,
                           parameter->name, word);
    return status_fail(STATUS_BAD_DATA, "%s: parameter %s lists %lld twice", reader->source.name,
                       parameter->name, (long long)value);
}

static enum status read_value(struct manifest_reader *reader, const cJSON *item, const char *parameter,
                              bool words, int64_t *value, const char **word)
{
    const char *source = reader->source.name;
    if (words != (bool)cJSON_IsString(item))
        return status_fail(STATUS_BAD_DATA, "%s: parameter %s must list whole numbers only, or words only",
                           source, parameter);
    if (!words) {
        if (reader_number(item, value)) return STATUS_OK;
        return status_fail(STATUS_BAD_DATA,
                           "%s: parameter %s lists something that is no whole number below 2^53", source,
                           parameter);
    }
    if (!reader_is_name(item->valuestring, false))
        return status_fail(
            STATUS_BAD_DATA,
            "%s: parameter %s: the word \"%s\" must be small letters, digits and _, at most %d", source,
            parameter, item->valuestring, MANIFEST_NAME_BYTES - 1);
    *value = expr_word(item->valuestring);
    return reader_keep(reader, item->valuestring, word);
}

static enum status read_parameter(struct manifest_reader *reader, const cJSON *list)
{
    const char *source = reader->source.name, *name = list->string;
    struct manifest *manifest = reader->manifest;
    TRY(check_name(reader, name));
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (n == 0)
        return status_fail(STATUS_BAD_DATA, "%s: parameter %s needs a list of values, such as [16, 32]",
                           source, name);
    if (n > MANIFEST_VALUES_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: parameter %s has %d values; %d are the most", source, name,
                           n, MANIFEST_VALUES_MAX);
    bool words = cJSON_IsString(list->child);
    int64_t *values = arena_alloc(&manifest->arena, (size_t)n * sizeof *values);
    const char **names = arena_alloc(&manifest->arena, (size_t)n * sizeof *names);
    if (!values || !names) return fail_memory(reader);
    struct manifest_parameter parameter = {
        .n_values = (uint32_t)n, .values = values, .words = words ? names : NULL};
    parameter.slot = SLOT_PARAMETERS + manifest->n_parameters;
    TRY(reader_keep(reader, name, &parameter.name));
    int i = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, list) {
        TRY(read_value(reader, item, name, words, &values[i], &names[i]));
        i++;
    }
    TRY(check_distinct(reader, &parameter));
    manifest->parameters[manifest->n_parameters++] = parameter;
    return STATUS_OK;
}

enum status manifest_read_parameters(struct manifest_reader *reader, const cJSON *root)
{
    const cJSON *object, *list;
    TRY(json_object(&reader->source, root, "parameters", &object));
    int n = cJSON_GetArraySize(object);
    if (n == 0)
        return status_fail(STATUS_BAD_DATA, "%s: \"parameters\" is empty; a template has something to tune",
                           reader->source.name);
    if (n > MANIFEST_PARAMETERS_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: %d parameters; %d are the most", reader->source.name, n,
                           MANIFEST_PARAMETERS_MAX);
    cJSON_ArrayForEach (list, object) TRY(read_parameter(reader, list));
    return STATUS_OK;
}

/* One parameter's value in a configuration such as "default". */
static enum status read_choice(struct manifest_reader *reader, const cJSON *item, const char *clause,
                               const struct manifest_parameter *parameter, int64_t *out)
{
    int64_t value = 0;
    bool readable = parameter->words ? cJSON_IsString(item) : reader_number(item, &value);
    if (readable && parameter->words) value = expr_word(item->valuestring);
    for (uint32_t i = 0; readable && i < parameter->n_values; i++) {
        if (parameter->values[i] != value) continue;
        *out = value;
        return STATUS_OK;
    }
    struct text shown = {0};
    json_print(item, false, &shown);
    enum status status = status_fail(STATUS_BAD_DATA, "%s: %s: %s=%.64s is not one of the parameter's values",
                                     reader->source.name, clause, parameter->name, text_string(&shown));
    text_free(&shown);
    return status;
}

/* A configuration: values for parameters by name. What it leaves out stays as `values` had it; nothing may be
 * left out where `complete`. */
static enum status read_configuration(struct manifest_reader *reader, const cJSON *object, const char *clause,
                                      bool complete, int64_t *values)
{
    const struct manifest *manifest = reader->manifest;
    const char *known[MANIFEST_PARAMETERS_MAX];
    for (unsigned i = 0; i < manifest->n_parameters; i++) known[i] = manifest->parameters[i].name;
    TRY(json_only(&reader->source, object, known, manifest->n_parameters));
    for (unsigned i = 0; i < manifest->n_parameters; i++) {
        const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, known[i]);
        if (item)
            TRY(read_choice(reader, item, clause, &manifest->parameters[i], &values[i]));
        else if (complete)
            return status_fail(STATUS_BAD_DATA, "%s: %s: %s is missing", reader->source.name, clause,
                               known[i]);
    }
    return STATUS_OK;
}

enum status manifest_read_default(struct manifest_reader *reader, const cJSON *root)
{
    const cJSON *object;
    TRY(json_object(&reader->source, root, "default", &object));
    return read_configuration(reader, object, "default", true, reader->manifest->defaults);
}

enum status manifest_read_starts(struct manifest_reader *reader, const cJSON *root)
{
    struct manifest *manifest = reader->manifest;
    const cJSON *list, *item;
    if (!cJSON_GetObjectItemCaseSensitive(root, "starts")) return STATUS_OK;
    TRY(json_array(&reader->source, root, "starts", &list));
    int n = cJSON_GetArraySize(list);
    if (n > MANIFEST_STARTS_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: %d starts; %d are the most", reader->source.name, n,
                           MANIFEST_STARTS_MAX);
    cJSON_ArrayForEach (item, list) {
        char clause[32];
        snprintf(clause, sizeof clause, "starts[%u]", manifest->n_starts);
        if (!cJSON_IsObject(item))
            return status_fail(STATUS_BAD_DATA, "%s: %s must be an object of parameter values",
                               reader->source.name, clause);
        int64_t *values = manifest->starts[manifest->n_starts];
        memcpy(values, manifest->defaults, sizeof manifest->defaults);
        TRY(read_configuration(reader, item, clause, false, values));
        manifest->n_starts++;
    }
    return STATUS_OK;
}
