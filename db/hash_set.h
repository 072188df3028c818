/* A set of hashes that grows. `struct hash_set s = {0};` is an empty one. Private to db. */
#ifndef TUNEBOOK_DB_HASH_SET_H
#define TUNEBOOK_DB_HASH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include "tuner/base/sha256.h"
#include "tuner/base/status.h"

struct hash_set {
    struct hash *items; /* as they came, until hash_set_sort */
    size_t n, capacity;
    uint32_t *slots; /* 1 + index of an item; 0: empty */
    size_t n_slots;
    bool failed; /* an addition found no memory */
};
/* Hashes are spread evenly already: their first bytes choose the slot. */
enum status hash_set_add(struct hash_set *set, const struct hash *hash);
/* By their bytes; nothing is added afterwards. */
void hash_set_sort(struct hash_set *set);
/* Its place in `items` as they came; n where it is not among them. */
size_t hash_set_find(const struct hash_set *set, const struct hash *hash);
bool hash_set_has(const struct hash_set *set, const struct hash *hash);
void hash_set_free(struct hash_set *set);

#endif
