/* Asynchronous copies: nothing moves before the thread waits for their group, the latest moment that a GPU
 * might take; until then nobody may touch the target. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/access.h"

/* The copy is a write of its thread from its beginning on: who still reads or writes the target, and is not
 * known to have done so before, is in its way. */
static void mark_in_flight(struct fiber *f, const struct copy *copy)
{
    struct shared_memory *shared = f->block->shared;
    uint32_t offset = (uint32_t)((uintptr_t)copy->shared - (uintptr_t)shared->base);
    access_shared(f, copy->shared, copy->bytes, ACCESS_WRITE, copy->pc);
    shared_close(shared, offset, copy->bytes, CELL_IN_FLIGHT);
}

/* Read when it begins and again when it lands: the GPU may take the source at any time between, so that a
 * write of it has to be ordered before the one or behind the other. */
static void read_source(struct fiber *f, const struct copy *copy)
{
    uintptr_t source = (uintptr_t)copy->global;
    if (!copy->valid) return;
    struct range *range = access_range(f, source, copy->valid, ACCESS_READ, copy->pc);
    if (range->writable) global_access(f, range, source, copy->valid, ACCESS_READ, copy->pc);
}

static void begin(struct fiber *f, enum copy_kind kind, struct copy copy)
{
    struct copies *copies = &f->copies[kind];
    copy.group = copies->groups;
    if ((uintptr_t)copy.global % copy.bytes)
        access_misaligned(f, (uintptr_t)copy.global, copy.bytes, ACCESS_READ, copy.pc);
    read_source(f, &copy);
    mark_in_flight(f, &copy);
    if (copies->n == copies->capacity) {
        copies->capacity = copies->capacity ? 2 * copies->capacity : 16;
        copies->items = realloc(copies->items, copies->capacity * sizeof *copies->items);
        if (!copies->items) abort();
    }
    copies->items[copies->n++] = copy;
}

void emu_copy_async(void *shared, const void *global, unsigned bytes, unsigned valid)
{
    struct fiber *f = emulator_self;
    const void *pc = __builtin_return_address(0);
    if ((bytes != 4 && bytes != 8 && bytes != 16) || valid > bytes)
        fault(f, DEVICE_FAULT_OTHER, pc,
              "an asynchronous copy of %u bytes, %u of them valid; it is of 4, 8 or 16", bytes, valid);
    begin(f, COPY_ASYNC, (struct copy){shared, global, pc, bytes, valid, 0});
}

/* 12 bytes are three words, whose address is a multiple of 4. */
void copy_load(struct fiber *f, void *shared, const void *global, uint32_t bytes, const void *pc)
{
    uint32_t each = bytes == 12 ? 4 : bytes;
    for (uint32_t at = 0; at < bytes; at += each)
        begin(f, COPY_LOAD, (struct copy){(char *)shared + at, (const char *)global + at, pc, each, each, 0});
    f->copies[COPY_LOAD].groups++;
}

void emu_copy_commit(void)
{
    emulator_self->copies[COPY_ASYNC].groups++;
}

static void land(struct fiber *f, const struct copy *copy)
{
    read_source(f, copy);
    struct shared_memory *shared = f->block->shared;
    uint32_t offset = (uint32_t)((uintptr_t)copy->shared - (uintptr_t)shared->base);
    shared_open(shared, offset, copy->bytes, f->epoch, low_bits(copy->pc));
    memcpy(copy->shared, copy->global, copy->valid);
    memset((char *)copy->shared + copy->valid, 0, copy->bytes - copy->valid);
}

static void wait_for(struct fiber *f, struct copies *copies, unsigned pending)
{
    uint32_t landing = copies->groups > pending ? copies->groups - pending : 0, n = 0;
    for (; n < copies->n && copies->items[n].group < landing; n++) land(f, &copies->items[n]);
    if (!n) return;
    copies->n -= n;
    memmove(copies->items, copies->items + n, copies->n * sizeof *copies->items);
}

void emu_copy_wait(unsigned pending)
{
    wait_for(emulator_self, &emulator_self->copies[COPY_ASYNC], pending);
}

void emu_load_to_shared_wait(unsigned pending)
{
    wait_for(emulator_self, &emulator_self->copies[COPY_LOAD], pending);
}

/* The next block's shared memory may be there when it comes. */
void copy_thread_ends(struct fiber *f)
{
    const struct copies *loads = &f->copies[COPY_LOAD];
    if (loads->n)
        fault(f, DEVICE_FAULT_RACE, loads->items->pc,
              "the thread ends while its load to shared memory at %u is under way",
              (unsigned)((uintptr_t)loads->items->shared - (uintptr_t)f->block->shared->base));
}

/* --- what the host computes for kernels --- */

float emu_exp2(float x)
{
    return exp2f(x);
}

float emu_log2(float x)
{
    return log2f(x);
}

float emu_rsqrt(float x)
{
    return (float)(1 / sqrt((double)x));
}
