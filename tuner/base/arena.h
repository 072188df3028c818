/* Memory that is freed all at once: for objects built from a file (manifest, space, model).
 * `struct arena a = {0};` is an empty arena. Not for threads. */
#ifndef TUNEBOOK_BASE_ARENA_H
#define TUNEBOOK_BASE_ARENA_H

#include <stddef.h>

struct arena_block;
struct arena {
    struct arena_block *last;
};

void *arena_alloc(struct arena *arena, size_t bytes); /* zeroed, aligned to 16; NULL without memory */
void *arena_copy(struct arena *arena, const void *bytes, size_t size);
char *arena_string(struct arena *arena, const char *string); /* a copy */
char *arena_format(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));
void arena_free(struct arena *arena);

#endif
