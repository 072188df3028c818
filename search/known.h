/* The set of configurations met so far, each with a small state. Private to search. */
#ifndef TUNEBOOK_SEARCH_KNOWN_H
#define TUNEBOOK_SEARCH_KNOWN_H

#include "search/space.h"

enum known_state { KNOWN_NOT, KNOWN_PENDING, KNOWN_TOLD };

struct known_entry {
    struct configuration configuration;
    uint8_t state; /* KNOWN_NOT: free */
};

/* `struct known k = {0};` is an empty set. */
struct known {
    struct known_entry *entries;
    size_t size, n; /* size: a power of two */
};

enum known_state known_get(const struct known *known, const struct configuration *configuration);

/* False without memory. */
bool known_put(struct known *known, const struct configuration *configuration, enum known_state state);
void known_free(struct known *known);

#endif
