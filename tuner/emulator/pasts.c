/* Pasts and sets of pasts: shared, never changed once shared, merged by making new ones. */
#include "tuner/emulator/order.h"

#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/pasts.h"

struct past *past_create(uint32_t team, uint32_t n)
{
    struct past *past = calloc(1, sizeof *past + n * sizeof past->threads[0]);
    if (!past) abort(); /* a few kilobytes: there is no way to go on without */
    past->references = 1;
    past->team = team;
    past->n = n;
    return past;
}

struct past *past_share(struct past *past)
{
    if (past) atomic_fetch_add_explicit(&past->references, 1, memory_order_relaxed);
    return past;
}

void past_put_away(struct past *past)
{
    if (past && atomic_fetch_sub_explicit(&past->references, 1, memory_order_acq_rel) == 1) free(past);
}

void past_raise(struct past *past, const struct past *by)
{
    if (past->all < by->all) past->all = by->all;
    for (uint32_t i = 0; i < past->n; i++)
        if (past->threads[i] < by->threads[i]) past->threads[i] = by->threads[i];
}

static bool past_covers(const struct past *past, const struct past *other)
{
    bool covers = past->all >= other->all;
    for (uint32_t i = 0; i < past->n && covers; i++) covers = past->threads[i] >= other->threads[i];
    return covers;
}

struct past *past_merge(struct past *a, struct past *b)
{
    if (!a || a == b) {
        past_put_away(a);
        return b;
    }
    if (!b || past_covers(a, b)) {
        past_put_away(b);
        return a;
    }
    struct past *sum = past_create(a->team, a->n);
    past_raise(sum, a);
    past_raise(sum, b);
    past_put_away(a);
    past_put_away(b);
    return sum;
}

struct pasts *pasts_create(uint32_t capacity)
{
    struct pasts *pasts = calloc(1, sizeof *pasts + capacity * sizeof pasts->items[0]);
    if (!pasts) abort();
    pasts->references = 1;
    return pasts;
}

struct pasts *pasts_share(struct pasts *pasts)
{
    if (pasts) atomic_fetch_add_explicit(&pasts->references, 1, memory_order_relaxed);
    return pasts;
}

void pasts_put_away(struct pasts *pasts)
{
    if (!pasts || atomic_fetch_sub_explicit(&pasts->references, 1, memory_order_acq_rel) != 1) return;
    for (uint32_t i = 0; i < pasts->n; i++) past_put_away(pasts->items[i]);
    free(pasts);
}

struct pasts *pasts_merge(struct pasts *a, struct pasts *b)
{
    if (!a || a == b) {
        pasts_put_away(a);
        return b;
    }
    if (!b) return a;
    struct pasts *sum = pasts_create(a->n + b->n);
    for (uint32_t i = 0, j = 0; i < a->n || j < b->n;) {
        const struct past *x = i < a->n ? a->items[i] : NULL, *y = j < b->n ? b->items[j] : NULL;
        bool from_a = x && (!y || x->team <= y->team), from_b = y && (!x || y->team <= x->team);
        struct past *left = from_a ? past_share(a->items[i++]) : NULL;
        struct past *right = from_b ? past_share(b->items[j++]) : NULL;
        sum->items[sum->n++] = past_merge(left, right);
    }
    pasts_put_away(a);
    pasts_put_away(b);
    return sum;
}

struct past *pasts_of_team(const struct pasts *pasts, uint32_t team)
{
    uint32_t low = 0, high = pasts ? pasts->n : 0;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (pasts->items[middle]->team < team)
            low = middle + 1;
        else
            high = middle;
    }
    return pasts && low < pasts->n && pasts->items[low]->team == team ? pasts->items[low] : NULL;
}
