/* The rows of a book and what they refer to, read through LMDB within one snapshot. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "db/check_internal.h"

struct place {
    struct check *check;
    enum table table;
    const MDB_val *key;
};

static void find(const struct place *place, const char *what)
{
    char key[ROW_KEY_TEXT_BYTES];
    row_key_text(place->table, place->key, key);
    check_report(place->check, false, table_name(place->table), key, what);
}

static bool is_there(const struct place *place, enum table table, const struct hash *hash, size_t *bytes)
{
    struct check *check = place->check;
    MDB_val key = value_of(hash->bytes, sizeof hash->bytes), value;
    if (mdb_get(check->txn, check->book->environment->tables[table], &key, &value)) return false;
    if (bytes) *bytes = value.mv_size;
    return true;
}

static void find_missing(const struct place *place, const char *what, const struct hash *hash)
{
    char line[256], hex[SHA256_HEX_BYTES];
    text_hex(hash->bytes, sizeof hash->bytes, hex);
    snprintf(line, sizeof line, "its %s %s is not in the book", what, hex);
    find(place, line);
}

static bool is_none(const struct hash *hash)
{
    static const struct hash none;
    return memcmp(hash->bytes, none.bytes, sizeof none.bytes) == 0;
}

static void refer_record(const struct place *place, const struct record *record)
{
    for (uint32_t i = 0; i < record->n_entries; i++) {
        const struct record_entry *entry = &record->entries[i];
        hash_set_add(&place->check->kernels, &entry->kernel);
        hash_set_add(&place->check->environments, &entry->environment);
        if (!is_there(place, TABLE_KERNEL, &entry->kernel, NULL))
            find_missing(place, "kernel", &entry->kernel);
        if (!is_none(&entry->environment) && !is_there(place, TABLE_ENVIRONMENT, &entry->environment, NULL))
            find_missing(place, "environment", &entry->environment);
    }
}

/* A kernel runs without its source, so a missing one is no finding. */
static void refer_kernel(const struct place *place, const struct descriptor *descriptor)
{
    size_t bytes;
    hash_set_add(&place->check->codes, &descriptor->code);
    hash_set_add(&place->check->sources, &descriptor->source);
    if (!is_there(place, TABLE_CODE, &descriptor->code, &bytes))
        find_missing(place, "code", &descriptor->code);
    else if (descriptor->code_bytes && descriptor->code_bytes != bytes)
        find(place, "its code has another size than it says");
    check_descriptor *sound = place->check->options->descriptor;
    if (sound && sound(descriptor) != STATUS_OK) find(place, status_message());
}

static void refer(const struct place *place, const struct row *row)
{
    if (place->table == TABLE_RECORD || place->table == TABLE_META) refer_record(place, &row->record);
    if (place->table == TABLE_KERNEL) refer_kernel(place, &row->descriptor);
    if (place->table == TABLE_TRIAL) hash_set_add(&place->check->environments, &row->trial.environment);
}

static int compare_keys(const MDB_val *a, const MDB_val *b)
{
    size_t shorter = a->mv_size < b->mv_size ? a->mv_size : b->mv_size;
    int order = memcmp(a->mv_data, b->mv_data, shorter);
    return order ? order : (a->mv_size > b->mv_size) - (a->mv_size < b->mv_size);
}

/* What the pages above this row say of the way to it. */
static void check_way(const struct place *place)
{
    struct check *check = place->check;
    MDB_val key = *place->key, value;
    if (mdb_get(check->txn, check->book->environment->tables[place->table], &key, &value))
        find(place, "not found by its key (a page above it is damaged)");
}

static uint64_t *count_of(struct check_summary *summary, enum table table)
{
    uint64_t *const counts[TABLE_COUNT] = {
        [TABLE_RECORD] = &summary->counts.records,
        [TABLE_KERNEL] = &summary->counts.kernels,
        [TABLE_CODE] = &summary->counts.codes,
        [TABLE_TRIAL] = &summary->counts.trials,
        [TABLE_ENVIRONMENT] = &summary->counts.environments,
        [TABLE_SOURCE] = &summary->sources,
        [TABLE_QUARANTINE] = &summary->counts.quarantined,
    };
    return counts[table];
}

static int each_row(struct check *check, enum table table, MDB_cursor *cursor, uint64_t *n)
{
    MDB_val key, value, last = {0};
    int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
    for (; !code; code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct place place = {check, table, &key};
        ++*n;
        if (last.mv_data && compare_keys(&last, &key) >= 0) {
            /* Whoever goes on may go in circles. */
            find(&place, "not behind the row before it; what follows was not read");
            return 0;
        }
        last = key;
        check_way(&place);
        if (row_check(table, &key, &value, &check->row) != STATUS_OK)
            find(&place, status_message());
        else
            refer(&place, &check->row);
    }
    return code == MDB_NOTFOUND ? 0 : code;
}

void check_table(struct check *check, enum table table)
{
    MDB_dbi dbi = check->book->environment->tables[table];
    MDB_cursor *cursor;
    MDB_stat stat;
    uint64_t n = 0;
    char line[256];
    int code = mdb_stat(check->txn, dbi, &stat);
    if (!code) code = mdb_cursor_open(check->txn, dbi, &cursor);
    if (!code) {
        code = each_row(check, table, cursor, &n);
        mdb_cursor_close(cursor);
    }
    if (code) {
        snprintf(line, sizeof line, "cannot be read: %s", mdb_strerror(code));
        check_report(check, false, table_name(table), "", line);
    } else if (n != stat.ms_entries) {
        snprintf(line, sizeof line, "%llu rows where %llu belong", (unsigned long long)n,
                 (unsigned long long)stat.ms_entries);
        check_report(check, false, table_name(table), "", line);
    }
    uint64_t *count = count_of(&check->summary, table);
    if (count) *count = n;
}

static void note_unreferenced(struct check *check, enum table table, const struct hash_set *named,
                              const char *by)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    uint64_t n = 0;
    char line[256];
    if (mdb_cursor_open(check->txn, check->book->environment->tables[table], &cursor)) return;
    for (int code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); !code;
         code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        struct hash hash;
        if (key.mv_size != sizeof hash) continue;
        memcpy(&hash, key.mv_data, sizeof hash);
        n += !hash_set_has(named, &hash);
    }
    mdb_cursor_close(cursor);
    if (!n) return;
    snprintf(line, sizeof line, "%llu that no %s refers to", (unsigned long long)n, by);
    check_report(check, true, table_name(table), "", line);
}

void check_unreferenced(struct check *check)
{
    if (check->summary.findings) return; /* a damaged row refers to what nobody knows */
    note_unreferenced(check, TABLE_KERNEL, &check->kernels, "record or pin");
    note_unreferenced(check, TABLE_CODE, &check->codes, "kernel");
    note_unreferenced(check, TABLE_ENVIRONMENT, &check->environments, "record, pin or trial");
    note_unreferenced(check, TABLE_SOURCE, &check->sources, "kernel");
}
