/* A set of hashes, for telling what nobody refers to. Private to db. */
#ifndef TUNEBOOK_DB_HASH_SET_H
#define TUNEBOOK_DB_HASH_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "tuner/base/sha256.h"

struct hash_set {
    struct hash *items; /* open addressing; all zero: free */
    size_t n, capacity;
    bool failed; /* an allocation */
};
/* The hash of all zero, which stands for "none", is never in. */
void hash_set_add(struct hash_set *set, const struct hash *hash);
bool hash_set_has(const struct hash_set *set, const struct hash *hash);
void hash_set_free(struct hash_set *set);

#endif
