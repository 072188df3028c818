/* Parameters with their values, in the order and the spelling of recordings. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "search/t1_parts.h"

static enum status fail_memory(const struct t1 *t1)
{
    return status_fail(STATUS_NO_MEMORY, "%s: out of memory", t1->name);
}

/* Python takes a bool for an integer, and an integer for a float. */
static bool is_of_type(const struct python_value *value, const char *type)
{
    bool is_integer = value->kind == PYTHON_INT;
    if (strcmp(type, "string") == 0) return value->kind == PYTHON_STRING;
    if (strcmp(type, "float") == 0)
        return is_integer || (value->kind == PYTHON_FLOAT && isfinite(value->real));
    if (strcmp(type, "bool") == 0)
        return value->kind == PYTHON_BOOL || (is_integer && (value->integer == 0 || value->integer == 1));
    return is_integer && (strcmp(type, "int") == 0 || value->integer >= 0);
}

static enum status find_type(const struct t1 *t1, const char *name, const char *type, const char **out)
{
    static const char *const types[] = {"int", "uint", "float", "bool", "string"};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(type, types[i]) == 0) {
            *out = types[i];
            return STATUS_OK;
        }
    return status_fail(STATUS_BAD_DATA,
                       "%s: parameter %s has the type '%.40s'; known are int, uint, float, bool and string",
                       t1->name, name, type);
}

static int by_size(const void *a, const void *b)
{
    return python_order(a, b);
}

/* As search/recording_build.c has it. */
static const char *spell(struct t1 *t1, const struct python_value *value)
{
    switch (value->kind) {
    case PYTHON_BOOL: return value->integer ? "True" : "False";
    case PYTHON_INT: return arena_format(&t1->arena, "%lld", (long long)value->integer);
    case PYTHON_FLOAT: return arena_format(&t1->arena, "%.17g", value->real);
    default: return value->string;
    }
}

static enum status check_types(struct t1 *t1, const char *name, const char *type,
                               const struct python_value *values, size_t n)
{
    if (n == 0) return status_fail(STATUS_BAD_DATA, "%s: parameter %s has no values", t1->name, name);
    for (size_t i = 0; i < n; i++) {
        if (is_of_type(&values[i], type)) continue;
        const char *text = spell(t1, &values[i]);
        return status_fail(STATUS_BAD_DATA, "%s: parameter %s: the value %.100s is no %s", t1->name, name,
                           text ? text : "", type);
    }
    return STATUS_OK;
}

static enum status check_distinct(struct t1 *t1, const char *name, const struct python_value *sorted,
                                  size_t n)
{
    for (size_t i = 1; i < n; i++) {
        if (!python_equal(&sorted[i - 1], &sorted[i])) continue;
        const char *text = spell(t1, &sorted[i]);
        return status_fail(STATUS_BAD_DATA, "%s: parameter %s lists the value %.100s twice", t1->name, name,
                           text ? text : "");
    }
    return STATUS_OK;
}

/* The values in their order; the space sees integers as they are and anything else by its place. */
static enum status place_values(struct t1 *t1, const char *name, const struct python_value *values, size_t n,
                                const struct python_value **table)
{
    uint32_t p = t1->spec.n_parameters;
    const char **texts = arena_alloc(&t1->arena, (n + 1) * sizeof *texts);
    int64_t *words = arena_alloc(&t1->arena, (n + 1) * sizeof *words);
    bool integers = true;
    if (!texts || !words) return fail_memory(t1);
    for (size_t i = 0; i < n; i++) integers = integers && values[i].kind == PYTHON_INT;
    for (size_t i = 0; i < n; i++) {
        words[i] = integers ? values[i].integer : (int64_t)i;
        if (!(texts[i] = spell(t1, &values[i]))) return fail_memory(t1);
    }
    *table = integers ? NULL : values;
    ((const char *const **)t1->texts)[p] = texts;
    ((struct space_parameter *)t1->spec.parameters)[p] =
        (struct space_parameter){.name = name, .values = words, .n_values = (uint32_t)n, .slot = p};
    return STATUS_OK;
}

static enum status check_name(const struct t1 *t1, const char *name)
{
    if (t1->spec.n_parameters == SPACE_PARAMETERS_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: more than %d parameters", t1->name, SPACE_PARAMETERS_MAX);
    if (!*name || strlen(name) > 100)
        return status_fail(STATUS_BAD_DATA, "%s: TuningParameters[%u]: its name is %s", t1->name,
                           t1->spec.n_parameters, *name ? "longer than 100 bytes" : "empty");
    for (uint32_t i = 0; i < t1->spec.n_parameters; i++)
        if (strcmp(t1->spec.parameters[i].name, name) == 0)
            return status_fail(STATUS_BAD_DATA, "%s: parameter %s is defined twice", t1->name, name);
    return STATUS_OK;
}

static enum status read_parameter(struct t1 *t1, const cJSON *item, const struct python_value **table)
{
    char where[512];
    const char *name, *type, *text;
    const struct python_value *values;
    size_t n;
    snprintf(where, sizeof where, "%.300s: TuningParameters[%u]", t1->name, t1->spec.n_parameters);
    struct json_source source = {where};
    if (!cJSON_IsObject(item)) return status_fail(STATUS_BAD_DATA, "%s is no object", where);
    TRY(json_string(&source, item, "Name", &name));
    TRY(check_name(t1, name));
    TRY(json_string(&source, item, "Type", &type));
    TRY(json_string(&source, item, "Values", &text));
    TRY(find_type(t1, name, type, &t1->types[t1->spec.n_parameters]));
    snprintf(where, sizeof where, "%.300s: values of %.100s", t1->name, name);
    TRY(python_list(&t1->arena, text, where, &values, &n));
    TRY(check_types(t1, name, type, values, n));
    const char *kept = arena_string(&t1->arena, name);
    struct python_value *sorted = arena_copy(&t1->arena, values, n * sizeof *values);
    if (!kept || !sorted) return fail_memory(t1);
    qsort(sorted, n, sizeof *sorted, by_size);
    TRY(check_distinct(t1, name, sorted, n));
    TRY(place_values(t1, kept, strcmp(type, "string") == 0 ? values : sorted, n, table));
    t1->spec.n_parameters++;
    return STATUS_OK;
}

enum status t1_read_parameters(struct t1 *t1, const cJSON *list, const struct python_value **tables)
{
    const cJSON *item;
    struct arena *arena = &t1->arena;
    t1->spec.parameters = arena_alloc(arena, SPACE_PARAMETERS_MAX * sizeof *t1->spec.parameters);
    t1->spec.slots = arena_alloc(arena, SPACE_PARAMETERS_MAX * sizeof *t1->spec.slots);
    t1->texts = arena_alloc(arena, SPACE_PARAMETERS_MAX * sizeof *t1->texts);
    t1->types = arena_alloc(arena, SPACE_PARAMETERS_MAX * sizeof *t1->types);
    if (!t1->spec.parameters || !t1->spec.slots || !t1->texts || !t1->types) return fail_memory(t1);
    cJSON_ArrayForEach (item, list) TRY(read_parameter(t1, item, &tables[t1->spec.n_parameters]));
    t1->spec.n_slots = t1->spec.n_parameters;
    if (t1->spec.n_parameters) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: it has no parameters", t1->name);
}
