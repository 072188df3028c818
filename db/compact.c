#include "db/compact_internal.h"

#include <stdlib.h>
#include <string.h>

enum status compact_each(struct compact *run, enum table table, compact_visit *visit)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int code = mdb_cursor_open(run->txn, run->book->environment->tables[table], &cursor);
    if (code) return lmdb_fail(run->book->path, code, "read");
    enum status status = STATUS_OK;
    const volatile int *stop = run->options->stop;
    for (code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST); !code && status == STATUS_OK;
         code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT)) {
        map_touch(&run->touch, &value);
        status = stop && *stop ? status_fail(STATUS_INTERRUPTED, "stopped; nothing was written")
                               : visit(run, &key, &value);
    }
    mdb_cursor_close(cursor);
    TRY(status);
    return code == MDB_NOTFOUND ? STATUS_OK : lmdb_fail(run->book->path, code, "read");
}

enum status compact_read_record(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    enum status status = key_parse(key->mv_data, key->mv_size, &run->parts);
    if (status == STATUS_OK) {
        memcpy(run->key, key->mv_data, key->mv_size);
        run->key[key->mv_size] = 0;
        status = record_decode(value->mv_data, value->mv_size, &run->record);
    }
    return status_prefix(status, "%s: %.*s", run->options->path, (int)key->mv_size,
                         (const char *)key->mv_data);
}

/* Adds what a record asks for. */
static enum status ask(struct compact *run, const MDB_val *key, const MDB_val *value)
{
    TRY(compact_read_record(run, key, value));
    TRY(compact_view_make(run));
    for (size_t set = 0, n; set < compact_view_sets(run); set++) {
        TRY(compact_view_set(run, set, &n));
        TRY(cover_add(&run->cover, run->view.set, n));
    }
    return STATUS_OK;
}

static enum status choose(struct compact *run)
{
    struct cover_result result;
    TRY(compact_kernels_read(run));
    TRY(compact_required(run));
    TRY(compact_each(run, TABLE_RECORD, ask));
    for (size_t i = 0; i < run->kernels.hashes.n; i++) run->report.required += run->kernels.chosen[i];
    TRY(cover_solve(&run->cover, run->kernels.chosen, &result));
    run->report.lower_bound = result.lower_bound;
    cover_free(&run->cover);
    return STATUS_OK;
}

/* --- before and after --- */

static enum status read_known(struct compact *run)
{
    MDB_val key = value_of(COMPACTED_NAME, strlen(COMPACTED_NAME)), value;
    int code = mdb_get(run->txn, run->book->environment->tables[TABLE_META], &key, &value);
    if (code == MDB_NOTFOUND) return STATUS_OK;
    if (code) return lmdb_fail(run->book->path, code, "read");
    return status_prefix(compacted_decode(value.mv_data, value.mv_size, &run->known), "%s",
                         run->options->path);
}

static enum status count_before(struct compact *run)
{
    struct compact_side *before = &run->report.before;
    struct book_counts counts;
    for (enum table table = 0; table < TABLE_COUNT; table++) {
        MDB_stat stat;
        int code = mdb_stat(run->txn, run->book->environment->tables[table], &stat);
        if (code) return lmdb_fail(run->book->path, code, "read");
        run->rows[table] = stat.ms_entries;
        run->page_bytes = stat.ms_psize;
    }
    TRY(book_count(run->book, &counts));
    before->bytes = counts.bytes;
    before->kernels = run->rows[TABLE_KERNEL];
    before->codes = run->rows[TABLE_CODE];
    before->sources = run->rows[TABLE_SOURCE];
    before->environments = run->rows[TABLE_ENVIRONMENT];
    before->trials = run->rows[TABLE_TRIAL];
    run->report.quarantined = run->rows[TABLE_QUARANTINE];
    return STATUS_OK;
}

static void count_after(struct compact *run)
{
    enum { OTHER_PAGES = 12 }; /* heads, and the roots of tables */
    struct stat made;
    uint64_t leaves = run->node_bytes / (run->page_bytes - 16);
    run->report.after.bytes = (OTHER_PAGES + run->pages + leaves + leaves / 50) * run->page_bytes;
    if (run->output &&
        stat(run->output->copy.size ? run->output->copy.data : run->output->work.data, &made) == 0)
        run->report.after.bytes = (uint64_t)made.st_size;
}

/* --- all of it --- */

static enum status work(struct compact *run)
{
    int code = mdb_cursor_open(run->txn, run->book->environment->tables[TABLE_TRIAL], &run->trials);
    if (code) return lmdb_fail(run->book->path, code, "read");
    TRY(count_before(run));
    TRY(read_known(run));
    TRY(choose(run));
    if (run->output)
        TRY(merge_output_open(run->output, run->options->output ? run->options->output : run->book->path,
                              run->report.before.bytes + run->known.n * sizeof *run->known.items));
    TRY(compact_write(run));
    if (run->output) TRY(merge_output_finish(run->output));
    count_after(run);
    return STATUS_OK;
}

static void release(struct compact *run)
{
    compact_kernels_free(&run->kernels);
    compacted_free(&run->known);
    compacted_free(&run->noted);
    cover_free(&run->cover);
    free(run->view.candidates);
    free(run->view.set);
    text_free(&run->bytes);
    hash_set_free(&run->environments);
    hash_set_free(&run->codes);
    hash_set_free(&run->sources);
    for (int side = 0; side < 2; side++) free(run->used[side]);
}

/* *transaction: the snapshot that was read. */
static enum status read_and_write(struct compact *run, const char *path, uint64_t *transaction)
{
    TRY(book_open(path, BOOK_READ, &run->book));
    enum status status = read_begin(run->book, &run->txn);
    if (status == STATUS_OK) {
        *transaction = mdb_txn_id(run->txn);
        status = work(run);
        if (run->trials) mdb_cursor_close(run->trials);
        read_end(run->book, run->txn);
    }
    book_close(run->book);
    release(run);
    return status;
}

static enum status check_output(const struct book_compact *options)
{
    struct stat there, book;
    if (stat(options->output, &there)) return STATUS_OK;
    if (stat(options->path, &book) == 0 && book.st_dev == there.st_dev && book.st_ino == there.st_ino)
        return status_fail(STATUS_USAGE, "%s: is the book itself; leave out -o to compact it in place",
                           options->output);
    if (S_ISREG(there.st_mode) && there.st_size == 0) return STATUS_OK;
    return status_fail(STATUS_USAGE,
                       "%s: exists already, and a compaction replaces nothing else; name a new file",
                       options->output);
}

static enum status compact_to(struct compact *run, struct compact_place *place)
{
    const struct book_compact *options = run->options;
    uint64_t transaction = 0;
    bool in_place = !options->output && !options->dry_run;
    if (options->output) TRY(check_output(options));
    if (in_place) TRY(compact_place_check(options->path, place));
    TRY(read_and_write(run, in_place ? place->path.data : options->path, &transaction));
    if (options->dry_run) return STATUS_OK;
    if (!in_place) return merge_output_name(run->output);
    return compact_place_take(place, run->output->work.data, transaction);
}

enum status book_compact(const struct book_compact *options, struct compact_report *out)
{
    struct compact_place place = {.lock = -1};
    struct merge_output output = {0};
    struct compact *run = calloc(1, sizeof *run);
    *out = (struct compact_report){0};
    if (!run) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", options->path);
    run->options = options;
    if (!options->dry_run) run->output = &output;
    enum status status = compact_to(run, &place);
    merge_output_discard(&output);
    compact_place_free(&place);
    if (status == STATUS_OK)
        *out = run->report;
    else
        compact_report_free(&run->report);
    free(run);
    return status;
}

void compact_report_free(struct compact_report *report)
{
    free(report->groups);
    *report = (struct compact_report){0};
}
