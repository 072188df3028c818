/* mbarriers: phases of arrivals and of bytes that come. A phase that only lacks bytes on their way stays open
 * until somebody waits for it, for so late may they come. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/async.h"
#include "tuner/emulator/exports.h"

enum { MBARRIER_BYTES = 8, COUNT_MAX = (1 << 20) - 1 /* PTX ISA, "mbarrier.init" */ };

struct mbarrier *mbarrier_at(const struct block *block, uint32_t offset)
{
    const struct async_block *async = block->async;
    for (uint32_t i = 0; async && i < async->n_mbarriers; i++)
        if (async->mbarriers[i]->offset == offset) return async->mbarriers[i];
    return NULL;
}

void mbarriers_free(struct async_block *async)
{
    for (uint32_t i = 0; i < async->n_mbarriers; i++) {
        struct mbarrier *m = async->mbarriers[i];
        gather_clear(&m->gather);
        pasts_put_away(m->over);
        for (struct tensor_load *next, *load = m->loads; load; load = next) {
            next = load->next;
            free(load);
        }
        free(m);
    }
    free(async->mbarriers);
}

const char *mbarrier_state(const struct mbarrier *m, char out[ELSEWHERE_BYTES])
{
    int n = snprintf(out, ELSEWHERE_BYTES, "%u of %u arrivals", m->count - m->pending, m->count);
    if (m->announced || m->loads_bytes)
        n += snprintf(out + n, ELSEWHERE_BYTES - (size_t)n, " and %u of %u bytes", m->loads_bytes,
                      m->announced);
    snprintf(out + n, ELSEWHERE_BYTES - (size_t)n, " came in phase %u", m->phase);
    return out;
}

static uint32_t own_offset(struct fiber *f, const void *bar, const void *pc)
{
    uintptr_t offset = (uintptr_t)bar - (uintptr_t)f->shared->base;
    if (offset >= f->shared->bytes)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "uses an mbarrier that is not in the block's shared memory");
    return (uint32_t)offset;
}

static void add(struct block *block, struct mbarrier init)
{
    struct async_block *async = block->async;
    if (async->n_mbarriers == async->capacity) {
        async->capacity = async->capacity ? 2 * async->capacity : 16;
        async->mbarriers = realloc(async->mbarriers, async->capacity * sizeof *async->mbarriers);
    }
    struct mbarrier *m = async->mbarriers ? malloc(sizeof *m) : NULL;
    if (!m) abort(); /* some hundred bytes: there is no way to go on without */
    init.agent = block->rank * BLOCK_AGENTS + async->n_mbarriers % MBARRIER_AGENTS;
    *m = init;
    async->mbarriers[async->n_mbarriers++] = m;
}

void emu_mbarrier_init(void *bar, unsigned count)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    uint32_t offset = own_offset(f, bar, pc);
    if (count < 1 || count > COUNT_MAX)
        fault(f, DEVICE_FAULT_OTHER, pc, "an mbarrier of %u arrivals; they are 1 to %d", count, COUNT_MAX);
    if (mbarrier_at(f->block, offset))
        fault(f, DEVICE_FAULT_OTHER, pc, "initialises the mbarrier at shared %u a second time", offset);
    access_shared(f, bar, MBARRIER_BYTES, ACCESS_WRITE, pc);
    shared_close(f->shared, offset, MBARRIER_BYTES, CELL_MBARRIER);
    add(f->block,
        (struct mbarrier){
            .offset = offset, .count = count, .pending = count, .init_word = f->epoch, .init_pc = pc});
}

void emu_mbarrier_init_fence(void)
{
    struct fiber *f = emulator_self;
    struct async_block *async = f->block->async;
    for (uint32_t i = 0; i < async->n_mbarriers; i++) {
        struct mbarrier *m = async->mbarriers[i];
        if (!m->fence_word && (m->init_word & f->block->team->order.mask) == f->number)
            m->fence_word = f->epoch;
    }
    order_advance(f);
}

struct mbarrier *mbarrier_use(struct fiber *f, const struct block *block, uint32_t offset, bool engine,
                              const void *pc)
{
    struct mbarrier *m = mbarrier_at(block, offset);
    const struct team *team = f->block->team;
    char who[WHO_BYTES], place[PLACE_BYTES];
    if (!m) {
        fault(f, DEVICE_FAULT_UNWRITTEN, pc, "uses shared memory at %u%s, where no mbarrier was initialised",
              offset, block == f->block ? "" : " of another block");
        return NULL;
    }
    const char *initialiser = fault_who(f, team->index, m->init_word & team->order.mask, who);
    if (!order_knows(f, team->index, m->init_word))
        fault(f, DEVICE_FAULT_RACE, pc, "uses the mbarrier at shared %u, which %s initialised at %s", offset,
              initialiser, fault_place(f, m->init_pc, place));
    if (engine && (!m->fence_word || !order_knows(f, team->index, m->fence_word)))
        fault(f, DEVICE_FAULT_RACE, pc,
              "uses the mbarrier at shared %u, which %s initialised at %s with no gpu_mbarrier_init_fence() "
              "behind it",
              offset, initialiser, fault_place(f, m->init_pc, place));
    return m;
}

/* Who was let go and did not run since may come so late that it takes this phase for the one before. */
static void check_late(struct fiber *f, const struct block *block, const struct mbarrier *m, const void *pc)
{
    char who[WHO_BYTES];
    for (uint32_t i = 0; i < block->n; i++) {
        const struct fiber *member = block->fibers[i];
        if (member->async && member->async->mbarrier == m && member->waiting != AT_MBARRIER)
            fault(
                f, DEVICE_FAULT_RACE, pc,
                "ends phase %u of the mbarrier at shared %u, while %s may not have seen the end of phase %u",
                m->phase, m->offset, fault_who(f, block->team->index, member->number, who),
                member->async->phase);
    }
}

static void end_phase(struct fiber *f, struct block *block, struct mbarrier *m, const void *pc)
{
    bool reverse = block->worker->run->reverse;
    struct fiber *last = f;
    check_late(f, block, m, pc);
    pasts_put_away(m->over);
    m->over = gather_pasts(&m->gather);
    gather_clear(&m->gather);
    m->phase++;
    m->pending = m->count;
    m->announced = 0;
    for (uint32_t i = 0; i < block->n && m->n_waiting; i++) {
        struct fiber *member = block->fibers[reverse ? block->n - 1 - i : i];
        if (member->waiting != AT_MBARRIER || member->async->mbarrier != m) continue;
        order_learn(member, m->over);
        schedule_wake(last, member);
        last = member;
        m->n_waiting--;
    }
}

void mbarrier_settle(struct fiber *f, struct block *block, struct mbarrier *m, bool needed, const void *pc)
{
    char place[PLACE_BYTES];
    if (m->pending) return;
    if (m->loads_bytes > m->announced)
        fault(f, DEVICE_FAULT_OTHER, pc,
              "%u bytes come to the mbarrier at shared %u in phase %u, which announced %u; the last were "
              "begun at %s",
              m->loads_bytes, m->offset, m->phase, m->announced, fault_place(f, m->last->pc, place));
    if (m->loads_bytes < m->announced || (m->loads && !needed && !m->n_waiting)) return;
    tensor_loads_land(f, block, m);
    end_phase(f, block, m, pc);
}

static void arrive(struct fiber *f, struct block *block, struct mbarrier *m, uint32_t bytes, const void *pc)
{
    char state[ELSEWHERE_BYTES];
    if (!m->pending)
        fault(f, DEVICE_FAULT_OTHER, pc, "arrives at the mbarrier at shared %u once more than it counts: %s",
              m->offset, mbarrier_state(m, state));
    if (bytes > COUNT_MAX || m->announced + bytes > COUNT_MAX)
        fault(f, DEVICE_FAULT_OTHER, pc, "announces %u bytes to an mbarrier; they are at most %d", bytes,
              COUNT_MAX);
    m->pending--;
    m->announced += bytes;
    gather_add(&m->gather, f);
    order_advance(f);
    f->block->worker->pauses = 0;
    mbarrier_settle(f, block, m, false, pc);
}

void emu_mbarrier_arrive(void *bar, unsigned expected_bytes)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    uint32_t offset = own_offset(f, bar, pc);
    arrive(f, f->block, mbarrier_use(f, f->block, offset, expected_bytes != 0, pc), expected_bytes, pc);
}

void emu_mbarrier_arrive_cluster(void *bar, unsigned rank)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    struct team *team = f->block->team;
    uint32_t offset = own_offset(f, bar, pc);
    if (rank >= team->n_blocks)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "arrives at block %u of a cluster of %u", rank,
              team->n_blocks);
    struct block *block = &team->blocks[rank];
    if (block != f->block) cluster_visit(f, block, pc);
    arrive(f, block, mbarrier_use(f, block, offset, block != f->block, pc), 0, pc);
}

void emu_mbarrier_wait(void *bar, unsigned parity)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    struct async_thread *thread = async_thread(f);
    uint32_t offset = own_offset(f, bar, pc);
    struct mbarrier *m = mbarrier_use(f, f->block, offset, false, pc);
    if (parity > 1)
        fault(f, DEVICE_FAULT_OTHER, pc, "waits for parity %u of an mbarrier; it is 0 or 1", parity);
    if ((m->phase & 1) == parity) mbarrier_settle(f, f->block, m, true, pc);
    if ((m->phase & 1) != parity) {
        order_learn(f, m->over);
        return;
    }
    thread->mbarrier = m;
    thread->phase = m->phase;
    m->n_waiting++;
    schedule_wait(f, AT_MBARRIER, pc);
    thread->mbarrier = NULL;
}
