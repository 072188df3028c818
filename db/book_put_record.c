/* What finals say of a problem, written into its record. */
#include <stdlib.h>
#include <string.h>
#include "db/book_internal.h"

struct put_record {
    const char *key;
    const struct book_finals *finals;
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

static bool same_hash(const struct hash *a, const struct hash *b)
{
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

static bool is_superseded(const struct book_finals *finals, const struct record_entry *entry)
{
    if (finals->environment && same_hash(finals->environment, &entry->environment)) return true;
    for (size_t i = 0; i < finals->n_measured; i++)
        if (same_hash(&finals->measured[i], &entry->kernel)) return true;
    return false;
}

static void apply(const struct book_finals *finals, struct record *record)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < record->n_entries; i++)
        if (!is_superseded(finals, &record->entries[i])) record->entries[kept++] = record->entries[i];
    record->n_entries = kept;
    for (size_t i = 0; i < finals->n_entries; i++) record_insert(record, &finals->entries[i]);
    if (finals->default_ns) record->default_ns = finals->default_ns;
    if (!finals->baseline_ns) return;
    record->baseline_ns = finals->baseline_ns;
    memset(record->baseline_name, 0, sizeof record->baseline_name);
    if (finals->baseline_name)
        memcpy(record->baseline_name, finals->baseline_name,
               strnlen(finals->baseline_name, sizeof record->baseline_name - 1));
}

static int check_kernels(struct book *book, MDB_txn *txn, const struct put_record *put, enum status *refusal)
{
    for (size_t i = 0; i < put->finals->n_entries; i++) {
        const struct hash *kernel = &put->finals->entries[i].kernel;
        MDB_val key = value_of(kernel->bytes, sizeof kernel->bytes), value;
        int code = mdb_get(txn, book->environment->tables[TABLE_KERNEL], &key, &value);
        if (code && code != MDB_NOTFOUND) return code;
        if (!code) continue;
        char shown[SHA256_HEX_BYTES];
        text_hex(kernel->bytes, sizeof kernel->bytes, shown);
        *refusal =
            status_fail(STATUS_BAD_DATA, "%s: cannot write an entry of %s: kernel %s is not in the book",
                        book->path, put->key, shown);
        return BODY_REFUSED;
    }
    return 0;
}

static int put_record_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    struct put_record *put = context;
    MDB_dbi records = book->environment->tables[TABLE_RECORD];
    MDB_val key = value_of(put->key, strlen(put->key));
    int code = check_kernels(book, txn, put, refusal);
    if (code || (code = load_record(txn, records, &key, &put->record))) return code;
    apply(put->finals, &put->record);
    text_clear(&put->bytes);
    record_encode(&put->record, &put->bytes);
    if ((*refusal = text_status(&put->bytes)) != STATUS_OK) return BODY_REFUSED;
    MDB_val value = value_of(put->bytes.data, put->bytes.size);
    return mdb_put(txn, records, &key, &value, 0);
}

enum status book_put_finals(struct book *book, const char *key, const struct book_finals *finals)
{
    struct key_parts parts;
    TRY(key_parse(key, strlen(key), &parts));
    for (size_t i = 0; i < finals->n_entries; i++) {
        const struct record_entry *entry = &finals->entries[i];
        if (entry->evidence >= EVIDENCE_COUNT || entry->verified > 1)
            return status_fail(STATUS_USAGE, "%s: cannot write an entry of %s: evidence %u, verified %u",
                               book->path, key, entry->evidence, entry->verified);
    }
    struct put_record *put = calloc(1, sizeof *put);
    if (!put) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", book->path);
    put->key = key;
    put->finals = finals;
    enum status status = book_write(book, "write a record", put_record_body, put);
    text_free(&put->bytes);
    free(put);
    return status;
}

enum status book_put_entry(struct book *book, const char *key, const struct record_entry *entry,
                           uint64_t baseline_ns, const char *baseline_name, uint64_t default_ns)
{
    struct book_finals finals = {.entries = entry,
                                 .n_entries = 1,
                                 .baseline_ns = baseline_ns,
                                 .baseline_name = baseline_name,
                                 .default_ns = default_ns};
    return book_put_finals(book, key, &finals);
}
