/* Rows of a book's file found without LMDB, in whatever state its pages are. Private to db.
 *
 * First the tree of the newest head page, as far as it holds. Then every page that it did not account for
 * completely, entry by entry: each even offset may be the head of one. Only rows whose own bytes prove
 * themselves (row_check) are believed, so old or invented bytes cannot get in. Nothing is mapped; the file
 * may change or be cut meanwhile. */
#ifndef TUNEBOOK_DB_SALVAGE_SCAN_H
#define TUNEBOOK_DB_SALVAGE_SCAN_H

#include "db/row.h"

struct salvaged {
    enum table table;
    bool in_tree;               /* it is what the book answers; else it may be an older version */
    MDB_val key, value;         /* valid during the call */
    uint64_t node_at, value_at; /* offsets in the file: of the entry's head, of the value */
    const struct row *row;
};
typedef enum status salvage_visit(void *context, const struct salvaged *found);

struct salvage_scan {
    uint64_t page_bytes, pages;
    uint64_t damaged[TABLE_COUNT]; /* rows of the tree that row_check refuses */
    bool broken;                   /* the tree did not hold everywhere */
    bool exhausted;                /* more long values than a file of this size can hold: the rest was left */
};

/* STATUS_BAD_DATA where neither head page is LMDB's; `visit` stops it by any status but OK. */
enum status salvage_scan(int descriptor, const char *path, salvage_visit *visit, void *context,
                         struct salvage_scan *out);

#endif
