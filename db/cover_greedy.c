#include <stdlib.h>
#include <string.h>
#include "db/cover_internal.h"

/* Members of sets looked at, of a part, to find items that others make superfluous. */
enum { EFFORT_MAX = 100000000 };

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

struct greedy {
    struct cover_part *part;
    struct ranked *heap;
    uint32_t *gains;    /* of item i: sets that it hits and no chosen one does */
    uint32_t *open;     /* of set s: items that may hit it */
    uint32_t *shared;   /* of item i: scratch of `is_dominated`, all 0 between calls */
    uint32_t *queue;    /* items that another may have become as good as; a ring of n_items */
    uint32_t *forced;   /* a stack of sets with one open item */
    uint8_t *is_queued; /* of item i */
    uint8_t *is_out;    /* of item i: chosen or given up */
    uint32_t n_forced, queue_begin, n_queued, left, n_picked;
    uint64_t effort, effort_max;
};

static void enqueue(struct greedy *greedy, uint32_t item)
{
    uint32_t n = greedy->part->n_items;
    if (greedy->is_out[item] || greedy->is_queued[item]) return;
    greedy->is_queued[item] = 1;
    greedy->queue[(uint32_t)(((uint64_t)greedy->queue_begin + greedy->n_queued++) % n)] = item;
}

static void choose(struct greedy *greedy, uint32_t item)
{
    struct cover_part *part = greedy->part;
    part->chosen[item] = greedy->is_out[item] = 1;
    part->n_chosen++;
    for (uint32_t u = part->use_begins[item]; u < part->use_begins[item + 1]; u++) {
        uint32_t set = part->uses[u];
        if (part->hits[set]++) continue;
        greedy->left--;
        for (uint32_t m = part->begins[set]; m < part->begins[set + 1]; m++) {
            greedy->gains[part->members[m]]--;
            enqueue(greedy, part->members[m]);
        }
    }
}

static void give_up(struct greedy *greedy, uint32_t item)
{
    struct cover_part *part = greedy->part;
    greedy->is_out[item] = 1;
    for (uint32_t u = part->use_begins[item]; u < part->use_begins[item + 1]; u++) {
        uint32_t set = part->uses[u];
        if (!part->hits[set] && --greedy->open[set] == 1) greedy->forced[greedy->n_forced++] = set;
    }
}

/* Counts for every open item how many of the item's sets it hits, or takes that back. */
static void count_shared(struct greedy *greedy, uint32_t item, uint32_t by)
{
    const struct cover_part *part = greedy->part;
    for (uint32_t u = part->use_begins[item]; u < part->use_begins[item + 1]; u++) {
        uint32_t set = part->uses[u];
        greedy->effort++;
        if (part->hits[set]) continue;
        for (uint32_t m = part->begins[set]; m < part->begins[set + 1]; m++)
            greedy->shared[part->members[m]] += by;
        greedy->effort += part->begins[set + 1] - part->begins[set];
    }
}

/* Is there another that hits all that is left for this one? Of equals the cheaper, then the first remains. */
static bool is_dominated(struct greedy *greedy, uint32_t item)
{
    const struct cover_part *part = greedy->part;
    uint32_t u = part->use_begins[item];
    if (!greedy->gains[item]) return true;
    while (part->hits[part->uses[u]]) u++;
    bool found = false;
    count_shared(greedy, item, 1);
    uint32_t set = part->uses[u]; /* whoever hits all hits this */
    for (uint32_t m = part->begins[set]; m < part->begins[set + 1] && !found; m++) {
        uint32_t other = part->members[m];
        if (other == item || greedy->is_out[other] || greedy->shared[other] != greedy->gains[item]) continue;
        struct ranked mine = rank_of(part, item, greedy->gains[item]),
                      its = rank_of(part, other, greedy->gains[other]);
        found = compare(&its, &mine) < 0;
    }
    count_shared(greedy, item, -1u);
    return found;
}

/* What leaves no choice: a set that one item is left for, an item that another makes superfluous. */
static void reduce(struct greedy *greedy)
{
    const struct cover_part *part = greedy->part;
    while (greedy->n_forced || greedy->n_queued) {
        if (greedy->n_forced) {
            uint32_t set = greedy->forced[--greedy->n_forced], m = part->begins[set];
            if (part->hits[set]) continue;
            while (greedy->is_out[part->members[m]]) m++;
            choose(greedy, part->members[m]);
            continue;
        }
        uint32_t item = greedy->queue[greedy->queue_begin];
        greedy->queue_begin = (greedy->queue_begin + 1) % part->n_items;
        greedy->n_queued--;
        greedy->is_queued[item] = 0;
        if (greedy->effort < greedy->effort_max && !greedy->is_out[item] && is_dominated(greedy, item))
            give_up(greedy, item);
    }
}

/* What leaves no choice, then the item that hits most of what is left, again and again. Gains only fall: one
 * that stands too high in the heap is put right when it comes up. */
static void choose_all(struct greedy *greedy)
{
    struct cover_part *part = greedy->part;
    uint32_t n = part->n_items;
    greedy->left = part->n_sets;
    for (uint32_t s = 0; s < part->n_sets; s++) greedy->open[s] = part->begins[s + 1] - part->begins[s];
    for (uint32_t i = 0; i < n; i++) {
        greedy->gains[i] = uses_of(part, i);
        greedy->heap[i] = rank_of(part, i, greedy->gains[i]);
        enqueue(greedy, i);
    }
    for (uint32_t at = n; at-- > 0;) sink(greedy->heap, n, at);
    for (reduce(greedy); greedy->left; reduce(greedy)) {
        struct ranked *top = &greedy->heap[0];
        while (top->gain && (greedy->is_out[top->item] || top->gain != greedy->gains[top->item])) {
            top->gain = greedy->is_out[top->item] ? 0 : greedy->gains[top->item];
            sink(greedy->heap, n, 0);
        }
        greedy->n_picked++;
        choose(greedy, top->item);
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
    uint32_t apart = 0;
    for (uint32_t i = 0; i < part->n_sets; i++) {
        uint32_t set = order[i].item, m = part->begins[set], end = part->begins[set + 1];
        while (m < end && !taken[part->members[m]]) m++;
        if (m < end) continue;
        apart++;
        for (m = part->begins[set]; m < end; m++) taken[part->members[m]] = 1;
    }
    if (apart > part->lower_bound) part->lower_bound = apart;
}

/* Arrays in one block: `items` of them for items, then two for sets; all 0. */
static bool prepare(struct greedy *greedy, const struct cover_part *part)
{
    size_t items = (size_t)part->n_items + 1, sets = (size_t)part->n_sets + 1,
           most = items > sets ? items : sets;
    greedy->heap = calloc(most, sizeof *greedy->heap);
    greedy->gains = calloc(3 * items + 2 * sets, sizeof *greedy->gains);
    greedy->is_queued = calloc(items, 2);
    if (!greedy->heap || !greedy->gains || !greedy->is_queued) return false;
    greedy->shared = greedy->gains + items;
    greedy->queue = greedy->shared + items;
    greedy->open = greedy->queue + items;
    greedy->forced = greedy->open + sets;
    greedy->is_out = greedy->is_queued + items;
    return true;
}

enum status cover_greedy(struct cover_part *part)
{
    struct greedy greedy = {.part = part};
    bool done = prepare(&greedy, part);
    if (done) {
        greedy.effort_max = part->effort_left < EFFORT_MAX ? part->effort_left : EFFORT_MAX;
        choose_all(&greedy);
        part->effort_left -= greedy.effort < part->effort_left ? greedy.effort : part->effort_left;
        /* Without the sets that picks hit, the rest, which left no choice, would still be needed. */
        part->lower_bound = part->n_chosen - greedy.n_picked;
        bound(part, greedy.heap);
        memset(part->hits, 0, part->n_sets * sizeof *part->hits);
    }
    free(greedy.heap);
    free(greedy.gains);
    free(greedy.is_queued);
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
