#include "tuner/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGNMENT = 16, BLOCK_BYTES = 16 * 1024 };

struct arena_block {
    struct arena_block *previous;
    size_t used, capacity;
    alignas(ALIGNMENT) char bytes[];
};

static struct arena_block *block_new(size_t capacity)
{
    struct arena_block *block = calloc(1, sizeof *block + capacity);
    if (block) block->capacity = capacity;
    return block;
}

static void *block_take(struct arena_block *block, size_t bytes)
{
    void *p = block->bytes + block->used;
    block->used += bytes;
    return p;
}

void *arena_alloc(struct arena *arena, size_t bytes)
{
    if (bytes > PTRDIFF_MAX - 2 * sizeof(struct arena_block)) return NULL;
    bytes = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    if (!bytes) bytes = ALIGNMENT; /* so that every object has its own address */

    struct arena_block *last = arena->last;
    if (last && bytes <= last->capacity - last->used) return block_take(last, bytes);

    struct arena_block *block = block_new(bytes > BLOCK_BYTES ? bytes : BLOCK_BYTES);
    if (!block) return NULL;
    if (last &&
        bytes > BLOCK_BYTES / 2) { /* a large object goes behind: the rest of the last block stays in use */
        block->previous = last->previous;
        last->previous = block;
    } else {
        block->previous = last;
        arena->last = block;
    }
    return block_take(block, bytes);
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    void *copy = arena_alloc(arena, size);
    if (copy && size) memcpy(copy, bytes, size);
    return copy;
}

char *arena_string(struct arena *arena, const char *string)
{
    return arena_copy(arena, string, strlen(string) + 1);
}

char *arena_format(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    char *string = length < 0 ? NULL : arena_alloc(arena, (size_t)length + 1);
    if (!string) return NULL;
    va_start(arguments, format);
    vsnprintf(string, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return string;
}

void arena_free(struct arena *arena)
{
    for (struct arena_block *block = arena->last; block;) {
        struct arena_block *previous = block->previous;
        free(block);
        block = previous;
    }
    arena->last = NULL;
}
