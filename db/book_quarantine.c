#include <string.h>
#include "db/book_internal.h"

/* Key: CLASS NUL kernel environment. Value: the verdict's name, so that it survives new verdicts. */
enum { HASHES_BYTES = 2 * SHA256_BYTES };
struct quarantine_key {
    uint8_t bytes[64 + HASHES_BYTES];
    size_t size;
};

static enum status make_key(struct book *book, const char *device_class, const struct hash *kernel,
                            const struct hash *environment, struct quarantine_key *key)
{
    size_t length = strlen(device_class);
    if (length == 0 || length > 63)
        return status_fail(STATUS_USAGE, "%s: no device class has %zu characters: '%.80s'", book->path,
                           length, device_class);
    memcpy(key->bytes, device_class, length + 1);
    key->size = length + 1;
    if (!kernel) return STATUS_OK;
    memcpy(key->bytes + key->size, kernel->bytes, SHA256_BYTES);
    memcpy(key->bytes + key->size + SHA256_BYTES, environment->bytes, SHA256_BYTES);
    key->size += HASHES_BYTES;
    return STATUS_OK;
}

struct quarantine_put {
    struct quarantine_key key;
    enum verdict verdict;
};

static int put_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    struct quarantine_put *put = context;
    const char *name = verdict_name(put->verdict);
    MDB_val key = value_of(put->key.bytes, put->key.size), value = value_of(name, strlen(name));
    return mdb_put(txn, book->environment->tables[TABLE_QUARANTINE], &key, &value, 0);
}

enum status book_quarantine(struct book *book, const char *device_class, const struct hash *kernel,
                            const struct hash *environment, enum verdict verdict)
{
    struct quarantine_put put = {.verdict = verdict};
    TRY(make_key(book, device_class, kernel, environment, &put.key));
    return book_write(book, "write a quarantine", put_body, &put);
}

enum status book_quarantined(struct book *book, const char *device_class, const struct hash *kernel,
                             const struct hash *environment, enum verdict *verdict)
{
    struct quarantine_key key;
    MDB_txn *txn;
    TRY(make_key(book, device_class, kernel, environment, &key));
    TRY(read_begin(book, &txn));
    MDB_val lmdb_key = value_of(key.bytes, key.size), value;
    int code = mdb_get(txn, book->environment->tables[TABLE_QUARANTINE], &lmdb_key, &value);
    /* A verdict this program does not know is still a reason to stay away. */
    enum verdict found = VERDICT_CRASH;
    for (enum verdict v = 0; !code && v < VERDICT_COUNT; v++)
        if (value.mv_size == strlen(verdict_name(v)) &&
            !memcmp(value.mv_data, verdict_name(v), value.mv_size))
            found = v;
    read_end(book, txn);
    if (code == MDB_NOTFOUND)
        return status_fail(STATUS_NOT_FOUND, "%s: not quarantined on %s", book->path, device_class);
    if (code) return lmdb_fail(book->path, code, "read");
    *verdict = found;
    return STATUS_OK;
}

static int clear_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    const struct quarantine_key *prefix = context;
    MDB_cursor *cursor;
    int code = mdb_cursor_open(txn, book->environment->tables[TABLE_QUARANTINE], &cursor);
    if (code) return code;
    do { /* sought anew after each: where a cursor stands after a deletion differs between versions of LMDB */
        MDB_val key = value_of(prefix->bytes, prefix->size), value;
        code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
        if (!code && (key.mv_size < prefix->size || memcmp(key.mv_data, prefix->bytes, prefix->size)))
            code = MDB_NOTFOUND;
        if (!code) code = mdb_cursor_del(cursor, 0);
    } while (!code);
    mdb_cursor_close(cursor);
    return code == MDB_NOTFOUND ? 0 : code;
}

enum status book_unquarantine(struct book *book, const char *device_class)
{
    struct quarantine_key prefix;
    TRY(make_key(book, device_class, NULL, NULL, &prefix));
    return book_write(book, "clear a quarantine", clear_body, &prefix);
}
