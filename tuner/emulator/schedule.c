/* Who runs next: fibers that can run stand in a ring, in the order of their numbers or against it. */
#include "tuner/emulator/async.h"

#include <sched.h>
#include <stdio.h>

enum {
    /* Everybody who runs has paused this often, and nothing changed: twice, and a block is stuck. */
    IDLE_ROUNDS = 5000,
    IDLE_PAUSES = 10000000
};

_Thread_local struct fiber *emulator_self __attribute__((tls_model("initial-exec")));

/* A thousand threads are more than the nearest cache holds. The one after next is fetched now, and of its
 * stack what lies where this one's has its saved place: it will mostly wait at the same depth. */
static void go(struct fiber *from, struct fiber *to)
{
    const struct fiber *soon = to->next;
    __builtin_prefetch(&soon->epoch);
    __builtin_prefetch((const char *)soon - ((const char *)to - (const char *)to->place));
    emulator_self = to;
    emulator_switch(&from->place, to->place);
}

static void leave_ring(struct fiber *f)
{
    f->previous->next = f->next;
    f->next->previous = f->previous;
}

static const char *waits_at(const struct fiber *f, char out[FAULT_BYTES])
{
    char place[PLACE_BYTES], state[ELSEWHERE_BYTES];
    const struct named_barrier *named = &f->block->named[f->named];
    const struct wave *wave = &f->block->waves[f->self.wave];
    fault_place(f, f->pc, place);
    switch (f->waiting) {
    case AT_BARRIER:
        snprintf(out, FAULT_BYTES, "at the barrier at %s, where %u of %u came", place, f->block->arrived,
                 f->block->n);
        break;
    case AT_COLLECTIVE:
        snprintf(out, FAULT_BYTES, "for the lanes of its wave at %s, where %u of %u came", place,
                 wave->arrived, wave->n);
        break;
    case AT_NAMED_BARRIER:
        snprintf(out, FAULT_BYTES, "at named barrier %u at %s, where %u of %u came", f->named, place,
                 named->arrived, named->threads);
        break;
    case AT_CLUSTER_BARRIER:
        snprintf(out, FAULT_BYTES, "at the cluster's barrier at %s, where %u of %u came", place,
                 f->block->team->arrived, f->block->team->n_threads);
        break;
    case AT_CLUSTER_WAIT:
        snprintf(out, FAULT_BYTES, "at the cluster's barrier at %s, where %u of %u arrived", place,
                 cluster_arrived(f->block->team), f->block->team->n_threads);
        break;
    case AT_MBARRIER:
        snprintf(out, FAULT_BYTES, "at %s at the mbarrier at shared %u: %s", place,
                 f->async->mbarrier->offset, mbarrier_state(f->async->mbarrier, state));
        break;
    case AT_WGMMA:
        snprintf(out, FAULT_BYTES, "for the four waves of wgmma at %s, where %u of %u came", place,
                 wgmma_arrived(f), GROUP_WAVES * f->self.wave_size);
        break;
    default: snprintf(out, FAULT_BYTES, "at %s", place);
    }
    return out;
}

/* Which of those who wait tells most: lanes that parted, then bytes that did not come, then other mbarriers.
 */
static int tells(const struct fiber *f)
{
    if (f->waiting == AT_COLLECTIVE || f->waiting == AT_WGMMA) return 3;
    if (f->waiting != AT_MBARRIER) return 0;
    const struct mbarrier *m = f->async->mbarrier;
    return m->announced > m->loads_bytes && !m->pending ? 2 : 1;
}

static bool waits(const struct fiber *f)
{
    return f->waiting != RUNS && f->waiting != ENDED;
}

/* Nobody runs. Lanes that wait for others of their wave, which wait elsewhere, have parted; so have threads
 * at a block's barrier. */
static void report_deadlock(struct worker *worker)
{
    struct fiber *first = NULL, *second = NULL;
    char a[FAULT_BYTES], b[FAULT_BYTES], who[WHO_BYTES];
    for (uint32_t i = 0; i < worker->n_fibers; i++) {
        struct fiber *f = worker->fibers[i];
        if (waits(f) && (!first || tells(f) > tells(first))) first = f;
    }
    if (!first) return;
    for (uint32_t i = 0; i < worker->n_fibers; i++) {
        struct fiber *f = worker->fibers[i];
        if (waits(f) && (f->pc != first->pc || f->waiting != first->waiting) &&
            (!second || tells(f) > tells(second)))
            second = f;
    }
    bool parted = first->waiting == AT_COLLECTIVE || first->waiting == AT_WGMMA;
    waits_at(first, a);
    if (second)
        fault(first, parted ? DEVICE_FAULT_DIVERGENCE : DEVICE_FAULT_DEADLOCK, first->pc,
              "waits %s; %s waits %s", a, fault_who(first, second->block->team->index, second->number, who),
              waits_at(second, b));
    else
        fault(first, parted ? DEVICE_FAULT_DIVERGENCE : DEVICE_FAULT_DEADLOCK, first->pc, "waits %s", a);
}

void schedule_wait(struct fiber *f, enum waiting why, const void *pc)
{
    struct fiber *next = f->next;
    f->waiting = why;
    f->pc = pc;
    f->block->worker->pauses = 0;
    if (next == f) {
        report_deadlock(f->block->worker);
        return;
    }
    leave_ring(f);
    go(f, next);
}

/* Whether every worker that runs teams has paused that long, since the same change anywhere. */
static bool all_idle(struct worker *worker, uint64_t changes)
{
    struct worker *workers = worker->run->workers;
    atomic_store(&worker->idle_since, changes);
    for (uint32_t i = 0; i < worker->run->n_workers; i++)
        if (atomic_load(&workers[i].busy) && atomic_load(&workers[i].idle_since) != changes) return false;
    return true;
}

/* Blocks on other workers may still bring what these wait for. */
static bool is_stuck(struct worker *worker)
{
    uint64_t changes = atomic_load(&worker->run->changes);
    if (worker->seen_changes == changes && all_idle(worker, changes)) return true;
    worker->seen_changes = changes;
    worker->pauses = 0;
    sched_yield();
    return false;
}

void schedule_yield(struct fiber *f, const void *pc)
{
    struct worker *worker = f->block->worker;
    uint64_t pauses = ++worker->pauses;
    if ((pauses > IDLE_PAUSES || pauses > (uint64_t)IDLE_ROUNDS * worker->live) && is_stuck(worker)) {
        fault(f, DEVICE_FAULT_DEADLOCK, pc, "spins, and nothing changes while all that can run only pause");
        return;
    }
    if (f->next != f) go(f, f->next);
}

void schedule_release_all(struct fiber *f, struct fiber **members, uint32_t n)
{
    struct fiber *before = f->previous, *after = f->next, *last = NULL, *first = NULL;
    bool reverse = f->block->worker->run->reverse;
    f->block->worker->pauses = 0;
    for (uint32_t i = 0; i < n; i++) {
        struct fiber *member = members[reverse ? n - 1 - i : i];
        member->waiting = RUNS;
        member->previous = last;
        if (last)
            last->next = member;
        else
            first = member;
        last = member;
    }
    if (after == f) before = last, after = first;
    first->previous = before;
    before->next = first;
    last->next = after;
    after->previous = last;
    if (first != f) go(f, first);
}

void schedule_wake(struct fiber *last, struct fiber *woken)
{
    woken->waiting = RUNS;
    woken->previous = last;
    woken->next = last->next;
    last->next->previous = woken;
    last->next = woken;
    last->block->worker->pauses = 0;
}

static const struct fiber *other_waiting(const struct fiber *f, struct fiber *const *members, uint32_t n,
                                         enum waiting why)
{
    for (uint32_t i = 0; i < n; i++)
        if (members[i] != f && members[i]->waiting == why) return members[i];
    return NULL;
}

/* Who ends will not come to where others already wait for it. */
static void check_end(struct fiber *f)
{
    struct block *block = f->block;
    struct wave *wave = &block->waves[f->self.wave];
    char who[WHO_BYTES];
    const struct fiber *waits = NULL;
    if (block->arrived)
        waits = other_waiting(f, block->fibers, block->n, AT_BARRIER);
    else if (wave->arrived)
        waits = other_waiting(f, wave->lanes, wave->n, AT_COLLECTIVE);
    else if (block->team->arrived)
        waits = other_waiting(f, block->team->blocks->fibers, block->team->n_threads, AT_CLUSTER_BARRIER);
    if (waits)
        fault((struct fiber *)waits, DEVICE_FAULT_DIVERGENCE, waits->pc, "waits for %s, which has ended",
              fault_who(waits, block->team->index, f->number, who));
}

static void fiber_main(void)
{
    struct fiber *f = emulator_self;
    struct worker *worker = f->block->worker;
    worker->run->function->entry(f->args);
    check_end(f);
    copy_thread_ends(f);
    async_thread_ends(f);
    f->waiting = ENDED;
    f->block->ended++;
    f->block->waves[f->self.wave].ended++;
    worker->pauses = 0;
    struct fiber *next = f->next;
    if (--worker->live == 0) {
        emulator_self = NULL;
        emulator_switch(&f->place, worker->place);
    }
    if (next == f) report_deadlock(worker);
    leave_ring(f);
    go(f, next);
}

void schedule_run(struct worker *worker)
{
    uint32_t n = worker->n_fibers;
    bool reverse = worker->run->reverse;
    for (uint32_t i = 0; i < n; i++) {
        struct fiber *f = worker->fibers[i];
        struct fiber *up = worker->fibers[(i + 1) % n], *down = worker->fibers[(i + n - 1) % n];
        f->next = reverse ? down : up;
        f->previous = reverse ? up : down;
        f->place = fiber_prepare(f->stack, (char *)f, fiber_main);
    }
    worker->live = n;
    worker->pauses = 0;
    emulator_self = worker->fibers[reverse ? n - 1 : 0];
    emulator_switch(&worker->place, emulator_self->place);
    emulator_self = NULL;
}
