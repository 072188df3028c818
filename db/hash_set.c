#include "db/hash_set.h"

#include <stdlib.h>
#include <string.h>

static bool is_none(const struct hash *hash)
{
    static const struct hash none;
    return memcmp(hash->bytes, none.bytes, sizeof none.bytes) == 0;
}

/* Where it is or belongs. The hash is random already. */
static size_t place_of(const struct hash_set *set, const struct hash *hash)
{
    uint64_t start;
    memcpy(&start, hash->bytes, sizeof start);
    size_t i = (size_t)start & (set->capacity - 1);
    while (!is_none(&set->items[i]) && memcmp(&set->items[i], hash, sizeof *hash))
        i = (i + 1) & (set->capacity - 1);
    return i;
}

static bool grow(struct hash_set *set)
{
    struct hash_set larger = {.capacity = set->capacity ? 2 * set->capacity : 64, .n = set->n};
    larger.items = calloc(larger.capacity, sizeof *larger.items);
    if (!larger.items) return false;
    for (size_t i = 0; i < set->capacity; i++)
        if (!is_none(&set->items[i])) larger.items[place_of(&larger, &set->items[i])] = set->items[i];
    free(set->items);
    *set = larger;
    return true;
}

void hash_set_add(struct hash_set *set, const struct hash *hash)
{
    if (is_none(hash) || set->failed) return;
    if (2 * set->n >= set->capacity && !grow(set)) {
        set->failed = true;
        return;
    }
    size_t at = place_of(set, hash);
    set->n += is_none(&set->items[at]);
    set->items[at] = *hash;
}

bool hash_set_has(const struct hash_set *set, const struct hash *hash)
{
    return set->n && !is_none(hash) && !is_none(&set->items[place_of(set, hash)]);
}

void hash_set_free(struct hash_set *set)
{
    free(set->items);
    *set = (struct hash_set){0};
}
