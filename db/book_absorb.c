#include "db/book_absorb.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "db/book_each.h"
#include "db/pin_rows.h"

enum { BATCH_ROWS = 512, BATCH_BYTES = 4 << 20 };

/* Rows on their way: collected outside any transaction, written in one. */
struct transfer {
    struct book *to, *from;
    enum table table;
    struct text bytes;
    struct {
        size_t key_bytes, value_bytes;
    } rows[BATCH_ROWS];
    unsigned n_rows;
    enum status status;
    struct record mine, theirs;
};

static int put_new(MDB_txn *txn, MDB_dbi table, MDB_val *key, MDB_val *value)
{
    int code = mdb_put(txn, table, key, value, MDB_NOOVERWRITE);
    return code == MDB_KEYEXIST ? 0 : code;
}

static bool has(struct book *book, MDB_txn *txn, enum table table, const struct hash *hash)
{
    MDB_val key = value_of(hash->bytes, sizeof hash->bytes), value;
    return mdb_get(txn, book->environment->tables[table], &key, &value) == 0;
}

static int put_bytes(struct book *book, MDB_txn *txn, enum table table, const struct hash *hash,
                     struct value *bytes)
{
    MDB_val key = value_of(hash->bytes, sizeof hash->bytes), value = value_of(bytes->bytes, bytes->size);
    int code = put_new(txn, book->environment->tables[table], &key, &value);
    value_free(bytes);
    return code;
}

/* What explains a kernel or a measurement but is not needed to run it may be missing. */
typedef enum status get_value(struct book *book, const struct hash *hash, struct value *out);
static int copy_optional(struct transfer *transfer, MDB_txn *txn, enum table table, const struct hash *hash,
                         get_value *get)
{
    struct value value;
    if (has(transfer->to, txn, table, hash) || get(transfer->from, hash, &value) != STATUS_OK) return 0;
    return put_bytes(transfer->to, txn, table, hash, &value);
}

static int copy_kernel(struct transfer *transfer, MDB_txn *txn, const struct hash *kernel,
                       enum status *refusal)
{
    if (has(transfer->to, txn, TABLE_KERNEL, kernel)) return 0;
    struct value bytes, code;
    struct descriptor descriptor;
    if ((*refusal = book_get_descriptor(transfer->from, kernel, &bytes, &descriptor)) != STATUS_OK)
        return BODY_REFUSED;
    if ((*refusal = book_get_code(transfer->from, &descriptor.code, &code)) != STATUS_OK) {
        value_free(&bytes);
        return BODY_REFUSED;
    }
    struct hash code_hash = descriptor.code, source = descriptor.source;
    int failed = put_bytes(transfer->to, txn, TABLE_CODE, &code_hash, &code);
    if (failed) {
        value_free(&bytes);
        return failed;
    }
    failed = put_bytes(transfer->to, txn, TABLE_KERNEL, kernel, &bytes);
    return failed ? failed : copy_optional(transfer, txn, TABLE_SOURCE, &source, book_get_source);
}

static int copy_entry(struct transfer *transfer, MDB_txn *txn, const struct record_entry *entry,
                      enum status *refusal)
{
    int code = copy_kernel(transfer, txn, &entry->kernel, refusal);
    return code ? code
                : copy_optional(transfer, txn, TABLE_ENVIRONMENT, &entry->environment, book_get_environment);
}

static int put_record(struct transfer *transfer, MDB_txn *txn, MDB_val *key)
{
    struct text bytes = {0};
    record_encode(&transfer->mine, &bytes);
    MDB_val value = value_of(bytes.data, bytes.size);
    int code =
        bytes.failed ? ENOMEM : mdb_put(txn, transfer->to->environment->tables[TABLE_RECORD], key, &value, 0);
    text_free(&bytes);
    return code;
}

static int merge_record(struct transfer *transfer, MDB_txn *txn, MDB_val *key, const MDB_val *row,
                        enum status *refusal)
{
    MDB_val value;
    struct key_parts parts;
    if ((*refusal = key_parse(key->mv_data, key->mv_size, &parts)) != STATUS_OK ||
        (*refusal = record_decode(row->mv_data, row->mv_size, &transfer->theirs)) != STATUS_OK) {
        status_prefix(*refusal, "%s: %.*s", transfer->from->path, (int)key->mv_size,
                      (const char *)key->mv_data);
        return BODY_REFUSED;
    }
    memset(&transfer->mine, 0, sizeof transfer->mine);
    int code = mdb_get(txn, transfer->to->environment->tables[TABLE_RECORD], key, &value);
    if (!code && record_decode(value.mv_data, value.mv_size, &transfer->mine) != STATUS_OK)
        memset(&transfer->mine, 0, sizeof transfer->mine);
    if (code && code != MDB_NOTFOUND) return code;
    record_merge(&transfer->mine, &transfer->theirs);
    code = put_record(transfer, txn, key);
    for (uint32_t i = 0; i < transfer->theirs.n_entries && !code; i++)
        code = copy_entry(transfer, txn, &transfer->theirs.entries[i], refusal);
    return code;
}

/* Of two pins the newer stays. One whose kernel is lost pins nothing. */
static int merge_pin(struct transfer *transfer, MDB_txn *txn, MDB_val *key, MDB_val *row,
                     enum status *refusal)
{
    MDB_val mine;
    struct pin pin;
    MDB_dbi meta = transfer->to->environment->tables[TABLE_META];
    if (!is_pin(key) || pin_decode(row->mv_data, row->mv_size, &pin) != STATUS_OK) return 0;
    int code = mdb_get(txn, meta, key, &mine);
    if (!code && pin_compare(&mine, row) >= 0) return 0;
    if (code && code != MDB_NOTFOUND) return code;
    code = copy_entry(transfer, txn, &pin.record.entries[0], refusal);
    if (code == BODY_REFUSED) return 0;
    return code ? code : mdb_put(txn, meta, key, row, 0);
}

static int transfer_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    struct transfer *transfer = context;
    char *at = transfer->bytes.data;
    int code = 0;
    for (unsigned i = 0; i < transfer->n_rows && !code; i++) {
        MDB_val key = value_of(at, transfer->rows[i].key_bytes);
        MDB_val value = value_of(at + key.mv_size, transfer->rows[i].value_bytes);
        at += key.mv_size + value.mv_size;
        if (transfer->table == TABLE_RECORD)
            code = merge_record(transfer, txn, &key, &value, refusal);
        else if (transfer->table == TABLE_META)
            code = merge_pin(transfer, txn, &key, &value, refusal);
        else
            code = put_new(txn, book->environment->tables[transfer->table], &key, &value);
    }
    return code;
}

static enum status flush(struct transfer *transfer)
{
    TRY(text_status(&transfer->bytes));
    if (transfer->n_rows) TRY(book_write(transfer->to, "copy into it", transfer_body, transfer));
    transfer->n_rows = 0;
    text_clear(&transfer->bytes);
    return STATUS_OK;
}

static bool collect(void *context, const MDB_val *key, const MDB_val *value, enum status *status)
{
    struct transfer *transfer = context;
    text_append_bytes(&transfer->bytes, key->mv_data, key->mv_size);
    text_append_bytes(&transfer->bytes, value->mv_data, value->mv_size);
    transfer->rows[transfer->n_rows].key_bytes = key->mv_size;
    transfer->rows[transfer->n_rows++].value_bytes = value->mv_size;
    if (transfer->n_rows == BATCH_ROWS || transfer->bytes.size >= BATCH_BYTES) *status = flush(transfer);
    return *status == STATUS_OK;
}

enum status book_absorb_table(struct book *to, struct book *from, enum table table)
{
    struct transfer *transfer = calloc(1, sizeof *transfer);
    if (!transfer) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", to->path);
    transfer->to = to;
    transfer->from = from;
    transfer->table = table;
    enum status status = book_each(from, table, "", 0, collect, transfer);
    if (status == STATUS_OK) status = flush(transfer);
    text_free(&transfer->bytes);
    free(transfer);
    return status;
}

enum status book_absorb(struct book *to, struct book *from)
{
    TRY(book_absorb_table(to, from, TABLE_RECORD));
    return book_absorb_table(to, from, TABLE_META);
}

struct copy {
    struct book *from;
    const struct record_entry *entry;
};

static int copy_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    const struct copy *copy = context;
    struct transfer transfer = {.to = book, .from = copy->from};
    return copy_entry(&transfer, txn, copy->entry, refusal);
}

enum status book_copy_kernel(struct book *to, struct book *from, const struct record_entry *entry)
{
    struct copy copy = {from, entry};
    return book_write(to, "copy a kernel into it", copy_body, &copy);
}
