#include <string.h>
#include "db/book_each.h"

struct trial_walk {
    struct book *book;
    book_visit_trial *visit;
    void *context;
};

static bool visit_trial(void *context, const MDB_val *key, const MDB_val *value, enum status *status)
{
    struct trial_walk *walk = context;
    struct trial trial;
    if (key->mv_size != TRIAL_KEY_BYTES)
        *status = status_fail(STATUS_BAD_DATA, "a key of %zu bytes, not %d", key->mv_size, TRIAL_KEY_BYTES);
    else
        *status = trial_decode(value->mv_data, value->mv_size, &trial);
    if (*status == STATUS_OK) return walk->visit(walk->context, trial_key_sequence(key->mv_data), &trial);
    char shown[2 * TRIAL_KEY_BYTES + 1];
    size_t n = key->mv_size < TRIAL_KEY_BYTES ? key->mv_size : TRIAL_KEY_BYTES;
    text_hex(key->mv_data, n, shown);
    status_prefix(*status, "%s: trial %s", walk->book->path, shown);
    return false;
}

enum status book_each_trial(struct book *book, const char *record_key, book_visit_trial *visit, void *context)
{
    struct trial_walk walk = {.book = book, .visit = visit, .context = context};
    struct trial_key key = {0};
    if (record_key) key = trial_key(record_key, "", 0);
    return book_each(book, TABLE_TRIAL, key.bytes, record_key ? TRIAL_HASH_BYTES : 0, visit_trial, &walk);
}
