/* Branch and bound: the set that fewest allowed items hit is hit by one of them; each is tried in turn, and
 * those tried before it are then forbidden. */
#include <stdlib.h>
#include <string.h>
#include "db/cover_internal.h"

/* Some hundredths of a second. */
enum { EFFORT_MAX = 8000000, DEPTH_MAX = 256 };

struct exact {
    struct cover_part *part;
    uint8_t *state;       /* of item i: OPEN, TAKEN, FORBIDDEN */
    uint32_t *free_items; /* of set s: members that are not forbidden */
    uint32_t *forbidden;  /* a stack */
    uint32_t n_forbidden;
    uint32_t n_taken;
    uint64_t effort, effort_max;
    bool gave_up;
};
enum { OPEN, TAKEN, FORBIDDEN };

static void take(struct exact *exact, uint32_t item, int sign)
{
    struct cover_part *part = exact->part;
    exact->state[item] = sign > 0 ? TAKEN : OPEN;
    exact->n_taken += (uint32_t)sign;
    for (uint32_t u = part->use_begins[item]; u < part->use_begins[item + 1]; u++)
        part->hits[part->uses[u]] += (uint32_t)sign;
    exact->effort += part->use_begins[item + 1] - part->use_begins[item];
}

static void forbid(struct exact *exact, uint32_t item, bool yes)
{
    struct cover_part *part = exact->part;
    exact->state[item] = yes ? FORBIDDEN : OPEN;
    for (uint32_t u = part->use_begins[item]; u < part->use_begins[item + 1]; u++)
        exact->free_items[part->uses[u]] += yes ? -1u : 1u;
    exact->effort += part->use_begins[item + 1] - part->use_begins[item];
}

/* The set that is not hit and can be hit by fewest; n_sets: all are hit. *bound: sets not hit that share no
 * item that is allowed. */
static uint32_t look(struct exact *exact, uint32_t *bound)
{
    struct cover_part *part = exact->part;
    uint32_t narrowest = part->n_sets;
    memset(exact->part->marks, 0, part->n_items);
    *bound = 0;
    for (uint32_t s = 0; s < part->n_sets; s++) {
        exact->effort++;
        if (part->hits[s]) continue;
        if (narrowest == part->n_sets || exact->free_items[s] < exact->free_items[narrowest]) narrowest = s;
        bool apart = true;
        for (uint32_t m = part->begins[s]; m < part->begins[s + 1] && apart; m++)
            apart = exact->state[part->members[m]] == FORBIDDEN || !exact->part->marks[part->members[m]];
        exact->effort += part->begins[s + 1] - part->begins[s];
        if (!apart) continue;
        ++*bound;
        for (uint32_t m = part->begins[s]; m < part->begins[s + 1]; m++)
            exact->part->marks[part->members[m]] = 1;
    }
    return narrowest;
}

static void keep(struct exact *exact)
{
    struct cover_part *part = exact->part;
    part->n_chosen = exact->n_taken;
    for (uint32_t i = 0; i < part->n_items; i++) part->chosen[i] = exact->state[i] == TAKEN;
}

static void search(struct exact *exact, unsigned depth)
{
    struct cover_part *part = exact->part;
    uint32_t bound, set = look(exact, &bound), n_forbidden = exact->n_forbidden;
    if (exact->n_taken + bound >= part->n_chosen) return;
    if (set == part->n_sets) {
        keep(exact);
        return;
    }
    exact->gave_up |= exact->effort > exact->effort_max || depth == DEPTH_MAX;
    for (uint32_t m = part->begins[set]; m < part->begins[set + 1] && !exact->gave_up; m++) {
        uint32_t item = part->members[m];
        if (exact->state[item] != OPEN) continue;
        take(exact, item, 1);
        search(exact, depth + 1);
        take(exact, item, -1);
        forbid(exact, item, true);
        exact->forbidden[exact->n_forbidden++] = item;
    }
    while (exact->n_forbidden > n_forbidden) forbid(exact, exact->forbidden[--exact->n_forbidden], false);
}

enum status cover_exact(struct cover_part *part)
{
    struct exact exact = {.part = part,
                          .state = calloc((size_t)part->n_items + 1, 1),
                          .forbidden = calloc((size_t)part->n_items + 1, sizeof *exact.forbidden),
                          .free_items = calloc((size_t)part->n_sets + 1, sizeof *exact.free_items)};
    bool done = exact.state && exact.forbidden && exact.free_items;
    if (done) {
        for (uint32_t s = 0; s < part->n_sets; s++)
            exact.free_items[s] = part->begins[s + 1] - part->begins[s];
        exact.effort_max = part->effort_left < EFFORT_MAX ? part->effort_left : EFFORT_MAX;
        search(&exact, 0);
        part->effort_left -= exact.effort < part->effort_left ? exact.effort : part->effort_left;
        if (!exact.gave_up) part->lower_bound = part->n_chosen;
    }
    free(exact.state);
    free(exact.forbidden);
    free(exact.free_items);
    return done ? STATUS_OK
                : status_fail(STATUS_NO_MEMORY, "no memory to choose among %u kernels", part->n_items);
}
