/* The accesses of one granule where a cell does not say all: several readers that did not know of each other,
 * and atomics. */
#ifndef TUNEBOOK_EMULATOR_HISTORY_H
#define TUNEBOOK_EMULATOR_HISTORY_H

#include <stdbool.h>
#include <stdint.h>
#include "tuner/emulator/readers.h"
#include "tuner/emulator/shadow.h"

struct fiber;
struct pasts;

struct atomic_record {
    struct record record;
    bool write;
};

/* Where an access is, for reports: "of shared memory at 128". */
struct site {
    const struct range *range; /* NULL: shared memory */
    uint64_t offset;
    uint32_t bytes;
    const void *pc;
};

enum {
    /* Of global memory: readers or atomics that are remembered. Beyond it the first ones stand for all. */
    HISTORY_RECORDS = 16
};

struct history {
    struct record w;
    struct record *readers;
    uint32_t n_readers, reader_capacity;
    struct reader_column column;   /* shared memory: the last read of each thread of the team */
    uint32_t team_threads, latest; /* of them, and the latest of their reads */
    struct atomic_record *atomics;
    uint32_t n_atomics, atomic_capacity;
    struct pasts *released;       /* what an acquire learns */
    struct pasts *released_block; /* and by fences of a block, of block `block` */
    uint64_t block;               /* its number in the launch: memory of blocks is used again */
};

/* Of global memory. */
struct history *history_create(void);
struct history *history_copy(const struct history *history);
/* Of shared memory; the column is for as many threads, and nobody else's. */
struct history *history_create_shared(uint32_t team_threads, struct reader_column column);
struct history *history_copy_shared(const struct history *history, struct reader_column column);
void history_free(struct history *history);

void history_add_reader(const struct fiber *f, struct history *history, struct record reader);
/* Checks an access and notes it. */
void history_read(struct fiber *f, struct history *history, const struct site *site);
void history_write(struct fiber *f, struct history *history, const struct site *site);
void history_atomic(struct fiber *f, struct history *history, const struct site *site, bool read, bool write);

/* The report. `how` is "reads" or "writes" or "atomically changes", `earlier` what the other did. */
void history_race(struct fiber *f, const struct site *site, const char *how, struct record other,
                  const char *earlier);
/* A read of shared memory that nobody wrote. */
void history_unwritten(struct fiber *f, const struct site *site);
/* "4 bytes of shared memory at 128" */
const char *site_text(const struct site *site, char out[128]);

#endif
