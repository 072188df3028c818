#include <string.h>
#include "db/book_internal.h"

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
    TRY(quarantine_key(book, device_class, kernel, environment, &put.key));
    return book_write(book, "write a quarantine", put_body, &put);
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
    TRY(quarantine_key(book, device_class, NULL, NULL, &prefix));
    return book_write(book, "clear a quarantine", clear_body, &prefix);
}
