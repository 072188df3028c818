/* Keeps the memory of a large write transaction small. Private to db.
 *
 * LMDB holds every page that a transaction changed in memory until it commits; only beyond 131,071 of them,
 * 512 MiB, does it write some out early (it "spills"). Here it is made to do so every 32 MiB. What was
 * written out belongs to nobody until the commit, as in any transaction. */
#ifndef TUNEBOOK_DB_TXN_MEMORY_H
#define TUNEBOOK_DB_TXN_MEMORY_H

#include "db/book_internal.h"

struct txn_memory {
    uint8_t *map; /* where the file is mapped; NULL: not known */
    size_t map_bytes;
    uint64_t held;
};
/* As a transaction begins; the map must not move until it ends. */
void txn_memory_begin(struct txn_memory *memory, struct environment *environment);
/* After so many bytes were read or written. LMDB's code. Values got before are gone. */
int txn_memory_note(struct txn_memory *memory, MDB_txn *txn, uint64_t bytes);

#endif
