#include <stdlib.h>
#include <string.h>
#include "db/book_internal.h"
#include "tuner/base/clock.h"

struct start {
    const char *record_key, *configuration;
    struct trial mark;
    uint64_t sequence;
    struct text bytes;
};

static int put_trial(MDB_txn *txn, MDB_dbi trials, const struct trial_key *key, const struct trial *trial,
                     struct text *bytes, enum status *refusal)
{
    text_clear(bytes);
    trial_encode(trial, bytes);
    if ((*refusal = text_status(bytes)) != STATUS_OK) return BODY_REFUSED;
    MDB_val lmdb_key = value_of(key->bytes, sizeof key->bytes), value = value_of(bytes->data, bytes->size);
    return mdb_put(txn, trials, &lmdb_key, &value, 0);
}

/* Goes back through the configuration's trials: the last one's sequence, and how many marks that outlived the
 * boot they were made in stand behind the last that was finished. A mark of this boot whose owner is dead
 * only says that somebody ended the sweep: the candidate runs in a child and cannot. */
static int look_back(MDB_cursor *cursor, const struct trial_key *last, uint64_t *sequence, unsigned *orphans)
{
    MDB_val key = value_of(last->bytes, sizeof last->bytes), value;
    uint64_t counted = 0; /* one mark a boot: the next of the same boot proves that the machine survived it */
    *sequence = 0;
    *orphans = 0;
    int code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
    code = mdb_cursor_get(cursor, &key, &value, code ? MDB_LAST : MDB_PREV);
    while (!code && key.mv_size == TRIAL_KEY_BYTES &&
           !memcmp(key.mv_data, last->bytes, 2 * TRIAL_HASH_BYTES)) {
        struct trial trial;
        if (!*sequence) *sequence = trial_key_sequence(key.mv_data);
        if (trial_decode(value.mv_data, value.mv_size, &trial) != STATUS_OK) break;
        if (trial.verdict != VERDICT_STARTED) break;
        if (!book_owner_of_this_boot(trial.owner) && !book_owner_same_boot(trial.owner, counted)) {
            ++*orphans;
            counted = trial.owner;
        }
        code = mdb_cursor_get(cursor, &key, &value, MDB_PREV);
    }
    return code == MDB_NOTFOUND ? 0 : code;
}

static int start_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    struct start *start = context;
    MDB_dbi trials = book->environment->tables[TABLE_TRIAL];
    MDB_cursor *cursor;
    struct trial_key key = trial_key(start->record_key, start->configuration, UINT64_MAX);
    unsigned orphans;
    int code = mdb_cursor_open(txn, trials, &cursor);
    if (code) return code;
    code = look_back(cursor, &key, &start->sequence, &orphans);
    mdb_cursor_close(cursor);
    if (code) return code;
    start->sequence++;
    start->mark.attempts = orphans < UINT8_MAX ? (uint8_t)(orphans + 1) : UINT8_MAX;
    key = trial_key(start->record_key, start->configuration, start->sequence);
    return put_trial(txn, trials, &key, &start->mark, &start->bytes, refusal);
}

enum status book_start(struct book *book, const char *record_key, const char *configuration,
                       const struct hash *kernel, uint64_t *sequence)
{
    struct start start = {.record_key = record_key,
                          .configuration = configuration,
                          .mark = {.verdict = VERDICT_STARTED,
                                   .kernel = *kernel,
                                   .finished_at_s = clock_wall_s(),
                                   .owner = book_owner(),
                                   .configuration = configuration,
                                   .detail = record_key}};
    enum status status = book_write(book, "write a started mark", start_body, &start);
    text_free(&start.bytes);
    if (status == STATUS_OK) *sequence = start.sequence;
    return status;
}

struct finish {
    const char *record_key;
    uint64_t sequence;
    struct trial trial;
    struct text bytes;
};

static int finish_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    struct finish *finish = context;
    MDB_dbi trials = book->environment->tables[TABLE_TRIAL];
    struct trial_key key = trial_key(finish->record_key, finish->trial.configuration, finish->sequence);
    MDB_val lmdb_key = value_of(key.bytes, sizeof key.bytes), value;
    struct trial mark;
    int code = mdb_get(txn, trials, &lmdb_key, &value);
    if (code && code != MDB_NOTFOUND) return code;
    *refusal = code ? STATUS_NOT_FOUND : trial_decode(value.mv_data, value.mv_size, &mark);
    if (*refusal != STATUS_OK || mark.verdict != VERDICT_STARTED) {
        *refusal = status_fail(
            STATUS_NOT_FOUND, "%s: cannot finish trial %llu of %s, %s: it has no started mark", book->path,
            (unsigned long long)finish->sequence, finish->record_key, finish->trial.configuration);
        return BODY_REFUSED;
    }
    finish->trial.attempts = mark.attempts;
    return put_trial(txn, trials, &key, &finish->trial, &finish->bytes, refusal);
}

enum status book_finish(struct book *book, const char *record_key, uint64_t sequence,
                        const struct trial *trial)
{
    if (trial->verdict == VERDICT_STARTED || trial->verdict >= VERDICT_COUNT || !trial->configuration)
        return status_fail(STATUS_USAGE, "%s: cannot finish a trial of %s: verdict %u, configuration %s",
                           book->path, record_key, trial->verdict,
                           trial->configuration ? trial->configuration : "missing");
    struct finish finish = {.record_key = record_key, .sequence = sequence, .trial = *trial};
    enum status status = book_write(book, "write a trial", finish_body, &finish);
    text_free(&finish.bytes);
    return status;
}
