#include <string.h>
#include "db/book_internal.h"

enum status quarantine_key(struct book *book, const char *device_class, const struct hash *kernel,
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

enum status book_quarantined(struct book *book, const char *device_class, const struct hash *kernel,
                             const struct hash *environment, enum verdict *verdict)
{
    struct quarantine_key key;
    MDB_txn *txn;
    TRY(quarantine_key(book, device_class, kernel, environment, &key));
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
    if (code == MDB_NOTFOUND) return STATUS_NOT_FOUND; /* the usual answer: it leaves no message */
    if (code) return lmdb_fail(book->path, code, "read");
    *verdict = found;
    return STATUS_OK;
}
