/* Two books compared, problem by problem: what a program would get from the one and from the other. */
#ifndef TUNEBOOK_DB_DIFF_H
#define TUNEBOOK_DB_DIFF_H

#include "db/book.h"

/* DIFF_SAME: the same winner, no difference outside the noise. DIFF_CHANGED: another winner, likewise.
 * "Outside the noise": the 95 % intervals of the two medians do not meet. */
#define DIFF_KINDS(KIND)     \
    KIND(SLOWER, "slower")   \
    KIND(FASTER, "faster")   \
    KIND(CHANGED, "changed") \
    KIND(NEW, "new")         \
    KIND(GONE, "gone")       \
    KIND(SAME, "same")
enum diff_kind {
#define KIND(enumerator, name) DIFF_##enumerator,
    DIFF_KINDS(KIND)
#undef KIND
        DIFF_KIND_COUNT
};
const char *diff_kind_name(enum diff_kind kind);

struct diff_row {
    const char *key;
    const struct record *a, *b;         /* NULL where the book has no entry */
    const struct record_entry *best[2]; /* of a and b, NULL likewise */
    enum diff_kind kind;
    bool winner_changed, is_timed, is_outside_noise; /* timed: both winners were measured */
    double ratio;                                    /* of b's median to a's; 0 unless timed */
};
/* A pure function of two records, either of which may be NULL or empty. */
void diff_judge(const struct record *a, const struct record *b, struct diff_row *out);

/* Both books as they stand at diff_open, for as many walks as one likes, in key order. */
struct diff;
enum status diff_open(struct book *a, struct book *b, struct diff **out);
/* false stops. What the row points at is valid during the call. */
typedef bool diff_visit(void *context, const struct diff_row *row);
enum status diff_each(struct diff *diff, diff_visit *visit, void *context);
void diff_close(struct diff *diff); /* NULL is fine */

#endif
