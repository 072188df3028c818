#include <string.h>
#include "db/pin_rows.h"

struct put {
    const char *key;
    const struct hash *kernel;
    MDB_val value;
};

static int put_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    struct put *put = context;
    const MDB_dbi *tables = book->environment->tables;
    MDB_val key = value_of(put->key, strlen(put->key)), kernel, found;
    kernel = value_of(put->kernel->bytes, sizeof put->kernel->bytes);
    int code = mdb_get(txn, tables[TABLE_KERNEL], &kernel, &found);
    if (code == MDB_NOTFOUND) {
        *refusal = status_fail(STATUS_BAD_DATA, "%s: cannot pin %s: its kernel is not in the book",
                               book->path, put->key);
        return BODY_REFUSED;
    }
    return code ? code : mdb_put(txn, tables[TABLE_META], &key, &put->value, 0);
}

enum status book_put_pin(struct book *book, const char *key, const struct pin *pin)
{
    struct key_parts parts;
    struct pin check;
    struct text bytes = {0};
    TRY(key_parse(key, strlen(key), &parts));
    pin_encode(pin, &bytes);
    enum status status = text_status(&bytes);
    if (status == STATUS_OK) status = pin_decode(bytes.data, bytes.size, &check);
    struct put put = {key, &pin->record.entries[0].kernel, value_of(bytes.data, bytes.size)};
    if (status == STATUS_OK) status = book_write(book, "write a pin", put_body, &put);
    text_free(&bytes);
    return status;
}

static int remove_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    MDB_val key = value_of(context, strlen(context));
    int code = mdb_del(txn, book->environment->tables[TABLE_META], &key, NULL);
    if (code != MDB_NOTFOUND) return code;
    *refusal = status_fail(STATUS_NOT_FOUND, "%s: %s is not pinned", book->path, (const char *)context);
    return BODY_REFUSED;
}

enum status book_remove_pin(struct book *book, const char *key)
{
    struct key_parts parts; /* else `schema` could go */
    TRY(key_parse(key, strlen(key), &parts));
    return book_write(book, "remove a pin", remove_body, (void *)key);
}
