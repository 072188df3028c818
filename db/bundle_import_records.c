/* Lines of a bundle on their way into the book. */
#include <string.h>
#include "db/book_absorb.h"
#include "db/bundle_import.h"

enum status import_environment(struct import *import, struct scan *scan)
{
    struct hash hash;
    const char *facts;
    size_t size;
    TRY(bundle_environment_parse(scan, &hash, &facts, &size));
    struct hash *last = import->environments + import->n_environments - 1;
    if (import->n_environments == import->manifest.counts.environments)
        return scan_fail(scan, "more environments than the manifest says");
    if (import->n_environments && memcmp(hash.bytes, last->bytes, sizeof hash.bytes) <= 0)
        return scan_fail(scan, "an environment a second time, or out of order");
    import->environments[import->n_environments++] = hash;
    MDB_val key = value_of(hash.bytes, sizeof hash.bytes), value;
    int code = import_get(import, TABLE_ENVIRONMENT, &hash, &value);
    if (code != MDB_NOTFOUND) return code ? import_stop(import, code) : STATUS_OK;
    /* No entry will come in that could name it. */
    if (!import->manifest.has_code && !import->n_known) return STATUS_OK;
    import->report->new_environments++;
    if (!import_writes(import)) return STATUS_OK;
    value = value_of(facts, size);
    code = mdb_put(import->txn, import->book->environment->tables[TABLE_ENVIRONMENT], &key, &value, 0);
    return code ? import_stop(import, code) : STATUS_OK;
}

static bool has_environment(const struct import *import, const struct hash *hash)
{
    static const struct hash none;
    size_t low = 0, high = import->n_environments;
    if (!memcmp(hash->bytes, none.bytes, sizeof none.bytes)) return true;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = memcmp(import->environments[middle].bytes, hash->bytes, sizeof hash->bytes);
        if (!order) return true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* Everything that entries name is in the bundle. Those of kernels that neither the book nor the bundle has
 * code for are left out. */
static enum status take_entries(struct import *import, const struct scan *scan, struct record *record)
{
    uint32_t n = 0;
    char hex[SHA256_HEX_BYTES];
    for (uint32_t i = 0; i < record->n_entries; i++) {
        const struct record_entry *entry = &record->entries[i];
        size_t kernel = bundle_manifest_find(&import->manifest, BUNDLE_KIND_DESCRIPTOR, &entry->kernel);
        if (kernel == SIZE_MAX) {
            text_hex(entry->kernel.bytes, SHA256_BYTES, hex);
            return scan_fail(scan, "kernel %s has no descriptor in the bundle", hex);
        }
        if (!has_environment(import, &entry->environment)) {
            text_hex(entry->environment.bytes, SHA256_BYTES, hex);
            return scan_fail(scan, "environment %s is not in the bundle", hex);
        }
        import->kernels[kernel] |= KERNEL_NAMED;
        if (!import->manifest.has_code && !(import->kernels[kernel] & KERNEL_KNOWN))
            import->report->left_out_entries++;
        else
            record->entries[n++] = *entry;
    }
    import->n_entries += record->n_entries;
    record->n_entries = n;
    return STATUS_OK;
}

/* ---- one record ---- */

/* What the book has; a damaged record counts as none, and is replaced. */
static int load(struct import *import, const MDB_val *key, MDB_val *row, bool *there)
{
    *there = false;
    import->before.n_entries = 0;
    if (!import->book) return 0;
    MDB_val at = *key;
    int code = mdb_cursor_get(import->records, &at, row, MDB_SET_KEY);
    if (code) return code == MDB_NOTFOUND ? 0 : code;
    if (!import_writes(import)) map_touch(&import->touch, row);
    *there = record_decode(row->mv_data, row->mv_size, &import->before) == STATUS_OK;
    if (!*there) import->before.n_entries = 0;
    return 0;
}

static void copy_record(struct record *to, const struct record *from)
{
    to->baseline_ns = from->baseline_ns;
    to->default_ns = from->default_ns;
    memcpy(to->baseline_name, from->baseline_name, sizeof to->baseline_name);
    to->n_entries = from->n_entries;
    memcpy(to->entries, from->entries, from->n_entries * sizeof *from->entries);
}

static enum bundle_change change_of(const struct record *before, const struct record *after)
{
    if (!before->n_entries) return after->n_entries ? BUNDLE_FASTER : BUNDLE_KEPT;
    int order = record_entry_compare(&after->entries[0], &before->entries[0]);
    return order < 0 ? BUNDLE_FASTER : BUNDLE_KEPT;
}

static enum bundle_change merge(struct import *import, bool there, const MDB_val *row)
{
    if (!there) {
        copy_record(&import->mine, &import->theirs);
        record_encode(&import->mine, &import->text);
        return BUNDLE_NEW;
    }
    copy_record(&import->mine, &import->before);
    record_merge(&import->mine, &import->theirs);
    record_encode(&import->mine, &import->text);
    if (import->text.size == row->mv_size && !memcmp(import->text.data, row->mv_data, row->mv_size))
        return BUNDLE_SAME;
    return change_of(&import->before, &import->mine);
}

static int put(struct import *import, MDB_val *key, bool there)
{
    MDB_val value = value_of(import->text.data, import->text.size);
    /* Behind the last key pages are filled, not split in halves. */
    int code = there ? MDB_KEYEXIST : mdb_cursor_put(import->records, key, &value, MDB_APPEND);
    return code == MDB_KEYEXIST ? mdb_cursor_put(import->records, key, &value, 0) : code;
}

static enum status merge_record(struct import *import, const char *text, bool all_left_out)
{
    MDB_val key = value_of(text, strlen(text)), row;
    bool there;
    int code = load(import, &key, &row, &there);
    if (code) return import_stop(import, code);
    text_clear(&import->text);
    enum bundle_change change = merge(import, there, &row);
    if (all_left_out && change != BUNDLE_FASTER) change = BUNDLE_LEFT_OUT;
    TRY(text_status(&import->text));
    import->report->changes[change]++;
    const struct bundle_import_options *options = import->options;
    if (options->dry_run && options->visit)
        options->visit(options->context, text, change, &import->before, &import->mine);
    if (!import_writes(import)) return STATUS_OK;
    bool changes = change != BUNDLE_SAME && change != BUNDLE_LEFT_OUT;
    if (changes && (code = put(import, &key, there))) return import_stop(import, code);
    return changes || there ? import_breathe(import, import->text.size + key.mv_size) : STATUS_OK;
}

enum status import_record(struct import *import, struct scan *scan)
{
    char key[KEY_BYTES_MAX + 1];
    const struct bundle_import_options *options = import->options;
    const struct scan begin = *scan;
    TRY(bundle_record_parse(scan, key, &import->theirs));
    if (import->n_records && strcmp(key, import->last_key) <= 0)
        return scan_fail(&begin, "record '%s' a second time, or out of order", key);
    strcpy(import->last_key, key);
    import->n_records++;
    if (options->check_record) {
        enum status status = options->check_record(options->context, key, &import->theirs);
        if (status != STATUS_OK) return scan_fail(&begin, "%s", status_message());
    }
    bool had_entries = import->theirs.n_entries > 0;
    TRY(take_entries(import, &begin, &import->theirs));
    return merge_record(import, key, had_entries && !import->theirs.n_entries);
}
