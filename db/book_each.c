#include "db/book_each.h"

#include <stdlib.h>
#include <string.h>

enum { BATCH_BYTES = 256 * 1024, BATCH_ITEMS = 512 };

struct batch {
    struct text bytes; /* keys and values, one behind the other */
    struct {
        size_t key_bytes, value_bytes;
    } items[BATCH_ITEMS];
    unsigned n_items;
    uint8_t last[512]; /* LMDB's keys are shorter */
    size_t last_bytes;
    bool is_first, is_done;
};

static bool has_prefix(const MDB_val *key, const void *prefix, size_t prefix_bytes)
{
    return key->mv_size >= prefix_bytes && !memcmp(key->mv_data, prefix, prefix_bytes);
}

static void batch_add(struct batch *batch, const MDB_val *key, const MDB_val *value)
{
    text_append_bytes(&batch->bytes, key->mv_data, key->mv_size);
    text_append_bytes(&batch->bytes, value->mv_data, value->mv_size);
    batch->items[batch->n_items].key_bytes = key->mv_size;
    batch->items[batch->n_items++].value_bytes = value->mv_size;
    batch->last_bytes = key->mv_size < sizeof batch->last ? key->mv_size : sizeof batch->last;
    memcpy(batch->last, key->mv_data, batch->last_bytes);
}

static int seek(MDB_cursor *cursor, struct batch *batch, const void *prefix, size_t prefix_bytes,
                MDB_val *key, MDB_val *value)
{
    *key = batch->is_first ? value_of(prefix, prefix_bytes) : value_of(batch->last, batch->last_bytes);
    if (key->mv_size == 0) return mdb_cursor_get(cursor, key, value, MDB_FIRST);
    int code = mdb_cursor_get(cursor, key, value, MDB_SET_RANGE);
    bool is_last = !batch->is_first && !code && key->mv_size == batch->last_bytes &&
                   !memcmp(key->mv_data, batch->last, batch->last_bytes);
    return is_last ? mdb_cursor_get(cursor, key, value, MDB_NEXT) : code;
}

static int batch_fill(MDB_txn *txn, MDB_dbi dbi, struct batch *batch, const void *prefix, size_t prefix_bytes)
{
    MDB_cursor *cursor;
    MDB_val key, value;
    int code = mdb_cursor_open(txn, dbi, &cursor);
    if (code) return code;
    code = seek(cursor, batch, prefix, prefix_bytes, &key, &value);
    batch->n_items = 0;
    text_clear(&batch->bytes);
    while (!code && has_prefix(&key, prefix, prefix_bytes) && batch->n_items < BATCH_ITEMS &&
           batch->bytes.size < BATCH_BYTES) {
        batch_add(batch, &key, &value);
        code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
    }
    mdb_cursor_close(cursor);
    batch->is_first = false;
    batch->is_done = code || !has_prefix(&key, prefix, prefix_bytes);
    return code == MDB_NOTFOUND ? 0 : code;
}

static bool batch_visit(struct batch *batch, each_visit *visit, void *context, enum status *status)
{
    char *at = batch->bytes.data;
    for (unsigned i = 0; i < batch->n_items; i++) {
        MDB_val key = value_of(at, batch->items[i].key_bytes);
        MDB_val value = value_of(at + key.mv_size, batch->items[i].value_bytes);
        at += key.mv_size + value.mv_size;
        if (!visit(context, &key, &value, status)) return false;
    }
    return true;
}

static enum status next_batch(struct book *book, enum table table, struct batch *batch, const void *prefix,
                              size_t prefix_bytes)
{
    MDB_txn *txn;
    TRY(read_begin(book, &txn));
    int code = batch_fill(txn, book->environment->tables[table], batch, prefix, prefix_bytes);
    read_end(book, txn);
    return code ? lmdb_fail(book->path, code, "read") : text_status(&batch->bytes);
}

enum status book_each(struct book *book, enum table table, const void *prefix, size_t prefix_bytes,
                      each_visit *visit, void *context)
{
    struct batch *batch = calloc(1, sizeof *batch);
    if (!batch) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", book->path);
    batch->is_first = true;
    enum status status = STATUS_OK;
    bool goes_on = true;
    while (goes_on && status == STATUS_OK && !batch->is_done) {
        status = next_batch(book, table, batch, prefix, prefix_bytes);
        if (status == STATUS_OK) goes_on = batch_visit(batch, visit, context, &status);
    }
    text_free(&batch->bytes);
    free(batch);
    return status;
}
