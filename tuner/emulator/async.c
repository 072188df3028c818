/* What works beside the threads: where it is kept, and how blocks and threads end. */
#include "tuner/emulator/async.h"

#include <stdlib.h>
#include <string.h>

struct async_thread *async_thread(struct fiber *f)
{
    if (!f->async) f->async = calloc(1, sizeof *f->async);
    if (!f->async) abort(); /* some hundred bytes: there is no way to go on without */
    return f->async;
}

static uint32_t piece_words(const struct block *block)
{
    return (block->shared->bytes / PIECE + 1) * block->async->n_groups;
}

void async_begin(struct block *block)
{
    struct async_block *async = calloc(1, sizeof *async);
    if (!async) abort();
    block->async = async;
    async->n_groups = (block->n_waves + GROUP_WAVES - 1) / GROUP_WAVES;
    async->readers = calloc(piece_words(block), sizeof *async->readers);
    if (!async->readers) abort(); /* as much as the cells */
    /* What ptxas gives a kernel that shares registers: as many as threads can have, in steps of 8. */
    uint32_t each = REGISTERS_ALL / (block->n_waves * 32) / 8 * 8;
    for (uint32_t i = 0; i < block->n_waves; i++) async->registers[i] = (uint16_t)(each > 248 ? 248 : each);
}

void async_end(struct block *block)
{
    struct async_block *async = block->async;
    for (uint32_t i = 0; i < block->n; i++) {
        struct fiber *f = block->fibers[i];
        if (!f->async) continue;
        tensor_stores_free(f->async);
        for (int use = 0; use < BOX_USES; use++) free(f->async->boxes[use]);
        free(f->async);
        f->async = NULL;
    }
    free(block->visits);
    if (!async) return;
    mbarriers_free(async);
    wgmma_free(async);
    free(async->readers);
    free(async);
    block->async = NULL;
}

static void check_registers(struct fiber *f)
{
    const struct block *block = f->block;
    uint32_t each = REGISTERS_ALL / (block->n_waves * 32) / 8 * 8, sum = 0;
    if (each > 248) each = 248;
    for (uint32_t i = 0; i < block->n_waves; i++) sum += block->async->registers[i];
    if (sum > each * block->n_waves)
        fault(f, DEVICE_FAULT_DEADLOCK, NULL,
              "the waves of the block want %u registers for their lanes together, and begin with %u", sum,
              each * block->n_waves);
}

static void check_mbarriers(struct fiber *f)
{
    const struct async_block *async = f->block->async;
    for (uint32_t i = 0; i < async->n_mbarriers; i++) {
        const struct mbarrier *m = async->mbarriers[i];
        if (m->loads)
            fault(f, DEVICE_FAULT_RACE, m->loads->pc,
                  "the block ends while a tensor load to shared memory at %u is under way", m->loads->offset);
    }
}

void async_thread_ends(struct fiber *f)
{
    tensor_stores_end(f);
    cluster_thread_ends(f);
    if (!f->block->async) return;
    wgmma_end(f);
    if (f->block->ended + 1 < f->block->n) return;
    check_mbarriers(f);
    check_registers(f);
}

void emu_registers(unsigned count, int more)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    struct async_block *async = f->block->async;
    if (!async) return; /* nothing that needs many is in the object */
    uint16_t *now = &async->registers[f->self.wave];
    /* PTX ISA, "setmaxnreg". */
    if (count % 8 || count < 24 || count > 256)
        fault(f, DEVICE_FAULT_OTHER, pc, "%u registers; they are 24 to 256 in steps of 8", count);
    if (more ? count < *now : count > *now)
        fault(f, DEVICE_FAULT_OTHER, pc, "GPU_REGISTERS_%s(%u), where the wave has %u",
              more ? "MORE" : "LESS", count, *now);
    *now = (uint16_t)count;
}
