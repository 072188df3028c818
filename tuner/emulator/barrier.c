/* The waiting part of emu_abi.h. */
#include <string.h>
#include "tuner/emulator/exports.h"
#include "tuner/emulator/machine.h"

const struct emu_thread *emu_self(void)
{
    return &emulator_self->self;
}

static void report_parting(struct fiber *f, const struct fiber *other, const void *pc)
{
    char who[WHO_BYTES], place[ELSEWHERE_BYTES];
    fault(f, DEVICE_FAULT_DIVERGENCE, pc, "waits at a barrier, but %s waits at the one %s",
          fault_who(f, other->block->team->index, other->number, who),
          fault_elsewhere(f, other->pc, pc, place));
}

static struct fiber *find_waiting(const struct block *block, enum waiting why)
{
    for (uint32_t i = 0; i < block->n; i++)
        if (block->fibers[i]->waiting == why) return block->fibers[i];
    return NULL;
}

static void report_ended(struct fiber *f, const struct block *block, const void *pc)
{
    const struct fiber *ended = find_waiting(block, ENDED);
    char who[WHO_BYTES];
    fault(f, DEVICE_FAULT_DIVERGENCE, pc, "waits for %s, which has ended",
          fault_who(f, block->team->index, ended->number, who));
}

void emu_barrier(void)
{
    struct fiber *f = emulator_self;
    struct block *block = f->block;
    const void *pc = __builtin_return_address(0);
    if (block->ended) report_ended(f, block, pc);
    if (!block->arrived)
        block->pc = pc;
    else if (block->pc != pc)
        report_parting(f, find_waiting(block, AT_BARRIER), pc);
    if (++block->arrived < block->n) {
        schedule_wait(f, AT_BARRIER, pc);
        return;
    }
    block->arrived = 0;
    if (block->team->n_blocks == 1)
        order_barrier_team(f);
    else
        order_barrier_some(f, block->fibers, block->n, false);
    schedule_release_all(f, block->fibers, block->n);
}

/* A wave counts at a barrier of AMD's when it comes, wherever it does, so that all its lanes have to be
 * there. */
static void check_wave_meets(struct fiber *f, const void *pc)
{
    const struct block *block = f->block;
    struct wave *wave = &block->waves[f->self.wave];
    if (block->arrived && block->pc) report_parting(f, find_waiting(block, AT_BARRIER), pc);
    for (uint32_t i = 0; i < wave->n && wave->at_barrier && wave->barrier_pc != pc; i++)
        if (wave->lanes[i]->waiting == AT_BARRIER) report_parting(f, wave->lanes[i], pc);
    wave->at_barrier = wave->at_barrier + 1 == wave->n ? 0 : wave->at_barrier + 1;
    wave->barrier_pc = pc;
}

void emu_barrier_shared(void)
{
    struct fiber *f = emulator_self;
    struct block *block = f->block;
    const void *pc = __builtin_return_address(0);
    if (block->ended) report_ended(f, block, pc);
    check_wave_meets(f, pc);
    block->pc = NULL;
    if (++block->arrived < block->n) {
        schedule_wait(f, AT_BARRIER, pc);
        return;
    }
    block->arrived = 0;
    /* Where there are clusters, it is an ordinary barrier: on NVIDIA's GPUs. */
    if (block->team->n_blocks == 1)
        order_barrier_shared(f);
    else
        order_barrier_some(f, block->fibers, block->n, false);
    schedule_release_all(f, block->fibers, block->n);
}

static struct fiber *find_in_team(const struct team *team, enum waiting why)
{
    struct fiber *found = NULL;
    for (uint32_t b = 0; b < team->n_blocks && !found; b++) found = find_waiting(&team->blocks[b], why);
    return found;
}

/* The fibers of a team stand one after the other, whatever their blocks. */
void emu_cluster_barrier(void)
{
    struct fiber *f = emulator_self;
    struct team *team = f->block->team;
    const void *pc = __builtin_return_address(0);
    for (uint32_t b = 0; b < team->n_blocks; b++)
        if (team->blocks[b].ended) report_ended(f, &team->blocks[b], pc);
    if (team->arrived && team->pc != pc) report_parting(f, find_in_team(team, AT_CLUSTER_BARRIER), pc);
    team->pc = pc;
    if (++team->arrived < team->n_threads) {
        schedule_wait(f, AT_CLUSTER_BARRIER, pc);
        return;
    }
    team->arrived = 0;
    order_barrier_team(f);
    schedule_release_all(f, team->blocks[0].fibers, team->n_threads);
}

static struct named_barrier *come(struct fiber *f, unsigned id, unsigned threads, const void *pc)
{
    struct named_barrier *named = &f->block->named[id % NAMED_BARRIERS];
    uint32_t wave = f->self.wave_size;
    if (id == 0 || id >= NAMED_BARRIERS || threads == 0 || threads > f->block->n)
        fault(f, DEVICE_FAULT_OTHER, pc,
              "named barrier %u of %u threads; barriers are 1 to %u, of at most the block's %u threads", id,
              threads, NAMED_BARRIERS - 1, f->block->n);
    /* A GPU counts whole waves in (PTX ISA, "barrier{.cta}"). */
    if (threads % wave)
        fault(f, DEVICE_FAULT_OTHER, pc,
              "named barrier %u of %u threads; whole waves come to it, so that they are a multiple of %u", id,
              threads, wave);
    if (named->arrived && named->threads != threads)
        fault(f, DEVICE_FAULT_DIVERGENCE, pc,
              "named barrier %u is of %u threads here and of %u for those who wait", id, threads,
              named->threads);
    named->threads = threads;
    named->arrived++;
    named->came[f->self.wave]++;
    gather_add(&named->gather, f);
    return named;
}

/* A GPU counts a wave when its first lane comes, so that a phase of part waves is over before they all came.
 */
static void check_whole_waves(struct fiber *f, struct named_barrier *named, unsigned id, const void *pc)
{
    const struct block *block = f->block;
    for (uint32_t i = 0; i < block->n_waves; i++)
        if (named->came[i] % block->waves[i].n)
            fault(f, DEVICE_FAULT_DIVERGENCE, pc,
                  "named barrier %u of %u threads is full, but of the %u lanes of wave %u only %u came", id,
                  named->threads, block->waves[i].n, i, named->came[i] % block->waves[i].n);
    memset(named->came, 0, sizeof named->came);
}

/* All have come: those who wait know what all did. */
static void complete(struct fiber *f, struct named_barrier *named, unsigned id, const void *pc)
{
    struct block *block = f->block;
    bool reverse = block->worker->run->reverse;
    struct fiber *last = f;
    check_whole_waves(f, named, id, pc);
    for (uint32_t i = 0; i < block->n && named->n_waiting; i++) {
        struct fiber *member = block->fibers[reverse ? block->n - 1 - i : i];
        if (member->waiting != AT_NAMED_BARRIER || member->named != id) continue;
        gather_give(&named->gather, member);
        schedule_wake(last, member);
        last = member;
        named->n_waiting--;
    }
    named->arrived = 0;
}

void emu_named_barrier(unsigned id, unsigned threads)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    struct named_barrier *named = come(f, id, threads, pc);
    order_advance(f);
    if (named->arrived < threads) {
        f->named = id;
        named->n_waiting++;
        schedule_wait(f, AT_NAMED_BARRIER, pc);
        return;
    }
    complete(f, named, id, pc);
    gather_give(&named->gather, f);
    gather_clear(&named->gather);
}

void emu_named_arrive(unsigned id, unsigned threads)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    struct named_barrier *named = come(f, id, threads, pc);
    order_advance(f);
    if (named->arrived < threads) return;
    complete(f, named, id, pc);
    gather_clear(&named->gather);
}

void emu_pause(void)
{
    schedule_yield(emulator_self, __builtin_return_address(0));
}
