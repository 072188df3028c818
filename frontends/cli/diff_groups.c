#include "frontends/cli/diff_groups.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/talk.h"

static int compare(const struct diff_group *group, const char *name, const char *device_class)
{
    int order = strcmp(group->name, name);
    return order ? order : strcmp(group->device_class, device_class);
}

static bool make_room(struct diff_groups *groups)
{
    if (groups->n < groups->capacity) return true;
    size_t capacity = groups->capacity ? 2 * groups->capacity : 16;
    struct diff_group *items = realloc(groups->items, capacity * sizeof *items);
    if (!items) return false;
    groups->items = items;
    groups->capacity = capacity;
    return true;
}

struct diff_group *diff_groups_find(struct diff_groups *groups, const char *name, const char *device_class)
{
    size_t low = 0, high = groups->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare(&groups->items[middle], name, device_class);
        if (order == 0) return &groups->items[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    if (!make_room(groups)) return NULL;
    memmove(&groups->items[low + 1], &groups->items[low], (groups->n - low) * sizeof *groups->items);
    groups->n++;
    struct diff_group *group = &groups->items[low];
    *group = (struct diff_group){0};
    snprintf(group->name, sizeof group->name, "%s", name);
    snprintf(group->device_class, sizeof group->device_class, "%s", device_class);
    return group;
}

void diff_group_add(struct diff_group *group, const struct diff_row *row, double calls)
{
    group->kinds[row->kind]++;
    if (!row->is_timed) return;
    group->n_timed++;
    group->logarithms += log(row->ratio);
    for (int i = 0; i < 2; i++) group->calls_ns[i] += calls * (double)row->best[i]->timing.median_ns;
}

void diff_groups_free(struct diff_groups *groups)
{
    free(groups->items);
    *groups = (struct diff_groups){0};
}

static double mean_ratio(const struct diff_group *group)
{
    return group->n_timed ? exp(group->logarithms / (double)group->n_timed) : 0;
}

void diff_groups_print(const struct diff_groups *groups, const char *what, bool with_times)
{
    const char *headings[TABLE_COLUMNS_MAX] = {what, "class"};
    struct table table = {.headings = headings, .align = "llrrrrrrrrr", .n_columns = 2};
    for (int k = 0; k < DIFF_KIND_COUNT; k++) headings[table.n_columns++] = diff_kind_name((enum diff_kind)k);
    headings[table.n_columns++] = "mean ratio";
    if (with_times) headings[table.n_columns++] = "before", headings[table.n_columns++] = "after";
    for (size_t i = 0; i < groups->n; i++) {
        const struct diff_group *group = &groups->items[i];
        char time[NUMBER_BYTES];
        table_add(&table, "%s", group->name);
        table_add(&table, "%s", group->device_class);
        for (int k = 0; k < DIFF_KIND_COUNT; k++)
            table_add(&table, "%llu", (unsigned long long)group->kinds[k]);
        if (group->n_timed)
            table_add(&table, "%.3fx", mean_ratio(group));
        else
            table_add(&table, "-");
        for (int t = 0; t < 2 && with_times; t++)
            table_add(&table, "%s", number_time(group->calls_ns[t], time));
    }
    table_print(&table);
}

cJSON *diff_groups_json(const struct diff_groups *groups, const char *what, bool with_times)
{
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < groups->n; i++) {
        const struct diff_group *group = &groups->items[i];
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, what, group->name);
        cJSON_AddStringToObject(object, "class", group->device_class);
        for (int k = 0; k < DIFF_KIND_COUNT; k++)
            cJSON_AddNumberToObject(object, diff_kind_name((enum diff_kind)k), (double)group->kinds[k]);
        cJSON_AddNumberToObject(object, "measured_in_both", (double)group->n_timed);
        if (group->n_timed)
            cJSON_AddNumberToObject(object, "mean_ratio", mean_ratio(group));
        else
            cJSON_AddNullToObject(object, "mean_ratio");
        if (with_times) {
            cJSON_AddNumberToObject(object, "before_ns", group->calls_ns[0]);
            cJSON_AddNumberToObject(object, "after_ns", group->calls_ns[1]);
        }
        cJSON_AddItemToArray(array, object);
    }
    return array;
}
