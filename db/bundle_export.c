/* A book as a bundle: two passes over one snapshot. The first finds what there is, and its sizes and hashes,
 * for the manifest, which stands first; the second writes. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book_internal.h"
#include "db/bundle_pack.h"
#include "db/hash_set.h"
#include "db/map_touch.h"

enum { FLUSH_BYTES = 1 << 18 };

struct export
{
    struct book *book;
    const struct bundle_export_options *options;
    MDB_txn *txn;
    struct hash_set environments, kernels, sources, codes;
    struct bundle_manifest manifest;
    struct record record;
    struct descriptor *descriptor;
    struct map_touch touch;
};

/* Where lines and values go: into a hash in the first pass, into the archive in the second. */
struct sink {
    struct pack *pack; /* NULL: only hashed */
    struct sha256 sha;
    uint64_t bytes;
    struct text text;
};

static enum status sink_put(struct sink *sink, const void *bytes, size_t size)
{
    sink->bytes += size;
    if (sink->pack) return pack_write(sink->pack, bytes, size);
    sha256_add(&sink->sha, bytes, size);
    return STATUS_OK;
}

static enum status sink_flush(struct sink *sink, size_t above)
{
    TRY(text_status(&sink->text));
    if (sink->text.size <= above) return STATUS_OK;
    TRY(sink_put(sink, sink->text.data, sink->text.size));
    text_clear(&sink->text);
    return STATUS_OK;
}

static enum status check_stop(const struct export *export)
{
    if (!export->options->stop || !*export->options->stop) return STATUS_OK;
    return status_fail(STATUS_INTERRUPTED, "%s: the export was interrupted", export->book->path);
}

/* ---- records ---- */

/* Reads and filters; false in *taken where the filter leaves it out. */
static enum status take_record(struct export *export, const MDB_val *row_key, const MDB_val *row,
                               char key[KEY_BYTES_MAX + 1], bool *taken)
{
    struct key_parts parts;
    struct record *record = &export->record;
    const struct bundle_export_options *options = export->options;
    enum status status = key_parse(row_key->mv_data, row_key->mv_size, &parts);
    if (status == STATUS_OK) status = record_decode(row->mv_data, row->mv_size, record);
    if (status != STATUS_OK)
        return status_prefix(status, "%s: %.*s", export->book->path, (int)row_key->mv_size,
                             (const char *)row_key->mv_data);
    memcpy(key, row_key->mv_data, row_key->mv_size);
    key[row_key->mv_size] = 0;
    uint32_t evidences = options->select ? options->select(options->context, key) : ~UINT32_C(0), n = 0;
    for (uint32_t i = 0; i < record->n_entries; i++)
        if (evidences >> record->entries[i].evidence & 1) record->entries[n++] = record->entries[i];
    *taken = evidences && (n || !record->n_entries);
    record->n_entries = n;
    return STATUS_OK;
}

static enum status note_entries(struct export *export)
{
    static const struct hash none;
    for (uint32_t i = 0; i < export->record.n_entries; i++) {
        const struct record_entry *entry = &export->record.entries[i];
        TRY(hash_set_add(&export->kernels, &entry->kernel));
        if (memcmp(&entry->environment, &none, sizeof none))
            TRY(hash_set_add(&export->environments, &entry->environment));
    }
    export->manifest.counts.records++;
    export->manifest.counts.entries += export->record.n_entries;
    return STATUS_OK;
}

static enum status put_record(struct export *export, const MDB_val *row_key, const MDB_val *row,
                              struct sink *sink)
{
    char key[KEY_BYTES_MAX + 1];
    bool taken = false;
    map_touch(&export->touch, row);
    TRY(take_record(export, row_key, row, key, &taken));
    if (!taken) return STATUS_OK;
    if (!sink->pack) TRY(note_entries(export));
    if (!bundle_record_print(key, &export->record, &sink->text))
        return status_fail(STATUS_BAD_DATA, "%s: %s: baseline name of other characters than printable ASCII",
                           export->book->path, key);
    return sink_flush(sink, FLUSH_BYTES);
}

static enum status put_records(struct export *export, struct sink *sink)
{
    MDB_cursor *cursor;
    MDB_val key, row;
    int code = mdb_cursor_open(export->txn, export->book->environment->tables[TABLE_RECORD], &cursor);
    if (code) return lmdb_fail(export->book->path, code, "read");
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK; i++) {
        if ((code = mdb_cursor_get(cursor, &key, &row, i ? MDB_NEXT : MDB_FIRST))) break;
        status = put_record(export, &key, &row, sink);
        if (status == STATUS_OK && i % 4096 == 0) status = check_stop(export);
    }
    mdb_cursor_close(cursor);
    TRY(status);
    return code == MDB_NOTFOUND ? sink_flush(sink, 0) : lmdb_fail(export->book->path, code, "read");
}

/* ---- what hashes name ---- */

static enum status fail_value(const struct export *export, enum table table, const struct hash *name,
                              const char *why)
{
    char hex[SHA256_HEX_BYTES];
    text_hex(name->bytes, sizeof name->bytes, hex);
    return status_fail(STATUS_BAD_DATA, "%s: %s %s: %s", export->book->path, table_name(table), hex, why);
}

static enum status get(struct export *export, enum table table, const struct hash *name, MDB_val *out)
{
    MDB_val key = value_of(name->bytes, sizeof name->bytes);
    int code = mdb_get(export->txn, export->book->environment->tables[table], &key, out);
    if (code == MDB_NOTFOUND) return fail_value(export, table, name, "missing, and an entry names it");
    if (code) return lmdb_fail(export->book->path, code, "read");
    map_touch(&export->touch, out);
    return STATUS_OK;
}

static bool is_content(const MDB_val *value, const struct hash *name)
{
    struct hash real = sha256_of(value->mv_data, value->mv_size);
    return memcmp(real.bytes, name->bytes, sizeof real.bytes) == 0;
}

/* Hashed again by the parser, which also refuses what no reader would take. */
static enum status put_environment(struct export *export, const struct hash *name, struct sink *sink)
{
    MDB_val value;
    TRY(get(export, TABLE_ENVIRONMENT, name, &value));
    size_t begin = sink->text.size;
    bundle_environment_print(name, value.mv_data, value.mv_size, &sink->text);
    TRY(text_status(&sink->text));
    const char *line = sink->text.data + begin, *facts;
    size_t size = sink->text.size - begin - 1, facts_size;
    if (size >= BUNDLE_ENVIRONMENT_BYTES_MAX || memchr(line, '\n', size))
        return fail_value(export, TABLE_ENVIRONMENT, name, "no single line, or too long a one");
    struct scan scan = {.where = export->book->path, .begin = line, .at = line, .end = line + size};
    struct hash hash;
    if (bundle_environment_parse(&scan, &hash, &facts, &facts_size) != STATUS_OK)
        return fail_value(export, TABLE_ENVIRONMENT, name, "damaged, or no JSON object");
    return sink_flush(sink, FLUSH_BYTES);
}

static enum status put_environments(struct export *export, struct sink *sink)
{
    for (size_t i = 0; i < export->environments.n; i++)
        TRY(put_environment(export, &export->environments.items[i], sink));
    return sink_flush(sink, 0);
}

/* ---- the first pass ---- */

typedef enum status put_lines(struct export *export, struct sink *sink);

static enum status measure_lines(struct export *export, enum bundle_kind kind, put_lines *put,
                                 struct bundle_member *out)
{
    struct sink sink = {.bytes = 0};
    sha256_begin(&sink.sha);
    enum status status = put(export, &sink);
    text_free(&sink.text);
    TRY(status);
    *out = (struct bundle_member){.kind = kind, .bytes = sink.bytes, .sha256 = sha256_end(&sink.sha)};
    return STATUS_OK;
}

static enum status add_member(struct export *export, enum bundle_kind kind, const struct hash *name,
                              const MDB_val *value)
{
    struct bundle_member member = {.kind = kind,
                                   .name = *name,
                                   .bytes = value->mv_size,
                                   .sha256 = sha256_of(value->mv_data, value->mv_size)};
    return bundle_manifest_add(&export->manifest, &member);
}

static enum status add_descriptors(struct export *export)
{
    for (size_t i = 0; i < export->kernels.n; i++) {
        const struct hash *name = &export->kernels.items[i];
        MDB_val value;
        TRY(get(export, TABLE_KERNEL, name, &value));
        if (descriptor_decode(value.mv_data, value.mv_size, export->descriptor) != STATUS_OK)
            return fail_value(export, TABLE_KERNEL, name, "damaged");
        TRY(hash_set_add(&export->sources, &export->descriptor->source));
        if (!export->options->without_code) TRY(hash_set_add(&export->codes, &export->descriptor->code));
        TRY(add_member(export, BUNDLE_KIND_DESCRIPTOR, name, &value));
    }
    export->manifest.counts.descriptors = export->kernels.n;
    return STATUS_OK;
}

/* A kernel runs without its source, and not every book has it. */
static enum status add_sources(struct export *export)
{
    hash_set_sort(&export->sources);
    for (size_t i = 0; i < export->sources.n; i++) {
        MDB_val value, key = value_of(export->sources.items[i].bytes, SHA256_BYTES);
        int code = mdb_get(export->txn, export->book->environment->tables[TABLE_SOURCE], &key, &value);
        if (code == MDB_NOTFOUND) continue;
        if (code) return lmdb_fail(export->book->path, code, "read");
        TRY(add_member(export, BUNDLE_KIND_SOURCE, &export->sources.items[i], &value));
        export->manifest.counts.sources++;
    }
    return STATUS_OK;
}

static enum status add_codes(struct export *export)
{
    hash_set_sort(&export->codes);
    for (size_t i = 0; i < export->codes.n; i++) {
        const struct hash *name = &export->codes.items[i];
        MDB_val value;
        TRY(check_stop(export));
        TRY(get(export, TABLE_CODE, name, &value));
        if (!is_content(&value, name))
            return fail_value(export, TABLE_CODE, name, "its bytes have another SHA-256");
        struct bundle_member member = {
            .kind = BUNDLE_KIND_CODE, .name = *name, .bytes = value.mv_size, .sha256 = *name};
        TRY(bundle_manifest_add(&export->manifest, &member));
    }
    export->manifest.counts.codes = export->codes.n;
    export->manifest.has_code = export->codes.n > 0;
    return STATUS_OK;
}

static enum status survey(struct export *export)
{
    struct bundle_member environments, records;
    TRY(measure_lines(export, BUNDLE_KIND_RECORDS, put_records, &records));
    if (!export->manifest.counts.records)
        return status_fail(STATUS_NOT_FOUND, "%s: no records%s", export->book->path,
                           export->options->select ? " that the filter takes" : "");
    hash_set_sort(&export->environments);
    hash_set_sort(&export->kernels);
    export->manifest.counts.environments = export->environments.n;
    TRY(measure_lines(export, BUNDLE_KIND_ENVIRONMENTS, put_environments, &environments));
    TRY(bundle_manifest_add(&export->manifest, &environments));
    TRY(bundle_manifest_add(&export->manifest, &records));
    TRY(add_descriptors(export));
    TRY(add_sources(export));
    return add_codes(export);
}

/* ---- the second ---- */

static enum status write_value(struct export *export, struct pack *pack, const struct bundle_member *member)
{
    static const enum table tables[] = {[BUNDLE_KIND_DESCRIPTOR] = TABLE_KERNEL,
                                        [BUNDLE_KIND_SOURCE] = TABLE_SOURCE,
                                        [BUNDLE_KIND_CODE] = TABLE_CODE};
    MDB_val value;
    TRY(check_stop(export));
    TRY(get(export, tables[member->kind], &member->name, &value));
    return pack_write(pack, value.mv_data, value.mv_size);
}

static enum status write_member(struct export *export, struct pack *pack, const struct bundle_member *member)
{
    char name[BUNDLE_NAME_BYTES];
    bundle_member_name(member, name);
    TRY(pack_member(pack, name, member->bytes));
    if (member->kind >= BUNDLE_KIND_DESCRIPTOR) return write_value(export, pack, member);
    struct sink sink = {.pack = pack};
    enum status status =
        member->kind == BUNDLE_KIND_RECORDS ? put_records(export, &sink) : put_environments(export, &sink);
    text_free(&sink.text);
    return status;
}

static enum status write_all(struct export *export, struct pack *pack)
{
    struct text manifest = {0};
    bundle_manifest_print(&export->manifest, &manifest);
    enum status status = text_status(&manifest);
    if (status == STATUS_OK && manifest.size > BUNDLE_MANIFEST_BYTES_MAX)
        status = status_fail(STATUS_BAD_DATA, "%s: %zu members are too many for a bundle; use --filter",
                             export->book->path, export->manifest.n);
    if (status == STATUS_OK) status = pack_member(pack, BUNDLE_MANIFEST_NAME, manifest.size);
    if (status == STATUS_OK) status = pack_write(pack, manifest.data, manifest.size);
    text_free(&manifest);
    for (size_t i = 0; i < export->manifest.n && status == STATUS_OK; i++)
        status = write_member(export, pack, &export->manifest.members[i]);
    return status == STATUS_OK ? pack_end(pack) : status;
}

static enum status write_file(struct export *export, const char *path)
{
    struct work_folder work;
    struct text name = {0};
    struct pack pack;
    int fd = -1;
    TRY(work_folder_begin(path, &work));
    enum status status = work_folder_file(&work, "bundle", &name);
    if (status == STATUS_OK && (fd = open(name.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666)) < 0)
        status = status_fail_errno(STATUS_IO, "cannot write %s", path);
    if (status == STATUS_OK) {
        status = pack_begin(path, fd, &pack);
        if (status == STATUS_OK) status = write_all(export, &pack);
        pack_free(&pack);
    }
    if (status == STATUS_OK && fsync(fd)) status = status_fail_errno(STATUS_IO, "cannot write %s", path);
    if (fd >= 0 && close(fd) && status == STATUS_OK)
        status = status_fail_errno(STATUS_IO, "cannot write %s", path);
    if (status == STATUS_OK && rename(name.data, path))
        status = status_fail_errno(STATUS_IO, "cannot write %s", path);
    text_free(&name);
    work_folder_end(&work);
    if (status == STATUS_OK) folder_sync(path);
    return status;
}

enum status bundle_export(struct book *book, const char *path, const struct bundle_export_options *options,
                          struct bundle_counts *written)
{
    struct export *export = calloc(1, sizeof *export);
    struct descriptor *descriptor = calloc(1, sizeof *descriptor);
    enum status status =
        export && descriptor ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: out of memory", book->path);
    if (status == STATUS_OK) {
        *export = (struct export){.book = book, .options = options, .descriptor = descriptor};
        status = read_begin(book, &export->txn);
    }
    if (status == STATUS_OK) {
        status = survey(export);
        if (status == STATUS_OK) status = write_file(export, path);
        read_end(book, export->txn);
        *written = export->manifest.counts;
    }
    if (export) {
        hash_set_free(&export->environments);
        hash_set_free(&export->kernels);
        hash_set_free(&export->sources);
        hash_set_free(&export->codes);
        bundle_manifest_free(&export->manifest);
    }
    free(descriptor);
    free(export);
    return status;
}
