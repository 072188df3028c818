/* A book with the fewest kernels that keep every recorded problem within a regret. docs/compact.md says what
 * that means for each table.
 *
 * All of it or nothing: written under another name, synced, renamed. */
#ifndef TUNEBOOK_DB_COMPACT_H
#define TUNEBOOK_DB_COMPACT_H

#include "db/book.h"

enum { COMPACT_SHAPES = 32, COMPACT_REGRET_ONE = 1000000 };

/* Which shapes a kernel covers: bit 0 the recorded problem's own, the others those of its neighbours that the
 * caller asks about. What a record answers for one of them before, it answers afterwards. */
typedef uint32_t compact_covers(void *context, const char *key, const struct descriptor *descriptor);

struct book_compact {
    const char *path;
    const char *output;     /* a new book; NULL: in place of `path` */
    uint32_t regret;        /* in millionths: 20000 is 2 % */
    bool drop_trials;       /* all of them; else those that no sweep asks for */
    bool dry_run;           /* nothing is written */
    compact_covers *covers; /* NULL: every kernel covers all */
    void *context;
    const volatile int *stop; /* true: give up, with STATUS_INTERRUPTED; may be NULL */
};

struct compact_side {
    uint64_t bytes; /* of the file; an estimate of one that is not written */
    uint64_t entries, kernels, codes, code_bytes, sources, environments, trials;
};

/* The records of an op on a device class. */
struct compact_group {
    char op[64], device_class[64];
    uint64_t records, entries[2], kernels[2]; /* [0] before, [1] after */
    uint64_t timed;                           /* problems and environments with a measured time */
    uint64_t slower;                          /* of them, those whose best is not the best there was */
    uint64_t worst;                           /* regret in millionths, rounded up */
    double log_sum;                           /* of log(1 + regret) over `timed` */
};

struct compact_report {
    struct compact_side before, after;
    uint64_t records, quarantined;
    uint64_t required;            /* kernels that had to be kept whatever the others */
    uint64_t lower_bound;         /* no choice of fewer kernels does it */
    uint64_t from_trials;         /* entries that a trial's time was made of */
    struct compact_group *groups; /* compact_report_free */
    size_t n_groups;
};

/* STATUS_USAGE: the output exists or is the book; in place: frozen, or on a network file system. STATUS_BUSY:
 * in place, and another process has the book open. STATUS_BAD_DATA: a damaged row, or a kernel or code that
 * is missing. */
enum status book_compact(const struct book_compact *options, struct compact_report *out);
void compact_report_free(struct compact_report *report);

#endif
