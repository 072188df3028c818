#include "tuner/emulator/ranges.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/emulator/shadow.h"

/* How many ranges begin at or before the address. */
static size_t count_before(const struct ranges *ranges, uintptr_t address)
{
    size_t low = 0, high = ranges->n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (ranges->items[middle]->begin <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void free_range(struct range *range)
{
    global_pages_free(range);
    free(range);
}

static struct range *create_range(const char *name, void *memory, size_t bytes, bool writable)
{
    struct range *range = calloc(1, sizeof *range);
    if (!range) return NULL;
    range->begin = (uintptr_t)memory;
    range->origin = range->begin >> GRANULE_SHIFT << GRANULE_SHIFT;
    range->bytes = bytes;
    range->writable = writable;
    snprintf(range->name, sizeof range->name, "%s", name);
    if (!writable) return range;
    range->n_pages = (range->begin - range->origin + bytes) / PAGE_BYTES + 1;
    range->pages = calloc(range->n_pages, sizeof *range->pages);
    if (range->pages) return range;
    free(range);
    return NULL;
}

enum status ranges_add(struct ranges *ranges, const char *name, void *memory, size_t bytes, bool writable)
{
    if (ranges->n == ranges->capacity) {
        size_t capacity = ranges->capacity ? 2 * ranges->capacity : 16;
        struct range **items = realloc(ranges->items, capacity * sizeof *items);
        if (!items) return status_fail(STATUS_NO_MEMORY, "no memory to know %s by", name);
        ranges->items = items;
        ranges->capacity = capacity;
    }
    struct range *range = create_range(name, memory, bytes, writable);
    if (!range) return status_fail(STATUS_NO_MEMORY, "no memory to know %zu bytes of %s by", bytes, name);
    size_t place = count_before(ranges, range->begin);
    memmove(ranges->items + place + 1, ranges->items + place, (ranges->n - place) * sizeof *ranges->items);
    ranges->items[place] = range;
    ranges->n++;
    return STATUS_OK;
}

void ranges_remove(struct ranges *ranges, const void *memory)
{
    for (size_t i = 0; i < ranges->n; i++) {
        if (ranges->items[i]->begin != (uintptr_t)memory) continue;
        free_range(ranges->items[i]);
        ranges->n--;
        memmove(ranges->items + i, ranges->items + i + 1, (ranges->n - i) * sizeof *ranges->items);
        return;
    }
}

void ranges_free(struct ranges *ranges)
{
    for (size_t i = 0; i < ranges->n; i++) free_range(ranges->items[i]);
    free(ranges->items);
    *ranges = (struct ranges){0};
}

struct range *ranges_nearest(const struct ranges *ranges, uintptr_t address)
{
    if (!ranges->n) return NULL;
    size_t n = count_before(ranges, address);
    if (n == 0) return ranges->items[0];
    struct range *before = ranges->items[n - 1], *after = n < ranges->n ? ranges->items[n] : NULL;
    if (!after || address - before->begin < before->bytes) return before;
    return address - (before->begin + before->bytes) <= after->begin - address ? before : after;
}
