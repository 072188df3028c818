#include <stdlib.h>
#include <string.h>
#include "db/book_each.h"

struct record_walk {
    struct book *book;
    book_visit_record *visit;
    void *context;
    struct record record;
};

static bool visit_record(void *context, const MDB_val *key, const MDB_val *value, enum status *status)
{
    struct record_walk *walk = context;
    char text[KEY_BYTES_MAX + 1];
    struct key_parts parts;
    if ((*status = key_parse(key->mv_data, key->mv_size, &parts)) != STATUS_OK) {
        status_prefix(*status, "%s", walk->book->path);
        return false;
    }
    memcpy(text, key->mv_data, key->mv_size);
    text[key->mv_size] = 0;
    if ((*status = record_decode(value->mv_data, value->mv_size, &walk->record)) != STATUS_OK) {
        status_prefix(*status, "%s: %s", walk->book->path, text);
        return false;
    }
    return walk->visit(walk->context, text, &walk->record);
}

enum status book_each_record(struct book *book, const char *prefix, book_visit_record *visit, void *context)
{
    struct record_walk *walk = malloc(sizeof *walk);
    if (!walk) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", book->path);
    walk->book = book;
    walk->visit = visit;
    walk->context = context;
    if (!prefix) prefix = "";
    enum status status = book_each(book, TABLE_RECORD, prefix, strlen(prefix), visit_record, walk);
    free(walk);
    return status;
}

enum status book_count(struct book *book, struct book_counts *out)
{
    struct book_counts counts = {0};
    uint64_t *const by_table[TABLE_COUNT] = {
        [TABLE_RECORD] = &counts.records,
        [TABLE_KERNEL] = &counts.kernels,
        [TABLE_CODE] = &counts.codes,
        [TABLE_TRIAL] = &counts.trials,
        [TABLE_ENVIRONMENT] = &counts.environments,
        [TABLE_QUARANTINE] = &counts.quarantined,
    };
    MDB_txn *txn;
    MDB_stat stat;
    TRY(read_begin(book, &txn));
    int code = 0;
    for (enum table table = 0; table < TABLE_COUNT && !code; table++) {
        code = mdb_stat(txn, book->environment->tables[table], &stat);
        if (!code && by_table[table]) *by_table[table] = stat.ms_entries;
    }
    MDB_envinfo info;
    if (!code) code = mdb_env_info(book->environment->lmdb, &info);
    if (!code) code = mdb_env_stat(book->environment->lmdb, &stat);
    read_end(book, txn);
    if (code) return lmdb_fail(book->path, code, "read");
    counts.bytes = (uint64_t)(info.me_last_pgno + 1) * stat.ms_psize;
    *out = counts;
    return STATUS_OK;
}
