/* Two archives, one in the other: the outer one is zstd alone, so that all of the file is read, the inner one
 * the tar archive that it unpacks to. */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/bundle_pack.h"

enum { BLOCK_BYTES = 1 << 16, PADDING_BYTES_MAX = 20 * TAR_BLOCK };

/* libarchive passes errors of its callers on as its own: the line is kept aside. */
static la_ssize_t stop_with(struct unpack *unpack, struct archive *archive, enum status status)
{
    if (unpack->status == STATUS_OK) {
        unpack->status = status;
        snprintf(unpack->line, sizeof unpack->line, "%s", status_message());
    }
    archive_set_error(archive, EINVAL, "%s", unpack->line);
    return -1;
}

static enum status fail(struct unpack *unpack, struct archive *archive, const char *what)
{
    if (unpack->status != STATUS_OK) return status_fail(unpack->status, "%s", unpack->line);
    const char *why = archive_error_string(archive);
    return status_fail(STATUS_BAD_DATA, "%s: %s: %s", unpack->file->path, what, why ? why : "damaged");
}

static la_ssize_t read_file(struct archive *archive, void *context, const void **bytes)
{
    struct unpack *unpack = context;
    const struct bundle_file *file = unpack->file;
    if (unpack->stop && *unpack->stop)
        return stop_with(unpack, archive, status_fail(STATUS_INTERRUPTED, "%s: interrupted", file->path));
    uint64_t left = file->bytes - unpack->at;
    ssize_t n;
    do n = pread(file->fd, unpack->buffer, left < BLOCK_BYTES ? left : BLOCK_BYTES, (off_t)unpack->at);
    while (n < 0 && errno == EINTR);
    if (n < 0) return stop_with(unpack, archive, status_fail_errno(STATUS_IO, "cannot read %s", file->path));
    sha256_add(&unpack->file_sha, unpack->buffer, (size_t)n);
    unpack->at += (uint64_t)n;
    *bytes = unpack->buffer;
    return n;
}

/* A block of tar, within what is allowed; 0 at the end. */
static la_ssize_t read_tar(struct archive *archive, void *context, const void **bytes)
{
    struct unpack *unpack = context;
    size_t size = 0;
    la_int64_t offset;
    int code = ARCHIVE_OK;
    while (code == ARCHIVE_OK && size == 0)
        code = archive_read_data_block(unpack->raw, bytes, &size, &offset);
    if (code == ARCHIVE_EOF) return 0;
    if (code != ARCHIVE_OK) return stop_with(unpack, archive, fail(unpack, unpack->raw, "damaged zstd data"));
    unpack->last = *bytes;
    unpack->last_bytes = size;
    unpack->unpacked += size;
    if (unpack->unpacked > unpack->allowed)
        return stop_with(unpack, archive,
                         status_fail(STATUS_BAD_DATA,
                                     "%s: unpacks to more than the %llu bytes that its members may take",
                                     unpack->file->path, (unsigned long long)unpack->allowed));
    return (la_ssize_t)size;
}

static enum status open_raw(struct unpack *unpack)
{
    struct archive_entry *entry;
    if (archive_read_support_filter_zstd(unpack->raw) != ARCHIVE_OK)
        return status_fail(STATUS_UNAVAILABLE, "%s: libarchive reads no zstd", unpack->file->path);
    archive_read_support_format_raw(unpack->raw);
    if (archive_read_open(unpack->raw, unpack, NULL, read_file, NULL) != ARCHIVE_OK ||
        archive_read_next_header(unpack->raw, &entry) != ARCHIVE_OK)
        return fail(unpack, unpack->raw, "no zstd data");
    /* The filter and the file itself: not zstd within zstd. */
    if (archive_filter_count(unpack->raw) != 2 || archive_filter_code(unpack->raw, 0) != ARCHIVE_FILTER_ZSTD)
        return status_fail(STATUS_BAD_DATA, "%s: compressed more than once", unpack->file->path);
    return STATUS_OK;
}

enum status unpack_begin(const struct bundle_file *file, const volatile int *stop, struct unpack *out)
{
    *out = (struct unpack){.file = file,
                           .stop = stop,
                           .raw = archive_read_new(),
                           .tar = archive_read_new(),
                           .buffer = malloc(BLOCK_BYTES)};
    sha256_begin(&out->file_sha);
    if (!out->raw || !out->tar || !out->buffer)
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", file->path);
    out->allowed = 3 * TAR_BLOCK + BUNDLE_MANIFEST_BYTES_MAX + PADDING_BYTES_MAX;
    TRY(open_raw(out));
    archive_read_support_format_tar(out->tar);
    if (archive_read_open(out->tar, out, NULL, read_tar, NULL) != ARCHIVE_OK)
        return fail(out, out->tar, "no tar archive within");
    return STATUS_OK;
}

void unpack_allow(struct unpack *unpack, uint64_t bytes)
{
    unpack->end = bytes - 2 * TAR_BLOCK;
    unpack->allowed = bytes + PADDING_BYTES_MAX; /* tar pads its last record */
}

/* ---- members ---- */

static bool leads_out(const char *name)
{
    if (*name == '/') return true;
    for (const char *part = name; part; part = strchr(part, '/')) {
        part += *part == '/';
        if (strncmp(part, "..", 2) == 0 && (part[2] == 0 || part[2] == '/')) return true;
    }
    return false;
}

static const char *kind_of(struct archive_entry *entry)
{
    if (archive_entry_hardlink(entry)) return "a hard link";
    switch (archive_entry_filetype(entry)) {
    case AE_IFREG: return archive_entry_sparse_count(entry) ? "a file with holes" : NULL;
    case AE_IFDIR: return "a folder";
    case AE_IFLNK: return "a symbolic link";
    case AE_IFCHR:
    case AE_IFBLK: return "a device";
    default: return "no plain file";
    }
}

enum status unpack_next(struct unpack *unpack, uint64_t *bytes)
{
    struct archive_entry *entry;
    const char *path = unpack->file->path;
    int code = archive_read_next_header(unpack->tar, &entry);
    if (code == ARCHIVE_EOF && unpack->status == STATUS_OK)
        return status_fail(STATUS_NOT_FOUND, "%s: its archive ends", path);
    if (code != ARCHIVE_OK) return fail(unpack, unpack->tar, "damaged tar archive");
    const char *name = archive_entry_pathname(entry);
    if (!name) return status_fail(STATUS_BAD_DATA, "%s: a member without a readable name", path);
    snprintf(unpack->member, sizeof unpack->member, "%s", name);
    if (leads_out(name))
        return status_fail(STATUS_BAD_DATA, "%s: member '%s' leads out of the bundle", path, unpack->member);
    const char *kind = kind_of(entry);
    if (kind) return status_fail(STATUS_BAD_DATA, "%s: member '%s' is %s", path, unpack->member, kind);
    if (!archive_entry_size_is_set(entry) || archive_entry_size(entry) < 0)
        return status_fail(STATUS_BAD_DATA, "%s: member '%s' has no size", path, unpack->member);
    *bytes = unpack->member_left = (uint64_t)archive_entry_size(entry);
    sha256_begin(&unpack->member_sha);
    return STATUS_OK;
}

enum status unpack_read(struct unpack *unpack, void *out, size_t size, size_t *got)
{
    *got = 0;
    if (size > unpack->member_left) size = (size_t)unpack->member_left;
    if (!size) return STATUS_OK;
    la_ssize_t n = archive_read_data(unpack->tar, out, size);
    if (n < 0) return fail(unpack, unpack->tar, "damaged tar archive");
    if (n == 0)
        return status_fail(STATUS_BAD_DATA, "%s: member '%s' is cut off", unpack->file->path, unpack->member);
    sha256_add(&unpack->member_sha, out, (size_t)n);
    unpack->member_left -= (uint64_t)n;
    *got = (size_t)n;
    return STATUS_OK;
}

enum status unpack_check(struct unpack *unpack, const struct hash *sha256)
{
    struct hash real = sha256_end(&unpack->member_sha);
    if (!unpack->member_left && memcmp(real.bytes, sha256->bytes, sizeof real.bytes) == 0) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: member '%s' has another SHA-256 than the manifest says",
                       unpack->file->path, unpack->member);
}

/* Only zeros stand behind the last member, in the block that tar read last and in what follows. */
static enum status drain(struct unpack *unpack)
{
    const uint8_t *bytes = unpack->last;
    size_t size = unpack->last_bytes;
    uint64_t at = unpack->unpacked - size;
    while (size) {
        for (size_t i = at < unpack->end ? (size_t)(unpack->end - at) : 0; i < size; i++)
            if (bytes[i])
                return status_fail(STATUS_BAD_DATA, "%s: data behind its last member", unpack->file->path);
        at = unpack->unpacked;
        const void *next;
        la_ssize_t n = read_tar(unpack->tar, unpack, &next);
        if (n < 0) return fail(unpack, unpack->tar, "damaged");
        bytes = next;
        size = (size_t)n;
    }
    return STATUS_OK;
}

enum status unpack_end(struct unpack *unpack)
{
    const char *path = unpack->file->path;
    uint64_t bytes;
    enum status status = unpack_next(unpack, &bytes);
    if (status == STATUS_OK)
        return status_fail(STATUS_BAD_DATA, "%s: member '%s' is not in its manifest", path, unpack->member);
    if (status != STATUS_NOT_FOUND) return status;
    TRY(drain(unpack));
    struct hash hash = sha256_end(&unpack->file_sha);
    if (unpack->at != unpack->file->bytes || memcmp(hash.bytes, unpack->file->hash.bytes, sizeof hash.bytes))
        return status_fail(STATUS_BAD_DATA, "%s: changed while it was read", path);
    return STATUS_OK;
}

void unpack_free(struct unpack *unpack)
{
    if (unpack->tar) archive_read_free(unpack->tar);
    if (unpack->raw) archive_read_free(unpack->raw);
    free(unpack->buffer);
    unpack->tar = unpack->raw = NULL;
    unpack->buffer = NULL;
}
