#include "db/hash_set.h"

#include <stdlib.h>
#include <string.h>

static size_t slot_of(const struct hash_set *set, const struct hash *hash)
{
    uint64_t first;
    memcpy(&first, hash->bytes, sizeof first);
    size_t slot = (size_t)first & (set->n_slots - 1);
    while (set->slots[slot] && memcmp(set->items[set->slots[slot] - 1].bytes, hash->bytes, SHA256_BYTES))
        slot = (slot + 1) & (set->n_slots - 1);
    return slot;
}

/* At most half of the slots are taken. */
static enum status grow(struct hash_set *set)
{
    size_t capacity = set->capacity ? 2 * set->capacity : 64;
    uint32_t *slots = calloc(2 * capacity, sizeof *slots);
    struct hash *items = slots ? realloc(set->items, capacity * sizeof *items) : NULL;
    if (!items || capacity > UINT32_MAX / 2) {
        if (items) set->items = items;
        free(slots);
        return status_fail(STATUS_NO_MEMORY, "no memory for %zu hashes", capacity);
    }
    free(set->slots);
    set->items = items;
    set->slots = slots;
    set->capacity = capacity;
    set->n_slots = 2 * capacity;
    for (size_t i = 0; i < set->n; i++) set->slots[slot_of(set, &set->items[i])] = (uint32_t)i + 1;
    return STATUS_OK;
}

enum status hash_set_add(struct hash_set *set, const struct hash *hash)
{
    if (set->n == set->capacity && grow(set) != STATUS_OK) {
        set->failed = true;
        return STATUS_NO_MEMORY;
    }
    size_t slot = slot_of(set, hash);
    if (set->slots[slot]) return STATUS_OK;
    set->items[set->n++] = *hash;
    set->slots[slot] = (uint32_t)set->n;
    return STATUS_OK;
}

static int compare(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct hash));
}

void hash_set_sort(struct hash_set *set)
{
    if (set->n) qsort(set->items, set->n, sizeof *set->items, compare);
}

size_t hash_set_find(const struct hash_set *set, const struct hash *hash)
{
    uint32_t slot = set->n ? set->slots[slot_of(set, hash)] : 0;
    return slot ? slot - 1 : set->n;
}

bool hash_set_has(const struct hash_set *set, const struct hash *hash)
{
    return set->n && set->slots[slot_of(set, hash)];
}

void hash_set_free(struct hash_set *set)
{
    free(set->items);
    free(set->slots);
    *set = (struct hash_set){0};
}
