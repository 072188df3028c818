/* Everything that can be wrong with a book's file: structure, rows, references. See docs/check.md.
 *
 * LMDB trusts its own pages, so whoever reads a damaged file through it may fault or never come back: all of
 * it happens in a child, whose end is a finding like the others. */
#ifndef TUNEBOOK_DB_CHECK_H
#define TUNEBOOK_DB_CHECK_H

#include "db/book.h"

struct check_finding {
    const char *table, *key; /* "" where the file as a whole is meant */
    const char *what;
    bool is_note; /* nothing is wrong: rows that nobody refers to */
};
typedef void check_visit(void *context, const struct check_finding *finding);
/* Is the descriptor's bytecode sound? The caller's, since db knows no expressions. */
typedef enum status check_descriptor(const struct descriptor *descriptor);

struct check_options {
    check_descriptor *descriptor; /* may be NULL */
    uint32_t deadline_s;          /* 0: by the file's size */
    check_visit *visit;
    void *context;
};
struct check_summary {
    uint64_t findings, notes;
    struct book_counts counts; /* of rows read */
    uint64_t sources;
    bool rows_read; /* false: the pages are damaged and LMDB was not trusted with them, or died of them */
};

/* A status other than OK: the file is no book (STATUS_BAD_DATA, STATUS_NOT_FOUND), cannot be read, or is of a
 * newer schema; nothing was visited. A file that LMDB would open but that is cut or damaged is a finding.
 * Fine beside a writer. Forks. */
enum status book_check(const char *path, const struct check_options *options, struct check_summary *out);

/* The same in this process: for children. `at` is told what is begun. */
typedef void check_at(void *context, const char *what);
enum status book_check_here(const char *path, const struct check_options *options, check_at *at,
                            struct check_summary *out);

/* Salvage: every intact row of the file `from`, whatever became of the pages around it, into a new live book
 * `to`. Rows are found without LMDB, in the tree where it holds and by their own shape elsewhere, and
 * believed only by their checksum or hash; `from` is only read. Entries whose kernel or code is lost are
 * dropped from their record. */
struct salvage_summary {
    uint64_t kept[8], older[8]; /* by table (salvage_table_name); older: found only outside the tree */
    uint64_t damaged[8];        /* rows of the tree that prove themselves wrong */
    uint64_t entries_lost, records_emptied, kernels_lost;
    bool tree_broken; /* rows that only the tree knew may be missing without being counted */
};
enum { SALVAGE_TABLES = 8 };
const char *salvage_table_name(unsigned table);
enum status book_salvage(const char *from, const char *to, struct salvage_summary *out);

#endif
