/* The memory that kernels may use, as ranges of exact bytes with names. */
#ifndef TUNEBOOK_EMULATOR_RANGES_H
#define TUNEBOOK_EMULATOR_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

struct global_page;

struct range {
    uintptr_t begin;
    uintptr_t origin; /* where its first page begins: aligned as the widest access is, at or before `begin` */
    size_t bytes;
    bool writable;
    char name[64];
    _Atomic(struct global_page *) *pages; /* what is known of accesses; NULL where read-only */
    size_t n_pages;
};

struct ranges {
    struct range **items; /* by address */
    size_t n, capacity;
};

enum status ranges_add(struct ranges *ranges, const char *name, void *memory, size_t bytes, bool writable);
void ranges_remove(struct ranges *ranges, const void *memory);
void ranges_free(struct ranges *ranges);
/* The range that `address` lies in; else the nearest, or NULL where there is none at all. */
struct range *ranges_nearest(const struct ranges *ranges, uintptr_t address);

#endif
