/* Trials of one record and configuration: the set of all books', in the order in which they finished,
 * numbered anew. Started marks stay behind: they speak of a process of their own machine, and elsewhere would
 * look like the end of one. */
#include <stdlib.h>
#include <string.h>
#include "db/merge_internal.h"

struct row {
    uint64_t finished_at_s;
    MDB_val value;
};

struct merge_trials {
    uint8_t prefix[2 * TRIAL_HASH_BYTES];
    struct row *rows;
    size_t n, capacity;
};

static int compare_rows(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    int order = (x->finished_at_s > y->finished_at_s) - (x->finished_at_s < y->finished_at_s);
    return order ? order : join_compare(&x->value, &y->value);
}

static enum status add(struct merge_trials *trials, uint64_t finished_at_s, const MDB_val *value)
{
    if (trials->n == trials->capacity) {
        size_t capacity = trials->capacity ? 2 * trials->capacity : 64;
        struct row *rows = realloc(trials->rows, capacity * sizeof *rows);
        if (!rows) return status_fail(STATUS_NO_MEMORY, "no memory for %zu trials", capacity);
        trials->rows = rows;
        trials->capacity = capacity;
    }
    trials->rows[trials->n++] = (struct row){finished_at_s, *value};
    return STATUS_OK;
}

static enum status put(struct merge_run *run, uint64_t sequence, const MDB_val *value)
{
    struct trial_key key = trial_key("", "", sequence);
    memcpy(key.bytes, run->trials->prefix, sizeof run->trials->prefix);
    MDB_val lmdb_key = value_of(key.bytes, sizeof key.bytes);
    return merge_output_put(&run->output, TABLE_TRIAL, &lmdb_key, value);
}

enum status merge_trials_flush(struct merge_run *run)
{
    struct merge_trials *trials = run->trials;
    uint64_t sequence = 0;
    if (!trials || !trials->n) return STATUS_OK;
    qsort(trials->rows, trials->n, sizeof *trials->rows, compare_rows);
    for (size_t i = 0; i < trials->n; i++) {
        if (i && compare_rows(&trials->rows[i - 1], &trials->rows[i]) == 0) continue;
        TRY(put(run, ++sequence, &trials->rows[i].value));
    }
    run->counts.trials += sequence;
    trials->n = 0;
    return STATUS_OK;
}

static enum status bad_trial(struct merge_run *run, size_t book, const MDB_val *key)
{
    char shown[2 * TRIAL_KEY_BYTES + 1];
    text_hex(key->mv_data, key->mv_size < TRIAL_KEY_BYTES ? key->mv_size : TRIAL_KEY_BYTES, shown);
    return status_prefix(STATUS_BAD_DATA, "%s: trial %s", run->options->books[book]->path, shown);
}

enum status merge_trial(struct merge_run *run, const MDB_val *key, const MDB_val *values)
{
    if (!run->trials && !(run->trials = calloc(1, sizeof *run->trials)))
        return status_fail(STATUS_NO_MEMORY, "no memory for trials");
    struct merge_trials *trials = run->trials;
    bool fits = key->mv_size == TRIAL_KEY_BYTES;
    if (fits && memcmp(trials->prefix, key->mv_data, sizeof trials->prefix) != 0) {
        TRY(merge_trials_flush(run));
        memcpy(trials->prefix, key->mv_data, sizeof trials->prefix);
    }
    for (size_t i = 0; i < run->options->n_books; i++) {
        struct trial trial;
        if (!values[i].mv_data) continue;
        enum status status =
            fits ? trial_decode(values[i].mv_data, values[i].mv_size, &trial)
                 : status_fail(STATUS_BAD_DATA, "a key of %zu bytes, not %d", key->mv_size, TRIAL_KEY_BYTES);
        if (status != STATUS_OK) return bad_trial(run, i, key);
        if (trial.verdict != VERDICT_STARTED) TRY(add(trials, trial.finished_at_s, &values[i]));
    }
    return STATUS_OK;
}

void merge_trials_free(struct merge_run *run)
{
    if (run->trials) free(run->trials->rows);
    free(run->trials);
}
