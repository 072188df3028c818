#include <stdlib.h>
#include <string.h>
#include "db/book_internal.h"

void value_free(struct value *value)
{
    free(value->bytes);
    *value = (struct value){0};
}

static enum status value_copy(const MDB_val *from, struct value *out)
{
    /* malloc's alignment is 16 on every 64-bit glibc. */
    void *bytes = malloc(from->mv_size ? from->mv_size : 1);
    if (!bytes) return status_fail(STATUS_NO_MEMORY, "out of memory for %zu bytes of a book", from->mv_size);
    memcpy(bytes, from->mv_data, from->mv_size);
    *out = (struct value){.bytes = bytes, .size = from->mv_size};
    return STATUS_OK;
}

static enum status not_there(struct book *book, enum table table, const char *shown, int code)
{
    if (code != MDB_NOTFOUND) return lmdb_fail(book->path, code, "read");
    return status_fail(STATUS_NOT_FOUND, "%s: no %s %s", book->path, table_name(table), shown);
}

/* A private copy of one value. `shown` is the key for errors. */
static enum status get(struct book *book, enum table table, const void *key, size_t key_bytes,
                       const char *shown, struct value *out)
{
    MDB_txn *txn;
    TRY(read_begin(book, &txn));
    MDB_val lmdb_key = value_of(key, key_bytes), value;
    int code = mdb_get(txn, book->environment->tables[table], &lmdb_key, &value);
    enum status status = code ? not_there(book, table, shown, code) : value_copy(&value, out);
    read_end(book, txn);
    return status;
}

static enum status get_by_hash(struct book *book, enum table table, const struct hash *hash,
                               struct value *out)
{
    char shown[SHA256_HEX_BYTES];
    text_hex(hash->bytes, sizeof hash->bytes, shown);
    return get(book, table, hash->bytes, sizeof hash->bytes, shown, out);
}

/* As above, and the copy must hash to its key. */
static enum status get_content(struct book *book, enum table table, const struct hash *hash,
                               struct value *out)
{
    struct value value;
    TRY(get_by_hash(book, table, hash, &value));
    struct hash real = sha256_of(value.bytes, value.size);
    if (memcmp(real.bytes, hash->bytes, sizeof real.bytes)) {
        char shown[SHA256_HEX_BYTES];
        text_hex(hash->bytes, sizeof hash->bytes, shown);
        value_free(&value);
        return status_fail(STATUS_BAD_DATA, "%s: %s %s: its bytes have another SHA-256", book->path,
                           table_name(table), shown);
    }
    *out = value;
    return STATUS_OK;
}

enum status book_get_record(struct book *book, const char *key, struct record *out)
{
    MDB_txn *txn;
    TRY(read_begin(book, &txn));
    MDB_val lmdb_key = value_of(key, strlen(key)), value;
    int code = mdb_get(txn, book->environment->tables[TABLE_RECORD], &lmdb_key, &value);
    enum status status =
        code == MDB_BAD_VALSIZE
            ? status_fail(STATUS_NOT_FOUND, "%s: no record '%.80s': no key is that long or empty", book->path,
                          key)
        : code ? not_there(book, TABLE_RECORD, key, code)
               : status_prefix(record_decode(value.mv_data, value.mv_size, out), "%s: %s", book->path, key);
    read_end(book, txn);
    return status;
}

enum status book_get_descriptor(struct book *book, const struct hash *kernel, struct value *bytes,
                                struct descriptor *out)
{
    struct value value;
    TRY(get_by_hash(book, TABLE_KERNEL, kernel, &value));
    enum status status = descriptor_decode(value.bytes, value.size, out);
    if (status != STATUS_OK) {
        char shown[SHA256_HEX_BYTES];
        text_hex(kernel->bytes, sizeof kernel->bytes, shown);
        value_free(&value);
        return status_prefix(status, "%s: kernel %s", book->path, shown);
    }
    *bytes = value;
    return STATUS_OK;
}

enum status book_get_code(struct book *book, const struct hash *code, struct value *out)
{
    return get_content(book, TABLE_CODE, code, out);
}

enum status book_get_environment(struct book *book, const struct hash *environment, struct value *json)
{
    return get_content(book, TABLE_ENVIRONMENT, environment, json);
}

enum status book_get_source(struct book *book, const struct hash *source, struct value *out)
{
    return get_by_hash(book, TABLE_SOURCE, source, out);
}

enum status book_get_meta(struct book *book, const char *name, struct value *out)
{
    return get(book, TABLE_META, name, strlen(name), name, out);
}
