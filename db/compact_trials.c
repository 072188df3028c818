/* Trials: times of kernels on problems whose records do not know them, and what becomes of trials. */
#include <stdlib.h>
#include <string.h>
#include "db/compact_internal.h"

/* --- times --- */

/* Neither disturbed nor a race given up. */
static bool is_time(const struct trial *trial)
{
    return trial->verdict == VERDICT_OK && trial->timing.median_ns &&
           !(trial->timing.flags & (TIMING_CONTENDED | TIMING_UNSTABLE));
}

static bool same_source(const struct record_entry *a, const struct record_entry *b)
{
    return !memcmp(a->kernel.bytes, b->kernel.bytes, SHA256_BYTES) && compact_same_environment(a, b);
}

static struct compact_goal *goal_of(struct compact_view *view, const struct record_entry *entry)
{
    for (size_t g = 0; g < view->n_goals; g++)
        if (view->goals[g].is_timed &&
            compact_same_environment(&view->candidates[view->goals[g].first].timed, entry))
            return &view->goals[g];
    return NULL;
}

/* A kernel that was tried more than once counts by its newest trial: a bad end is a median of 0. */
static enum status note_time(struct compact *run, const struct trial *trial)
{
    struct compact_view *view = &run->view;
    struct compact_candidate candidate = {.entry = COMPACT_NONE,
                                          .timed = {.kernel = trial->kernel,
                                                    .environment = trial->environment,
                                                    .evidence = EVIDENCE_MEASURED,
                                                    .verified = 1,
                                                    .measured_at_s = trial->finished_at_s}};
    if (is_time(trial)) candidate.timed.timing = trial->timing;
    if (!goal_of(view, &candidate.timed) ||
        !compact_kernel_find(run, &candidate.timed.kernel, &candidate.kernel))
        return STATUS_OK;
    for (size_t i = view->n_entries; i < view->n_candidates; i++)
        if (same_source(&view->candidates[i].timed, &candidate.timed)) {
            view->candidates[i].timed = candidate.timed;
            return STATUS_OK;
        }
    TRY(compact_shapes(run, candidate.kernel, &candidate.timed, &candidate.shapes));
    return compact_add_candidate(run, &candidate);
}

static bool is_entry(const struct compact_view *view, const struct record_entry *entry)
{
    for (size_t i = 0; i < view->n_entries; i++)
        if (same_source(&view->candidates[i].timed, entry)) return true;
    return false;
}

/* The best entries' own trials say what trials are compared with. */
static void set_trial_times(struct compact_view *view)
{
    for (size_t i = view->n_entries; i < view->n_candidates; i++) {
        const struct record_entry *timed = &view->candidates[i].timed;
        struct compact_goal *goal = goal_of(view, timed);
        if (!goal->is_known && same_source(&view->candidates[goal->first].timed, timed))
            goal->trial_ns = timed->timing.median_ns;
    }
}

/* What the record has is no news, and what is too slow is no candidate: its entry might come before a better
 * one. */
static void drop_useless(struct compact *run)
{
    struct compact_view *view = &run->view;
    size_t kept = view->n_entries;
    for (size_t i = view->n_entries; i < view->n_candidates; i++) {
        const struct compact_candidate *candidate = &view->candidates[i];
        if (candidate->timed.timing.median_ns && !is_entry(view, &candidate->timed) &&
            compact_is_good(run, goal_of(view, &candidate->timed), i))
            view->candidates[kept++] = *candidate;
    }
    view->n_candidates = kept;
}

enum status compact_add_trials(struct compact *run)
{
    struct trial_key key = trial_key(run->key, "", 0);
    MDB_val at = value_of(key.bytes, TRIAL_HASH_BYTES), value;
    int code = mdb_cursor_get(run->trials, &at, &value, MDB_SET_RANGE);
    for (; !code && at.mv_size == TRIAL_KEY_BYTES && !memcmp(at.mv_data, key.bytes, TRIAL_HASH_BYTES);
         code = mdb_cursor_get(run->trials, &at, &value, MDB_NEXT)) {
        struct trial trial;
        map_touch(&run->touch, &value);
        if (trial_decode(value.mv_data, value.mv_size, &trial) != STATUS_OK)
            return status_prefix(STATUS_BAD_DATA, "%s: a trial of %s", run->options->path, run->key);
        if (trial.verdict != VERDICT_STARTED && trial.verdict != VERDICT_PRUNED) TRY(note_time(run, &trial));
    }
    if (code && code != MDB_NOTFOUND) return lmdb_fail(run->book->path, code, "read");
    set_trial_times(&run->view);
    drop_useless(run);
    return STATUS_OK;
}

/* --- what becomes of them --- */

struct row {
    MDB_val key, value;
    struct hash kernel, environment;
    uint64_t owner;
    bool is_mark, is_kept;
};

/* Trials of one record and configuration, oldest first. */
struct trial_group {
    struct row *rows;
    size_t n, capacity;
};

/* A mark that was followed by a finished trial is history. So is one of this boot whose owner is gone: the
 * machine outlived it. What is left says that a machine went down with it, or that somebody is at work. */
static bool is_live_mark(const struct row *row)
{
    return !book_owner_of_this_boot(row->owner) || book_owner_alive(row->owner);
}

/* A sweep goes by the newest trial of a kernel in an environment. */
static bool is_superseded(const struct trial_group *group, size_t i)
{
    for (size_t later = i + 1; later < group->n; later++) {
        const struct row *row = &group->rows[later];
        if (row->is_kept && !row->is_mark &&
            !memcmp(&row->kernel, &group->rows[i].kernel, sizeof row->kernel) &&
            !memcmp(&row->environment, &group->rows[i].environment, sizeof row->environment))
            return true;
    }
    return false;
}

static void choose(struct trial_group *group)
{
    bool finished = false;
    for (size_t i = group->n; i-- > 0;) {
        struct row *row = &group->rows[i];
        row->is_kept = row->is_mark ? !finished && is_live_mark(row) : !is_superseded(group, i);
        finished |= !row->is_mark;
    }
}

static bool is_none(const struct hash *hash)
{
    static const struct hash none;
    return memcmp(hash, &none, sizeof none) == 0;
}

static enum status flush(struct compact *run)
{
    struct trial_group *group = run->trial_group;
    choose(group);
    for (size_t i = 0; i < group->n; i++) {
        const struct row *row = &group->rows[i];
        if (!row->is_kept) continue;
        if (!is_none(&row->environment)) TRY(hash_set_add(&run->environments, &row->environment));
        run->report.after.trials++;
        TRY(compact_put(run, TABLE_TRIAL, &row->key, &row->value));
    }
    group->n = 0;
    return STATUS_OK;
}

static enum status add(struct compact *run, const struct row *row)
{
    struct trial_group *group = run->trial_group;
    if (group->n == group->capacity) {
        size_t capacity = group->capacity ? 2 * group->capacity : 64;
        struct row *rows = realloc(group->rows, capacity * sizeof *rows);
        if (!rows)
            return status_fail(STATUS_NO_MEMORY, "%s: no memory for %zu trials", run->options->path,
                               capacity);
        group->rows = rows;
        group->capacity = capacity;
    }
    group->rows[group->n++] = *row;
    return STATUS_OK;
}

static enum status read_trial(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    struct trial_group *group = run->trial_group;
    struct trial trial;
    if (key->mv_size != TRIAL_KEY_BYTES || trial_decode(value->mv_data, value->mv_size, &trial) != STATUS_OK)
        return status_fail(
            STATUS_BAD_DATA,
            "%s: a damaged row in its table trial; `autotune check --repair` keeps what is intact",
            run->options->path);
    if (group->n && memcmp(group->rows[0].key.mv_data, key->mv_data, TRIAL_KEY_BYTES - 8) != 0)
        TRY(flush(run));
    struct row row = {.key = *key,
                      .value = *value,
                      .kernel = trial.kernel,
                      .environment = trial.environment,
                      .owner = trial.owner,
                      .is_mark = trial.verdict == VERDICT_STARTED};
    return add(run, &row);
}

enum status compact_write_trials(struct compact *run)
{
    struct trial_group group = {0};
    if (run->options->drop_trials) return STATUS_OK;
    run->trial_group = &group;
    enum status status = compact_each(run, TABLE_TRIAL, read_trial);
    if (status == STATUS_OK) status = flush(run);
    free(group.rows);
    run->trial_group = NULL;
    return status;
}
