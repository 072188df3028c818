/* The intact rows of a damaged file, in a new book. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/check.h"
#include "db/hash_set.h"
#include "db/pin_rows.h"
#include "db/salvage_scan.h"

enum { BATCH_ROWS = 32768, BATCH_BYTES = 32 << 20, KEY_CAPACITY = 512 };

/* Where a row stands in the file; what it holds is read again when it is written. */
struct found {
    uint8_t id[16]; /* of its key */
    uint64_t key_at, value_at, age;
    uint32_t value_bytes, order; /* as it was found: a tree's rows in the order of their keys */
    uint16_t key_bytes;
    uint8_t table, is_older;
};

struct salvage {
    int descriptor;
    const char *path;
    struct salvage_summary *summary;
    struct found *items;
    size_t n, capacity;
    struct hash_set codes, kernels, wanted; /* intact; of those the usable; codes that a kernel names */
    uint8_t key[KEY_CAPACITY], *value;
    size_t value_capacity;
    size_t first, end; /* of the batch being written */
    struct row row;
    struct text bytes;
    struct salvage_summary batch; /* counted in the transaction, added when it is committed */
};

const char *salvage_table_name(unsigned table)
{
    return table < TABLE_COUNT ? table_name((enum table)table) : "";
}

/* Of two versions of a row outside the tree the later one: what was finished rather than begun. */
static uint64_t age_of(const struct salvaged *found)
{
    uint64_t age = 0;
    if (found->table == TABLE_TRIAL)
        return 2 * found->row->trial.finished_at_s + (found->row->trial.verdict != VERDICT_STARTED);
    if (found->table != TABLE_RECORD) return 0;
    const struct record *record = &found->row->record;
    for (uint32_t i = 0; i < record->n_entries; i++)
        if (record->entries[i].measured_at_s > age) age = record->entries[i].measured_at_s;
    return age;
}

static enum status check_schema(const struct salvage *salvage, const struct salvaged *found)
{
    char text[32] = "";
    int64_t version;
    if (found->key.mv_size != 6 || memcmp(found->key.mv_data, "schema", 6)) return STATUS_OK;
    if (found->value.mv_size < sizeof text) memcpy(text, found->value.mv_data, found->value.mv_size);
    if (!text_parse_int64(text, &version) || version <= SCHEMA_VERSION) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: schema %lld, this program knows up to %d; update Tunebook",
                       salvage->path, (long long)version, SCHEMA_VERSION);
}

static enum status keep(void *context, const struct salvaged *found)
{
    struct salvage *salvage = context;
    if (found->table == TABLE_META) {
        TRY(check_schema(salvage, found));
        /* Outside the tree stand pins that were taken away, too. */
        if (!is_pin(&found->key) || !found->in_tree) return STATUS_OK;
    }
    if (salvage->n == salvage->capacity) {
        size_t capacity = salvage->capacity ? 2 * salvage->capacity : 1024;
        struct found *items = realloc(salvage->items, capacity * sizeof *items);
        if (!items) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", salvage->path);
        salvage->items = items;
        salvage->capacity = capacity;
    }
    struct hash hash = sha256_of(found->key.mv_data, found->key.mv_size);
    struct found *item = &salvage->items[salvage->n];
    *item = (struct found){.key_at = found->node_at + 8,
                           .value_at = found->value_at,
                           .age = age_of(found),
                           .value_bytes = (uint32_t)found->value.mv_size,
                           .order = (uint32_t)salvage->n++,
                           .key_bytes = (uint16_t)found->key.mv_size,
                           .table = (uint8_t)found->table,
                           .is_older = !found->in_tree};
    memcpy(item->id, hash.bytes, sizeof item->id);
    return STATUS_OK;
}

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int compare_rows(const struct found *a, const struct found *b)
{
    return a->table != b->table ? a->table - b->table : memcmp(a->id, b->id, sizeof a->id);
}

/* Versions of one row behind each other, the one to keep first; the rest only makes the order total. */
static int compare_found(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    int order = compare_rows(a, b);
    if (!order) order = a->is_older - b->is_older;
    if (!order) order = compare_u64(b->age, a->age);
    if (!order) order = compare_u64(b->value_bytes, a->value_bytes);
    return order ? order : compare_u64(a->key_at, b->key_at);
}

/* Rows written in the order of their keys fill pages one by one. */
static int compare_order(const void *left, const void *right)
{
    const struct found *a = left, *b = right;
    return a->table != b->table ? a->table - b->table : compare_u64(a->order, b->order);
}

static void choose_versions(struct salvage *salvage)
{
    size_t kept = 0;
    if (!salvage->n) return;
    qsort(salvage->items, salvage->n, sizeof *salvage->items, compare_found);
    for (size_t i = 0; i < salvage->n; i++)
        if (!kept || compare_rows(&salvage->items[kept - 1], &salvage->items[i]))
            salvage->items[kept++] = salvage->items[i];
    salvage->n = kept;
    qsort(salvage->items, salvage->n, sizeof *salvage->items, compare_order);
}

/* The row's bytes, judged once more: the file may have changed. */
static bool load(struct salvage *salvage, const struct found *found, MDB_val *key, MDB_val *value)
{
    if (salvage->value_capacity <= found->value_bytes) {
        free(salvage->value);
        salvage->value_capacity = (size_t)found->value_bytes + 1;
        salvage->value = malloc(salvage->value_capacity);
        if (!salvage->value) salvage->value_capacity = 0;
    }
    if (!salvage->value || found->key_bytes > sizeof salvage->key) return false;
    *key = value_of(salvage->key, found->key_bytes);
    *value = value_of(salvage->value, found->value_bytes);
    return pread(salvage->descriptor, salvage->key, key->mv_size, (off_t)found->key_at) ==
               (ssize_t)key->mv_size &&
           pread(salvage->descriptor, salvage->value, value->mv_size, (off_t)found->value_at) ==
               (ssize_t)value->mv_size &&
           row_check((enum table)found->table, key, value, &salvage->row) == STATUS_OK;
}

/* Which kernels can run: those whose code is there. */
static enum status find_kernels(struct salvage *salvage)
{
    for (enum table table = TABLE_CODE;; table = TABLE_KERNEL) {
        for (size_t i = 0; i < salvage->n; i++) {
            MDB_val key, value;
            struct hash hash;
            if (salvage->items[i].table != table || !load(salvage, &salvage->items[i], &key, &value))
                continue;
            memcpy(&hash, key.mv_data, sizeof hash);
            const struct hash *code = &salvage->row.descriptor.code;
            if (table == TABLE_CODE) {
                hash_set_add(&salvage->codes, &hash);
            } else if (hash_set_has(&salvage->codes, code)) {
                hash_set_add(&salvage->kernels, &hash);
                hash_set_add(&salvage->wanted, code);
            } else {
                salvage->summary->kernels_lost++;
            }
        }
        if (table == TABLE_KERNEL) break;
    }
    bool failed = salvage->codes.failed || salvage->kernels.failed || salvage->wanted.failed;
    return failed ? status_fail(STATUS_NO_MEMORY, "%s: out of memory", salvage->path) : STATUS_OK;
}

/* --- writing */

/* Entries whose kernel is lost leave the record; *value becomes what is left. */
static bool drop_entries(struct salvage *salvage, MDB_val *value)
{
    struct record *record = &salvage->row.record;
    uint32_t kept = 0, n = record->n_entries;
    for (uint32_t i = 0; i < n; i++)
        if (hash_set_has(&salvage->kernels, &record->entries[i].kernel))
            record->entries[kept++] = record->entries[i];
    if (kept == n) return true;
    record->n_entries = kept;
    salvage->batch.entries_lost += n - kept;
    salvage->batch.records_emptied += kept == 0;
    text_clear(&salvage->bytes);
    record_encode(record, &salvage->bytes);
    *value = value_of(salvage->bytes.data, salvage->bytes.size);
    return !salvage->bytes.failed;
}

/* Whether the row goes into the new book. */
static bool is_usable(const struct salvage *salvage, const struct found *found, const MDB_val *key)
{
    struct hash hash;
    if (found->table != TABLE_CODE && found->table != TABLE_KERNEL) return true;
    memcpy(&hash, key->mv_data, sizeof hash);
    if (found->table == TABLE_KERNEL) return hash_set_has(&salvage->kernels, &hash);
    return !found->is_older || hash_set_has(&salvage->wanted, &hash);
}

static int batch_body(struct book *book, MDB_txn *txn, void *context, enum status *refusal)
{
    struct salvage *salvage = context;
    salvage->batch = (struct salvage_summary){0};
    for (size_t i = salvage->first; i < salvage->end; i++) {
        const struct found *found = &salvage->items[i];
        MDB_val key, value;
        if (!load(salvage, found, &key, &value)) {
            salvage->batch.damaged[found->table]++;
            continue;
        }
        if (!is_usable(salvage, found, &key)) continue;
        if (found->table == TABLE_RECORD && !drop_entries(salvage, &value)) {
            *refusal = status_fail(STATUS_NO_MEMORY, "%s: out of memory", salvage->path);
            return BODY_REFUSED;
        }
        int code = mdb_put(txn, book->environment->tables[found->table], &key, &value, 0);
        if (code) return code;
        salvage->batch.kept[found->table]++;
        salvage->batch.older[found->table] += found->is_older;
    }
    return 0;
}

static void add_batch(struct salvage_summary *sum, const struct salvage_summary *batch)
{
    for (int i = 0; i < TABLE_COUNT; i++) {
        sum->kept[i] += batch->kept[i];
        sum->older[i] += batch->older[i];
        sum->damaged[i] += batch->damaged[i];
    }
    sum->entries_lost += batch->entries_lost;
    sum->records_emptied += batch->records_emptied;
}

static enum status write_rows(struct salvage *salvage, struct book *book)
{
    for (salvage->first = 0; salvage->first < salvage->n; salvage->first = salvage->end) {
        size_t bytes = 0;
        for (salvage->end = salvage->first;
             salvage->end < salvage->n && bytes < BATCH_BYTES && salvage->end - salvage->first < BATCH_ROWS;
             salvage->end++)
            bytes += salvage->items[salvage->end].value_bytes;
        TRY(book_write(book, "write what was salvaged", batch_body, salvage));
        add_batch(salvage->summary, &salvage->batch);
    }
    return STATUS_OK;
}

static enum status write_book(struct salvage *salvage, const char *temporary, const char *to)
{
    struct book book = {.path = (char *)to, .writable = true};
    TRY(book_create_here(temporary, to));
    TRY(environment_open(temporary, true, true, &book.environment));
    enum status status = write_rows(salvage, &book);
    environment_close(book.environment);
    TRY(status);
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, to, RENAME_NOREPLACE))
        return status_fail_errno(STATUS_IO, "%s: cannot create", to);
    folder_sync(to);
    return STATUS_OK;
}

static enum status publish(struct salvage *salvage, const char *to)
{
    struct work_folder work;
    struct text name = {0};
    TRY(folder_make(to));
    TRY(work_folder_begin(to, &work));
    enum status status = work_folder_file(&work, "book", &name);
    if (status == STATUS_OK) status = write_book(salvage, name.data, to);
    text_free(&name);
    work_folder_end(&work);
    return status;
}

static enum status run(struct salvage *salvage, const char *to)
{
    struct salvage_scan scan;
    TRY(salvage_scan(salvage->descriptor, salvage->path, keep, salvage, &scan));
    salvage->summary->tree_broken = scan.broken || scan.exhausted;
    for (int i = 0; i < TABLE_COUNT; i++) salvage->summary->damaged[i] = scan.damaged[i];
    choose_versions(salvage);
    TRY(find_kernels(salvage));
    return publish(salvage, to);
}

enum status book_salvage(const char *from, const char *to, struct salvage_summary *out)
{
    _Static_assert(SALVAGE_TABLES == (int)TABLE_COUNT, "a summary counts every table");
    *out = (struct salvage_summary){0};
    struct stat there;
    if (lstat(to, &there) == 0)
        return status_fail(STATUS_USAGE, "%s: exists; name a new file for what is salvaged", to);
    if (book_on_network(to))
        return status_fail(STATUS_USAGE, "%s: on a network file system; name a local file", to);
    int descriptor = open(from, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0 && errno == ENOENT) return status_fail(STATUS_NOT_FOUND, "%s: no such book", from);
    if (descriptor < 0) return status_fail_errno(STATUS_IO, "%s: cannot open", from);
    struct salvage *salvage = calloc(1, sizeof *salvage);
    enum status status = salvage ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: out of memory", from);
    if (salvage) {
        salvage->descriptor = descriptor;
        salvage->path = from;
        salvage->summary = out;
        status = run(salvage, to);
        hash_set_free(&salvage->codes);
        hash_set_free(&salvage->kernels);
        hash_set_free(&salvage->wanted);
        text_free(&salvage->bytes);
        free(salvage->items);
        free(salvage->value);
        free(salvage);
    }
    close(descriptor);
    return status;
}
