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

struct put_entry {
    const char *key;
    const struct record_entry *entry;
    uint64_t baseline_ns, default_ns;
    const char *baseline_name;
    struct record record;
    struct text bytes;
};

/* The record as it stands; a missing or damaged one starts empty. */
static int load_record(MDB_txn *txn, MDB_dbi records, MDB_val *key, struct record *out)
{
    MDB_val value;
    memset(out, 0, sizeof *out);
    int code = mdb_get(txn, records, key, &value);
    if (code) return code == MDB_NOTFOUND ? 0 : code;
    if (record_decode(value.mv_data, value.mv_size, out) != STATUS_OK) memset(out, 0, sizeof *out);
    return 0;
}

static void apply(struct put_entry *put)
{
    struct record *record = &put->record;
    record_insert(record, put->entry);
    if (put->default_ns) record->default_ns = put->default_ns;
    if (!put->baseline_ns) return;
    record->baseline_ns = put->baseline_ns;
    memset(record->baseline_name, 0, sizeof record->baseline_name);
    if (put->baseline_name)
        memcpy(record->baseline_name, put->baseline_name,
               strnlen(put->baseline_name, sizeof record->baseline_name - 1));
}

static int put_entry_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    struct put_entry *put = context;
    const MDB_dbi *tables = book->environment->tables;
    MDB_val kernel = value_of(put->entry->kernel.bytes, sizeof put->entry->kernel.bytes), value;
    int code = mdb_get(txn, tables[TABLE_KERNEL], &kernel, &value);
    if (code == MDB_NOTFOUND) {
        char shown[SHA256_HEX_BYTES];
        text_hex(kernel.mv_data, kernel.mv_size, shown);
        *refusal =
            status_fail(STATUS_BAD_DATA, "%s: cannot write an entry of %s: kernel %s is not in the book",
                        book->path, put->key, shown);
        return BODY_REFUSED;
    }
    if (code) return code;
    MDB_val key = value_of(put->key, strlen(put->key));
    if ((code = load_record(txn, tables[TABLE_RECORD], &key, &put->record))) return code;
    apply(put);
    text_clear(&put->bytes);
    record_encode(&put->record, &put->bytes);
    if ((*refusal = text_status(&put->bytes)) != STATUS_OK) return BODY_REFUSED;
    value = value_of(put->bytes.data, put->bytes.size);
    return mdb_put(txn, tables[TABLE_RECORD], &key, &value, 0);
}

enum status book_put_entry(struct book *book, const char *key, const struct record_entry *entry,
                           uint64_t baseline_ns, const char *baseline_name, uint64_t default_ns)
{
    struct key_parts parts;
    TRY(key_parse(key, strlen(key), &parts));
    if (entry->evidence >= EVIDENCE_COUNT || entry->verified > 1)
        return status_fail(STATUS_USAGE, "%s: cannot write an entry of %s: evidence %u, verified %u",
                           book->path, key, entry->evidence, entry->verified);
    struct put_entry *put = calloc(1, sizeof *put);
    if (!put) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", book->path);
    put->key = key;
    put->entry = entry;
    put->baseline_ns = baseline_ns;
    put->default_ns = default_ns;
    put->baseline_name = baseline_name;
    enum status status = book_write(book, "write an entry", put_entry_body, put);
    text_free(&put->bytes);
    free(put);
    return status;
}
