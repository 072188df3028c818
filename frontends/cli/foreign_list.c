#include "frontends/cli/foreign_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/launch/problem_key.h"

enum status foreign_list_add(struct foreign_list *list, const struct foreign_row *row, bool believed)
{
    if (list->n == FOREIGN_ROWS_MAX)
        return status_fail(STATUS_BAD_DATA, "more than %d rows; take the file in parts", FOREIGN_ROWS_MAX);
    if (list->n == list->capacity) {
        size_t capacity = list->capacity ? 2 * list->capacity : 64;
        struct foreign_item *items = realloc(list->items, capacity * sizeof *items);
        if (!items) return status_fail(STATUS_NO_MEMORY, "no memory for %zu rows", capacity);
        list->items = items;
        list->capacity = capacity;
    }
    struct foreign_item *item = &list->items[list->n++];
    *item = (struct foreign_item){.problem = row->problem,
                                  .calls = 1,
                                  .ns = believed ? row->ns : 0,
                                  .line = row->line,
                                  .units = row->units};
    memcpy(item->target, row->target, sizeof item->target);
    memcpy(item->by, row->by, sizeof item->by);
    return STATUS_OK;
}

static int compare_numbers(double a, double b)
{
    return (a > b) - (a < b);
}

/* By op and fields, then by part. */
static int compare_problems(const struct foreign_item *a, const struct foreign_item *b)
{
    int order = strcmp(a->problem.op->name, b->problem.op->name);
    for (unsigned i = 0; !order && i < a->problem.op->n_fields; i++)
        order = compare_numbers((double)a->problem.value[i], (double)b->problem.value[i]);
    if (!order) order = strcmp(a->target, b->target);
    return order ? order : compare_numbers(a->units, b->units);
}

/* Those with a time first, the best of them in front. */
static int compare(const void *left, const void *right)
{
    const struct foreign_item *a = left, *b = right;
    int order = compare_problems(a, b);
    if (!order) order = compare_numbers(a->ns <= 0, b->ns <= 0);
    if (!order) order = compare_numbers(a->ns, b->ns);
    return order ? order : compare_numbers((double)a->line, (double)b->line);
}

void foreign_list_merge(struct foreign_list *list)
{
    size_t n = 0;
    if (list->n) qsort(list->items, list->n, sizeof *list->items, compare);
    for (size_t i = 0; i < list->n; i++) {
        if (n && compare_problems(&list->items[n - 1], &list->items[i]) == 0)
            list->items[n - 1].calls += list->items[i].calls;
        else
            list->items[n++] = list->items[i];
    }
    list->n = n;
}

/* --- ours --- */

static void note_best(struct foreign_item *item, const struct layers *layers, const char *class_text)
{
    char key[KEY_BYTES_MAX + 1];
    struct record record;
    if (problem_key(&item->problem, class_text, key) != STATUS_OK) return;
    for (size_t i = 0; i < layers->n; i++) {
        if (book_get_record(layers->items[i], key, &record) != STATUS_OK) continue;
        for (uint32_t e = 0; e < record.n_entries; e++) {
            uint64_t ns = record.entries[e].timing.median_ns;
            if (record.entries[e].evidence != EVIDENCE_MEASURED || !ns) continue;
            if (!item->ours_ns || ns < item->ours_ns) item->ours_ns = ns;
        }
    }
}

void foreign_list_compare(struct foreign_list *list, const struct layers *layers, const char *class_text)
{
    size_t n_classes;
    const struct device_class *classes = class_table(&n_classes);
    char text[CLASS_TEXT_BYTES];
    for (size_t i = 0; i < list->n; i++) {
        struct foreign_item *item = &list->items[i];
        if (class_text) note_best(item, layers, class_text);
        for (size_t c = 0; c < n_classes && !class_text; c++) {
            if (classes[c].units != item->units) continue;
            if (*item->target && strcmp(classes[c].target, item->target) != 0) continue;
            class_format(&classes[c], text);
            note_best(item, layers, text);
        }
    }
}

void foreign_list_free(struct foreign_list *list)
{
    free(list->items);
    *list = (struct foreign_list){0};
}
