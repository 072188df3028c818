/* What stays, table by table: what refers to others before what it refers to, so that it is known who is
 * asked for. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "db/compact_internal.h"

/* How LMDB would lay it out: rows behind each other in pages, long values in pages of their own. */
static void estimate(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    enum { HEAD = 16, NODE = 8, POINTER = 2 };
    uint64_t page = run->page_bytes, most = ((page - HEAD) / 2 & ~UINT64_C(1)) - POINTER;
    uint64_t node = NODE + key->mv_size + value->mv_size;
    if (node > most) {
        run->pages += (HEAD + value->mv_size + page - 1) / page;
        node = NODE + key->mv_size + sizeof(uint64_t);
    }
    run->node_bytes += ((node + 1) & ~UINT64_C(1)) + POINTER;
}

enum status compact_put(struct compact *run, enum table table, const MDB_val *key, const MDB_val *value)
{
    estimate(run, key, value);
    return run->output ? merge_output_put(run->output, table, key, value) : STATUS_OK;
}

/* --- records --- */

static bool is_kept(const struct compact *run, const struct compact_candidate *candidate)
{
    return run->kernels.chosen[candidate->kernel];
}

/* Puts a trial's time into the record where a set has no entry that stays. */
static enum status serve(struct compact *run, size_t set)
{
    struct compact_view *view = &run->view;
    struct compact_candidate *best = NULL;
    for (size_t i = 0; i < view->n_candidates; i++) {
        struct compact_candidate *candidate = &view->candidates[i];
        if (!is_kept(run, candidate) || !compact_answers(run, set, i)) continue;
        if (candidate->entry >= 0) return STATUS_OK;
        if (!best || record_entry_compare(&candidate->timed, &best->timed) < 0) best = candidate;
    }
    if (!best)
        return status_fail(STATUS_BAD_DATA,
                           "%s: %s would be left without an entry: a mistake in this program",
                           run->options->path, run->key);
    best->entry = RECORD_ENTRIES_MAX; /* as good as one of the record's */
    run->report.from_trials++;
    return STATUS_OK;
}

static void count_regret(struct compact_group *group, uint64_t best_ns, uint64_t ns)
{
    group->timed++;
    if (ns <= best_ns || !best_ns) return;
    double regret = (double)(ns - best_ns) / (double)best_ns;
    uint64_t millionths = (uint64_t)ceil(regret * COMPACT_REGRET_ONE);
    group->slower++;
    if (millionths > group->worst) group->worst = millionths;
    group->log_sum += log1p(regret);
}

/* The first of a goal's entries that stay answers from now on. What its record loses the next compaction must
 * know, where it would judge otherwise without. */
static enum status settle(struct compact *run, struct compact_group *group, const struct compact_goal *goal,
                          bool is_whole)
{
    struct compact_view *view = &run->view;
    const struct record_entry *first = NULL;
    struct compacted_item item = {
        .best_ns = goal->best_ns, .trial_ns = goal->trial_ns, .limit_ns = goal->limit_ns};
    for (size_t i = 0; i < view->n_candidates; i++) {
        const struct compact_candidate *candidate = &view->candidates[i];
        if (candidate->entry < 0 || !is_kept(run, candidate) || !compact_is_good(run, goal, i)) continue;
        if (!first || record_entry_compare(&candidate->timed, first) < 0) first = &candidate->timed;
    }
    if (goal->is_timed) count_regret(group, goal->best_ns, first->timing.median_ns);
    is_whole |= first == &view->candidates[goal->first].timed && goal->limit_ns == UINT64_MAX;
    if (is_whole && !goal->is_known) return STATUS_OK;
    compacted_id(run->key, first, item.id);
    return compacted_add(&run->noted, &item);
}

static void note_entry(struct compact *run, size_t group, uint32_t kernel, int side)
{
    run->report.groups[group].entries[side]++;
    run->used[side][group * run->kernels.hashes.n + kernel] = 1;
    (side ? &run->report.after : &run->report.before)->entries++;
}

static enum status keep_entry(struct compact *run, size_t group, uint32_t kernel,
                              const struct record_entry *entry)
{
    static const struct hash none;
    note_entry(run, group, kernel, 1);
    if (!memcmp(&entry->environment, &none, sizeof none)) return STATUS_OK;
    return hash_set_add(&run->environments, &entry->environment);
}

/* The record with what stays of it, in run->kept. */
static enum status shrink(struct compact *run, size_t group)
{
    struct compact_view *view = &run->view;
    bool is_whole = true;
    TRY(compact_view_make(run));
    for (size_t set = 0, n; set < compact_view_sets(run); set++) {
        TRY(compact_view_set(run, set, &n));
        if (n) TRY(serve(run, set));
    }
    memcpy(&run->kept, &run->record, offsetof(struct record, entries));
    run->kept.n_entries = 0;
    for (size_t i = 0; i < view->n_candidates; i++) {
        const struct compact_candidate *candidate = &view->candidates[i];
        is_whole &= (i < view->n_entries) == (candidate->entry >= 0 && is_kept(run, candidate));
        if (candidate->entry < 0 || !is_kept(run, candidate)) continue;
        if (run->kept.n_entries == RECORD_ENTRIES_MAX)
            run->kept.n_entries--; /* what a trial adds is needed */
        record_insert(&run->kept, &candidate->timed);
        TRY(keep_entry(run, group, candidate->kernel, &candidate->timed));
    }
    for (size_t g = 0; g < view->n_goals; g++)
        TRY(settle(run, &run->report.groups[group], &view->goals[g], is_whole));
    text_clear(&run->bytes);
    record_encode(&run->kept, &run->bytes);
    return text_status(&run->bytes);
}

/* A record that loses nothing: its environments with a time count as they are. */
static enum status keep_whole(struct compact *run, size_t group)
{
    const struct record *record = &run->record;
    for (uint32_t i = 0; i < record->n_entries; i++) {
        const struct record_entry *entry = &record->entries[i];
        uint32_t kernel;
        compact_kernel_find(run, &entry->kernel, &kernel);
        TRY(keep_entry(run, group, kernel, entry));
        bool is_first = entry->evidence == EVIDENCE_MEASURED && entry->verified && entry->timing.median_ns;
        for (uint32_t j = 0; j < i && is_first; j++)
            is_first = !record->entries[j].verified || !compact_same_environment(&record->entries[j], entry);
        run->report.groups[group].timed += is_first;
    }
    return STATUS_OK;
}

static enum status write_record(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    size_t group;
    bool is_whole = !run->known.n;
    TRY(compact_read_record(run, key, value));
    TRY(compact_group_of(run, &group));
    run->report.records++;
    run->report.groups[group].records++;
    for (uint32_t i = 0; i < run->record.n_entries; i++) {
        uint32_t kernel;
        compact_kernel_find(run, &run->record.entries[i].kernel, &kernel);
        note_entry(run, group, kernel, 0);
        is_whole &= run->kernels.chosen[kernel];
    }
    if (is_whole) {
        TRY(keep_whole(run, group));
        return compact_put(run, TABLE_RECORD, key, value);
    }
    TRY(shrink(run, group));
    MDB_val shrunk = value_of(run->bytes.data, run->bytes.size);
    return compact_put(run, TABLE_RECORD, key, &shrunk);
}

/* --- other tables --- */

static enum status write_kernel(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    struct descriptor descriptor;
    struct hash hash;
    memcpy(&hash, key->mv_data, sizeof hash);
    if (!run->kernels.chosen[hash_set_find(&run->kernels.hashes, &hash)]) return STATUS_OK;
    text_clear(&run->bytes);
    text_append_bytes(&run->bytes, value->mv_data, value->mv_size);
    TRY(text_status(&run->bytes));
    TRY(descriptor_decode(run->bytes.data, run->bytes.size, &descriptor));
    TRY(hash_set_add(&run->codes, &descriptor.code));
    TRY(hash_set_add(&run->sources, &descriptor.source));
    run->report.after.kernels++;
    return compact_put(run, TABLE_KERNEL, key, value);
}

static bool is_wanted(const struct hash_set *set, const MDB_val *key)
{
    struct hash hash;
    if (key->mv_size != sizeof hash) return false;
    memcpy(&hash, key->mv_data, sizeof hash);
    return hash_set_has(set, &hash);
}

static enum status damaged(struct compact *run, enum table table, const MDB_val *key)
{
    char hex[SHA256_HEX_BYTES];
    text_hex(key->mv_data, SHA256_BYTES, hex);
    return status_fail(
        STATUS_BAD_DATA,
        "%s: %s %s: its bytes have another SHA-256; `autotune check --repair` keeps what is intact",
        run->options->path, table_name(table), hex);
}

static bool is_sound(const MDB_val *key, const MDB_val *value)
{
    struct hash real = sha256_of(value->mv_data, value->mv_size);
    return !memcmp(real.bytes, key->mv_data, sizeof real.bytes);
}

static enum status write_environment(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    if (!is_wanted(&run->environments, key)) return STATUS_OK;
    if (!is_sound(key, value)) return damaged(run, TABLE_ENVIRONMENT, key);
    run->report.after.environments++;
    return compact_put(run, TABLE_ENVIRONMENT, key, value);
}

static enum status write_code(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    run->report.before.code_bytes += value->mv_size;
    if (!is_wanted(&run->codes, key)) return STATUS_OK;
    if (run->output && !is_sound(key, value)) return damaged(run, TABLE_CODE, key);
    run->report.after.codes++;
    run->report.after.code_bytes += value->mv_size;
    return compact_put(run, TABLE_CODE, key, value);
}

static enum status write_source(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    if (!is_wanted(&run->sources, key)) return STATUS_OK;
    run->report.after.sources++;
    return compact_put(run, TABLE_SOURCE, key, value);
}

/* Every other table goes along as it is. */
static enum status write_row(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    return compact_put(run, run->table, key, value);
}

/* What a new file says of itself, and what it did. A book in place of another keeps its id. */
static enum status write_note(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    static const char *const own[] = {"schema", "creator", "frozen", "published", COMPACTED_NAME};
    for (size_t i = 0; i < sizeof own / sizeof *own; i++)
        if (key->mv_size == strlen(own[i]) && !memcmp(key->mv_data, own[i], key->mv_size)) return STATUS_OK;
    if (run->options->output && key->mv_size == 2 && !memcmp(key->mv_data, "id", 2)) return STATUS_OK;
    return compact_put(run, TABLE_META, key, value);
}

static enum status write_notes(struct compact *run)
{
    TRY(compact_each(run, TABLE_META, write_note));
    if (!run->noted.n) return STATUS_OK;
    text_clear(&run->bytes);
    compacted_encode(&run->noted, &run->bytes);
    TRY(text_status(&run->bytes));
    MDB_val name = value_of(COMPACTED_NAME, strlen(COMPACTED_NAME)),
            value = value_of(run->bytes.data, run->bytes.size);
    return compact_put(run, TABLE_META, &name, &value);
}

enum status compact_write(struct compact *run)
{
    static const struct {
        enum table table;
        compact_visit *visit;
    } steps[] = {{TABLE_KERNEL, write_kernel},
                 {TABLE_ENVIRONMENT, write_environment},
                 {TABLE_CODE, write_code},
                 {TABLE_SOURCE, write_source}};
    bool is_special[TABLE_COUNT] = {[TABLE_META] = true, [TABLE_RECORD] = true, [TABLE_TRIAL] = true};
    TRY(compact_each(run, TABLE_RECORD, write_record));
    TRY(compact_write_trials(run));
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        is_special[steps[i].table] = true;
        TRY(compact_each(run, steps[i].table, steps[i].visit));
    }
    for (run->table = 0; run->table < TABLE_COUNT; run->table++)
        if (!is_special[run->table]) TRY(compact_each(run, run->table, write_row));
    TRY(write_notes(run));
    compact_groups_end(run);
    return STATUS_OK;
}
