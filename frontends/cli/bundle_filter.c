#include "frontends/cli/bundle_filter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "db/schema.h"
#include "templates/models.h"
#include "tuner/base/classes.h"
#include "tuner/launch/problem_key.h"

enum { NAMES_MAX = 96, PART_BYTES = 128, GROUP_BYTES = 256 };

struct bundle_clause {
    char op[64], device_class[CLASS_TEXT_BYTES]; /* "": any */
    uint32_t evidences;                          /* bit i: evidence i; 0: not said */
    char (*groups)[GROUP_BYTES];                 /* of the model's problems, sorted; NULL: any */
    size_t n_groups;
};

typedef enum status take_value(struct bundle_clause *clause, const char *value);

static enum status fail_unknown(const char *what, const char *value, const char *const *names, size_t n)
{
    struct text list = {0};
    const char *closest = text_closest(value, names, n);
    for (size_t i = 0; i < n; i++) text_format(&list, "%s%s", i ? ", " : "", names[i]);
    enum status status = status_fail(STATUS_USAGE, "--filter: unknown %s '%s'%s%s%s; known: %s", what, value,
                                     closest ? "; did you mean '" : "", closest ? closest : "",
                                     closest ? "'?" : "", text_string(&list));
    text_free(&list);
    return status;
}

static enum status take_op(struct bundle_clause *clause, const char *value)
{
    const char *names[NAMES_MAX];
    size_t n = op_names(names, NAMES_MAX);
    if (!op_find(value)) return fail_unknown("op", value, names, n);
    snprintf(clause->op, sizeof clause->op, "%s", value);
    return STATUS_OK;
}

/* A name, a text, or the bare target that defaults stand under. */
static enum status take_class(struct bundle_clause *clause, const char *value)
{
    const char *names[NAMES_MAX];
    char target[32];
    uint32_t units, gbps;
    size_t n = class_targets(names, NAMES_MAX);
    const struct device_class *known = class_find(value);
    bool is_target = false;
    for (size_t i = 0; i < n; i++) is_target |= strcmp(names[i], value) == 0;
    if (known)
        class_format(known, clause->device_class);
    else if (is_target || text_starts_with(value, "x86-64-v") ||
             class_parse(value, target, &units, &gbps) == STATUS_OK)
        snprintf(clause->device_class, sizeof clause->device_class, "%s", value);
    else
        return fail_unknown("class", value, names, n);
    return STATUS_OK;
}

static enum status take_evidence(struct bundle_clause *clause, const char *value)
{
    const char *names[EVIDENCE_COUNT];
    for (unsigned i = 0; i < EVIDENCE_COUNT; i++) {
        names[i] = evidence_name((enum evidence)i);
        if (strcmp(names[i], value) == 0) clause->evidences = 1u << i;
    }
    return clause->evidences ? STATUS_OK : fail_unknown("evidence", value, names, EVIDENCE_COUNT);
}

/* ---- models ---- */

static int compare_groups(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* The op and all sizes but the last, of which a model has any: "gemm/n=...,k=...,b=...". False for what is no
 * key of that form. */
static bool group_of(const char *key, char out[GROUP_BYTES])
{
    const char *at = strchr(key, '@'), *begin = at ? strchr(at, '/') : NULL, *end = strrchr(key, '/');
    if (!begin || end <= begin) return false;
    snprintf(out, GROUP_BYTES, "%.*s%.*s", (int)strcspn(key, "/@"), key, (int)(end - begin), begin);
    return true;
}

static enum status take_model(struct bundle_clause *clause, const char *value)
{
    struct model_request request = {.name = value};
    struct model_problem *problems;
    size_t n;
    TRY(status_prefix(model_problems(&request, &problems, &n), "--filter"));
    clause->groups = calloc(n + 1, sizeof *clause->groups);
    enum status status = clause->groups ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for a filter");
    for (size_t i = 0; i < n && status == STATUS_OK; i++) {
        char key[KEY_BYTES_MAX + 1];
        status = problem_key(&problems[i].problem, "any", key);
        if (status == STATUS_OK && group_of(key, clause->groups[clause->n_groups])) clause->n_groups++;
    }
    free(problems);
    if (status == STATUS_OK) qsort(clause->groups, clause->n_groups, sizeof *clause->groups, compare_groups);
    return status;
}

/* ---- parsing ---- */

static const struct {
    const char *name;
    take_value *take;
} parts[] = {{"op", take_op}, {"class", take_class}, {"model", take_model}, {"evidence", take_evidence}};
enum { PARTS = sizeof parts / sizeof *parts };

static enum status take_part(struct bundle_clause *clause, const char *part, bool seen[PARTS])
{
    const char *names[PARTS], *equals = strchr(part, '=');
    size_t length = equals ? (size_t)(equals - part) : strlen(part);
    char name[PART_BYTES];
    snprintf(name, sizeof name, "%.*s", (int)length, part);
    for (size_t i = 0; i < PARTS; i++) {
        names[i] = parts[i].name;
        if (strcmp(parts[i].name, name) != 0) continue;
        if (!equals || !equals[1])
            return status_fail(STATUS_USAGE, "--filter: '%s' needs a value: %s=VALUE", name, name);
        if (seen[i])
            return status_fail(STATUS_USAGE,
                               "--filter: '%s' twice in one; a --filter of its own is an alternative", name);
        seen[i] = true;
        return parts[i].take(clause, equals + 1);
    }
    return fail_unknown("part", name, names, PARTS);
}

static enum status parse_clause(const char *text, struct bundle_clause *out)
{
    bool seen[PARTS] = {false};
    for (const char *at = text; *at;) {
        char part[PART_BYTES];
        size_t length = strcspn(at, ",");
        if (length >= sizeof part) return status_fail(STATUS_USAGE, "--filter=%.40s...: too long", text);
        memcpy(part, at, length);
        part[length] = 0;
        TRY(take_part(out, part, seen));
        at += length + (at[length] == ',');
    }
    return STATUS_OK;
}

enum status bundle_filter_parse(const struct words *words, struct bundle_filter *out)
{
    *out = (struct bundle_filter){.clauses = calloc(words->n + 1, sizeof *out->clauses)};
    if (!out->clauses) return status_fail(STATUS_NO_MEMORY, "no memory for a filter");
    for (size_t i = 0; i < words->n; i++) {
        out->n++;
        TRY(parse_clause(words->items[i], &out->clauses[i]));
    }
    return STATUS_OK;
}

void bundle_filter_free(struct bundle_filter *filter)
{
    for (size_t i = 0; i < filter->n; i++) free(filter->clauses[i].groups);
    free(filter->clauses);
    *filter = (struct bundle_filter){0};
}

/* ---- asking ---- */

static bool matches(const struct bundle_clause *clause, const char *key)
{
    const char *at = strchr(key, '@');
    size_t op = strlen(clause->op), device_class = strlen(clause->device_class);
    char group[GROUP_BYTES];
    if (op && (strncmp(key, clause->op, op) != 0 || (key[op] != '/' && key[op] != '@'))) return false;
    if (device_class &&
        (strncmp(at + 1, clause->device_class, device_class) != 0 || at[1 + device_class] != '/'))
        return false;
    return !clause->groups || (group_of(key, group) && bsearch(group, clause->groups, clause->n_groups,
                                                               sizeof *clause->groups, compare_groups));
}

uint32_t bundle_filter_select(void *context, const char *key)
{
    const struct bundle_filter *filter = context;
    uint32_t evidences = 0;
    for (size_t i = 0; i < filter->n; i++)
        if (matches(&filter->clauses[i], key))
            evidences |= filter->clauses[i].evidences ? filter->clauses[i].evidences : ~UINT32_C(0);
    return evidences;
}
