/* What is known of past accesses, beside the memory itself.
 *
 * A cell stands for a granule: 16 bytes at first, cut into halves as soon as an access is smaller, so that
 * every access covers whole granules. It holds the last write and the reads since. */
#ifndef TUNEBOOK_EMULATOR_SHADOW_H
#define TUNEBOOK_EMULATOR_SHADOW_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"
#include "tuner/emulator/readers.h"

struct block;
struct fiber;
struct history;
struct pasts;
struct range;
struct site;
struct worker;

enum access { ACCESS_READ, ACCESS_WRITE };
enum { GRANULE_SHIFT = 4, SHARED_GUARD = 64 << 10 };

/* --- shared memory of a block --- */

/* Words are those of order.h; 0 is "none": unwritten, unread. `r` is the last read, or `many` where several
 * threads that did not know of each other read at one time. */
struct cell {
    uint32_t w, r, w_pc, r_pc;
};

#define CELL_HISTORY 0x80000000u /* in `w`: the rest is the index of a history */
/* In `w`: what no ordinary access may touch. */
#define CELL_IN_FLIGHT 0xFFFFFFFFu /* the target of an asynchronous copy of a thread */
#define CELL_TENSOR    0xFFFFFFFEu /* of a tensor load */
#define CELL_MBARRIER  0xFFFFFFFDu
#define CELL_CLOSED    CELL_MBARRIER /* these three are at least that */

struct shared_memory {
    unsigned char *base; /* 1024-byte aligned, with guard space on both sides */
    uint32_t bytes;
    uint32_t whole_bytes; /* of them, as many as are whole granules of the coarsest kind */
    uint32_t shift;
    struct cell *cells;
    struct history **histories;
    uint32_t n_histories, history_capacity;
    struct readers readers; /* of the histories */
    uint32_t *spare;        /* places in `histories` */
    uint32_t n_spare, spare_capacity;
    void *mapping;
    size_t mapped;
};

enum status shared_reserve(struct shared_memory *shared, uint32_t bytes);
/* A new block's: poisoned, unwritten. */
void shared_begin(struct shared_memory *shared, uint32_t bytes, uint32_t shift);
void shared_free(struct shared_memory *shared);

/* Cuts granules until they are no larger than 1 << shift. */
void shared_refine(struct fiber *f, struct shared_memory *shared, uint32_t shift);
/* Any range of shared memory, its own block's or another's of the team. */
void shared_access(struct fiber *f, struct shared_memory *shared, uint32_t offset, size_t bytes,
                   enum access access, const void *pc);
/* The cell's history, from now on in its place; for atomics too. */
struct history *shared_history(struct fiber *f, struct shared_memory *shared, struct cell *cell,
                               const struct site *site);

/* Whole granules become closed to ordinary accesses, and are open again as written by `word` at `pc`. */
void shared_close(struct shared_memory *shared, uint32_t offset, uint32_t bytes, uint32_t how);
void shared_open(struct shared_memory *shared, uint32_t offset, uint32_t bytes, uint32_t word, uint32_t pc);
/* The report of an access to a cell that is closed. */
void shared_closed(struct fiber *f, const struct shared_memory *shared, const struct cell *cell,
                   const struct site *site, enum access access);

/* --- global memory --- */

/* A past access: of a thread of a team. word 0: none. */
struct record {
    uint32_t team, word, pc;
};

struct global_cell {
    struct record w, r;
    struct history *history; /* in place of both, where they do not say all */
};

enum { PAGE_SHIFT = 12, PAGE_BYTES = 1 << PAGE_SHIFT };

struct global_page {
    atomic_flag lock;
    uint32_t generation; /* the step that it speaks of */
    uint32_t shift;
    struct global_cell *cells;
};

/* Bytes of a writable range, within it. */
void global_access(struct fiber *f, struct range *range, uintptr_t address, size_t bytes, enum access access,
                   const void *pc);
/* The page of an address, locked, with granules of 1 << shift or finer; for atomics. */
struct global_page *global_lock(struct fiber *f, struct range *range, uintptr_t address, uint32_t shift);
void global_unlock(struct worker *worker); /* what it has locked, if anything */
struct history *global_history(struct fiber *f, struct global_cell *cell);
void global_pages_free(struct range *range);

#endif
