#include <stdio.h>
#include <string.h>
#include "db/book_internal.h"

/* Reads a short text of `meta`: `out` is terminated. LMDB's code in *code. */
static enum status read_note(struct environment *environment, const char *name, char *out, size_t capacity,
                             int *code)
{
    struct book book = {.environment = environment, .path = environment->path};
    MDB_txn *txn;
    TRY(read_begin(&book, &txn));
    MDB_val key = value_of(name, strlen(name)), value;
    *code = mdb_get(txn, environment->tables[TABLE_META], &key, &value);
    if (!*code && value.mv_size >= capacity) *code = MDB_BAD_VALSIZE;
    if (!*code) {
        memcpy(out, value.mv_data, value.mv_size);
        out[value.mv_size] = 0;
    }
    read_end(&book, txn);
    return STATUS_OK;
}

enum status book_check_schema(struct environment *environment)
{
    char text[32];
    int64_t version;
    int code = 0;
    TRY(read_note(environment, "schema", text, sizeof text, &code));
    if (code && code != MDB_NOTFOUND && code != MDB_BAD_VALSIZE)
        return lmdb_fail(environment->path, code, "read");
    if (code || !text_parse_int64(text, &version) || version < 1)
        return status_fail(STATUS_BAD_DATA, "%s: an LMDB file, but no book (no schema in its table meta)",
                           environment->path);
    if (version > SCHEMA_VERSION)
        return status_fail(STATUS_BAD_DATA, "%s: schema %lld, this program knows up to %d; update Tunebook",
                           environment->path, (long long)version, SCHEMA_VERSION);
    return STATUS_OK;
}

bool environment_is_frozen(struct environment *environment)
{
    char text[128];
    int code;
    return read_note(environment, "frozen", text, sizeof text, &code) == STATUS_OK && code == 0;
}

enum status book_id(const struct book *book, char out[33])
{
    struct value id;
    TRY(book_get_meta((struct book *)book, "id", &id));
    bool is_hex = id.size == 32 && !memchr(id.bytes, 0, id.size);
    if (is_hex) {
        memcpy(out, id.bytes, id.size);
        out[id.size] = 0;
    }
    value_free(&id);
    return is_hex ? STATUS_OK : status_fail(STATUS_BAD_DATA, "%s: its id is not 32 hex digits", book->path);
}
