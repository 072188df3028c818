#include <stdlib.h>
#include <string.h>
#include "db/book_internal.h"

struct put {
    enum table table;
    MDB_val key, value;
};

static int put_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    struct put *put = context;
    return mdb_put(txn, book->environment->tables[put->table], &put->key, &put->value, 0);
}

static enum status put(struct book *book, enum table table, const char *doing, const struct hash *key,
                       const void *bytes, size_t size)
{
    struct put put = {
        .table = table, .key = value_of(key->bytes, sizeof key->bytes), .value = value_of(bytes, size)};
    return book_write(book, doing, put_body, &put);
}

enum status book_put_source(struct book *book, const struct hash *source, const void *bytes, size_t size)
{
    return put(book, TABLE_SOURCE, "write a source", source, bytes, size);
}

enum status book_put_environment(struct book *book, const char *json, struct hash *id)
{
    size_t size = strlen(json);
    struct hash hash = sha256_of(json, size);
    TRY(put(book, TABLE_ENVIRONMENT, "write an environment", &hash, json, size));
    *id = hash;
    return STATUS_OK;
}

struct put_kernel {
    MDB_val kernel, descriptor, hash, code;
};

static int put_kernel_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    (void)refusal;
    struct put_kernel *put = context;
    const MDB_dbi *tables = book->environment->tables;
    /* Replaced even where it stands: the same content, or a damaged one that is healed by this. */
    int code = mdb_put(txn, tables[TABLE_CODE], &put->hash, &put->code, 0);
    return code ? code : mdb_put(txn, tables[TABLE_KERNEL], &put->kernel, &put->descriptor, 0);
}

enum status book_put_kernel(struct book *book, const struct hash *kernel, const struct descriptor *descriptor,
                            const void *code, size_t code_size)
{
    struct hash hash = sha256_of(code, code_size);
    if (memcmp(hash.bytes, descriptor->code.bytes, sizeof hash.bytes))
        return status_fail(STATUS_BAD_DATA,
                           "%s: cannot write a kernel: its code has another SHA-256 than its descriptor says",
                           book->path);
    struct text bytes = {0};
    descriptor_encode(descriptor, &bytes);
    enum status status = text_status(&bytes);
    struct put_kernel put = {.kernel = value_of(kernel->bytes, sizeof kernel->bytes),
                             .descriptor = value_of(bytes.data, bytes.size),
                             .hash = value_of(hash.bytes, sizeof hash.bytes),
                             .code = value_of(code, code_size)};
    struct descriptor check;
    /* What could not be read back must not get in. */
    if (status == STATUS_OK) status = descriptor_decode(bytes.data, bytes.size, &check);
    if (status == STATUS_OK) status = book_write(book, "write a kernel", put_kernel_body, &put);
    text_free(&bytes);
    return status;
}
