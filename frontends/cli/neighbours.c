#include "frontends/cli/neighbours.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/launch/problem_key.h"

enum { HEADS_MAX = 12, LAST_RATIO_MAX = 4, OTHER_RATIO_MAX = 2 };

struct gathering {
    struct neighbours *out;
    struct key_parts own;
    const char *class_text;
    char key[KEY_BYTES_MAX + 1]; /* of the problem itself */
    struct book *book;
    size_t layer, head;
    bool no_memory;
};

bool neighbour_distance(const struct key_parts *from, const struct key_parts *to, double *octaves,
                        bool *other_group)
{
    *octaves = 0;
    *other_group = false;
    if (from->n_sizes != to->n_sizes) return false;
    for (uint32_t i = 0; i < to->n_sizes; i++) {
        int64_t a = from->sizes[i], b = to->sizes[i];
        int64_t most = i + 1 == to->n_sizes ? LAST_RATIO_MAX : OTHER_RATIO_MAX;
        if (strcmp(from->names[i], to->names[i]) != 0 || a > most * b || b > most * a) return false;
        if (a == b) continue;
        *octaves += fabs(log2((double)a / (double)b));
        if (i + 1 < to->n_sizes) *other_group = true;
    }
    return true;
}

static int compare_size(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int compare(const struct neighbour *a, const struct neighbour *b)
{
    int order = compare_size(a->sibling, b->sibling);
    if (!order) order = compare_size(a->other_group, b->other_group);
    if (!order) order = compare_size(a->head, b->head);
    if (!order) order = (a->octaves > b->octaves) - (a->octaves < b->octaves);
    if (!order) order = compare_size(a->layer, b->layer);
    return order ? order : strcmp(a->key, b->key);
}

/* Takes its place among the nearest; the farthest gives way. */
static void insert(struct gathering *gathering, const struct neighbour *candidate,
                   const struct record *record)
{
    struct neighbours *out = gathering->out;
    size_t at = out->n;
    while (at > 0 && compare(candidate, out->items[at - 1]) < 0) at--;
    if (at == NEIGHBOURS_MAX) return;
    struct neighbour *item = out->n == NEIGHBOURS_MAX ? out->items[--out->n] : malloc(sizeof *item);
    if (!item) {
        gathering->no_memory = true;
        return;
    }
    memmove(&out->items[at + 1], &out->items[at], (out->n++ - at) * sizeof *out->items);
    *item = *candidate;
    item->record = *record;
    out->items[at] = item;
}

static bool visit(void *context, const char *key, const struct record *record)
{
    struct gathering *gathering = context;
    static struct neighbour candidate; /* large, and one at a time */
    candidate =
        (struct neighbour){.book = gathering->book, .layer = gathering->layer, .head = gathering->head};
    if (strcmp(key, gathering->key) == 0) return true;
    if (key_parse(key, strlen(key), &candidate.parts) != STATUS_OK) return true;
    if (!neighbour_distance(&candidate.parts, &gathering->own, &candidate.octaves, &candidate.other_group))
        return true;
    snprintf(candidate.key, sizeof candidate.key, "%s", key);
    candidate.sibling = strcmp(candidate.parts.device_class, gathering->class_text) != 0;
    gathering->out->seen++;
    insert(gathering, &candidate, record);
    return !gathering->no_memory;
}

/* The problem's head, then those of kernels that ask for less alignment. */
static enum status list_heads(const struct problem *problem, struct text heads[HEADS_MAX], size_t *n)
{
    struct problem looser = *problem;
    *n = 0;
    for (int64_t limit = INT8_MAX; limit >= 0 && *n<HEADS_MAX; limit = limit> 8 ? 8 : limit - 1) {
        for (unsigned i = 0; i < problem->op->n_fields; i++)
            if (problem->op->fields[i].kind == FIELD_ALIGN && looser.value[i] > limit)
                looser.value[i] = limit;
        struct text *head = &heads[*n];
        problem->op->key_head(&looser, head);
        TRY(text_status(head));
        bool same = *n && strcmp(text_string(head), text_string(&heads[*n - 1])) == 0;
        if (same)
            text_clear(head);
        else
            ++*n;
    }
    return STATUS_OK;
}

static enum status gather_head(struct gathering *gathering, const struct finder *finder, const char *head)
{
    struct text prefix = {0};
    text_format(&prefix, "%s@%s:", head, finder->place->info->device_class.target);
    enum status status = text_status(&prefix);
    for (size_t i = 0; i < finder->layers.n && status == STATUS_OK; i++) {
        gathering->book = finder->layers.items[i];
        gathering->layer = i;
        /* One damaged record ends the walk of its book; `layers` tells of the damage. */
        book_each_record(gathering->book, text_string(&prefix), visit, gathering);
    }
    text_free(&prefix);
    return gathering->no_memory ? status_fail(STATUS_NO_MEMORY, "no memory for neighbours") : status;
}

enum status neighbours_find(const struct finder *finder, const struct problem *problem,
                            struct neighbours *out)
{
    struct gathering gathering = {.out = out, .class_text = finder->place->info->class_text};
    struct text heads[HEADS_MAX] = {{0}};
    size_t n;
    memset(out, 0, sizeof *out);
    TRY(problem_key_parts(problem, gathering.class_text, &gathering.own));
    TRY(problem_key(problem, gathering.class_text, gathering.key));
    enum status status = list_heads(problem, heads, &n);
    for (gathering.head = 0; gathering.head < n && status == STATUS_OK; gathering.head++)
        status = gather_head(&gathering, finder, text_string(&heads[gathering.head]));
    for (size_t i = 0; i < HEADS_MAX; i++) text_free(&heads[i]);
    return status;
}

void neighbours_free(struct neighbours *neighbours)
{
    for (size_t i = 0; i < neighbours->n; i++) free(neighbours->items[i]);
    neighbours->n = 0;
}
