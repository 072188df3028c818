/* Tensor loads: the box is taken from global memory when it begins, and put into shared memory when the phase
 * of its mbarrier has to end. */
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/async.h"
#include "tuner/emulator/exports.h"

enum { SHARED_ALIGNMENT = 128 /* PTX ISA, "cp.async.bulk.tensor" */, MAP_ALIGNMENT = 64 };

const struct emu_tensor_map *tensor_check_map(struct fiber *f, const void *map, const void *pc)
{
    const struct emu_tensor_map *tensor = map;
    uintptr_t offset = (uintptr_t)map - (uintptr_t)f->args;
    uint32_t bytes = f->block->worker->run->args_bytes;
    if (offset >= bytes || bytes - offset < sizeof *tensor)
        fault(f, DEVICE_FAULT_OTHER, pc, "uses a tensor map that is not in the kernel's arguments");
    if ((uintptr_t)map % MAP_ALIGNMENT)
        fault(f, DEVICE_FAULT_MISALIGNED, pc,
              "uses a tensor map at byte %llu of the arguments, no multiple of %d",
              (unsigned long long)offset, MAP_ALIGNMENT);
    if (tensor->magic != EMU_TENSOR_MAP)
        fault(f, DEVICE_FAULT_OTHER, pc,
              "uses bytes %llu of the arguments as a tensor map, which they are not",
              (unsigned long long)offset);
    const char *error = tensor_map_error(tensor);
    if (error) fault(f, DEVICE_FAULT_OTHER, pc, "uses a tensor map of which this is not true: %s", error);
    return tensor;
}

/* The box as it will lie in shared memory from `offset` on. True: some of it is in memory that kernels write.
 */
static bool take(struct fiber *f, const struct emu_tensor_map *map, const struct tensor_box *box,
                 uint32_t offset, unsigned char *to, bool check, const void *pc)
{
    uint32_t row_bytes = map->box[0] * map->element_bytes;
    bool writable = false;
    memset(to, 0, tensor_box_bytes(map));
    for (uint32_t row = 0; row < tensor_box_rows(map); row++) {
        uint64_t address;
        uint32_t first, bytes;
        if (!tensor_box_row(map, box, row, &address, &first, &bytes)) continue;
        struct range *range = access_range(f, (uintptr_t)address, bytes, ACCESS_READ, pc);
        writable = writable || range->writable;
        if (check && range->writable) global_access(f, range, (uintptr_t)address, bytes, ACCESS_READ, pc);
        for (uint32_t done = 0; done < bytes;) {
            uint32_t at = row * row_bytes + first + done, step = PIECE - at % PIECE;
            if (step > bytes - done) step = bytes - done;
            memcpy(to + (swizzle_address(offset + at, map->swizzle_bytes) - offset),
                   (const char *)(uintptr_t)address + done, step);
            done += step;
        }
    }
    return writable;
}

static void add(struct mbarrier *m, struct tensor_load *load)
{
    load->next = NULL;
    if (m->loads)
        m->last->next = load;
    else
        m->loads = load;
    m->last = load;
    m->loads_bytes += tensor_box_bytes(&load->map);
}

/* A load into one block. */
static void begin(struct fiber *f, struct block *block, const struct tensor_load *load, uint32_t bar,
                  const void *pc)
{
    uint32_t bytes = tensor_box_bytes(&load->map);
    if (block != f->block) cluster_visit(f, block, pc);
    struct mbarrier *m = mbarrier_use(f, block, bar, true, pc);
    shared_access(f, block->shared, load->offset, bytes, ACCESS_WRITE, pc);
    shared_close(block->shared, load->offset, bytes, CELL_TENSOR);
    struct tensor_load *own = malloc(sizeof *own + bytes);
    if (!own) abort(); /* as much as the shared memory that it goes to */
    memcpy(own, load, sizeof *own + bytes);
    add(m, own);
    mbarrier_settle(f, block, m, false, pc);
}

static uint32_t place_in_shared(struct fiber *f, const void *pointer, uint32_t bytes, const char *what,
                                const void *pc)
{
    uintptr_t offset = (uintptr_t)pointer - (uintptr_t)f->shared->base;
    if (offset > f->shared->bytes || bytes > f->shared->bytes - offset)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc,
              "%s of %u bytes at shared %lld, and the block's shared memory has %u", what, bytes,
              (long long)offset, f->shared->bytes);
    if (offset % SHARED_ALIGNMENT)
        fault(f, DEVICE_FAULT_MISALIGNED, pc, "%s at shared %llu, which is no multiple of %d", what,
              (unsigned long long)offset, SHARED_ALIGNMENT);
    return (uint32_t)offset;
}

/* Kept by the thread: a fault on the way leaves nothing behind. */
static struct tensor_load *scratch(struct fiber *f, enum box_use use, uint32_t bytes)
{
    struct async_thread *thread = async_thread(f);
    if (thread->box_bytes[use] < bytes) {
        free(thread->boxes[use]);
        thread->boxes[use] = malloc(sizeof *thread->boxes[use] + bytes);
        if (!thread->boxes[use]) abort();
        thread->box_bytes[use] = bytes;
    }
    return thread->boxes[use];
}

void emu_tensor_load(void *shared, const void *map, void *bar, int x, int y, int z, unsigned mask)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    const struct emu_tensor_map *tensor = tensor_check_map(f, map, pc);
    struct team *team = f->block->team;
    uint32_t bytes = tensor_box_bytes(tensor);
    uint32_t offset = place_in_shared(f, shared, bytes, "a tensor load", pc);
    uint32_t blocks = mask & EMU_MULTICAST ? mask & ~EMU_MULTICAST : 1u << f->block->rank;
    if (!blocks || blocks >> team->n_blocks)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "a tensor load to the blocks 0x%x of a cluster of %u",
              blocks, team->n_blocks);
    struct tensor_load *load = scratch(f, BOX_BEGINS, bytes);
    *load = (struct tensor_load){.issuer = f, .pc = pc, .map = *tensor, .box = {{x, y, z}}, .offset = offset};
    load->in_use = take(f, tensor, &load->box, offset, load->bytes, true, pc);
    for (uint32_t b = 0; b < team->n_blocks; b++)
        if (blocks >> b & 1)
            begin(f, &team->blocks[b], load, (uint32_t)((unsigned char *)bar - f->shared->base), pc);
    order_advance(f);
}

/* What kernels may write has to be as it was, for the GPU may have read it only now. */
static void check_source(struct fiber *f, const struct tensor_load *load)
{
    uint32_t bytes = tensor_box_bytes(&load->map);
    struct tensor_load *now = scratch(f, BOX_LANDS, bytes);
    take(f, &load->map, &load->box, load->offset, now->bytes, false, load->pc);
    if (memcmp(now->bytes, load->bytes, bytes) != 0)
        fault((struct fiber *)load->issuer, DEVICE_FAULT_RACE, load->pc,
              "a tensor load to shared memory at %u reads what was changed before it was waited for",
              load->offset);
}

void tensor_loads_land(struct fiber *f, struct block *block, struct mbarrier *m)
{
    if (!m->loads) return;
    uint32_t word = order_agent(f, m->agent);
    for (struct tensor_load *next, *load = m->loads; load; load = next) {
        uint32_t bytes = tensor_box_bytes(&load->map);
        next = load->next;
        if (load->in_use) check_source(f, load);
        shared_open(block->shared, load->offset, bytes, word, low_bits(load->pc));
        memcpy(block->shared->base + load->offset, load->bytes, bytes);
        m->loads = next;
        free(load);
    }
    m->loads_bytes = 0;
    gather_add_agent(&m->gather, f, word);
}

const struct tensor_load *tensor_load_find(const struct block *block, uint32_t offset)
{
    const struct async_block *async = block->async;
    for (uint32_t i = 0; i < async->n_mbarriers; i++)
        for (const struct tensor_load *load = async->mbarriers[i]->loads; load; load = load->next)
            if (offset - load->offset < tensor_box_bytes(&load->map)) return load;
    return NULL;
}
