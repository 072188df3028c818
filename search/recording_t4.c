/* T4 result files, version 1.0.0: a list of results, each with its configuration, times by phase, why it is
 * invalid if it is, and measurements. The schema calls a time `compilation_time` that most writers call
 * `compilation`; both are read. Its unit is `metadata.timeunit` (seconds where there is none); a measurement
 * has its own, and shares that of the times where it is empty. */
#include "search/recording_build.h"

#include <stdio.h>
#include <string.h>

struct unit {
    const char *name;
    double ns;
};

/* "miliseconds" is what the public recordings say. */
static const struct unit units[] = {
    {"seconds", 1e9},     {"s", 1e9},         {"milliseconds", 1e6},
    {"miliseconds", 1e6}, {"ms", 1e6},        {"microseconds", 1e3},
    {"us", 1e3},          {"nanoseconds", 1}, {"ns", 1},
};

static enum status find_unit(const struct recording_builder *builder, const char *name, double *ns)
{
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (strcmp(units[i].name, name) == 0) {
            *ns = units[i].ns;
            return STATUS_OK;
        }
    return status_fail(STATUS_BAD_DATA,
                       "%s: unknown unit of time '%.40s'; known are seconds, milliseconds, "
                       "microseconds and nanoseconds",
                       builder->source.name, name);
}

static enum status times_unit(const struct recording_builder *builder, const cJSON *root, double *ns)
{
    const cJSON *metadata = cJSON_GetObjectItemCaseSensitive(root, "metadata");
    const cJSON *unit = cJSON_GetObjectItemCaseSensitive(metadata, "timeunit");
    *ns = 1e9;
    return cJSON_IsString(unit) ? find_unit(builder, unit->valuestring, ns) : STATUS_OK;
}

static double sum_of(const cJSON *array)
{
    double sum = 0;
    const cJSON *item;
    cJSON_ArrayForEach (item, array)
        if (cJSON_IsNumber(item)) sum += item->valuedouble;
    return sum;
}

/* Files that name the compile's time twice, for readers of either name, mean one. */
static double compile_of(const cJSON *times)
{
    const cJSON *time = cJSON_GetObjectItemCaseSensitive(times, "compilation_time");
    if (!cJSON_IsNumber(time)) time = cJSON_GetObjectItemCaseSensitive(times, "compilation");
    return cJSON_IsNumber(time) ? time->valuedouble : 0;
}

/* Phases; where the time of measuring is not given, that of the launches is the least it took. */
static double cost_of(const cJSON *times)
{
    static const char *const phases[] = {"benchmark",  "framework",      "search_algorithm",
                                         "validation", "framework_time", "verification"};
    double cost = compile_of(times);
    for (size_t i = 0; i < sizeof phases / sizeof *phases; i++) {
        const cJSON *time = cJSON_GetObjectItemCaseSensitive(times, phases[i]);
        if (cJSON_IsNumber(time)) cost += time->valuedouble;
    }
    if (!cJSON_HasObjectItem(times, "benchmark"))
        cost += sum_of(cJSON_GetObjectItemCaseSensitive(times, "runtimes"));
    return cost;
}

/* The measurement that is the objective; NULL where there is none, or no number. */
static const cJSON *find_measurement(const cJSON *result)
{
    const cJSON *objectives = cJSON_GetObjectItemCaseSensitive(result, "objectives");
    const cJSON *measurements = cJSON_GetObjectItemCaseSensitive(result, "measurements"), *item;
    const cJSON *first = cJSON_GetArrayItem(objectives, 0);
    const char *wanted = cJSON_IsString(first) ? first->valuestring : "time";
    cJSON_ArrayForEach (item, measurements) {
        const cJSON *name = cJSON_GetObjectItemCaseSensitive(item, "name");
        const cJSON *value = cJSON_GetObjectItemCaseSensitive(item, "value");
        if (cJSON_IsString(name) && strcmp(name->valuestring, wanted) == 0 && cJSON_IsNumber(value))
            return item;
    }
    return NULL;
}

static enum recorded_end end_of(const char *invalidity)
{
    static const char *const words[] = {
#define END(enumerator, t4, kernel_tuner) t4,
        RECORDED_TABLE(END)
#undef END
    };
    for (int end = 0; end < RECORDED_ENDS; end++)
        if (strcmp(invalidity, words[end]) == 0) return (enum recorded_end)end;
    return RECORDED_RUNTIME;
}

static enum status read_result(struct recording_builder *builder, const cJSON *result, size_t i,
                               double unit_ns)
{
    char where[48], name[512];
    const cJSON *configuration, *times;
    const char *invalidity;
    snprintf(where, sizeof where, "results[%zu]", i);
    snprintf(name, sizeof name, "%s: %s", builder->source.name, where);
    struct json_source source = {name};
    if (!cJSON_IsObject(result)) return status_fail(STATUS_BAD_DATA, "%s is no object", name);
    TRY(json_object(&source, result, "configuration", &configuration));
    TRY(json_object(&source, result, "times", &times));
    TRY(json_string(&source, result, "invalidity", &invalidity));
    const cJSON *measurement = find_measurement(result);
    struct recorded recorded = {.valid = strcmp(invalidity, "correct") == 0 && measurement,
                                .end = end_of(invalidity),
                                .cost_ns = cost_of(times) * unit_ns,
                                .compile_ns = compile_of(times) * unit_ns};
    if (!recorded.valid && recorded.end == RECORDED_CORRECT) recorded.end = RECORDED_RUNTIME;
    if (recorded.valid) {
        const cJSON *unit = cJSON_GetObjectItemCaseSensitive(measurement, "unit");
        double ns = unit_ns;
        if (cJSON_IsString(unit) && *unit->valuestring) TRY(find_unit(builder, unit->valuestring, &ns));
        recorded.objective_ns = cJSON_GetObjectItemCaseSensitive(measurement, "value")->valuedouble * ns;
    }
    return builder_add(builder, where, configuration, &recorded);
}

enum status recording_read_t4(struct recording_builder *builder, const cJSON *root)
{
    const cJSON *results, *item;
    double unit_ns;
    size_t i = 0;
    TRY(json_array(&builder->source, root, "results", &results));
    TRY(times_unit(builder, root, &unit_ns));
    const cJSON *first = cJSON_GetObjectItemCaseSensitive(cJSON_GetArrayItem(results, 0), "configuration");
    if (cJSON_IsObject(first)) /* else its result is refused below */
        cJSON_ArrayForEach (item, first) TRY(builder_parameter(builder, item->string));
    cJSON_ArrayForEach (item, results) TRY(read_result(builder, item, i++, unit_ns));
    builder->recording->kernel = builder->recording->device = "";
    return STATUS_OK;
}
