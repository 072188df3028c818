#include "frontends/cli/template_set.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 64 };

static void note_other_slot(void *context, unsigned slot)
{
    if (slot < SLOT_PARAMETERS) *(bool *)context = true;
}

/* A default may be invalid for some problems and devices, but not for all: clauses on parameters alone must
 * admit it. */
static enum status check_default(const struct manifest *manifest)
{
    int64_t slots[SLOT_COUNT] = {0};
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        slots[manifest->parameters[i].slot] = manifest->defaults[i];
    for (uint32_t i = 0; i < manifest->n_where; i++) {
        const struct manifest_clause *clause = &manifest->where[i];
        bool asks_more = false;
        int64_t holds;
        expr_visit_slots(&clause->expr, note_other_slot, &asks_more);
        if (asks_more || (expr_eval(&clause->expr, slots, &holds) == EXPR_FINE && holds)) continue;
        return status_fail(STATUS_BAD_DATA, "%s: default: outside its own constraint where[%u]: %s",
                           manifest->origin, i, clause->text);
    }
    return STATUS_OK;
}

enum status template_set_load(const char *folder, struct template_set *out)
{
    struct template_set set = {0};
    TRY(template_load(folder, &set.items, &set.n));
    for (size_t i = 0; i < set.n; i++) {
        enum status status = check_default(set.items[i]);
        if (status == STATUS_OK) continue;
        template_set_free(&set);
        return status;
    }
    if (!set.n) {
        template_set_free(&set);
        return status_fail(STATUS_BAD_DATA, "--templates=%s: no manifest (*.json) in this folder",
                           folder ? folder : "");
    }
    *out = set;
    return STATUS_OK;
}

void template_set_free(struct template_set *set)
{
    for (size_t i = 0; i < set->n; i++) manifest_free(set->items[i]);
    free(set->items);
    *set = (struct template_set){0};
}

enum status template_set_find(const struct template_set *set, const char *name, const struct manifest **out)
{
    const char *names[NAMES_MAX];
    size_t n = 0;
    struct text list = {0};
    for (size_t i = 0; i < set->n; i++) {
        if (strcmp(set->items[i]->name, name) == 0) {
            *out = set->items[i];
            text_free(&list);
            return STATUS_OK;
        }
        if (n < NAMES_MAX) names[n++] = set->items[i]->name;
        text_format(&list, "%s%s", i ? ", " : "", set->items[i]->name);
    }
    const char *closest = text_closest(name, names, n);
    enum status status =
        closest ? status_fail(STATUS_USAGE, "%s: unknown template; did you mean '%s'?", name, closest)
                : status_fail(STATUS_USAGE, "%s: unknown template; known: %s", name, text_string(&list));
    text_free(&list);
    return status;
}
