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

void emu_copy_async(void *shared, const void *global, unsigned bytes, unsigned valid)
{
    struct fiber *f = emulator_self;
    struct copy copy = {shared, global, __builtin_return_address(0), bytes, valid, f->groups};
    uintptr_t source = (uintptr_t)global;
    if ((bytes != 4 && bytes != 8 && bytes != 16) || valid > bytes)
        fault(f, DEVICE_FAULT_OTHER, copy.pc,
              "an asynchronous copy of %u bytes, %u of them valid; it is of 4, 8 or 16", bytes, valid);
    if (source % bytes)
        fault(f, DEVICE_FAULT_MISALIGNED, copy.pc,
              "copies %u bytes from address 0x%llx, which is no multiple of them", bytes,
              (unsigned long long)source);
    read_source(f, &copy);
    mark_in_flight(f, &copy);
    if (f->n_copies == f->copy_capacity) {
        f->copy_capacity = f->copy_capacity ? 2 * f->copy_capacity : 16;
        f->copies = realloc(f->copies, f->copy_capacity * sizeof *f->copies);
        if (!f->copies) abort();
    }
    f->copies[f->n_copies++] = copy;
}

void emu_copy_commit(void)
{
    emulator_self->groups++;
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

/* Groups are numbered from 0, and the open one is the number of closed ones; copies stand in their order. */
void emu_copy_wait(unsigned pending)
{
    struct fiber *f = emulator_self;
    uint32_t landing = f->groups > pending ? f->groups - pending : 0, n = 0;
    for (; n < f->n_copies && f->copies[n].group < landing; n++) land(f, &f->copies[n]);
    if (!n) return;
    f->n_copies -= n;
    memmove(f->copies, f->copies + n, f->n_copies * sizeof *f->copies);
}

/* --- what the host computes for kernels --- */

float emu_exp2(float x)
{
    return exp2f(x);
}

float emu_rsqrt(float x)
{
    return (float)(1 / sqrt((double)x));
}
