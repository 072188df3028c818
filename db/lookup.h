/* The typed answer to "which kernel for this problem?", over one or more books (layers).
 *
 * Order: match, then evidence, then layer, then the record's own order. Every answer's kernel passed
 * `is_valid` on the real problem; a record whose entries are all invalid does not answer. */
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
    uint32_t max_probes; /* near_shape: bound on records looked at; 0: the default, 48 */
    /* Is this entry usable for the problem itself? Evaluates accepts, where, alignments; must not block. */
    bool (*is_valid)(void *context, struct book *book, const struct record_entry *entry,
                     const struct descriptor *descriptor);
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
    struct value descriptor_bytes; /* the caller's: value_free */
    struct descriptor descriptor;  /* points into descriptor_bytes */
    char reason[160];              /* why no better one: "no record for n=..,k=..; nearest m=32 (x2.0)" */
};

/* near_shape: same types, layout, fusion; equal n and k (and batch) first, then each within 2x, m within 4x;
 * the closest by sum of |log2 ratio| wins. STATUS_NOT_FOUND with answer->match = MATCH_NONE and the reason
 * when nothing usable stands. */
enum status lookup(struct book *const *books, size_t n_books, const struct lookup_request *request,
                   struct lookup_answer *answer);

/* All usable entries, best first, for candidates and explain. */
size_t lookup_all(struct book *const *books, size_t n_books, const struct lookup_request *request,
                  struct lookup_answer *answers, size_t capacity);

/* Opens $TUNEBOOK (colon list, if set), else user, site and system books that exist. `explicit_path` alone if
 * not NULL. Fills at most `capacity`, first layer first; the user's book is opened BOOK_READ, others
 * BOOK_FROZEN. Skipped broken layers leave their line in `warnings`. */
enum status layers_open(const char *explicit_path, struct book **books, size_t capacity, size_t *n,
                        struct text *warnings);

#endif
