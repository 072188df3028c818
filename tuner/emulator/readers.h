/* The last read of every thread of a team, for every history of a shared memory.
 *
 * A thread reads neighbouring granules one after the other, and their histories have neighbouring places: the
 * reads of one thread in a few places lie side by side. What an earlier history left in its place has another
 * generation, so that nothing is ever cleared. */
#ifndef TUNEBOOK_EMULATOR_READERS_H
#define TUNEBOOK_EMULATOR_READERS_H

#include <stdint.h>

enum { READERS_SHIFT = 6, READERS_SIDE_BY_SIDE = 1 << READERS_SHIFT };

struct reader {
    uint32_t word, pc, generation;
};

struct readers {
    struct reader **chunks; /* of READERS_SIDE_BY_SIDE places and `threads` threads each */
    uint32_t n_chunks, threads, generation;
};

/* Those of one place. It lives until the chunks are freed. */
struct reader_column {
    struct reader *first;
    uint32_t generation;
};

/* Nothing is in use now: generations may begin anew, long before there are too many. */
void readers_begin(struct readers *readers);
/* A column for `threads` threads, all of which have not read. The number of threads is one and the same as
 * long as any column is in use. */
struct reader_column readers_column(struct readers *readers, uint32_t place, uint32_t threads);
void readers_free(struct readers *readers);

static inline struct reader *reader_at(struct reader_column column, uint32_t thread)
{
    return &column.first[(uint64_t)thread << READERS_SHIFT];
}

static inline void reader_set(struct reader_column column, uint32_t thread, uint32_t word, uint32_t pc)
{
    *reader_at(column, thread) = (struct reader){word, pc, column.generation};
}

#endif
