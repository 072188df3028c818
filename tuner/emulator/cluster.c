/* Clusters: the barrier in two halves, and shared memory of the other blocks, which is there no longer than
 * they are. */
#include <stdlib.h>
#include "tuner/emulator/async.h"
#include "tuner/emulator/exports.h"

struct cluster_halves {
    uint32_t arrived, n_waiting, phase;
    struct gather gather;
    struct pasts *over;
};

static struct cluster_halves *halves_of(struct team *team)
{
    if (!team->halves) team->halves = calloc(1, sizeof *team->halves);
    if (!team->halves) abort();
    return team->halves;
}

void cluster_free(struct team *team)
{
    if (!team->halves) return;
    gather_clear(&team->halves->gather);
    pasts_put_away(team->halves->over);
    free(team->halves);
    team->halves = NULL;
}

void emu_cluster_arrive(void)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    struct team *team = f->block->team;
    struct cluster_halves *halves = halves_of(team);
    struct async_thread *thread = async_thread(f);
    struct fiber *last = f, **members = team->blocks[0].fibers;
    if (thread->arrived)
        fault(f, DEVICE_FAULT_OTHER, pc, "arrives at the cluster's barrier again before it waited there");
    thread->arrived = true;
    thread->phase = halves->phase;
    gather_add(&halves->gather, f);
    order_advance(f);
    f->block->worker->pauses = 0;
    if (++halves->arrived < team->n_threads) return;
    pasts_put_away(halves->over);
    halves->over = gather_pasts(&halves->gather);
    gather_clear(&halves->gather);
    halves->arrived = 0;
    halves->phase++;
    bool reverse = f->block->worker->run->reverse;
    for (uint32_t i = 0; i < team->n_threads && halves->n_waiting; i++) {
        struct fiber *member = members[reverse ? team->n_threads - 1 - i : i];
        if (member->waiting != AT_CLUSTER_WAIT) continue;
        order_learn(member, halves->over);
        schedule_wake(last, member);
        last = member;
        halves->n_waiting--;
    }
}

void emu_cluster_wait(void)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    struct cluster_halves *halves = halves_of(f->block->team);
    struct async_thread *thread = async_thread(f);
    if (!thread->arrived)
        fault(f, DEVICE_FAULT_OTHER, pc, "waits at the cluster's barrier, where it did not arrive");
    thread->arrived = false;
    if (thread->phase != halves->phase) {
        order_learn(f, halves->over);
        return;
    }
    halves->n_waiting++;
    schedule_wait(f, AT_CLUSTER_WAIT, pc);
}

uint32_t cluster_arrived(const struct team *team)
{
    return team->halves ? team->halves->arrived : 0;
}

void *emu_cluster_shared(const void *pointer, unsigned rank)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    const struct team *team = f->block->team;
    uintptr_t offset = (uintptr_t)pointer - (uintptr_t)f->shared->base;
    if (rank >= team->n_blocks)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "asks for block %u of a cluster of %u", rank,
              team->n_blocks);
    if (offset >= f->shared->bytes)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc,
              "asks for the place of a pointer that is not into shared memory");
    return team->blocks[rank].shared->base + offset;
}

struct block *cluster_owner(const struct team *team, const struct shared_memory *shared)
{
    for (uint32_t b = 0; b < team->n_blocks; b++)
        if (team->blocks[b].shared == shared) return &team->blocks[b];
    return team->blocks;
}

void cluster_visit(struct fiber *f, struct block *block, const void *pc)
{
    const struct emu_thread *there = &block->fibers[0]->self;
    if (block->ended == block->n)
        fault(f, DEVICE_FAULT_RACE, pc, "uses shared memory of block (%u,%u,%u), which has ended",
              there->block[0], there->block[1], there->block[2]);
    if (!block->visits) block->visits = calloc(block->team->n_threads, sizeof *block->visits);
    if (!block->visits) abort();
    block->visits[f->number] = (struct visit){f->epoch, pc};
}

/* What `f` knows of at its end is over before the block's end. */
static void forget_known_visits(struct fiber *f)
{
    const struct block *block = f->block;
    for (uint32_t i = 0; block->visits && i < block->team->n_threads; i++)
        if (block->visits[i].word && order_knows(f, block->team->index, block->visits[i].word))
            block->visits[i].word = 0;
}

static void check_visits(struct team *team)
{
    for (uint32_t b = 0; b < team->n_blocks; b++) {
        const struct block *block = &team->blocks[b];
        for (uint32_t i = 0; block->visits && i < team->n_threads; i++) {
            const struct visit *visit = &block->visits[i];
            const struct emu_thread *there = &block->fibers[0]->self;
            if (visit->word)
                fault(team->blocks[0].fibers[i], DEVICE_FAULT_RACE, visit->pc,
                      "uses shared memory of block (%u,%u,%u), which may have ended by then", there->block[0],
                      there->block[1], there->block[2]);
        }
    }
}

void cluster_thread_ends(struct fiber *f)
{
    struct team *team = f->block->team;
    forget_known_visits(f);
    if (++team->ended == team->n_threads) check_visits(team);
}
