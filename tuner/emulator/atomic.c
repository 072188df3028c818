/* Atomics and fences. An atomic is done while what is known of its place is locked, so that the order in
 * which threads learn from each other is that in which values changed.
 *
 * A release puts all that its thread knows at the place; an acquire there learns it. Fences stand for them:
 * what was known at the last fence goes along with any atomic write after it, and what relaxed reads came
 * upon is learned at the next fence. */
#include <string.h>
#include "tuner/emulator/access.h"
#include "tuner/emulator/callbacks.h"
#include "tuner/emulator/history.h"

/* The memory orders as clang passes them. */
enum { RELAXED, CONSUME, ACQUIRE, RELEASE, ACQ_REL, SEQ_CST };
enum { SPINS = 64 /* loads in a row after which a thread that forgot to pause does */ };

struct atomic {
    enum atomic_operation operation;
    const void *address;
    uint32_t bytes;
    uint64_t operand, expected;
    int order;
    const void *pc;
};

static uint64_t load(const void *from, uint32_t bytes)
{
    uint64_t value = 0;
    memcpy(&value, from, bytes); /* little-endian */
    return value;
}

static uint64_t applied(const struct atomic *atomic, uint64_t old)
{
    uint64_t x = atomic->operand;
    switch (atomic->operation) {
    case ATOMIC_LOAD: return old;
    case ATOMIC_STORE:
    case ATOMIC_EXCHANGE: return x;
    case ATOMIC_ADD: return old + x;
    case ATOMIC_SUB: return old - x;
    case ATOMIC_AND: return old & x;
    case ATOMIC_OR: return old | x;
    case ATOMIC_XOR: return old ^ x;
    case ATOMIC_NAND: return ~(old & x);
    default: return old == atomic->expected ? x : old;
    }
}

static bool orders(int order, int half)
{
    return order == half || order == ACQ_REL || order == SEQ_CST || (half == ACQUIRE && order == CONSUME);
}

static uint64_t block_number(const struct fiber *f)
{
    return (uint64_t)f->block->team->index << 32 | f->block->rank;
}

static void acquire(struct fiber *f, const struct atomic *atomic, struct history *history)
{
    bool now = orders(atomic->order, ACQUIRE);
    struct pasts *block = history->block == block_number(f) ? history->released_block : NULL;
    if (!history->released && !block) return;
    if (now) {
        order_learn(f, history->released);
        order_learn(f, block);
        return;
    }
    f->pending = pasts_merge(f->pending, pasts_share(history->released));
    f->pending = pasts_merge(f->pending, pasts_share(block));
}

/* A change by another atomic goes on with what was released at the place; a store begins anew. */
static void release(struct fiber *f, const struct atomic *atomic, struct history *history)
{
    bool now = orders(atomic->order, RELEASE);
    if (atomic->operation == ATOMIC_STORE) {
        pasts_put_away(history->released);
        pasts_put_away(history->released_block);
        history->released = history->released_block = NULL;
    }
    if (now) {
        history->released = pasts_merge(history->released, order_snapshot(f));
        order_advance(f);
    } else if (f->fenced) {
        history->released = pasts_merge(history->released, pasts_share(f->fenced));
    }
    if (f->fenced_block) {
        if (history->block != block_number(f)) {
            pasts_put_away(history->released_block);
            history->released_block = NULL;
        }
        history->block = block_number(f);
        history->released_block = pasts_merge(history->released_block, pasts_share(f->fenced_block));
    }
}

static uint64_t perform(struct fiber *f, const struct atomic *atomic, struct history *history,
                        const struct site *site, bool *changed)
{
    void *place = (void *)(uintptr_t)atomic->address;
    uint64_t old = load(place, atomic->bytes);
    uint64_t value = applied(atomic, old);
    bool write =
        atomic->operation != ATOMIC_LOAD && (atomic->operation != ATOMIC_CAS || old == atomic->expected);
    if (atomic->operation != ATOMIC_STORE) acquire(f, atomic, history);
    history_atomic(f, history, site, atomic->operation != ATOMIC_STORE, write);
    if (write) release(f, atomic, history);
    uint64_t mask = atomic->bytes == 8 ? UINT64_MAX : (UINT64_C(1) << 8 * atomic->bytes) - 1;
    *changed = write && ((value ^ old) & mask) != 0;
    if (*changed) memcpy(place, &value, atomic->bytes);
    return old;
}

/* Further granules of an atomic that is larger than one. */
static void note_rest(struct fiber *f, struct history *history, const struct site *site,
                      const struct atomic *atomic)
{
    history_atomic(f, history, site, atomic->operation != ATOMIC_STORE, atomic->operation != ATOMIC_LOAD);
}

static uint32_t shift_of(uint32_t bytes)
{
    return (uint32_t)__builtin_ctz(bytes);
}

static uint64_t in_shared(struct fiber *f, struct shared_memory *shared, const struct atomic *atomic,
                          bool *changed)
{
    uint32_t offset = (uint32_t)((uintptr_t)atomic->address - (uintptr_t)shared->base);
    struct site site = {NULL, offset, atomic->bytes, atomic->pc};
    if (shared->shift > shift_of(atomic->bytes)) shared_refine(f, shared, shift_of(atomic->bytes));
    struct cell *cell = &shared->cells[offset >> shared->shift];
    for (uint32_t i = 1; i < atomic->bytes >> shared->shift; i++)
        note_rest(f, shared_history(f, shared, &cell[i], &site), &site, atomic);
    return perform(f, atomic, shared_history(f, shared, cell, &site), &site, changed);
}

static uint64_t in_global(struct fiber *f, struct range *range, const struct atomic *atomic, bool *changed)
{
    uint64_t offset = (uintptr_t)atomic->address - range->origin;
    struct site site = {range, (uintptr_t)atomic->address - range->begin, atomic->bytes, atomic->pc};
    struct global_page *page = global_lock(f, range, (uintptr_t)atomic->address, shift_of(atomic->bytes));
    struct global_cell *cell = &page->cells[(offset & (PAGE_BYTES - 1)) >> page->shift];
    for (uint32_t i = 1; i < atomic->bytes >> page->shift; i++)
        note_rest(f, global_history(f, &cell[i]), &site, atomic);
    uint64_t old = perform(f, atomic, global_history(f, cell), &site, changed);
    global_unlock(f->block->worker);
    return old;
}

/* A local variable, which nobody else may use; or an input, which nobody changes. */
static uint64_t in_private(const struct atomic *atomic)
{
    uint64_t old = load(atomic->address, atomic->bytes), value = applied(atomic, old);
    if (value != old) memcpy((void *)(uintptr_t)atomic->address, &value, atomic->bytes);
    return old;
}

uint64_t atomic_perform(enum atomic_operation operation, const volatile void *address, uint32_t bytes,
                        uint64_t operand, uint64_t expected, int order, const void *pc)
{
    struct fiber *f = emulator_self;
    struct atomic atomic = {operation, (const void *)(uintptr_t)address, bytes, operand, expected, order, pc};
    bool changed = false;
    uint64_t old;
    if (order != RELAXED && !f->block->worker->run->function->object->partial_order)
        fault(f, DEVICE_FAULT_OTHER, pc, "acquires or releases without emu_atomic_orders() beside it");
    if (on_stack(f, (uintptr_t)address)) return in_private(&atomic);
    struct shared_memory *shared = access_atomic_shared(f, (uintptr_t)address, bytes, pc);
    if (shared) {
        old = in_shared(f, shared, &atomic, &changed);
    } else {
        enum access access = operation == ATOMIC_LOAD ? ACCESS_READ : ACCESS_WRITE;
        struct range *range = access_range(f, (uintptr_t)address, bytes, access, pc);
        old = range->writable ? in_global(f, range, &atomic, &changed) : in_private(&atomic);
    }
    if (changed) {
        f->block->worker->pauses = 0;
        if (!shared) atomic_fetch_add(&f->block->worker->run->changes, 1);
        f->spins = 0;
    } else if (++f->spins == SPINS) {
        f->spins = 0;
        schedule_yield(f, pc);
    }
    return old;
}

static void fence(struct fiber *f, bool whole_device)
{
    order_learn(f, f->pending);
    pasts_put_away(f->pending);
    f->pending = NULL;
    struct pasts **kept = whole_device ? &f->fenced : &f->fenced_block;
    pasts_put_away(*kept);
    *kept = order_snapshot(f);
    order_advance(f);
}

void emu_atomic_orders(void)
{
}

void emu_fence(int scope)
{
    fence(emulator_self, scope != 0);
}

void __tsan_atomic_thread_fence(int order)
{
    if (order != RELAXED) fence(emulator_self, true);
}
