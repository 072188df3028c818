#include "tuner/emulator/readers.h"

#include <stdlib.h>

static void *allocated(void *memory)
{
    if (!memory) abort(); /* as for histories: there is no way to go on without */
    return memory;
}

static size_t chunk_readers(const struct readers *readers)
{
    return (size_t)readers->threads << READERS_SHIFT;
}

void readers_free(struct readers *readers)
{
    for (uint32_t i = 0; i < readers->n_chunks; i++) free(readers->chunks[i]);
    free(readers->chunks);
    *readers = (struct readers){0};
}

static void add_chunk(struct readers *readers)
{
    readers->chunks = allocated(realloc(readers->chunks, (readers->n_chunks + 1) * sizeof *readers->chunks));
    readers->chunks[readers->n_chunks++] = allocated(calloc(chunk_readers(readers), sizeof(struct reader)));
}

void readers_begin(struct readers *readers)
{
    if (readers->generation >> 31) readers_free(readers);
}

struct reader_column readers_column(struct readers *readers, uint32_t place, uint32_t threads)
{
    if (readers->threads < threads) {
        readers_free(readers);
        readers->threads = threads;
    }
    while (readers->n_chunks <= place >> READERS_SHIFT) add_chunk(readers);
    struct reader *first = readers->chunks[place >> READERS_SHIFT] + place % READERS_SIDE_BY_SIDE;
    return (struct reader_column){first, ++readers->generation};
}
