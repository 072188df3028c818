/* The way of every access: shared memory at once where the cell settles it; the rest by access_other. */
#ifndef TUNEBOOK_EMULATOR_ACCESS_H
#define TUNEBOOK_EMULATOR_ACCESS_H

#include "tuner/emulator/machine.h"

/* What is not the block's shared memory nor the thread's own stack, and all that crosses an end. `aligned`:
 * the address has to be a multiple of `bytes`. */
void access_other(struct fiber *f, uintptr_t address, size_t bytes, enum access access, bool aligned,
                  const void *pc);

/* Of the block's own shared memory, and aligned. */
void access_shared(struct fiber *f, const void *pointer, uint32_t bytes, enum access access, const void *pc);
/* The range that all of the bytes lie in, of which the access is allowed; anything else is reported. */
struct range *access_range(struct fiber *f, uintptr_t address, size_t bytes, enum access access,
                           const void *pc);

/* The report of an address that is no multiple of `bytes`. */
void access_misaligned(struct fiber *f, uintptr_t address, size_t bytes, enum access access, const void *pc);

/* copy.c. A lane's part of a load to shared memory sets out. */
void copy_load(struct fiber *f, void *shared, const void *global, uint32_t bytes, const void *pc);
/* `f` ends: nothing of its own may be under way to shared memory. */
void copy_thread_ends(struct fiber *f);

/* For an atomic: the shared memory of the team that it is in, or NULL. Misaligned ones are reported. */
struct shared_memory *access_atomic_shared(struct fiber *f, uintptr_t address, size_t bytes, const void *pc);

static inline uint32_t low_bits(const void *pc)
{
    return (uint32_t)(uintptr_t)pc;
}

/* Whether a cell settles the access: reads of what was written before, first reads of this thread or of
 * several at this time; writes that nobody else's access is in the way of. Done twice, they change nothing
 * more. */
static inline bool cell_read(const struct fiber *f, struct cell *cell, const void *pc)
{
    uint32_t r = cell->r;
    if (__builtin_expect(cell->w - 1 >= f->limit - 1, 0)) return false;
    if (r == f->epoch || r == f->many) return true;
    if (__builtin_expect(r >= f->limit, 0)) return false;
    cell->r = f->epoch;
    cell->r_pc = low_bits(pc);
    return true;
}

static inline bool cell_write(const struct fiber *f, struct cell *cell, const void *pc)
{
    if (__builtin_expect(
            (cell->w >= f->limit && cell->w != f->epoch) || (cell->r >= f->limit && cell->r != f->epoch), 0))
        return false;
    *cell = (struct cell){.w = f->epoch, .w_pc = low_bits(pc)};
    return true;
}

static inline bool on_stack(const struct fiber *f, uintptr_t address)
{
    return address - (uintptr_t)f->stack < FIBER_STACK_BYTES;
}

/* `bytes` is a constant. What is in the way goes through all cells again, with care. */
static inline void access_check(const void *pointer, uint32_t bytes, enum access access, bool aligned,
                                const void *pc)
{
    struct fiber *f = emulator_self;
    uintptr_t address = (uintptr_t)pointer;
    const struct shared_memory *shared = f->shared;
    uintptr_t offset = address - (uintptr_t)f->self.shared;
    uint32_t shift = shared->shift;
    if (__builtin_expect(
            offset >= shared->whole_bytes || offset % bytes || shift > (uint32_t)__builtin_ctz(bytes), 0)) {
        if (!on_stack(f, address)) access_other(f, address, bytes, access, aligned, pc);
        return;
    }
    struct cell *cell = &shared->cells[offset >> shift];
    for (uint32_t n = bytes >> shift; n > 0; n--, cell++) {
        if (access == ACCESS_READ ? cell_read(f, cell, pc) : cell_write(f, cell, pc)) continue;
        shared_access(f, f->shared, (uint32_t)offset, bytes, access, pc);
        return;
    }
}

#endif
