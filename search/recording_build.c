/* Values as the file spells them become indices; at the end both get their order. */
#include "search/recording_build.h"

#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum status builder_parameter(struct recording_builder *builder, const char *name)
{
    if (builder->n_parameters == SPACE_PARAMETERS_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: more than %d parameters", builder->source.name,
                           SPACE_PARAMETERS_MAX);
    for (uint32_t i = 0; i < builder->n_parameters; i++)
        if (strcmp(builder->names[i], name) == 0)
            return status_fail(STATUS_BAD_DATA, "%s: parameter %s is listed twice", builder->source.name,
                               name);
    const char *kept = arena_string(&builder->recording->arena, name);
    if (!kept) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", builder->source.name);
    builder->names[builder->n_parameters++] = kept;
    return STATUS_OK;
}

/* ---- values ---- */

/* Numbers, words and truth values; what JSON spells otherwise but means the same (1 and 1.0) is one value. */
static bool read_value(const cJSON *item, char text[64], struct recorded_value *out)
{
    *out = (struct recorded_value){.text = text};
    if (cJSON_IsString(item)) {
        if (strlen(item->valuestring) >= 64) return false;
        strcpy(text, item->valuestring);
    } else if (cJSON_IsBool(item)) {
        strcpy(text, cJSON_IsTrue(item) ? "True" : "False");
    } else if (cJSON_IsNumber(item) && isfinite(item->valuedouble)) {
        out->is_number = true;
        out->number = item->valuedouble;
        snprintf(text, 64, "%.17g", item->valuedouble);
    } else {
        return false;
    }
    return true;
}

static bool same_value(const struct recorded_value *a, const struct recorded_value *b)
{
    if (a->is_number != b->is_number) return false;
    return a->is_number ? a->number == b->number : strcmp(a->text, b->text) == 0;
}

static enum status keep_value(struct recording_builder *builder, uint32_t parameter,
                              const struct recorded_value *value)
{
    uint32_t n = builder->n_values[parameter];
    if (n == SPACE_VALUES_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: parameter %s has more than %d values", builder->source.name,
                           builder->names[parameter], SPACE_VALUES_MAX);
    if (n == builder->value_capacity[parameter]) {
        uint32_t wanted = n ? 2 * n : 16;
        struct recorded_value *larger =
            realloc(builder->values[parameter], wanted * sizeof *builder->values[parameter]);
        if (!larger) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", builder->source.name);
        builder->values[parameter] = larger;
        builder->value_capacity[parameter] = wanted;
    }
    builder->values[parameter][n] = *value;
    builder->values[parameter][n].text = arena_string(&builder->recording->arena, value->text);
    if (!builder->values[parameter][n].text)
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", builder->source.name);
    builder->n_values[parameter]++;
    return STATUS_OK;
}

static enum status value_index(struct recording_builder *builder, uint32_t parameter, const char *where,
                               const cJSON *values, uint16_t *out)
{
    char text[64];
    struct recorded_value value;
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(values, builder->names[parameter]);
    if (!item || !read_value(item, text, &value))
        return status_fail(STATUS_BAD_DATA, "%s: %s: parameter %s %s", builder->source.name, where,
                           builder->names[parameter],
                           item ? "is no number, short string or truth value" : "is missing");
    uint32_t i = 0;
    while (i < builder->n_values[parameter] && !same_value(&builder->values[parameter][i], &value)) i++;
    if (i == builder->n_values[parameter]) TRY(keep_value(builder, parameter, &value));
    *out = (uint16_t)i;
    return STATUS_OK;
}

/* ---- results ---- */

static enum status grow(struct recording_builder *builder)
{
    if (builder->n < builder->capacity) return STATUS_OK;
    size_t wanted = builder->capacity ? 2 * builder->capacity : 1024;
    struct configuration *configurations =
        realloc(builder->configurations, wanted * sizeof *builder->configurations);
    if (configurations) builder->configurations = configurations;
    struct recorded *entries = realloc(builder->entries, wanted * sizeof *builder->entries);
    if (entries) builder->entries = entries;
    if (!configurations || !entries)
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", builder->source.name);
    builder->capacity = wanted;
    return STATUS_OK;
}

static bool is_time(double ns)
{
    return isfinite(ns) && ns >= 0;
}

enum status builder_add(struct recording_builder *builder, const char *where, const cJSON *values,
                        const struct recorded *result)
{
    struct configuration configuration = {0};
    if (!is_time(result->cost_ns) ||
        (result->valid && (!is_time(result->objective_ns) || result->objective_ns == 0)))
        return status_fail(STATUS_BAD_DATA, "%s: %s: a time is negative, zero or no number",
                           builder->source.name, where);
    for (uint32_t i = 0; i < builder->n_parameters; i++)
        TRY(value_index(builder, i, where, values, &configuration.index[i]));
    TRY(grow(builder));
    builder->configurations[builder->n] = configuration;
    builder->entries[builder->n++] = *result;
    return STATUS_OK;
}

/* ---- order ---- */

struct placed {
    struct recorded_value value;
    uint32_t appeared;
};

static int by_number(const void *a, const void *b)
{
    const struct placed *left = a, *right = b;
    return (left->value.number > right->value.number) - (left->value.number < right->value.number);
}

/* Fills one parameter of the space, and map[index of appearance] = index in its order. */
static enum status order_values(struct recording_builder *builder, uint32_t p, uint16_t *map)
{
    struct arena *arena = &builder->recording->arena;
    uint32_t n = builder->n_values[p];
    bool numbers = true, integers = true;
    struct placed *placed = arena_alloc(arena, (n + 1) * sizeof *placed);
    int64_t *values = arena_alloc(arena, (n + 1) * sizeof *values);
    const char **texts = arena_alloc(arena, (n + 1) * sizeof *texts);
    if (!placed || !values || !texts)
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", builder->source.name);
    for (uint32_t i = 0; i < n; i++) {
        placed[i] = (struct placed){builder->values[p][i], i};
        numbers = numbers && placed[i].value.is_number;
        integers = integers && numbers && fabs(placed[i].value.number) < 0x1p53 &&
                   placed[i].value.number == floor(placed[i].value.number);
    }
    if (numbers) qsort(placed, n, sizeof *placed, by_number);
    for (uint32_t i = 0; i < n; i++) {
        map[placed[i].appeared] = (uint16_t)i;
        values[i] = integers ? (int64_t)placed[i].value.number : (int64_t)i;
        texts[i] = placed[i].value.text;
    }
    ((struct space_parameter *)builder->recording->spec.parameters)[p] =
        (struct space_parameter){.name = builder->names[p], .values = values, .n_values = n, .slot = p};
    ((const char *const **)builder->recording->texts)[p] = texts;
    return STATUS_OK;
}

static enum status order_all(struct recording_builder *builder)
{
    struct recording *recording = builder->recording;
    uint32_t n = builder->n_parameters;
    uint16_t *map = malloc(SPACE_VALUES_MAX * sizeof *map);
    recording->spec.parameters = arena_alloc(&recording->arena, (n + 1) * sizeof *recording->spec.parameters);
    recording->spec.slots = arena_alloc(&recording->arena, (n + 1) * sizeof *recording->spec.slots);
    recording->texts = arena_alloc(&recording->arena, (n + 1) * sizeof *recording->texts);
    enum status status = STATUS_OK;
    if (!map || !recording->spec.parameters || !recording->spec.slots || !recording->texts)
        status = status_fail(STATUS_NO_MEMORY, "%s: out of memory", builder->source.name);
    recording->spec.n_parameters = recording->spec.n_slots = n;
    for (uint32_t p = 0; p < n && status == STATUS_OK; p++) {
        status = order_values(builder, p, map);
        for (size_t i = 0; i < builder->n && status == STATUS_OK; i++)
            builder->configurations[i].index[p] = map[builder->configurations[i].index[p]];
    }
    free(map);
    return status;
}

/* ---- the space ---- */

struct listed {
    struct configuration configuration;
    size_t appeared;
};

static int by_configuration(const void *a, const void *b)
{
    const struct listed *left = a, *right = b;
    int order = 0;
    for (uint32_t i = 0; !order && i < SPACE_PARAMETERS_MAX; i++)
        order = (left->configuration.index[i] > right->configuration.index[i]) -
                (left->configuration.index[i] < right->configuration.index[i]);
    return order ? order : (left->appeared > right->appeared) - (left->appeared < right->appeared);
}

/* Of a configuration's results the first counts: what a tuner would have cached. */
static size_t drop_repeated(struct recording_builder *builder, struct listed *listed)
{
    size_t kept = 0;
    for (size_t i = 0; i < builder->n; i++) listed[i] = (struct listed){builder->configurations[i], i};
    qsort(listed, builder->n, sizeof *listed, by_configuration);
    for (size_t i = 0; i < builder->n; i++) {
        const struct configuration *last = kept ? &listed[kept - 1].configuration : NULL;
        if (!last || memcmp(last, &listed[i].configuration, sizeof *last) != 0) listed[kept++] = listed[i];
    }
    return kept;
}

static enum status make_space(struct recording_builder *builder, struct listed *listed)
{
    struct recording *recording = builder->recording;
    size_t n = drop_repeated(builder, listed), valid = 0;
    recording->n = n;
    recording->n_repeated = builder->n - n;
    recording->entries = malloc((n + 1) * sizeof *recording->entries);
    struct configuration *list = malloc((n + 1) * sizeof *list);
    enum status status = STATUS_OK;
    if (!recording->entries || !list)
        status = status_fail(STATUS_NO_MEMORY, "%s: out of memory", builder->source.name);
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        list[i] = listed[i].configuration;
        recording->entries[i] = builder->entries[listed[i].appeared];
        valid += recording->entries[i].valid;
    }
    if (status == STATUS_OK && !valid)
        status = status_fail(STATUS_BAD_DATA, "%s: none of its %zu configurations is valid",
                             builder->source.name, n);
    if (status == STATUS_OK)
        status = status_prefix(space_create_listed(&recording->spec, list, n, &recording->space), "%s",
                               builder->source.name);
    free(list);
    return status;
}

enum status builder_finish(struct recording_builder *builder)
{
    if (!builder->n)
        return status_fail(STATUS_BAD_DATA, "%s: it holds no configuration", builder->source.name);
    if (!builder->n_parameters)
        return status_fail(STATUS_BAD_DATA, "%s: its configurations have no parameters",
                           builder->source.name);
    TRY(order_all(builder));
    struct listed *listed = malloc(builder->n * sizeof *listed);
    if (!listed) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", builder->source.name);
    enum status status = make_space(builder, listed);
    free(listed);
    return status;
}

void builder_free(struct recording_builder *builder)
{
    for (uint32_t i = 0; i < SPACE_PARAMETERS_MAX; i++) free(builder->values[i]);
    free(builder->configurations);
    free(builder->entries);
}
