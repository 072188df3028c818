/* A kernel's code object in memory: where it lies, what it calls, which source its code came from. */
#ifndef TUNEBOOK_EMULATOR_OBJECT_H
#define TUNEBOOK_EMULATOR_OBJECT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

enum { OBJECT_SEGMENTS = 8 };

struct source_lines;

struct segment {
    uintptr_t begin, end;
    bool writable;
};

struct object {
    void *handle;
    uintptr_t base;
    struct segment segments[OBJECT_SEGMENTS];
    uint32_t n_segments;
    bool partial_order;         /* it calls what orders some threads but not all of a block */
    bool async;                 /* it calls what works beside the threads: async.h */
    struct source_lines *lines; /* NULL: it has none */
};

struct function {
    const struct object *object;
    void (*entry)(const void *args);
    char name[64];
    uint32_t threads; /* of a block, as its source says; 0: it does not */
    /* How finely its accesses divide shared memory, as far as seen: granules of 1 << shift bytes. */
    _Atomic uint32_t shift;
};

enum status object_load(const void *code, size_t bytes, struct object *out);
void object_unload(struct object *object);
/* Whether all of the bytes are the object's own. */
bool object_holds(const struct object *object, uintptr_t address, size_t bytes);
/* How many threads a block the entry is made for; 0: the object does not say. */
uint32_t object_entry_threads(const struct object *object, uintptr_t entry);
bool object_source(const struct object *object, const void *pc, const char **file, uint32_t *line);

#endif
