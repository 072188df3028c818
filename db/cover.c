#include "db/cover.h"

#include <stdlib.h>
#include <string.h>
#include "db/cover_internal.h"

/* A second for all parts together, about. */
static const uint64_t EFFORT_MAX = 400000000;

static enum status no_memory(size_t n)
{
    return status_fail(STATUS_NO_MEMORY, "no memory for %zu sets of kernels", n);
}

/* --- sets --- */

static size_t slot_of(const struct cover *cover, const uint32_t *items, size_t n)
{
    uint64_t hash = n;
    for (size_t i = 0; i < n; i++) hash = (hash ^ items[i]) * UINT64_C(0x9e3779b97f4a7c15) + (hash >> 29);
    size_t slot = (size_t)(hash ^ hash >> 32) & (cover->n_slots - 1);
    for (size_t set; (set = cover->slots[slot]); slot = (slot + 1) & (cover->n_slots - 1)) {
        size_t begin = cover->begins[set - 1];
        if (cover->begins[set] - begin == n && !memcmp(&cover->members[begin], items, n * sizeof *items))
            break;
    }
    return slot;
}

static bool grow_sets(struct cover *cover)
{
    size_t capacity = cover->set_capacity ? 2 * cover->set_capacity : 256;
    size_t *slots = calloc(2 * capacity, sizeof *slots);
    size_t *begins = slots ? realloc(cover->begins, (capacity + 1) * sizeof *begins) : NULL;
    if (!begins) {
        free(slots);
        return false;
    }
    if (!cover->begins) begins[0] = 0;
    free(cover->slots);
    cover->slots = slots;
    cover->begins = begins;
    cover->set_capacity = capacity;
    cover->n_slots = 2 * capacity;
    for (size_t s = 0; s < cover->n_sets; s++)
        slots[slot_of(cover, &cover->members[begins[s]], begins[s + 1] - begins[s])] = s + 1;
    return true;
}

static bool grow_members(struct cover *cover, size_t n)
{
    size_t capacity = cover->member_capacity ? cover->member_capacity : 1024;
    while (capacity < cover->n_members + n) capacity *= 2;
    if (capacity == cover->member_capacity) return true;
    uint32_t *members = realloc(cover->members, capacity * sizeof *members);
    if (!members) return false;
    cover->members = members;
    cover->member_capacity = capacity;
    return true;
}

enum status cover_add(struct cover *cover, const uint32_t *items, size_t n)
{
    if (!n) return STATUS_OK;
    if (cover->n_sets == cover->set_capacity && !grow_sets(cover)) return no_memory(cover->n_sets);
    size_t slot = slot_of(cover, items, n);
    if (cover->slots[slot]) return STATUS_OK;
    if (cover->n_sets + 1 >= UINT32_MAX || cover->n_members + n >= UINT32_MAX || !grow_members(cover, n))
        return no_memory(cover->n_sets);
    memcpy(&cover->members[cover->n_members], items, n * sizeof *items);
    cover->n_members += n;
    cover->begins[++cover->n_sets] = cover->n_members;
    cover->slots[slot] = cover->n_sets;
    return STATUS_OK;
}

void cover_free(struct cover *cover)
{
    free(cover->members);
    free(cover->begins);
    free(cover->slots);
    *cover = (struct cover){.n_items = cover->n_items};
}

/* --- parts --- */

/* Items of one part point at the part's least one, in the end. */
static uint32_t root_of(uint32_t *parent, uint32_t item)
{
    while (parent[item] != item) item = parent[item] = parent[parent[item]];
    return item;
}

static void join(uint32_t *parent, uint32_t a, uint32_t b)
{
    a = root_of(parent, a);
    b = root_of(parent, b);
    if (a < b)
        parent[b] = a;
    else
        parent[a] = b;
}

struct solver {
    const struct cover *cover;
    uint8_t *chosen;
    uint8_t *is_hit;           /* of each set: by what had to be chosen */
    uint32_t *parent, *number; /* of each item: its part, and its number there */
    uint32_t n_order;
    uint64_t *keys;         /* of them: part and set, to be sorted */
    struct cover_part part; /* the one at hand; its arrays have room for the largest */
    uint32_t *items;        /* of the part: as the cover numbers them */
    uint64_t *costs;
    struct cover_result *result;
};

static const uint32_t *set_of(const struct solver *solver, size_t set, size_t *n)
{
    size_t begin = solver->cover->begins[set];
    *n = solver->cover->begins[set + 1] - begin;
    return &solver->cover->members[begin];
}

/* Sets of one item leave no choice. */
static void choose_forced(struct solver *solver)
{
    const struct cover *cover = solver->cover;
    size_t n;
    for (size_t s = 0; s < cover->n_sets; s++) {
        const uint32_t *items = set_of(solver, s, &n);
        if (n == 1) solver->chosen[items[0]] = 1;
    }
    for (uint32_t i = 0; i < cover->n_items; i++) solver->result->n_chosen += solver->chosen[i];
    solver->result->lower_bound = solver->result->n_chosen;
    for (size_t s = 0; s < cover->n_sets; s++) {
        const uint32_t *items = set_of(solver, s, &n);
        for (size_t i = 0; i < n && !solver->is_hit[s]; i++) solver->is_hit[s] = solver->chosen[items[i]];
    }
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* Sets that are left, those that hang together behind each other. */
static void split(struct solver *solver)
{
    const struct cover *cover = solver->cover;
    size_t n;
    for (uint32_t i = 0; i < cover->n_items; i++) solver->parent[i] = i;
    for (size_t s = 0; s < cover->n_sets; s++) {
        const uint32_t *items = set_of(solver, s, &n);
        for (size_t i = 1; i < n && !solver->is_hit[s]; i++) join(solver->parent, items[0], items[i]);
    }
    for (size_t s = 0; s < cover->n_sets; s++)
        if (!solver->is_hit[s])
            solver->keys[solver->n_order++] =
                (uint64_t)root_of(solver->parent, *set_of(solver, s, &n)) << 32 | (uint32_t)s;
    qsort(solver->keys, solver->n_order, sizeof *solver->keys, compare_keys);
}

/* An item's number in the part at hand. */
static uint32_t number_of(struct solver *solver, uint32_t item)
{
    struct cover_part *part = &solver->part;
    uint32_t number = solver->number[item];
    if (number < part->n_items && solver->items[number] == item) return number;
    number = part->n_items++;
    solver->number[item] = number;
    solver->items[number] = item;
    if (solver->cover->costs) solver->costs[number] = solver->cover->costs[item];
    return number;
}

/* Which sets each item hits, from which items each set has. */
static void invert(struct cover_part *part)
{
    uint32_t *begins = part->use_begins;
    memset(begins, 0, ((size_t)part->n_items + 2) * sizeof *begins);
    for (uint32_t m = 0; m < part->begins[part->n_sets]; m++) begins[part->members[m] + 2]++;
    for (uint32_t i = 0; i < part->n_items; i++) begins[i + 2] += begins[i + 1];
    for (uint32_t s = 0; s < part->n_sets; s++)
        for (uint32_t m = part->begins[s]; m < part->begins[s + 1]; m++)
            part->uses[begins[part->members[m] + 1]++] = s;
}

/* Takes up the part that begins at keys[first]; the first key behind it. */
static uint32_t gather(struct solver *solver, uint32_t first)
{
    struct cover_part *part = &solver->part;
    uint32_t at = first, n_members = 0;
    part->n_items = part->n_sets = part->n_chosen = 0;
    part->begins[0] = 0;
    for (; at < solver->n_order && solver->keys[at] >> 32 == solver->keys[first] >> 32; at++) {
        size_t n;
        const uint32_t *items = set_of(solver, (uint32_t)solver->keys[at], &n);
        for (size_t i = 0; i < n; i++) part->members[n_members++] = number_of(solver, items[i]);
        part->begins[++part->n_sets] = n_members;
    }
    invert(part);
    memset(part->chosen, 0, part->n_items);
    return at;
}

static enum status solve_parts(struct solver *solver)
{
    struct cover_part *part = &solver->part;
    for (uint32_t at = 0; at < solver->n_order;) {
        at = gather(solver, at);
        TRY(cover_greedy(part));
        TRY(cover_prune(part));
        if (part->lower_bound < part->n_chosen) {
            TRY(cover_exact(part));
            TRY(cover_prune(part));
        }
        for (uint32_t i = 0; i < part->n_items; i++) solver->chosen[solver->items[i]] |= part->chosen[i];
        solver->result->n_chosen += part->n_chosen;
        solver->result->lower_bound += part->lower_bound;
    }
    return STATUS_OK;
}

/* --- all of it --- */

static void *take(uint8_t *block, size_t *at, size_t bytes)
{
    void *taken = block ? block + *at : NULL;
    *at += (bytes + 15) & ~(size_t)15;
    return taken;
}

/* Where everything lies in one block (NULL: nowhere yet); how many bytes that takes. */
static size_t lay_out(struct solver *solver, uint8_t *block)
{
    size_t at = 0;
    size_t items = (size_t)solver->cover->n_items + 2, sets = solver->cover->n_sets + 2,
           members = solver->cover->n_members + 2;
    struct cover_part *part = &solver->part;
    solver->is_hit = take(block, &at, sets);
    solver->parent = take(block, &at, items * sizeof *solver->parent);
    solver->number = take(block, &at, items * sizeof *solver->number);
    solver->items = take(block, &at, items * sizeof *solver->items);
    solver->keys = take(block, &at, sets * sizeof *solver->keys);
    solver->costs = take(block, &at, items * sizeof *solver->costs);
    part->members = take(block, &at, members * sizeof *part->members);
    part->begins = take(block, &at, sets * sizeof *part->begins);
    part->uses = take(block, &at, members * sizeof *part->uses);
    part->use_begins = take(block, &at, items * sizeof *part->use_begins);
    part->hits = take(block, &at, sets * sizeof *part->hits);
    part->marks = take(block, &at, items);
    part->chosen = take(block, &at, items);
    if (solver->cover->costs) part->costs = solver->costs;
    return at;
}

enum status cover_solve(const struct cover *cover, uint8_t *chosen, struct cover_result *out)
{
    struct solver solver = {.cover = cover, .chosen = chosen, .result = out, .part.effort_left = EFFORT_MAX};
    *out = (struct cover_result){0};
    uint8_t *block = calloc(1, lay_out(&solver, NULL));
    if (!block) return no_memory(cover->n_sets);
    lay_out(&solver, block);
    choose_forced(&solver);
    split(&solver);
    enum status status = solve_parts(&solver);
    free(block);
    return status;
}
