/* Several books become one. docs/merging.md says what that means for each table.
 *
 * The result holds all that any of them holds, and depends neither on their order nor on how they are
 * grouped: merge(merge(a, b), c) and merge(c, a, b) hold the same, and frozen they are the same bytes. It is
 * a live book with an id of its own. */
#ifndef TUNEBOOK_DB_MERGE_H
#define TUNEBOOK_DB_MERGE_H

#include "db/book.h"

enum { MERGE_BOOKS_MAX = 256 };

/* Two measurements of one kernel in one environment whose 95 % intervals do not meet: the lowest and the
 * highest of all books'. */
struct merge_conflict {
    const char *key;
    const struct record_entry *low, *high;
    struct book *low_book, *high_book;
};
typedef void merge_visit_conflict(void *context, const struct merge_conflict *conflict);

struct book_merge {
    struct book *const *books;
    size_t n_books;
    const char *path;               /* of the new book; nothing may be there */
    merge_visit_conflict *conflict; /* may be NULL */
    /* Each record as it will stand; not STATUS_OK ends the merge. May be NULL. */
    enum status (*check)(void *context, const char *key, const struct record *record);
    void *context;
    const volatile int *stop; /* true: give up, with STATUS_INTERRUPTED; may be NULL */
};

struct merge_counts {
    uint64_t records, entries, kernels, codes, sources, environments, trials, quarantined, pins;
    uint64_t conflicts;
    uint64_t left_out; /* entries that the 64 of a record had no room for */
};

/* All of it or nothing: written under another name, synced, renamed. STATUS_USAGE: the path exists or is one
 * of the books. STATUS_BAD_DATA: two books have one id and different content; a value is damaged and no other
 * book has it whole; a record's kernel or a kernel's code is in no book. */
enum status book_merge(const struct book_merge *merge, struct merge_counts *out);

#endif
