#include "search/recording_t1.h"

#include <stdlib.h>
#include <string.h>
#include "search/landscape.h"

/* From the values of a recording to those of a definition. */
struct fitting {
    const struct recording *recorded;
    const struct t1 *t1;
    int32_t source[SPACE_PARAMETERS_MAX]; /* of the definition's parameter among the recording's; -1: none */
    uint16_t *map[SPACE_PARAMETERS_MAX];  /* of the definition's parameter: recorded index to its own */
    size_t n_contradictions;
    struct configuration first; /* contradiction, as recorded */
};

enum { NOT_LISTED = UINT16_MAX };

/* ---- parameters and values ---- */

/* True is 1 and False is 0 for Python, and writers use either. */
static const char *plain(const char *text)
{
    return strcmp(text, "True") == 0 ? "1" : strcmp(text, "False") == 0 ? "0" : text;
}

static enum status map_values(struct fitting *fitting, uint32_t p, uint32_t r)
{
    const struct recording *recorded = fitting->recorded;
    uint32_t n = recorded->spec.parameters[r].n_values, n_known = fitting->t1->spec.parameters[p].n_values;
    fitting->map[p] = malloc((n + 1) * sizeof *fitting->map[p]);
    if (!fitting->map[p]) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", recorded->name);
    for (uint32_t i = 0; i < n; i++) {
        const char *text = plain(recorded->texts[r][i]);
        uint32_t v = 0;
        while (v < n_known && strcmp(plain(fitting->t1->texts[p][v]), text) != 0) v++;
        fitting->map[p][i] = v < n_known ? (uint16_t)v : NOT_LISTED;
    }
    return STATUS_OK;
}

static int32_t find_parameter(const struct space_spec *spec, const char *name)
{
    for (uint32_t i = 0; i < spec->n_parameters; i++)
        if (strcmp(spec->parameters[i].name, name) == 0) return (int32_t)i;
    return -1;
}

static enum status match_parameters(struct fitting *fitting)
{
    const struct space_spec *defined = &fitting->t1->spec, *recorded = &fitting->recorded->spec;
    for (uint32_t p = 0; p < defined->n_parameters; p++) {
        const struct space_parameter *parameter = &defined->parameters[p];
        fitting->source[p] = find_parameter(recorded, parameter->name);
        if (fitting->source[p] >= 0)
            TRY(map_values(fitting, p, (uint32_t)fitting->source[p]));
        else if (parameter->n_values > 1)
            return status_fail(STATUS_BAD_DATA, "%s: parameter %s of %s is not recorded",
                               fitting->recorded->name, parameter->name, fitting->t1->name);
    }
    for (uint32_t r = 0; r < recorded->n_parameters; r++) {
        const struct space_parameter *parameter = &recorded->parameters[r];
        if (parameter->n_values > 1 && find_parameter(defined, parameter->name) < 0)
            return status_fail(STATUS_BAD_DATA, "%s: %s does not define its parameter %s",
                               fitting->recorded->name, fitting->t1->name, parameter->name);
    }
    return STATUS_OK;
}

/* False where a value is not among the definition's. */
static bool translate(const struct fitting *fitting, const struct configuration *recorded,
                      struct configuration *out)
{
    *out = (struct configuration){0};
    for (uint32_t p = 0; p < fitting->t1->spec.n_parameters; p++) {
        int32_t r = fitting->source[p];
        if (r < 0) continue;
        out->index[p] = fitting->map[p][recorded->index[r]];
        if (out->index[p] == NOT_LISTED) return false;
    }
    return true;
}

/* ---- contradictions ---- */

static void describe(const struct recording *recorded, const struct configuration *configuration,
                     struct text *out)
{
    for (uint32_t r = 0; r < recorded->spec.n_parameters; r++)
        text_format(out, "%s%s=%s", r ? "," : "", recorded->spec.parameters[r].name,
                    recorded->texts[r][configuration->index[r]]);
}

static enum status fail_contradiction(const struct fitting *fitting, const struct space *space)
{
    struct configuration configuration;
    struct text first = {0};
    const char *clause = NULL;
    uint32_t rejecting;
    if (translate(fitting, &fitting->first, &configuration) &&
        !space_admits(space, &configuration, &rejecting) && rejecting < fitting->t1->spec.n_clauses)
        clause = fitting->t1->spec.clauses[rejecting].text;
    describe(fitting->recorded, &fitting->first, &first);
    enum status status = status_fail(
        STATUS_BAD_DATA,
        "%s: %zu of its configurations ran although %s forbids them, the first is %.400s: %s%s%s",
        fitting->recorded->name, fitting->n_contradictions, fitting->t1->name, text_string(&first),
        clause ? "it fails '" : "a value is not listed", clause ? clause : "", clause ? "'" : "");
    text_free(&first);
    return status;
}

/* ---- entries ---- */

static enum status median_cost(const struct recording *recorded, double *ns)
{
    double *costs = malloc((recorded->n + 1) * sizeof *costs);
    if (!costs) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", recorded->name);
    for (size_t i = 0; i < recorded->n; i++) costs[i] = recorded->entries[i].cost_ns;
    *ns = median_of(costs, recorded->n);
    free(costs);
    return STATUS_OK;
}

static enum status place_entries(struct fitting *fitting, struct recording *out, struct recording_fit *fit)
{
    const struct recording *recorded = fitting->recorded;
    size_t n_placed = 0;
    double absent_ns = 0;
    TRY(median_cost(recorded, &absent_ns));
    for (size_t i = 0; i < out->n; i++)
        out->entries[i] = (struct recorded){.end = RECORDED_RUNTIME, .cost_ns = absent_ns};
    for (size_t i = 0; i < recorded->n; i++) {
        struct configuration from, to;
        uint64_t place;
        space_at(recorded->space, i, &from);
        if (translate(fitting, &from, &to) && space_find(out->space, &to, &place)) {
            out->entries[place] = recorded->entries[i];
            n_placed++;
        } else if (!recorded->entries[i].valid) {
            fit->n_left_out++;
        } else if (fitting->n_contradictions++ == 0) {
            fitting->first = from;
        }
    }
    fit->n_absent = out->n - n_placed;
    return fitting->n_contradictions ? fail_contradiction(fitting, out->space) : STATUS_OK;
}

static enum status make_entries(struct fitting *fitting, struct recording *out, struct recording_fit *fit)
{
    bool exact;
    uint64_t n = space_count(out->space, &exact);
    if (!exact || n > RECORDING_DEFINED_MAX)
        return status_fail(
            STATUS_BAD_DATA, "%s: its space has %s%llu configurations; at most %d are replayed",
            fitting->t1->name, exact ? "" : "about ", (unsigned long long)n, RECORDING_DEFINED_MAX);
    out->n = (size_t)n;
    out->entries = malloc((out->n + 1) * sizeof *out->entries);
    if (!out->entries) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", out->name);
    return place_entries(fitting, out, fit);
}

static enum status define(struct fitting *fitting, struct recording *out, struct recording_fit *fit)
{
    struct arena *arena = &out->arena;
    out->name = arena_string(arena, fitting->recorded->name);
    out->kernel = arena_string(arena, fitting->recorded->kernel);
    out->device = arena_string(arena, fitting->recorded->device);
    if (!out->name || !out->kernel || !out->device)
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", fitting->recorded->name);
    out->spec = fitting->t1->spec;
    out->texts = fitting->t1->texts;
    TRY(match_parameters(fitting));
    TRY(t1_space(fitting->t1, &out->space));
    return make_entries(fitting, out, fit);
}

enum status recording_define(const struct recording *recorded, const struct t1 *t1, struct recording **out,
                             struct recording_fit *fit)
{
    struct fitting fitting = {.recorded = recorded, .t1 = t1};
    struct recording_fit counted = {0};
    struct recording *recording = calloc(1, sizeof *recording);
    if (!recording) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", recorded->name);
    enum status status = define(&fitting, recording, &counted);
    for (uint32_t p = 0; p < SPACE_PARAMETERS_MAX; p++) free(fitting.map[p]);
    if (status != STATUS_OK) {
        recording_free(recording);
        return status;
    }
    *out = recording;
    *fit = counted;
    return STATUS_OK;
}
