#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/json.h"
#include "tuner/records.h"

struct reader {
    struct records *out;
    struct json_source source;
    size_t capacity_environments, capacity_records;
};

/* Room for one more in an array of the arena. */
static void *grow(struct arena *arena, void *items, size_t n, size_t *capacity, size_t bytes)
{
    if (n < *capacity) return items;
    size_t wanted = *capacity ? 2 * *capacity : 16;
    void *grown = arena_alloc(arena, wanted * bytes);
    if (grown && n) memcpy(grown, items, n * bytes);
    if (grown) *capacity = wanted;
    return grown;
}

static enum status keep(struct reader *reader, const char *text, const char **out)
{
    *out = arena_string(&reader->out->arena, text);
    return *out ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: no memory", reader->source.name);
}

static enum status take_text(struct reader *reader, const cJSON *object, const char *member, const char **out)
{
    const char *text;
    TRY(json_string(&reader->source, object, member, &text));
    return keep(reader, text, out);
}

static enum status take_number(struct reader *reader, const cJSON *object, const char *member, uint64_t most,
                               uint64_t *out)
{
    int64_t value;
    TRY(json_int64(&reader->source, object, member, &value));
    if (value < 0 || (uint64_t)value > most)
        return status_fail(STATUS_BAD_DATA, "%s: %s is %lld, out of range", reader->source.name, member,
                           (long long)value);
    *out = (uint64_t)value;
    return STATUS_OK;
}

static enum status take_environment(struct reader *reader, const cJSON *line)
{
    static const char *const known[] = {"environment", "facts"};
    struct records *out = reader->out;
    struct records_environment environment;
    const cJSON *facts;
    struct text json = {0};
    TRY(json_only(&reader->source, line, known, 2));
    TRY(take_text(reader, line, "environment", &environment.name));
    TRY(json_object(&reader->source, line, "facts", &facts));
    TRY(take_text(reader, facts, "compiler", &environment.compiler));
    json_print(facts, false, &json);
    enum status status = text_status(&json);
    if (status == STATUS_OK) status = keep(reader, text_string(&json), &environment.json);
    text_free(&json);
    TRY(status);
    out->environments = grow(&out->arena, out->environments, out->n_environments,
                             &reader->capacity_environments, sizeof environment);
    if (!out->environments) return status_fail(STATUS_NO_MEMORY, "%s: no memory", reader->source.name);
    out->environments[out->n_environments++] = environment;
    return STATUS_OK;
}

static enum status take_timing(struct reader *reader, const cJSON *object, struct timing *out)
{
    const struct {
        const char *member;
        uint64_t *to;
    } times[] = {{"median_ns", &out->median_ns}, {"q1_ns", &out->q1_ns},     {"q3_ns", &out->q3_ns},
                 {"low_ns", &out->low_ns},       {"high_ns", &out->high_ns}, {"min_ns", &out->min_ns}};
    uint64_t samples = 0, launches = 0, flags = 0;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        TRY(take_number(reader, object, times[i].member, INT64_MAX, times[i].to));
    TRY(take_number(reader, object, "samples", UINT32_MAX, &samples));
    TRY(take_number(reader, object, "launches", UINT32_MAX, &launches));
    TRY(take_number(reader, object, "flags", UINT32_MAX, &flags));
    out->samples = (uint32_t)samples;
    out->launches_per_sample = (uint32_t)launches;
    out->flags = (uint32_t)flags;
    return STATUS_OK;
}

/* What nobody has measured has a time and no distribution, and was seen in no environment. */
static enum status take_predicted(struct reader *reader, const cJSON *object, struct records_entry *out)
{
    static const char *const known[] = {"template", "configuration", "source", "predicted_ns"};
    struct timing *timing = &out->timing;
    uint64_t ns = 0;
    TRY(json_only(&reader->source, object, known, sizeof known / sizeof *known));
    TRY(take_text(reader, object, "template", &out->template_name));
    TRY(take_text(reader, object, "configuration", &out->configuration));
    TRY(take_text(reader, object, "source", &out->source));
    TRY(take_number(reader, object, "predicted_ns", INT64_MAX, &ns));
    timing->median_ns = timing->q1_ns = timing->q3_ns = timing->low_ns = timing->high_ns = timing->min_ns =
        ns;
    return STATUS_OK;
}

static enum status take_entry(struct reader *reader, const cJSON *object, struct records_entry *out)
{
    if (cJSON_HasObjectItem(object, "predicted_ns")) return take_predicted(reader, object, out);
    static const char *const known[] = {"template", "configuration", "source", "environment",  "median_ns",
                                        "q1_ns",    "q3_ns",         "low_ns", "high_ns",      "min_ns",
                                        "samples",  "launches",      "flags",  "measured_at_s"};
    TRY(json_only(&reader->source, object, known, sizeof known / sizeof *known));
    TRY(take_text(reader, object, "template", &out->template_name));
    TRY(take_text(reader, object, "configuration", &out->configuration));
    TRY(take_text(reader, object, "source", &out->source));
    TRY(take_text(reader, object, "environment", &out->environment));
    TRY(take_timing(reader, object, &out->timing));
    return take_number(reader, object, "measured_at_s", INT64_MAX, &out->measured_at_s);
}

static enum status take_class(struct reader *reader, const cJSON *line, char out[CLASS_TEXT_BYTES])
{
    const char *text;
    char target[32];
    uint32_t units, gbps;
    TRY(json_string(&reader->source, line, "class", &text));
    if (strlen(text) >= CLASS_TEXT_BYTES || class_parse(text, target, &units, &gbps) != STATUS_OK)
        return status_fail(STATUS_BAD_DATA, "%s: class '%.80s' is none", reader->source.name, text);
    snprintf(out, CLASS_TEXT_BYTES, "%s", text);
    return STATUS_OK;
}

static enum status take_record(struct reader *reader, const cJSON *line)
{
    static const char *const known[] = {"problem",     "class",      "baseline",
                                        "baseline_ns", "default_ns", "entries"};
    struct records *out = reader->out;
    struct records_record record = {0};
    const char *problem, *baseline;
    const cJSON *entries, *entry;
    TRY(json_only(&reader->source, line, known, sizeof known / sizeof *known));
    TRY(json_string(&reader->source, line, "problem", &problem));
    TRY(status_prefix(problem_parse(problem, &record.problem), "%s", reader->source.name));
    TRY(take_class(reader, line, record.class_text));
    TRY(json_string(&reader->source, line, "baseline", &baseline));
    snprintf(record.baseline_name, sizeof record.baseline_name, "%.31s", baseline);
    TRY(take_number(reader, line, "baseline_ns", INT64_MAX, &record.baseline_ns));
    TRY(take_number(reader, line, "default_ns", INT64_MAX, &record.default_ns));
    TRY(json_array(&reader->source, line, "entries", &entries));
    cJSON_ArrayForEach (entry, entries) {
        if (record.n_entries == RECORDS_ENTRIES_MAX)
            return status_fail(STATUS_BAD_DATA, "%s: more than %d entries", reader->source.name,
                               RECORDS_ENTRIES_MAX);
        TRY(take_entry(reader, entry, &record.entries[record.n_entries++]));
    }
    out->records = grow(&out->arena, out->records, out->n_records, &reader->capacity_records, sizeof record);
    if (!out->records) return status_fail(STATUS_NO_MEMORY, "%s: no memory", reader->source.name);
    out->records[out->n_records++] = record;
    return STATUS_OK;
}

static enum status take_line(struct reader *reader, const char *bytes, size_t size)
{
    cJSON *line;
    TRY(json_parse(&reader->source, bytes, size, &line));
    enum status status =
        cJSON_HasObjectItem(line, "environment") ? take_environment(reader, line) : take_record(reader, line);
    cJSON_Delete(line);
    return status;
}

enum status records_read(const char *name, const char *bytes, size_t size, struct records *out)
{
    struct reader reader = {.out = out};
    size_t number = 0;
    char place[512];
    *out = (struct records){0};
    reader.source.name = place;
    for (const char *end = bytes + size; bytes < end;) {
        const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t length = (size_t)((stop ? stop : end) - bytes);
        snprintf(place, sizeof place, "%.400s:%zu", name, ++number);
        if (length) TRY(take_line(&reader, bytes, length));
        bytes += length + (stop != NULL);
    }
    return STATUS_OK;
}

void records_free(struct records *records)
{
    arena_free(&records->arena);
    *records = (struct records){0};
}
