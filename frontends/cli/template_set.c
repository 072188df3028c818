#include "frontends/cli/template_set.h"

#include <stdlib.h>
#include <string.h>

enum { NAMES_MAX = 64 };

enum status template_set_load(const char *folder, struct template_set *out)
{
    struct template_set set = {0};
    enum status status = template_load(folder, &set.items, &set.n);
    if (status != STATUS_OK) return folder ? status_prefix(status, "--templates") : status;
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
