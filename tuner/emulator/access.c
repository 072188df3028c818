/* Accesses outside a block's own shared memory, and reports of those that are nowhere. */
#include "tuner/emulator/async.h"

/* Further away no stride of a buffer leads: which one is nearest would be chance. */
enum { NEAR_BYTES = 16 << 20 };

#include <stdio.h>
#include "tuner/emulator/emulator_state.h"
#include "tuner/emulator/history.h"

static const char *verb(enum access access)
{
    return access == ACCESS_READ ? "reads" : "writes";
}

/* Where bytes lie that are not all within [begin, begin + size) of `name`: "reads 4 bytes, 12 bytes behind
 * the end of b (64 bytes)". */
static void report_outside(struct fiber *f, uintptr_t address, size_t bytes, enum access access,
                           const void *pc, const char *name, uintptr_t begin, size_t size)
{
    uintptr_t end = begin + size;
    unsigned long long n = bytes;
    if (address < begin)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "%s %llu bytes, %llu bytes in front of %s (%zu bytes)",
              verb(access), n, (unsigned long long)(begin - address), name, size);
    else if (address < end)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "%s %llu bytes at the end of %s (%zu bytes), %llu too many",
              verb(access), n, name, size, (unsigned long long)(address + bytes - end));
    else if (address == end)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "%s %llu bytes right behind the end of %s (%zu bytes)",
              verb(access), n, name, size);
    else
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "%s %llu bytes, %llu bytes behind the end of %s (%zu bytes)",
              verb(access), n, (unsigned long long)(address - end), name, size);
}

static uintptr_t distance(uintptr_t address, uintptr_t begin, size_t size)
{
    return address < begin ? begin - address : address < begin + size ? 0 : address - (begin + size);
}

static struct fiber *stack_owner(const struct worker *worker, uintptr_t address)
{
    for (uint32_t i = 0; i < worker->n_fibers; i++)
        if (address - (uintptr_t)worker->fibers[i]->stack < FIBER_STACK_BYTES) return worker->fibers[i];
    return NULL;
}

static const struct block *shared_owner(const struct worker *worker, uintptr_t address, size_t guard)
{
    for (uint32_t i = 0; i < worker->n_blocks; i++) {
        const struct shared_memory *shared = worker->blocks[i].shared;
        if (address - ((uintptr_t)shared->base - guard) < shared->bytes + 2 * guard)
            return &worker->blocks[i];
    }
    return NULL;
}

static void report_nowhere(struct fiber *f, uintptr_t address, size_t bytes, enum access access,
                           const void *pc)
{
    struct worker *worker = f->block->worker;
    const struct range *near = ranges_nearest(emulator_ranges(worker->emulator), address);
    const struct shared_memory *shared = f->block->shared;
    const struct fiber *owner = stack_owner(worker, address);
    const struct block *block = shared_owner(worker, address, 0);
    char who[WHO_BYTES];
    if (distance(address, (uintptr_t)shared->base, shared->bytes) < SHARED_GUARD)
        report_outside(f, address, bytes, access, pc, "shared memory", (uintptr_t)shared->base,
                       shared->bytes);
    else if (owner)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "%s %zu bytes that belong to local variables of %s",
              verb(access), bytes, fault_who(f, owner->block->team->index, owner->number, who));
    else if (block)
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "%s %zu bytes of the shared memory of block (%u,%u,%u)",
              verb(access), bytes, block->fibers[0]->self.block[0], block->fibers[0]->self.block[1],
              block->fibers[0]->self.block[2]);
    else if (near && distance(address, near->begin, near->bytes) < NEAR_BYTES)
        report_outside(f, address, bytes, access, pc, near->name, near->begin, near->bytes);
    else
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc,
              "%s %zu bytes at address 0x%llx, which is far from any buffer", verb(access), bytes,
              (unsigned long long)address);
}

void access_misaligned(struct fiber *f, uintptr_t address, size_t bytes, enum access access, const void *pc)
{
    const struct worker *worker = f->block->worker;
    const struct range *near = ranges_nearest(emulator_ranges(worker->emulator), address);
    const struct shared_memory *shared = f->block->shared;
    struct site site = {NULL, address - (uintptr_t)shared->base, (uint32_t)bytes, pc};
    char where[128];
    if (site.offset >= shared->bytes) {
        site.range = near;
        site.offset = near ? address - near->begin : 0;
    }
    if (site.range && site.offset >= site.range->bytes)
        fault(f, DEVICE_FAULT_MISALIGNED, pc, "%s %zu bytes at address 0x%llx, which is no multiple of %zu",
              verb(access), bytes, (unsigned long long)address, bytes);
    else
        fault(f, DEVICE_FAULT_MISALIGNED, pc, "%s %s, where the address is no multiple of %zu", verb(access),
              site_text(&site, where), bytes);
}

static bool within(uintptr_t address, size_t bytes, uintptr_t begin, size_t size)
{
    return address >= begin && address - begin <= size && bytes <= size - (address - begin);
}

/* Kernels go from one buffer to another and back. */
static struct range *last_range(struct worker *worker, uintptr_t address, size_t bytes)
{
    struct range **last = worker->last_ranges;
    if (last[0] && within(address, bytes, last[0]->begin, last[0]->bytes)) return last[0];
    if (!last[1] || !within(address, bytes, last[1]->begin, last[1]->bytes)) return NULL;
    struct range *hit = last[1];
    last[1] = last[0];
    return last[0] = hit;
}

static struct range *find_range(struct worker *worker, uintptr_t address, size_t bytes)
{
    struct range *range = last_range(worker, address, bytes);
    if (range) return range;
    range = ranges_nearest(emulator_ranges(worker->emulator), address);
    if (!range || !within(address, bytes, range->begin, range->bytes)) return NULL;
    worker->last_ranges[1] = worker->last_ranges[0];
    return worker->last_ranges[0] = range;
}

static struct shared_memory *team_shared(const struct team *team, uintptr_t address, size_t bytes)
{
    for (uint32_t b = 0; b < team->n_blocks; b++) {
        struct shared_memory *shared = team->blocks[b].shared;
        if (within(address, bytes, (uintptr_t)shared->base, shared->bytes)) return shared;
    }
    return NULL;
}

static struct shared_memory *visited_shared(struct fiber *f, uintptr_t address, size_t bytes, const void *pc)
{
    struct team *team = f->block->team;
    struct shared_memory *shared = team_shared(team, address, bytes);
    if (shared && shared != f->shared) cluster_visit(f, cluster_owner(team, shared), pc);
    return shared;
}

struct range *access_range(struct fiber *f, uintptr_t address, size_t bytes, enum access access,
                           const void *pc)
{
    struct range *range = find_range(f->block->worker, address, bytes);
    if (!range) {
        report_nowhere(f, address, bytes, access, pc);
    } else if (access == ACCESS_WRITE && !range->writable) {
        struct site site = {range, address - range->begin, (uint32_t)bytes, pc};
        char where[128];
        fault(f, DEVICE_FAULT_OUT_OF_BOUNDS, pc, "writes %s, which is an input", site_text(&site, where));
    }
    return range;
}

void access_other(struct fiber *f, uintptr_t address, size_t bytes, enum access access, bool aligned,
                  const void *pc)
{
    const struct object *object = f->block->worker->run->function->object;
    struct shared_memory *shared;
    struct range *range = last_range(f->block->worker, address, bytes);
    if (!bytes) return;
    if (range && access == ACCESS_READ && !range->writable && !(aligned && address & (bytes - 1))) return;
    if (!range && access == ACCESS_READ && object_holds(object, address, bytes)) return;
    if (aligned && address % bytes)
        access_misaligned(f, address, bytes, access, pc);
    else if (!range && (shared = visited_shared(f, address, bytes, pc)) != NULL)
        shared_access(f, shared, (uint32_t)(address - (uintptr_t)shared->base), bytes, access, pc);
    else if ((range = access_range(f, address, bytes, access, pc))->writable)
        global_access(f, range, address, bytes, access, pc);
}

struct shared_memory *access_atomic_shared(struct fiber *f, uintptr_t address, size_t bytes, const void *pc)
{
    if (address % bytes) access_misaligned(f, address, bytes, ACCESS_WRITE, pc);
    return visited_shared(f, address, bytes, pc);
}

void access_shared(struct fiber *f, const void *pointer, uint32_t bytes, enum access access, const void *pc)
{
    uintptr_t address = (uintptr_t)pointer;
    struct shared_memory *shared = f->block->shared;
    if (!within(address, bytes, (uintptr_t)shared->base, shared->bytes)) {
        report_nowhere(f, address, bytes, access, pc);
        return;
    }
    if (address % bytes)
        access_misaligned(f, address, bytes, access, pc);
    else
        shared_access(f, shared, (uint32_t)(address - (uintptr_t)shared->base), bytes, access, pc);
}
