/* Descriptors, sources and code of a bundle on their way into the book. */
#include <string.h>
#include "db/bundle_import.h"

static const struct bundle_member *member_of(const struct import *import, enum bundle_kind kind, size_t i)
{
    return &import->manifest.members[import->manifest.first[kind] + i];
}

static enum status fail(const struct import *import, const char *why)
{
    return status_fail(STATUS_BAD_DATA, "%s: member '%s': %s", import->file->path, import->unpack.member,
                       why);
}

/* A kernel that lost its code is none: the bundle may bring it again. */
enum status import_known_kernels(struct import *import)
{
    for (size_t i = 0; i < import->manifest.counts.descriptors; i++) {
        MDB_val value;
        const struct bundle_member *member = member_of(import, BUNDLE_KIND_DESCRIPTOR, i);
        int code = import_get(import, TABLE_KERNEL, &member->name, &value);
        if (code == MDB_NOTFOUND) continue;
        if (code) return import_stop(import, code);
        if (descriptor_decode(value.mv_data, value.mv_size, &import->descriptor) != STATUS_OK) continue;
        code = import_get(import, TABLE_CODE, &import->descriptor.code, &value);
        if (code && code != MDB_NOTFOUND) return import_stop(import, code);
        if (code) continue;
        import->kernels[i] |= KERNEL_KNOWN;
        import->n_known++;
    }
    return STATUS_OK;
}

/* Straight into the page that will hold it; a wrong hash aborts the transaction. */
static enum status read_into(struct import *import, uint8_t *at, uint64_t bytes)
{
    while (bytes) {
        size_t got;
        TRY(unpack_read(&import->unpack, at, bytes, &got));
        at += got;
        bytes -= got;
    }
    return STATUS_OK;
}

static enum status skip(struct import *import, uint64_t bytes)
{
    uint8_t block[16 * 1024];
    while (bytes) {
        size_t got;
        TRY(unpack_read(&import->unpack, block, sizeof block, &got));
        bytes -= got;
    }
    return STATUS_OK;
}

static enum status read_row(struct import *import, enum table table, const struct bundle_member *member)
{
    MDB_val key = value_of(member->name.bytes, SHA256_BYTES), value = {.mv_size = member->bytes};
    if (!import_writes(import)) return skip(import, member->bytes);
    int code = mdb_put(import->txn, import->book->environment->tables[table], &key, &value, MDB_RESERVE);
    if (code) return import_stop(import, code);
    TRY(read_into(import, value.mv_data, member->bytes));
    return import_breathe(import, member->bytes);
}

static enum status put_descriptor(struct import *import, const struct bundle_member *member)
{
    MDB_val key = value_of(member->name.bytes, SHA256_BYTES);
    MDB_val value = value_of(import->text.data, import->text.size);
    import->report->new_kernels++;
    if (!import_writes(import)) return STATUS_OK;
    int code = mdb_put(import->txn, import->book->environment->tables[TABLE_KERNEL], &key, &value, 0);
    return code ? import_stop(import, code) : STATUS_OK;
}

/* A kernel that the book has stays as it is; one that it has not needs its code. */
enum status import_descriptor(struct import *import, size_t i)
{
    const struct bundle_member *member = member_of(import, BUNDLE_KIND_DESCRIPTOR, i);
    const struct bundle_import_options *options = import->options;
    struct text *bytes = &import->text;
    uint8_t block[16 * 1024];
    text_clear(bytes);
    for (size_t got = 1; got;) {
        TRY(unpack_read(&import->unpack, block, sizeof block, &got));
        text_append_bytes(bytes, block, got);
    }
    TRY(text_status(bytes));
    if (!(import->kernels[i] & KERNEL_NAMED)) return fail(import, "no entry names this kernel");
    if (descriptor_decode(bytes->data, bytes->size, &import->descriptor) != STATUS_OK)
        return fail(import, status_message());
    if (options->check_descriptor &&
        options->check_descriptor(options->context, &import->descriptor) != STATUS_OK)
        return fail(import, status_message());
    size_t source = bundle_manifest_find(&import->manifest, BUNDLE_KIND_SOURCE, &import->descriptor.source);
    if (source != SIZE_MAX) import->sources_named[source] = 1;
    if (!import->manifest.has_code) return STATUS_OK;
    size_t code = bundle_manifest_find(&import->manifest, BUNDLE_KIND_CODE, &import->descriptor.code);
    if (code == SIZE_MAX) return fail(import, "its code is not in the bundle");
    bool known = import->kernels[i] & KERNEL_KNOWN;
    import->codes_wanted[code] |= known ? 1 : 3;
    return known ? STATUS_OK : put_descriptor(import, member);
}

/* Its name is the template's hash, which only the template can check: what the book has stays. */
enum status import_source(struct import *import, size_t i)
{
    const struct bundle_member *member = member_of(import, BUNDLE_KIND_SOURCE, i);
    MDB_val value;
    if (!import->sources_named[i]) return fail(import, "no kernel names this source");
    int code = import_get(import, TABLE_SOURCE, &member->name, &value);
    if (code && code != MDB_NOTFOUND) return import_stop(import, code);
    if (!code || !import->manifest.has_code) return skip(import, member->bytes);
    import->report->new_sources++;
    return read_row(import, TABLE_SOURCE, member);
}

enum status import_code(struct import *import, size_t i)
{
    const struct bundle_member *member = member_of(import, BUNDLE_KIND_CODE, i);
    if (memcmp(member->name.bytes, member->sha256.bytes, SHA256_BYTES))
        return fail(import, "its name is not its SHA-256");
    if (!import->codes_wanted[i]) return fail(import, "no kernel names this code");
    return import->codes_wanted[i] & 2 ? read_row(import, TABLE_CODE, member) : skip(import, member->bytes);
}
