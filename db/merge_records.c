#include <stdlib.h>
#include <string.h>
#include "db/merge_internal.h"

static bool same_source(const struct record_entry *a, const struct record_entry *b)
{
    return !memcmp(a->kernel.bytes, b->kernel.bytes, SHA256_BYTES) &&
           !memcmp(a->environment.bytes, b->environment.bytes, SHA256_BYTES);
}

static const struct record_entry *find(const struct record *record, const struct record_entry *like)
{
    for (uint32_t i = 0; i < record->n_entries; i++)
        if (same_source(&record->entries[i], like)) return &record->entries[i];
    return NULL;
}

static bool is_timed(const struct record_entry *entry)
{
    return entry->evidence == EVIDENCE_MEASURED && entry->timing.median_ns;
}

/* Of the measurements that books from `first` on have of one kernel in one environment: is the highest
 * beyond the lowest? */
static void find_conflict(struct merge_run *run, const char *key, size_t first,
                          const struct record_entry *entry)
{
    const struct book_merge *options = run->options;
    struct merge_conflict conflict = {.key = key,
                                      .low = entry,
                                      .high = entry,
                                      .low_book = options->books[first],
                                      .high_book = options->books[first]};
    for (size_t i = first + 1; i < options->n_books; i++) {
        const struct record_entry *other = find(&run->records[i], entry);
        if (!other || !is_timed(other)) continue;
        if (other->timing.high_ns < conflict.low->timing.high_ns)
            conflict.low = other, conflict.low_book = options->books[i];
        if (other->timing.low_ns > conflict.high->timing.low_ns)
            conflict.high = other, conflict.high_book = options->books[i];
    }
    if (conflict.high->timing.low_ns <= conflict.low->timing.high_ns) return;
    run->counts.conflicts++;
    if (options->conflict) options->conflict(options->context, &conflict);
}

/* In an earlier book, or earlier in its own: a record from elsewhere may say a thing twice. */
static bool is_in_earlier(const struct merge_run *run, size_t book, const struct record_entry *entry)
{
    for (size_t i = 0; i < book; i++)
        if (find(&run->records[i], entry)) return true;
    return find(&run->records[book], entry) != entry;
}

/* Each kernel and environment once, at the first book that has it. */
static void compare_books(struct merge_run *run, const char *key)
{
    uint64_t distinct = 0;
    for (size_t i = 0; i < run->options->n_books; i++) {
        const struct record *record = &run->records[i];
        for (uint32_t e = 0; e < record->n_entries; e++) {
            if (is_in_earlier(run, i, &record->entries[e])) continue;
            distinct++;
            if (is_timed(&record->entries[e])) find_conflict(run, key, i, &record->entries[e]);
        }
    }
    run->counts.left_out += distinct - run->merged.n_entries;
}

static enum status check_kernels(struct merge_run *run, const char *key)
{
    for (uint32_t i = 0; i < run->merged.n_entries; i++) {
        const struct hash *kernel = &run->merged.entries[i].kernel;
        char shown[SHA256_HEX_BYTES];
        if (merge_output_has(&run->output, TABLE_KERNEL, kernel)) continue;
        text_hex(kernel->bytes, sizeof kernel->bytes, shown);
        return status_fail(STATUS_BAD_DATA, "%s: its kernel %s is in no book", key, shown);
    }
    return STATUS_OK;
}

/* Decodes all that there are and merges them; *only is set where that is what stands in a book already. */
static enum status decode(struct merge_run *run, const char *key, const MDB_val *values, const MDB_val **only)
{
    size_t n_books = run->options->n_books, first = n_books;
    *only = NULL;
    memset(&run->merged, 0, offsetof(struct record, entries));
    for (size_t i = 0; i < n_books; i++) {
        struct record *record = &run->records[i];
        record->n_entries = 0;
        if (!values[i].mv_data) continue;
        if (first < n_books && join_compare(&values[i], &values[first]) == 0) continue;
        enum status status = record_decode(values[i].mv_data, values[i].mv_size, record);
        if (status != STATUS_OK) return status_prefix(status, "%s: %s", run->options->books[i]->path, key);
        record_merge(&run->merged, record);
        *only = first == n_books && run->merged.n_entries == record->n_entries ? &values[i] : NULL;
        if (first == n_books) first = i;
    }
    return STATUS_OK;
}

enum status merge_records(struct merge_run *run, const MDB_val *key, const MDB_val *values)
{
    struct key_parts parts;
    char text[KEY_BYTES_MAX + 1];
    const MDB_val *only;
    MDB_val value;
    TRY(key_parse(key->mv_data, key->mv_size, &parts));
    memcpy(text, key->mv_data, key->mv_size);
    text[key->mv_size] = 0;
    TRY(decode(run, text, values, &only));
    TRY(check_kernels(run, text));
    if (!only) {
        compare_books(run, text);
        text_clear(&run->bytes);
        record_encode(&run->merged, &run->bytes);
        TRY(text_status(&run->bytes));
        value = value_of(run->bytes.data, run->bytes.size);
        only = &value;
    }
    run->counts.entries += run->merged.n_entries;
    if (run->options->check) TRY(run->options->check(run->options->context, text, &run->merged));
    return merge_output_put(&run->output, run->table, key, only);
}
