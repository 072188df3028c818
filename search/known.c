#include "search/known.h"

#include <stdlib.h>
#include <string.h>

static uint64_t hash(const struct configuration *configuration)
{
    uint64_t words[sizeof *configuration / 8], hash = 0;
    memcpy(words, configuration, sizeof words);
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        hash = (hash ^ words[i]) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return hash;
}

static struct known_entry *find(const struct known *known, const struct configuration *configuration)
{
    for (size_t at = hash(configuration);; at++) {
        struct known_entry *entry = &known->entries[at & (known->size - 1)];
        if (entry->state == KNOWN_NOT) return entry;
        if (memcmp(&entry->configuration, configuration, sizeof *configuration) == 0) return entry;
    }
}

static bool grow(struct known *known)
{
    struct known grown = {.size = known->size ? known->size * 2 : 64, .n = known->n};
    grown.entries = calloc(grown.size, sizeof *grown.entries);
    if (!grown.entries) return false;
    for (size_t i = 0; i < known->size; i++)
        if (known->entries[i].state) *find(&grown, &known->entries[i].configuration) = known->entries[i];
    free(known->entries);
    *known = grown;
    return true;
}

enum known_state known_get(const struct known *known, const struct configuration *configuration)
{
    return known->size ? (enum known_state)find(known, configuration)->state : KNOWN_NOT;
}

bool known_put(struct known *known, const struct configuration *configuration, enum known_state state)
{
    if (known->n * 2 >= known->size && !grow(known)) return false;
    struct known_entry *entry = find(known, configuration);
    if (entry->state == KNOWN_NOT) known->n++;
    *entry = (struct known_entry){*configuration, (uint8_t)state};
    return true;
}

void known_free(struct known *known)
{
    free(known->entries);
    *known = (struct known){0};
}
