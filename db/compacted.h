/* What a compaction leaves behind for the next one, in a book's `meta` under "compacted": how fast the best
 * was, where the best was dropped. So regret counts from what was measured, however often a book is
 * compacted.
 *
 *     kind 'C' | format 1 | number | { id, best_ns, trial_ns, limit_ns } ... ascending by id | CRC-32C
 *
 * An id is the hash of the record's key and of the entry that took the best's place; as soon as another entry
 * is best, nobody asks for it. Private to db. */
#ifndef TUNEBOOK_DB_COMPACTED_H
#define TUNEBOOK_DB_COMPACTED_H

#include "db/schema.h"

enum { COMPACTED_ID_BYTES = 16 };
#define COMPACTED_NAME "compacted"

struct compacted_item {
    uint8_t id[COMPACTED_ID_BYTES];
    uint64_t best_ns, trial_ns, limit_ns;
};
struct compacted {
    struct compacted_item *items;
    size_t n, capacity;
};
void compacted_id(const char *key, const struct record_entry *entry, uint8_t out[COMPACTED_ID_BYTES]);
enum status compacted_add(struct compacted *list, const struct compacted_item *item);
void compacted_encode(struct compacted *list, struct text *out); /* sorts */
/* `out` is to be freed after a failure, too. */
enum status compacted_decode(const void *bytes, size_t size, struct compacted *out);
const struct compacted_item *compacted_find(const struct compacted *list,
                                            const uint8_t id[COMPACTED_ID_BYTES]); /* NULL: none */
void compacted_free(struct compacted *list);

#endif
