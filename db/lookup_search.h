/* The inside of a lookup: what was found so far, and how candidates compare. Private to db. */
#ifndef TUNEBOOK_DB_LOOKUP_SEARCH_H
#define TUNEBOOK_DB_LOOKUP_SEARCH_H

#include "db/book_internal.h"
#include "db/lookup.h"

/* Where a candidate stands; compared field by field in this order, then by key and by place in its record. */
struct rank {
    uint32_t match;
    uint32_t evidence;       /* RANK_PINNED, or 1 + evidence */
    uint32_t class_distance; /* sibling_class: |log2| of units x bandwidth, in 1/65536 */
    uint32_t other_group;    /* 1: some size but the last differs */
    uint32_t head;
    uint32_t distance; /* sum of |log2 ratio| over the sizes, in 1/65536 */
    uint32_t layer;
};
enum { RANK_PINNED = 0, RANK_UNPINNED = 1 };
int rank_compare(const struct rank *a, const struct rank *b);

struct search {
    const struct lookup_request *request;
    struct book *const *books;
    size_t n_books;
    struct lookup_answer *answers; /* best first; the caller's */
    struct rank *ranks;
    size_t n_answers, capacity;
    struct value scratch; /* the next candidate's descriptor; `capacity` of it in scratch_bytes */
    size_t scratch_bytes;
    uint64_t n_records, n_refused, n_damaged,
        n_failed;        /* for the reason: seen, entries unusable, values, books */
    bool exact_seen;     /* the problem's own record exists */
    bool pin_refused;    /* the problem is pinned, and to nothing that is usable */
    const char *pin;     /* the line of the pin at hand; NULL: a record is */
    enum status failure; /* of the first book that could not be read */
    struct record record;
    struct descriptor descriptor;
};

/* false: nothing that ranks like this or worse can get in any more. */
bool search_open_to(const struct search *search, const struct rank *rank);
/* Takes in what is usable of one record. Key and value may lie in the map of `txn`. */
void search_consider(struct search *search, MDB_txn *txn, struct rank rank, const MDB_val *key,
                     const MDB_val *value);

/* A record's key with the place of each size's digits in it. */
struct lookup_key {
    size_t size, digits[KEY_SIZES_MAX];
    char text[KEY_BYTES_MAX + 1];
};
/* The key of the request's sizes, or with all of them 0; false where no key is that long. A head that could
 * not be written into a book just finds nothing. */
bool lookup_key(const struct lookup_request *request, const char *head, const char *device_class,
                bool zero_sizes, struct lookup_key *out);

/* lookup_pin.c: what the key of the problem's record is pinned to. */
void search_pin(struct search *search, MDB_txn *txn, struct rank rank, const MDB_val *key);

/* lookup_near.c: records of one head and class in one book, the closest sizes first. With `skip_exact` the
 * sizes asked for themselves do not count. */
void search_near(struct search *search, MDB_txn *txn, struct rank rank, const char *head,
                 const char *device_class, bool skip_exact);
/* lookup_sibling.c: all other classes of the request's target in one book. */
void search_siblings(struct search *search, MDB_txn *txn, struct rank rank, const char *head);

/* lookup_distance.c */
uint32_t log2_fixed(uint64_t value); /* floor(65536 * log2(value)); value >= 1 */
uint32_t log2_distance(uint64_t a, uint64_t b);

/* lookup_reason.c: the line that says why nothing better stands. */
void search_reason(const struct search *search, const struct lookup_answer *answer, char out[160]);

#endif
