#include "search/recording_write.h"

#include <stdio.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/base/json.h"

static const double ns_per_ms = 1e6;

static const char *const t4_words[] = {
#define END(enumerator, t4, kernel_tuner) t4,
    RECORDED_TABLE(END)
#undef END
};
static const char *const kernel_tuner_words[] = {
#define END(enumerator, t4, kernel_tuner) kernel_tuner,
    RECORDED_TABLE(END)
#undef END
};

/* ---- parts ---- */

static cJSON *value_json(const char *text)
{
    double number;
    if (strcmp(text, "True") == 0 || strcmp(text, "False") == 0) return cJSON_CreateBool(*text == 'T');
    return text_parse_double(text, &number) ? cJSON_CreateNumber(number) : cJSON_CreateString(text);
}

static void append_json(cJSON *item, struct text *out)
{
    json_print(item, false, out);
    cJSON_Delete(item);
}

static void append_string(const char *string, struct text *out)
{
    append_json(cJSON_CreateString(string), out);
}

static cJSON *configuration_json(const struct recording *recording, const struct configuration *configuration)
{
    cJSON *object = cJSON_CreateObject();
    for (uint32_t p = 0; p < recording->spec.n_parameters; p++)
        cJSON_AddItemToObject(object, recording->spec.parameters[p].name,
                              value_json(recording->texts[p][configuration->index[p]]));
    return object;
}

/* All that was not the compile. */
static double measuring_ms(const struct recorded *entry)
{
    return (entry->cost_ns - entry->compile_ns) / ns_per_ms;
}

/* ---- Kernel Tuner ---- */

/* As Python's isoformat with a space: "2026-11-22 05:00:00+00:00". */
static void add_timestamp(cJSON *object, uint64_t finished_at_s)
{
    char utc[21], text[32];
    if (!finished_at_s) return;
    clock_format_utc(finished_at_s, utc);
    snprintf(text, sizeof text, "%.10s %.8s+00:00", utc, utc + 11);
    cJSON_AddStringToObject(object, "timestamp", text);
}

static cJSON *kt_entry(const struct recording *recording, const struct configuration *configuration,
                       const struct recorded *entry)
{
    cJSON *object = configuration_json(recording, configuration);
    if (entry->valid) {
        double ms = entry->objective_ns / ns_per_ms;
        cJSON_AddNumberToObject(object, "time", ms);
        cJSON_AddItemToObject(object, "times", cJSON_CreateDoubleArray(&ms, 1));
    } else {
        cJSON_AddStringToObject(object, "time", kernel_tuner_words[entry->end]);
    }
    cJSON_AddNumberToObject(object, "compile_time", entry->compile_ns / ns_per_ms);
    cJSON_AddNumberToObject(object, "verification_time", 0);
    cJSON_AddNumberToObject(object, "benchmark_time", measuring_ms(entry));
    cJSON_AddNumberToObject(object, "strategy_time", 0);
    cJSON_AddNumberToObject(object, "framework_time", 0);
    add_timestamp(object, entry->finished_at_s);
    return object;
}

static void kt_head(const struct recording *recording, const struct recording_about *about, struct text *out)
{
    const struct space_spec *spec = &recording->spec;
    text_append(out, "{\n\"device_name\": ");
    append_string(recording->device, out);
    text_append(out, ",\n\"kernel_name\": ");
    append_string(recording->kernel, out);
    text_append(out, ",\n\"problem_size\": [");
    for (size_t i = 0; i < about->n_problem_size; i++)
        text_format(out, "%s%lld", i ? ", " : "", (long long)about->problem_size[i]);
    text_append(out, "],\n\"tune_params_keys\": [");
    for (uint32_t p = 0; p < spec->n_parameters; p++) {
        text_append(out, p ? ", " : "");
        append_string(spec->parameters[p].name, out);
    }
    text_append(out, "],\n\"tune_params\": {");
    for (uint32_t p = 0; p < spec->n_parameters; p++) {
        text_append(out, p ? ",\n" : "\n");
        append_string(spec->parameters[p].name, out);
        text_append(out, ": [");
        for (uint32_t i = 0; i < spec->parameters[p].n_values; i++) {
            text_append(out, i ? ", " : "");
            append_json(value_json(recording->texts[p][i]), out);
        }
        text_append(out, "]");
    }
    text_append(out, "},\n\"objective\": \"time\",\n\"cache\": {\n");
}

/* The values as Python prints them, joined by commas: numbers in the fewest digits that mean them. */
static cJSON *kt_key(const struct recording *recording, const struct configuration *configuration)
{
    struct text key = {0};
    for (uint32_t p = 0; p < recording->spec.n_parameters; p++) {
        const char *text = recording->texts[p][configuration->index[p]];
        double number;
        text_append(&key, p ? "," : "");
        if (text_parse_double(text, &number))
            append_json(cJSON_CreateNumber(number), &key);
        else
            text_append(&key, text);
    }
    cJSON *string = cJSON_CreateString(text_string(&key));
    text_free(&key);
    return string;
}

enum status recording_write_kt(const struct recording *recording, const struct recording_about *about,
                               struct text *out)
{
    kt_head(recording, about, out);
    for (size_t i = 0; i < recording->n; i++) {
        struct configuration configuration;
        space_at(recording->space, i, &configuration);
        append_json(kt_key(recording, &configuration), out);
        text_append(out, ": ");
        append_json(kt_entry(recording, &configuration, &recording->entries[i]), out);
        text_append(out, i + 1 < recording->n ? ",\n" : "}\n}\n");
    }
    return text_status(out);
}

/* ---- T4 ---- */

/* The schema calls the compile's time compilation_time, most readers compilation. */
static cJSON *t4_times(const struct recorded *entry)
{
    cJSON *times = cJSON_CreateObject();
    double ms = entry->objective_ns / ns_per_ms;
    cJSON_AddNumberToObject(times, "compilation_time", entry->compile_ns / ns_per_ms);
    cJSON_AddNumberToObject(times, "compilation", entry->compile_ns / ns_per_ms);
    cJSON_AddNumberToObject(times, "benchmark", measuring_ms(entry));
    cJSON_AddNumberToObject(times, "framework", 0);
    cJSON_AddNumberToObject(times, "search_algorithm", 0);
    cJSON_AddNumberToObject(times, "validation", 0);
    if (entry->valid) cJSON_AddItemToObject(times, "runtimes", cJSON_CreateDoubleArray(&ms, 1));
    return times;
}

static cJSON *t4_measurements(const struct recorded *entry)
{
    cJSON *array = cJSON_CreateArray(), *time = cJSON_CreateObject();
    cJSON_AddStringToObject(time, "name", "time");
    if (entry->valid)
        cJSON_AddNumberToObject(time, "value", entry->objective_ns / ns_per_ms);
    else
        cJSON_AddStringToObject(time, "value", kernel_tuner_words[entry->end]);
    cJSON_AddStringToObject(time, "unit", "milliseconds");
    cJSON_AddItemToArray(array, time);
    return array;
}

static cJSON *t4_result(const struct recording *recording, const struct configuration *configuration,
                        const struct recorded *entry)
{
    char utc[21];
    cJSON *object = cJSON_CreateObject(), *objectives = cJSON_CreateArray();
    if (entry->finished_at_s) {
        clock_format_utc(entry->finished_at_s, utc);
        cJSON_AddStringToObject(object, "timestamp", utc);
    }
    cJSON_AddItemToObject(object, "configuration", configuration_json(recording, configuration));
    cJSON_AddItemToArray(objectives, cJSON_CreateString("time"));
    cJSON_AddItemToObject(object, "objectives", objectives);
    cJSON_AddItemToObject(object, "times", t4_times(entry));
    cJSON_AddStringToObject(object, "invalidity", t4_words[entry->end]);
    cJSON_AddNumberToObject(object, "correctness", entry->valid);
    cJSON_AddItemToObject(object, "measurements", t4_measurements(entry));
    return object;
}

enum status recording_write_t4(const struct recording *recording, const struct recording_about *about,
                               struct text *out)
{
    text_append(out, "{\n\"schema_version\": \"1.0.0\",\n\"metadata\": {\"timeunit\": \"milliseconds\", "
                     "\"kernel_name\": ");
    append_string(recording->kernel, out);
    text_append(out, ", \"device_name\": ");
    append_string(recording->device, out);
    if (about->environment) text_format(out, ", \"environment\": {\"device_query\": %s}", about->environment);
    text_append(out, "},\n\"results\": [\n");
    for (size_t i = 0; i < recording->n; i++) {
        struct configuration configuration;
        space_at(recording->space, i, &configuration);
        append_json(t4_result(recording, &configuration, &recording->entries[i]), out);
        text_append(out, i + 1 < recording->n ? ",\n" : "\n]\n}\n");
    }
    return text_status(out);
}
