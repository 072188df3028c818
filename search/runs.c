#include "search/runs.h"

#include <stdlib.h>
#include <string.h>
#include "search/known.h"

static enum status check_run(const struct json_source *source, const cJSON *run)
{
    const char *recording;
    const cJSON *asked, *item;
    if (!cJSON_IsObject(run))
        return status_fail(STATUS_BAD_DATA, "%s: 'runs' holds something that is no object", source->name);
    TRY(json_string(source, run, "recording", &recording));
    TRY(json_array(source, run, "asked", &asked));
    cJSON_ArrayForEach (item, asked)
        if (!cJSON_IsString(item))
            return status_fail(STATUS_BAD_DATA,
                               "%s: a run on %s asked for something that is no text such as '16,1,2'",
                               source->name, recording);
    return STATUS_OK;
}

static enum status check(const struct json_source *source, struct runs *runs)
{
    const cJSON *run;
    TRY(json_string(source, runs->root, "strategy", &runs->strategy));
    TRY(json_array(source, runs->root, "runs", &runs->list));
    cJSON_ArrayForEach (run, runs->list) TRY(check_run(source, run));
    return STATUS_OK;
}

enum status runs_read(const char *name, const char *bytes, size_t size, struct runs *out)
{
    struct runs runs = {.name = strdup(name)};
    if (!runs.name) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", name);
    struct json_source source = {runs.name};
    enum status status = json_parse(&source, bytes, size, &runs.root);
    if (status == STATUS_OK) status = check(&source, &runs);
    if (status == STATUS_OK)
        *out = runs;
    else
        runs_free(&runs);
    return status;
}

void runs_free(struct runs *runs)
{
    cJSON_Delete(runs->root);
    free(runs->name);
    *runs = (struct runs){0};
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool is_of(const cJSON *run, const struct recording *recording)
{
    const char *name = cJSON_GetObjectItemCaseSensitive(run, "recording")->valuestring;
    return strcmp(base_name(name), base_name(recording->name)) == 0;
}

size_t runs_count(const struct runs *runs, const struct recording *recording)
{
    const cJSON *run;
    size_t n = 0;
    cJSON_ArrayForEach (run, runs->list) n += is_of(run, recording);
    return n;
}

/* 16 and 16.0 are one value. */
static bool is_value(const char *recorded, const char *text, size_t size)
{
    if (strlen(recorded) == size && memcmp(recorded, text, size) == 0) return true;
    char copy[64], *end_recorded, *end;
    if (size == 0 || size >= sizeof copy) return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    double a = strtod(recorded, &end_recorded), b = strtod(copy, &end);
    return end_recorded != recorded && end != copy && !*end_recorded && !*end && a == b;
}

static bool find_configuration(const struct recording *recording, const char *key, struct configuration *out)
{
    *out = (struct configuration){0};
    for (uint32_t p = 0; p < recording->spec.n_parameters; p++) {
        bool last = p + 1 == recording->spec.n_parameters;
        size_t size = strcspn(key, ",");
        uint32_t i = 0, n = recording->spec.parameters[p].n_values;
        while (i < n && !is_value(recording->texts[p][i], key, size)) i++;
        if (i == n || (key[size] == '\0') != last) return false;
        out->index[p] = (uint16_t)i;
        key += size + 1;
    }
    return recording->spec.n_parameters > 0;
}

static const cJSON *find_run(const struct runs *runs, size_t i, const struct recording *recording)
{
    const cJSON *run;
    cJSON_ArrayForEach (run, runs->list)
        if (is_of(run, recording) && i-- == 0) return run;
    return NULL;
}

static enum status replay_asked(const struct runs *runs, const cJSON *asked,
                                const struct recording *recording, struct known *known, struct replay *out)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, asked) {
        struct configuration configuration;
        const struct recorded *recorded = find_configuration(recording, item->valuestring, &configuration)
                                              ? recording_find(recording, &configuration)
                                              : NULL;
        if (!recorded)
            return status_fail(STATUS_BAD_DATA, "%s: a run asked for %.100s, which %s does not hold",
                               runs->name, item->valuestring, recording->name);
        if (known_get(known, &configuration) != KNOWN_NOT) continue;
        if (!known_put(known, &configuration, KNOWN_TOLD))
            return status_fail(STATUS_NO_MEMORY, "%s: out of memory", runs->name);
        TRY(replay_add(out, recorded));
    }
    out->finished = true;
    return STATUS_OK;
}

enum status runs_replay(const struct runs *runs, size_t i, const struct recording *recording,
                        struct replay *out)
{
    const cJSON *run = find_run(runs, i, recording);
    *out = (struct replay){0};
    if (!run)
        return status_fail(STATUS_BAD_DATA, "%s: fewer than %zu runs on %s", runs->name, i + 1,
                           recording->name);
    struct known known = {0};
    enum status status =
        replay_asked(runs, cJSON_GetObjectItemCaseSensitive(run, "asked"), recording, &known, out);
    known_free(&known);
    if (status != STATUS_OK) replay_free(out);
    return status;
}
