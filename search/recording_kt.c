/* Kernel Tuner's cache file (kernel_tuner/util.py): parameters by name, then an object of results by
 * configuration. Times are milliseconds. A result that has a string where its objective belongs, or an
 * "__error__", is not valid; so is 1e20, which very old versions wrote. */
#include "search/recording_build.h"

#include <stdio.h>
#include <string.h>

static const double ns_per_ms = 1e6, ancient_invalid = 1e20;

/* The word for a failure; what is none of the known ones went wrong at run time. */
static enum recorded_end end_of(const cJSON *word)
{
    static const char *const words[] = {
#define END(enumerator, t4, kernel_tuner) kernel_tuner,
        RECORDED_TABLE(END)
#undef END
    };
    for (int end = RECORDED_ENDS - 1; cJSON_IsString(word) && end > RECORDED_CORRECT; end--)
        if (strcmp(word->valuestring, words[end]) == 0) return (enum recorded_end)end;
    return RECORDED_RUNTIME;
}

static enum status read_cost(const struct recording_builder *builder, const cJSON *result,
                             struct recorded *recorded)
{
    static const char *const parts[] = {"compile_time", "verification_time", "benchmark_time",
                                        "strategy_time", "framework_time"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const cJSON *part = cJSON_GetObjectItemCaseSensitive(result, parts[i]);
        if (!part || cJSON_IsNull(part)) continue;
        if (!cJSON_IsNumber(part))
            return status_fail(STATUS_BAD_DATA, "%s: configuration %.80s: %s is no number",
                               builder->source.name, result->string, parts[i]);
        recorded->cost_ns += part->valuedouble * ns_per_ms;
        if (i == 0) recorded->compile_ns = recorded->cost_ns;
    }
    return STATUS_OK;
}

static enum status read_result(struct recording_builder *builder, const char *objective, const cJSON *result)
{
    struct recorded recorded = {0};
    char where[128];
    snprintf(where, sizeof where, "configuration %.100s", result->string);
    if (!cJSON_IsObject(result))
        return status_fail(STATUS_BAD_DATA, "%s: %s is no object", builder->source.name, where);
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(result, objective);
    const cJSON *error = cJSON_GetObjectItemCaseSensitive(result, "__error__");
    if (!time && !error)
        return status_fail(STATUS_BAD_DATA, "%s: %s has no '%s'", builder->source.name, where, objective);
    recorded.valid = !error && cJSON_IsNumber(time) && time->valuedouble < ancient_invalid;
    recorded.end = recorded.valid ? RECORDED_CORRECT : end_of(error ? error : time);
    recorded.objective_ns = recorded.valid ? time->valuedouble * ns_per_ms : 0;
    TRY(read_cost(builder, result, &recorded));
    return builder_add(builder, where, result, &recorded);
}

static const char *text_of(const cJSON *root, const char *member)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(root, member);
    return cJSON_IsString(item) ? item->valuestring : "";
}

enum status recording_read_kt(struct recording_builder *builder, const cJSON *root)
{
    const cJSON *keys, *cache, *item;
    struct arena *arena = &builder->recording->arena;
    const char *objective = text_of(root, "objective");
    if (!*objective) objective = "time";
    if (strcmp(objective, "time") != 0)
        return status_fail(STATUS_BAD_DATA, "%s: its objective is '%.40s'; only times are replayed",
                           builder->source.name, objective);
    TRY(json_array(&builder->source, root, "tune_params_keys", &keys));
    TRY(json_object(&builder->source, root, "cache", &cache));
    cJSON_ArrayForEach (item, keys) {
        if (!cJSON_IsString(item))
            return status_fail(STATUS_BAD_DATA, "%s: tune_params_keys holds something that is no name",
                               builder->source.name);
        TRY(builder_parameter(builder, item->valuestring));
    }
    cJSON_ArrayForEach (item, cache) TRY(read_result(builder, objective, item));
    builder->recording->kernel = arena_string(arena, text_of(root, "kernel_name"));
    builder->recording->device = arena_string(arena, text_of(root, "device_name"));
    if (!builder->recording->kernel || !builder->recording->device)
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", builder->source.name);
    return STATUS_OK;
}
