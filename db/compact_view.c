#include <stdlib.h>
#include <string.h>
#include "db/compact_internal.h"

static bool same_hash(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

bool compact_same_environment(const struct record_entry *a, const struct record_entry *b)
{
    return same_hash(&a->environment, &b->environment);
}

static bool is_timed(const struct compact_candidate *candidate)
{
    const struct record_entry *entry = &candidate->timed;
    return entry->evidence == EVIDENCE_MEASURED && entry->verified && entry->timing.median_ns &&
           (candidate->shapes & 1);
}

/* As long as `ns`, and so much longer as the regret allows. */
static uint64_t allowed(const struct compact *run, uint64_t ns)
{
    uint64_t more = ns / COMPACT_REGRET_ONE * run->options->regret +
                    ns % COMPACT_REGRET_ONE * run->options->regret / COMPACT_REGRET_ONE;
    return more < UINT64_MAX - ns ? ns + more : UINT64_MAX;
}

/* --- candidates --- */

enum status compact_add_candidate(struct compact *run, const struct compact_candidate *candidate)
{
    struct compact_view *view = &run->view;
    if (view->n_candidates == view->capacity) {
        size_t capacity = view->capacity ? 2 * view->capacity : 2 * RECORD_ENTRIES_MAX;
        struct compact_candidate *larger = realloc(view->candidates, capacity * sizeof *larger);
        if (!larger) return status_fail(STATUS_NO_MEMORY, "%s: no memory for its trials", view->key);
        view->candidates = larger;
        view->capacity = capacity;
    }
    view->candidates[view->n_candidates++] = *candidate;
    return STATUS_OK;
}

enum status compact_shapes(struct compact *run, uint32_t kernel, const struct record_entry *entry,
                           uint32_t *out)
{
    struct quarantine_key key;
    *out = 0;
    if (entry->evidence == EVIDENCE_MEASURED && !entry->verified) return STATUS_OK; /* answers nobody */
    if (run->rows[TABLE_QUARANTINE]) {
        MDB_val value;
        TRY(quarantine_key(run->book, run->parts.device_class, &entry->kernel, &entry->environment, &key));
        MDB_val lmdb_key = value_of(key.bytes, key.size);
        if (!mdb_get(run->txn, run->book->environment->tables[TABLE_QUARANTINE], &lmdb_key, &value))
            return STATUS_OK;
    }
    return compact_kernel_shapes(run, kernel, out);
}

static enum status lost_kernel(const struct compact *run, const struct hash *kernel)
{
    char hex[SHA256_HEX_BYTES];
    text_hex(kernel->bytes, sizeof kernel->bytes, hex);
    return status_fail(
        STATUS_BAD_DATA,
        "%s: %s: its kernel %s is damaged or not there; `autotune check --repair` keeps what is intact",
        run->options->path, run->key, hex);
}

static enum status add_entries(struct compact *run)
{
    const struct record *record = &run->record;
    bool has_choice = run->rows[TABLE_TRIAL] > 0; /* else nobody asks what a kernel covers */
    for (uint32_t i = 1; i < record->n_entries && !has_choice; i++)
        has_choice = !same_hash(&record->entries[i].kernel, &record->entries[0].kernel);
    for (uint32_t i = 0; i < record->n_entries; i++) {
        struct compact_candidate candidate = {.entry = (int)i, .shapes = 1, .timed = record->entries[i]};
        if (!compact_kernel_find(run, &candidate.timed.kernel, &candidate.kernel))
            return lost_kernel(run, &candidate.timed.kernel);
        if (has_choice) TRY(compact_shapes(run, candidate.kernel, &candidate.timed, &candidate.shapes));
        TRY(compact_add_candidate(run, &candidate));
    }
    run->view.n_entries = run->view.n_candidates;
    return STATUS_OK;
}

/* --- goals --- */

static void add_goal(struct compact *run, size_t first, bool timed)
{
    struct compact_view *view = &run->view;
    const struct record_entry *entry = &view->candidates[first].timed;
    struct compact_goal goal = {
        .first = first, .best_ns = entry->timing.median_ns, .limit_ns = UINT64_MAX, .is_timed = timed};
    if (run->known.n) {
        uint8_t id[COMPACTED_ID_BYTES];
        compacted_id(run->key, entry, id);
        const struct compacted_item *known = compacted_find(&run->known, id);
        if (known) {
            goal.is_known = true;
            goal.best_ns = known->best_ns;
            goal.trial_ns = known->trial_ns;
            goal.limit_ns = known->limit_ns;
        }
    }
    view->goals[view->n_goals++] = goal;
}

/* Whether it competes with the goal's first at all. */
static bool competes(const struct compact_view *view, const struct compact_goal *goal,
                     const struct compact_candidate *candidate)
{
    const struct record_entry *first = &view->candidates[goal->first].timed;
    if (goal->is_timed) return is_timed(candidate) && compact_same_environment(first, &candidate->timed);
    return (candidate->shapes & 1) && candidate->timed.evidence == first->evidence &&
           first->timing.median_ns && candidate->timed.timing.median_ns;
}

static void limit_goal(struct compact *run, struct compact_goal *goal)
{
    for (size_t i = 0; i < run->view.n_entries; i++) {
        const struct compact_candidate *candidate = &run->view.candidates[i];
        const struct timing *timing = &candidate->timed.timing;
        if (competes(&run->view, goal, candidate) && timing->median_ns > allowed(run, goal->best_ns) &&
            timing->high_ns < goal->limit_ns)
            goal->limit_ns = timing->high_ns;
    }
}

static bool has_goal(const struct compact_view *view, const struct record_entry *entry)
{
    for (size_t g = 0; g < view->n_goals; g++)
        if (compact_same_environment(&view->candidates[view->goals[g].first].timed, entry)) return true;
    return false;
}

/* A goal for each environment; where nothing was measured, one for the entry that answers. */
static void set_goals(struct compact *run)
{
    struct compact_view *view = &run->view;
    for (size_t i = 0; i < view->n_entries; i++)
        if (is_timed(&view->candidates[i]) && !has_goal(view, &view->candidates[i].timed))
            add_goal(run, i, true);
    if (!view->n_goals && view->n_entries) {
        size_t first = 0;
        while (first < view->n_entries && !(view->candidates[first].shapes & 1)) first++;
        add_goal(run, first < view->n_entries ? first : 0, false);
    }
    for (size_t g = 0; g < view->n_goals; g++) limit_goal(run, &view->goals[g]);
}

enum status compact_view_make(struct compact *run)
{
    struct compact_view *view = &run->view;
    view->key = run->key;
    view->n_candidates = view->n_entries = view->n_goals = 0;
    TRY(add_entries(run));
    set_goals(run);
    return run->rows[TABLE_TRIAL] ? compact_add_trials(run) : STATUS_OK;
}

/* --- sets --- */

bool compact_is_good(const struct compact *run, const struct compact_goal *goal, size_t i)
{
    const struct compact_candidate *candidate = &run->view.candidates[i];
    const struct timing *timing = &candidate->timed.timing;
    if (i == goal->first) return true;
    if (!competes(&run->view, goal, candidate) || timing->median_ns > allowed(run, goal->best_ns) ||
        timing->high_ns > goal->limit_ns)
        return false;
    return candidate->entry >= 0 || (goal->trial_ns && timing->median_ns <= allowed(run, goal->trial_ns));
}

bool compact_answers(const struct compact *run, size_t set, size_t i)
{
    const struct compact_view *view = &run->view;
    if (set < view->n_goals) return compact_is_good(run, &view->goals[set], i);
    return view->candidates[i].shapes >> (set - view->n_goals + 1) & 1;
}

size_t compact_view_sets(const struct compact *run)
{
    return run->view.n_goals + COMPACT_SHAPES - 1;
}

/* Does no entry cover the shape, or is there a goal whose every kernel does? Then so does what stays. */
static bool is_implied(const struct compact *run, size_t set)
{
    const struct compact_view *view = &run->view;
    size_t entry = 0;
    while (entry < view->n_entries && !compact_answers(run, set, entry)) entry++;
    if (entry == view->n_entries) return true;
    for (size_t g = 0; g < view->n_goals; g++) {
        bool all = true;
        for (size_t i = 0; i < view->n_candidates && all; i++)
            all = !compact_is_good(run, &view->goals[g], i) || compact_answers(run, set, i);
        if (all) return true;
    }
    return false;
}

static int compare_numbers(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static enum status reserve(struct compact_view *view)
{
    if (view->set_capacity >= view->capacity) return STATUS_OK;
    uint32_t *larger = realloc(view->set, view->capacity * sizeof *larger);
    if (!larger) return status_fail(STATUS_NO_MEMORY, "%s: no memory for its kernels", view->key);
    view->set = larger;
    view->set_capacity = view->capacity;
    return STATUS_OK;
}

enum status compact_view_set(struct compact *run, size_t set, size_t *n)
{
    struct compact_view *view = &run->view;
    size_t found = 0, distinct = 0;
    TRY(reserve(view));
    for (size_t i = 0; i < view->n_candidates; i++)
        if (compact_answers(run, set, i)) view->set[found++] = view->candidates[i].kernel;
    *n = 0;
    if (!found || (set >= view->n_goals && (found == view->n_candidates || is_implied(run, set))))
        return STATUS_OK;
    qsort(view->set, found, sizeof *view->set, compare_numbers);
    for (size_t i = 0; i < found; i++)
        if (!i || view->set[i] != view->set[distinct - 1]) view->set[distinct++] = view->set[i];
    *n = distinct;
    return STATUS_OK;
}
