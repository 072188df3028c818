#include "tuner/emulator/order.h"

#include <stddef.h>
#include <stdlib.h>
#include "tuner/emulator/machine.h"
#include "tuner/emulator/pasts.h"

static uint32_t raised(uint32_t limit, uint32_t by)
{
    return limit > by ? limit : by;
}

static bool past_knows(const struct past *past, uint32_t word, uint32_t number)
{
    return past && (word < past->all || (number < past->n && word < past->threads[number]));
}

static bool knows(const struct fiber *f, uint32_t limit, uint32_t team, uint32_t word)
{
    const struct block *block = f->block;
    const struct team *own = block->team;
    uint32_t number = word & own->order.mask;
    if (team != own->index)
        return past_knows(pasts_of_team(own->order.others, team), word, number) ||
               past_knows(pasts_of_team(f->others, team), word, number);
    if (word < limit || number == f->number) return true;
    if (number >= own->n_threads + own->n_agents) return false; /* several threads */
    uint32_t first = block->rank * block->n, wave_size = f->self.wave_size;
    if (word < f->known_block && number - first < block->n) return true;
    if (word < f->known_wave && number - first < block->n && (number - first) / wave_size == f->self.wave)
        return true;
    return past_knows(f->own, word, number);
}

bool order_knows(const struct fiber *f, uint32_t team, uint32_t word)
{
    return knows(f, f->limit, team, word);
}

bool order_knows_global(const struct fiber *f, uint32_t team, uint32_t word)
{
    return knows(f, f->limit_global, team, word);
}

static bool next_time(struct fiber *f)
{
    struct team_order *order = &f->block->team->order;
    if (++order->time < (1u << (ORDER_BITS - order->bits)) - 1) return true;
    fault(f, DEVICE_FAULT_OTHER, NULL,
          "more than %u synchronizations in one block, which is more than this emulator can tell apart",
          order->time);
    return false;
}

static void set_time(struct fiber *f, const struct team_order *order)
{
    f->epoch = order->time << order->bits | f->number;
    f->many = order->time << order->bits | order->mask;
}

bool order_advance(struct fiber *f)
{
    if (!next_time(f)) return false;
    set_time(f, &f->block->team->order);
    return true;
}

void order_advance_all(struct fiber *f, struct fiber *const *members, uint32_t n)
{
    if (!next_time(f)) return;
    for (uint32_t i = 0; i < n; i++) set_time(members[i], &f->block->team->order);
}

uint32_t order_agent(struct fiber *f, uint32_t agent)
{
    const struct team *team = f->block->team;
    next_time(f);
    return team->order.time << team->order.bits | (team->n_threads + agent);
}

void gather_add_agent(struct gather *gather, const struct fiber *f, uint32_t word)
{
    const struct team *team = f->block->team;
    if (!gather->sum) gather->sum = past_create(team->index, team->n_threads + team->n_agents);
    uint32_t *limit = &gather->sum->threads[word & team->order.mask];
    *limit = raised(*limit, (word & ~team->order.mask) + (1u << team->order.bits));
}

static void forget_pasts(struct fiber *f)
{
    past_put_away(f->own);
    pasts_put_away(f->others);
    f->own = NULL;
    f->others = NULL;
}

void order_forget_union(struct worker *worker)
{
    past_put_away(worker->learned.left);
    past_put_away(worker->learned.right);
    past_put_away(worker->learned.sum);
    worker->learned.left = worker->learned.right = worker->learned.sum = NULL;
}

void order_forget(struct fiber *f)
{
    forget_pasts(f);
    pasts_put_away(f->fenced);
    pasts_put_away(f->fenced_block);
    pasts_put_away(f->pending);
    pasts_put_away(f->learned);
    f->fenced = f->fenced_block = f->pending = f->learned = NULL;
}

/* What any thread knows of other teams, all know from here on. */
static void share_pasts(struct team *team)
{
    struct team_order *order = &team->order;
    for (uint32_t b = 0; b < team->n_blocks; b++) {
        const struct block *block = &team->blocks[b];
        for (uint32_t i = 0; i < block->n; i++) {
            struct fiber *f = block->fibers[i];
            if (f->others && f->others != order->others)
                order->others = pasts_merge(order->others, pasts_share(f->others));
            forget_pasts(f);
        }
    }
    order->private_pasts = false;
}

bool order_barrier_team(struct fiber *f)
{
    struct team *team = f->block->team;
    struct team_order *order = &team->order;
    if (!next_time(f)) return false;
    if (order->private_pasts) share_pasts(team);
    uint32_t limit = order->time << order->bits;
    for (uint32_t b = 0; b < team->n_blocks; b++) {
        const struct block *block = &team->blocks[b];
        for (uint32_t i = 0; i < block->n; i++) {
            struct fiber *member = block->fibers[i];
            member->limit = member->limit_global = limit;
            member->epoch = limit | member->number;
            member->many = limit | order->mask;
        }
    }
    return true;
}

bool order_barrier_shared(struct fiber *f)
{
    const struct block *block = f->block;
    const struct team_order *order = &block->team->order;
    if (!next_time(f)) return false;
    for (uint32_t i = 0; i < block->n; i++) {
        struct fiber *member = block->fibers[i];
        set_time(member, order);
        member->limit = order->time << order->bits;
    }
    return true;
}

bool order_barrier_some(struct fiber *f, struct fiber **members, uint32_t n, bool wave)
{
    struct team_order *order = &f->block->team->order;
    struct gather gather = {0};
    bool plain = true;
    for (uint32_t i = 0; i < n && plain; i++) plain = !members[i]->own && !members[i]->others;
    for (uint32_t i = 0; i < n && !plain; i++) gather_add(&gather, members[i]);
    if (!next_time(f)) return false;
    uint32_t limit = order->time << order->bits;
    for (uint32_t i = 0; i < n; i++) {
        set_time(members[i], order);
        if (wave)
            members[i]->known_wave = limit;
        else
            members[i]->known_block = limit;
        if (!plain) gather_give(&gather, members[i]);
    }
    gather_clear(&gather);
    return true;
}

/* Threads that come one after the other often know the same; then only their own deeds are to be added. */
static bool knows_as_last(const struct gather *gather, const struct fiber *f)
{
    return gather->last_own == f->own && gather->last_limit == f->limit_global &&
           gather->last_block == f->block->rank && gather->last_known_block == f->known_block &&
           (gather->last_known_wave == f->known_wave &&
            (gather->last_wave == f->self.wave || !f->known_wave));
}

static void raise_range(struct past *sum, uint32_t first, uint32_t n, uint32_t limit)
{
    for (uint32_t i = first; i < first + n; i++) sum->threads[i] = raised(sum->threads[i], limit);
}

void gather_add(struct gather *gather, const struct fiber *f)
{
    const struct block *block = f->block;
    const struct team *team = block->team;
    bool first = !gather->sum;
    if (first) gather->sum = past_create(team->index, team->n_threads + team->n_agents);
    struct past *sum = gather->sum;
    if (first || !knows_as_last(gather, f)) {
        uint32_t begin = block->rank * block->n, lane = f->self.wave * f->self.wave_size;
        uint32_t lanes = block->n - lane < f->self.wave_size ? block->n - lane : f->self.wave_size;
        sum->all = raised(sum->all, f->limit_global);
        if (f->known_block > f->limit_global) raise_range(sum, begin, block->n, f->known_block);
        if (f->known_wave > f->limit_global) raise_range(sum, begin + lane, lanes, f->known_wave);
        if (f->own) past_raise(sum, f->own);
        past_put_away(gather->last_own);
        gather->last_own = past_share(f->own);
        gather->last_limit = f->limit_global;
        gather->last_block = block->rank;
        gather->last_wave = f->self.wave;
        gather->last_known_block = f->known_block;
        gather->last_known_wave = f->known_wave;
    }
    uint32_t *mine = &sum->threads[f->number];
    *mine = raised(*mine, (f->epoch & ~team->order.mask) + (1u << team->order.bits));
    if (f->others && f->others != gather->others)
        gather->others = pasts_merge(gather->others, pasts_share(f->others));
}

void gather_give(const struct gather *gather, struct fiber *f)
{
    struct past *sum = past_share(gather->sum);
    past_put_away(f->own);
    f->own = sum;
    f->limit = raised(f->limit, sum->all);
    f->limit_global = raised(f->limit_global, sum->all);
    if (gather->others) f->others = pasts_merge(f->others, pasts_share(gather->others));
    f->block->team->order.private_pasts = true;
}

void gather_clear(struct gather *gather)
{
    past_put_away(gather->sum);
    past_put_away(gather->last_own);
    pasts_put_away(gather->others);
    *gather = (struct gather){0};
}

struct pasts *gather_pasts(const struct gather *gather)
{
    struct pasts *own = pasts_create(1);
    own->items[own->n++] = past_share(gather->sum);
    return pasts_merge(own, pasts_share(gather->others));
}

struct pasts *order_snapshot(const struct fiber *f)
{
    struct gather gather = {0};
    gather_add(&gather, f);
    struct pasts *all = gather_pasts(&gather);
    gather_clear(&gather);
    return pasts_merge(all, pasts_share(f->block->team->order.others));
}

static void merge_own(struct fiber *f, struct past *more)
{
    struct worker *worker = f->block->worker;
    if (!f->own || f->own != worker->learned.left || more != worker->learned.right) {
        struct past *sum = past_merge(past_share(f->own), past_share(more));
        order_forget_union(worker);
        worker->learned.left = past_share(f->own);
        worker->learned.right = past_share(more);
        worker->learned.sum = sum;
    }
    past_put_away(f->own);
    f->own = past_share(worker->learned.sum);
}

void order_learn(struct fiber *f, struct pasts *pasts)
{
    if (!pasts || pasts == f->learned) return;
    pasts_put_away(f->learned);
    f->learned = pasts_share(pasts);
    struct past *own = pasts_of_team(pasts, f->block->team->index);
    if (own) {
        merge_own(f, own);
        f->limit = raised(f->limit, own->all);
        f->limit_global = raised(f->limit_global, own->all);
    }
    if (pasts->n > (own ? 1u : 0u)) f->others = pasts_merge(f->others, pasts_share(pasts));
    f->block->team->order.private_pasts = true;
}
