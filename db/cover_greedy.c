#include <stdlib.h>
#include <string.h>
#include "db/cover_internal.h"

struct ranked {
    uint32_t gain, item;
    uint64_t cost;
};

/* The most useful first, then the cheapest, then by number: total. */
static int compare(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->gain != y->gain) return x->gain > y->gain ? -1 : 1;
    if (x->cost != y->cost) return x->cost < y->cost ? -1 : 1;
    return (x->item > y->item) - (x->item < y->item);
}

static struct ranked rank_of(const struct cover_part *part, uint32_t item, uint32_t gain)
{
    return (struct ranked){gain, item, part->costs ? part->costs[item] : 0};
}

static enum status no_memory(const struct cover_part *part)
{
    return status_fail(STATUS_NO_MEMORY, "no memory to choose among %u kernels", part->n_items);
}

static uint32_t uses_of(const struct cover_part *part, uint32_t item)
{
    return part->use_begins[item + 1] - part->use_begins[item];
}

/* A heap's top goes down to where it belongs. */
static void sink(struct ranked *heap, uint32_t n, uint32_t at)
{
    for (uint32_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && compare(&heap[child + 1], &heap[child]) < 0) child++;
        if (compare(&heap[at], &heap[child]) <= 0) return;
        struct ranked moved = heap[at];
        heap[at] = heap[child];
        heap[child] = moved;
    }
}

static uint32_t choose(struct cover_part *part, uint32_t *gains, uint32_t item)
{
    uint32_t hit = 0;
    part->chosen[item] = 1;
    part->n_chosen++;
    for (uint32_t u = part->use_begins[item]; u < part->use_begins[item + 1]; u++) {
        uint32_t set = part->uses[u];
        if (part->hits[set]++) continue;
        hit++;
        for (uint32_t m = part->begins[set]; m < part->begins[set + 1]; m++) gains[part->members[m]]--;
    }
    return hit;
}

/* The item that hits most of what is left, again and again. Gains only fall: one that stands too high in the
 * heap is put right when it comes up. */
static void choose_all(struct cover_part *part, struct ranked *heap, uint32_t *gains)
{
    uint32_t n = part->n_items;
    for (uint32_t i = 0; i < n; i++) {
        gains[i] = uses_of(part, i);
        heap[i] = rank_of(part, i, gains[i]);
    }
    for (uint32_t at = n; at-- > 0;) sink(heap, n, at);
    for (uint32_t left = part->n_sets; left;) {
        uint32_t item = heap[0].item;
        if (heap[0].gain == gains[item]) left -= choose(part, gains, item);
        heap[0].gain = gains[item];
        sink(heap, n, 0);
    }
}

/* Sets that share no item need an item each: small ones are taken first. `order` has room for the sets. */
static void bound(struct cover_part *part, struct ranked *order)
{
    uint8_t *taken = part->marks;
    memset(taken, 0, part->n_items);
    for (uint32_t s = 0; s < part->n_sets; s++)
        order[s] = (struct ranked){0, s, part->begins[s + 1] - part->begins[s]};
    qsort(order, part->n_sets, sizeof *order, compare);
    part->lower_bound = 0;
    for (uint32_t i = 0; i < part->n_sets; i++) {
        uint32_t set = order[i].item, m = part->begins[set], end = part->begins[set + 1];
        while (m < end && !taken[part->members[m]]) m++;
        if (m < end) continue;
        part->lower_bound++;
        for (m = part->begins[set]; m < end; m++) taken[part->members[m]] = 1;
    }
}

enum status cover_greedy(struct cover_part *part)
{
    uint32_t most = part->n_items > part->n_sets ? part->n_items : part->n_sets;
    struct ranked *order = calloc((size_t)most + 1, sizeof *order);
    uint32_t *gains = calloc((size_t)part->n_items + 1, sizeof *gains);
    bool done = order && gains;
    if (done) {
        choose_all(part, order, gains);
        bound(part, order);
        memset(part->hits, 0, part->n_sets * sizeof *part->hits);
    }
    free(order);
    free(gains);
    return done ? STATUS_OK : no_memory(part);
}

static bool is_superfluous(const struct cover_part *part, uint32_t item)
{
    for (uint32_t u = part->use_begins[item]; u < part->use_begins[item + 1]; u++)
        if (part->hits[part->uses[u]] == 1) return false;
    return true;
}

/* What the others hit as well goes; that which hits least is asked first. */
enum status cover_prune(struct cover_part *part)
{
    struct ranked *order = calloc((size_t)part->n_items + 1, sizeof *order);
    if (!order) return no_memory(part);
    for (uint32_t i = 0; i < part->n_items; i++) {
        order[i] = rank_of(part, i, uses_of(part, i));
        for (uint32_t u = part->use_begins[i]; part->chosen[i] && u < part->use_begins[i + 1]; u++)
            part->hits[part->uses[u]]++;
    }
    qsort(order, part->n_items, sizeof *order, compare);
    for (uint32_t i = part->n_items; i-- > 0;) {
        uint32_t item = order[i].item;
        if (!part->chosen[item] || !is_superfluous(part, item)) continue;
        part->chosen[item] = 0;
        part->n_chosen--;
        for (uint32_t u = part->use_begins[item]; u < part->use_begins[item + 1]; u++)
            part->hits[part->uses[u]]--;
    }
    memset(part->hits, 0, part->n_sets * sizeof *part->hits);
    free(order);
    return STATUS_OK;
}
