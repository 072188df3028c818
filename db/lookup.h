/* The typed answer to "which kernel for this problem?", over one or more books (layers).
 *
 * Every answer's kernel passed `is_valid` on the real problem; a record whose entries are all invalid does
 * not answer. */
#ifndef TUNEBOOK_DB_LOOKUP_H
#define TUNEBOOK_DB_LOOKUP_H

#include "db/book.h"

/* Best first. */
enum match { MATCH_EXACT, MATCH_NEAR_SHAPE, MATCH_SIBLING_CLASS, MATCH_DEFAULT, MATCH_NONE };
const char *match_name(enum match match);

struct lookup_request {
    const char *const *heads; /* key heads in order of preference; [0] is the problem's own, others (other
                               * alignments) can only answer as near_shape or worse */
    size_t n_heads;
    const char *device_class; /* "x86-64-v4:2:38" */
    const char *target;       /* "x86-64-v4" */
    uint32_t n_sizes;         /* in key order, the last is m */
    const char *const *size_names;
    const int64_t *sizes;
    enum match worst;    /* MATCH_EXACT: only exact answers ... */
    uint32_t max_probes; /* near_shape: bound on seeks in a book, head and class; 0: the default, 48 */
    /* Is this entry usable for the problem itself? Evaluates accepts, where, alignments; must not block. */
    bool (*is_valid)(void *context, struct book *book, const struct record_entry *entry,
                     const struct descriptor *descriptor);
    /* A descriptor of this book that the caller has read before, or NULL: then it is not read, checked and
     * decoded again. May be NULL. */
    const struct descriptor *(*known)(void *context, struct book *book, const struct hash *kernel);
    void *context;
};

struct lookup_answer {
    enum match match;
    enum evidence evidence;
    size_t layer; /* index into books */
    char key[KEY_BYTES_MAX + 1];
    struct record_entry entry;
    uint64_t baseline_ns;
    char baseline_name[32];
    struct value descriptor_bytes; /* the caller's: value_free; empty for one that was `known` */
    struct descriptor descriptor;  /* points into descriptor_bytes, or where the known one points */
    char reason[160];              /* why no better one: "no record for n=..,k=..; nearest m=32 (x2.0)" */
};

/* The best usable entry by this order:
 *
 *     match      exact, near_shape, sibling_class, default
 *     pin        exact: what the problem is pinned to (db/pin.h), the reason says so; then
 *     evidence   measured, predicted, default
 *     class      sibling_class: closest by |log2| of units x bandwidth
 *     group      all sizes but the last equal, before others
 *     head       in the order asked
 *     distance   sum of |log2 ratio| over the sizes; 0 is the same shape under another head
 *     layer, key, and the record's own order
 *
 * near_shape takes sizes within 2x, the last within 4x. It goes from the sizes asked for outward, the nearer
 * value first in each size, and stops where nothing better can come or, in each book, head and class, after
 * max_probes seeks: with a bound reached, what lies farther away in the first sizes may have been missed,
 * never something wrong be taken.
 *
 * A pin that is not usable is passed over, and the reason says so. Only layers that may hold pins are asked
 * for them once an exact answer stands.
 *
 * Damaged records and books that cannot be read are passed over; the reason counts them. STATUS_NOT_FOUND
 * with answer->match = MATCH_NONE and the reason when nothing usable stands. */
enum status lookup(struct book *const *books, size_t n_books, const struct lookup_request *request,
                   struct lookup_answer *answer);

/* All usable kernels, best first, each once by its best rank, for candidates and explain. The caller frees
 * each answer's descriptor_bytes. */
size_t lookup_all(struct book *const *books, size_t n_books, const struct lookup_request *request,
                  struct lookup_answer *answers, size_t capacity);

/* Opens $TUNEBOOK (colon list, if set), else the user's book, the site's (/etc/tunebook/site.book) and the
 * system's (share/tunebook/system.book beside this program or library, else under the installation's prefix),
 * those that exist. `explicit_path` alone if not NULL, and then its failure is the answer. Fills at most
 * `capacity`, first layer first. Layers that cannot be opened are left out with a line each in `warnings`. */
enum status layers_open(const char *explicit_path, struct book **books, size_t capacity, size_t *n,
                        struct text *warnings);

#endif
