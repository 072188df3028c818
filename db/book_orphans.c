#include <stdio.h>
#include <string.h>
#include "db/book_each.h"

/* The newest trial of a configuration decides: an orphan that was tried again is history. */
struct orphan_walk {
    struct book *book;
    book_visit_orphan *visit;
    void *context;
    bool is_pending; /* `group` ends with a mark, held in `orphan` */
    uint64_t owner;
    uint8_t group[2 * TRIAL_HASH_BYTES];
    struct orphan orphan;
};

/* false: the visitor had enough. */
static bool settle(struct orphan_walk *walk)
{
    if (!walk->is_pending) return true;
    walk->is_pending = false;
    if (book_owner_alive(walk->owner)) return true;
    char shown[2 * TRIAL_HASH_BYTES + 1];
    text_hex(walk->group, TRIAL_HASH_BYTES, shown);
    return walk->visit(walk->context, shown, &walk->orphan);
}

static bool visit_trial(void *context, const MDB_val *key, const MDB_val *value, enum status *status)
{
    struct orphan_walk *walk = context;
    struct trial trial;
    if (key->mv_size != TRIAL_KEY_BYTES ||
        trial_decode(value->mv_data, value->mv_size, &trial) != STATUS_OK) {
        *status = status_fail(STATUS_BAD_DATA, "%s: a damaged row in its table trial", walk->book->path);
        return false;
    }
    bool same_group = !memcmp(walk->group, key->mv_data, sizeof walk->group);
    if (!same_group && !settle(walk)) return false;
    memcpy(walk->group, key->mv_data, sizeof walk->group);
    walk->is_pending = trial.verdict == VERDICT_STARTED;
    if (!walk->is_pending) return true;
    walk->owner = trial.owner;
    walk->orphan =
        (struct orphan){.sequence = trial_key_sequence(key->mv_data),
                        .attempts = (uint8_t)(trial.attempts - book_owner_of_this_boot(trial.owner)),
                        .kernel = trial.kernel};
    snprintf(walk->orphan.configuration, sizeof walk->orphan.configuration, "%s", trial.configuration);
    return true;
}

enum status book_each_orphan(struct book *book, const char *record_key, book_visit_orphan *visit,
                             void *context)
{
    struct orphan_walk walk = {.book = book, .visit = visit, .context = context};
    struct trial_key key = {0};
    if (record_key) key = trial_key(record_key, "", 0);
    TRY(book_each(book, TABLE_TRIAL, key.bytes, record_key ? TRIAL_HASH_BYTES : 0, visit_trial, &walk));
    settle(&walk);
    return STATUS_OK;
}
