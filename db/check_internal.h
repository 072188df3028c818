/* What the files of the check share. Private to db. */
#ifndef TUNEBOOK_DB_CHECK_INTERNAL_H
#define TUNEBOOK_DB_CHECK_INTERNAL_H

#include "db/check.h"
#include "db/hash_set.h"
#include "db/row.h"

struct check {
    const struct check_options *options;
    check_at *at;
    struct book *book;
    MDB_txn *txn;
    struct check_summary summary;
    struct hash_set kernels, codes, environments, sources; /* that something refers to */
    struct row row;
};

/* check.c */
void check_report(struct check *check, bool is_note, const char *table, const char *key, const char *what);

/* check_tables.c: the rows of a table in order, each by itself and with what it refers to. */
void check_table(struct check *check, enum table table);
/* After all tables: rows that nothing refers to, one note a table. */
void check_unreferenced(struct check *check);

/* salvage_file.c: the page size that one of the two head pages names; 0: neither is LMDB's. */
uint64_t salvage_page_bytes(int descriptor);

#endif
