/* Bundles by hand: a tar archive of any members, compressed and sealed. */
#ifndef TUNEBOOK_TESTS_DB_HOSTILE_BUNDLE_H
#define TUNEBOOK_TESTS_DB_HOSTILE_BUNDLE_H

#include "tests/db/bundle_samples.h"
#include <archive.h>
#include <archive_entry.h>
#include "db/bundle_format.h"

/* What is changed of a member when it is written; zero: nothing. */
struct member {
    char name[256];
    struct text bytes;
    unsigned type;    /* of archive_entry; 0: AE_IFREG */
    const char *link; /* hard link to */
    char link_kind;   /* 's': symbolic */
};
enum { MEMBERS_MAX = 64 };
struct bundle_parts {
    struct member members[MEMBERS_MAX];
    size_t n;
};

/* The members of a good bundle. */
static inline void parts_read(const char *path, struct bundle_parts *out)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry;
    memset(out, 0, sizeof *out);
    archive_read_support_filter_zstd(archive);
    archive_read_support_format_tar(archive);
    assert_int_equal(archive_read_open_filename(archive, path, 1 << 16), ARCHIVE_OK);
    while (archive_read_next_header(archive, &entry) == ARCHIVE_OK) {
        struct member *member = &out->members[out->n++];
        char block[4096];
        la_ssize_t n;
        assert_true(out->n < MEMBERS_MAX);
        snprintf(member->name, sizeof member->name, "%s", archive_entry_pathname(entry));
        text_append(&member->bytes, "");
        while ((n = archive_read_data(archive, block, sizeof block)) > 0)
            text_append_bytes(&member->bytes, block, (size_t)n);
    }
    archive_read_free(archive);
}

static inline void parts_free(struct bundle_parts *parts)
{
    for (size_t i = 0; i < parts->n; i++) text_free(&parts->members[i].bytes);
}

static inline struct member *part(struct bundle_parts *parts, const char *prefix)
{
    for (size_t i = 0; i < parts->n; i++)
        if (strncmp(parts->members[i].name, prefix, strlen(prefix)) == 0) return &parts->members[i];
    fail_msg("no member %s", prefix);
    return NULL;
}

static inline void part_insert(struct bundle_parts *parts, size_t at, const char *name, const char *bytes)
{
    memmove(&parts->members[at + 1], &parts->members[at], (parts->n - at) * sizeof *parts->members);
    parts->members[at] = (struct member){.bytes = {0}};
    snprintf(parts->members[at].name, sizeof parts->members[at].name, "%s", name);
    text_append(&parts->members[at].bytes, bytes);
    parts->n++;
}

static inline void part_set(struct member *member, const char *bytes)
{
    text_clear(&member->bytes);
    text_append(&member->bytes, bytes);
}

/* The first `from` becomes `to`. */
static inline void text_replace(struct text *text, const char *from, const char *to)
{
    struct text out = {0};
    char *at = memmem(text->data, text->size, from, strlen(from));
    assert_non_null(at);
    text_append_bytes(&out, text->data, (size_t)(at - text->data));
    text_append(&out, to);
    text_append_bytes(&out, at + strlen(from), text->size - (size_t)(at - text->data) - strlen(from));
    text_free(text);
    *text = out;
}

/* Sizes and hashes of the manifest as the members are now, where both name them. */
static inline void parts_mend(struct bundle_parts *parts)
{
    struct member *manifest = part(parts, "manifest.json");
    for (size_t i = 0; i < parts->n; i++) {
        const struct member *member = &parts->members[i];
        char before[300], hex[SHA256_HEX_BYTES];
        struct text line = {0}, old = {0};
        snprintf(before, sizeof before, "{\"name\":\"%s\",", member->name);
        char *at = strstr(manifest->bytes.data, before);
        if (!at) continue;
        struct hash hash = sha256_of(member->bytes.data, member->bytes.size);
        text_hex(hash.bytes, sizeof hash.bytes, hex);
        text_append_bytes(&old, at, (size_t)(strchr(at, '}') - at));
        text_format(&line, "%s\"bytes\":%zu,\"sha256\":\"%s\"", before, member->bytes.size, hex);
        text_replace(&manifest->bytes, old.data, line.data);
        text_free(&old);
        text_free(&line);
    }
}

static inline la_ssize_t append_to(struct archive *archive, void *context, const void *bytes, size_t size)
{
    (void)archive;
    text_append_bytes(context, bytes, size);
    return (la_ssize_t)size;
}

static inline void write_entry(struct archive *archive, const struct member *member)
{
    struct archive_entry *entry = archive_entry_new();
    archive_entry_set_pathname(entry, member->name);
    archive_entry_set_filetype(entry, member->type ? member->type : AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    if (member->link && member->link_kind == 's')
        archive_entry_set_symlink(entry, member->link);
    else if (member->link)
        archive_entry_set_hardlink(entry, member->link);
    archive_entry_set_size(entry, member->type || member->link ? 0 : (la_int64_t)member->bytes.size);
    archive_write_header(archive, entry);
    if (!member->type && !member->link) archive_write_data(archive, member->bytes.data, member->bytes.size);
    archive_entry_free(entry);
}

/* The tar archive; compressed where `level` is not 0. */
static inline struct text tar_of(const struct bundle_parts *parts, bool zstd)
{
    struct text out = {0};
    struct archive *archive = archive_write_new();
    archive_write_set_format_ustar(archive);
    if (zstd) archive_write_add_filter_zstd(archive);
    archive_write_set_bytes_in_last_block(archive, 1);
    archive_write_open2(archive, &out, NULL, append_to, NULL, NULL);
    for (size_t i = 0; i < parts->n; i++) write_entry(archive, &parts->members[i]);
    archive_write_close(archive);
    archive_write_free(archive);
    return out;
}

/* Any bytes, compressed. */
static inline struct text zstd_of(const struct text *bytes)
{
    struct text out = {0};
    struct archive *archive = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    archive_write_set_format_raw(archive);
    archive_write_add_filter_zstd(archive);
    archive_write_set_bytes_in_last_block(archive, 1);
    archive_write_open2(archive, &out, NULL, append_to, NULL, NULL);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_write_header(archive, entry);
    archive_write_data(archive, bytes->data, bytes->size);
    archive_entry_free(entry);
    archive_write_close(archive);
    archive_write_free(archive);
    return out;
}

static inline void write_sealed(const char *path, struct text *bytes)
{
    uint8_t seal[BUNDLE_SEAL_BYTES];
    struct hash hash = sha256_of(bytes->data, bytes->size);
    bundle_seal(&hash, seal);
    text_append_bytes(bytes, seal, sizeof seal);
    assert_ok(file_publish(path, bytes->data, bytes->size, 0644));
}

static inline void parts_write(const struct bundle_parts *parts, const char *path)
{
    struct text bytes = tar_of(parts, true);
    write_sealed(path, &bytes);
    text_free(&bytes);
}

#endif
