#include "db/bundle_pack.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <string.h>
#include "tuner/base/file.h"

enum { BLOCK_BYTES = 1 << 16 };

static la_ssize_t on_write(struct archive *archive, void *context, const void *bytes, size_t size)
{
    struct pack *pack = context;
    sha256_add(&pack->sha, bytes, size);
    if (file_write_all(pack->fd, bytes, size)) return (la_ssize_t)size;
    pack->error = errno;
    archive_set_error(archive, errno, "write");
    return -1;
}

static enum status fail(struct pack *pack)
{
    if (pack->error) {
        errno = pack->error;
        return status_fail_errno(STATUS_IO, "cannot write %s", pack->path);
    }
    const char *why = archive_error_string(pack->archive);
    return status_fail(STATUS_IO, "cannot write %s: %s", pack->path, why ? why : "libarchive gave up");
}

/* Level and format are fixed: the same content gives the same bytes. */
enum status pack_begin(const char *path, int fd, struct pack *out)
{
    *out = (struct pack){.path = path, .fd = fd, .archive = archive_write_new()};
    if (!out->archive) return status_fail(STATUS_NO_MEMORY, "%s: no memory for an archive", path);
    sha256_begin(&out->sha);
    struct archive *archive = out->archive;
    if (archive_write_set_format_ustar(archive) != ARCHIVE_OK ||
        archive_write_add_filter_zstd(archive) != ARCHIVE_OK ||
        archive_write_set_filter_option(archive, "zstd", "compression-level", "3") != ARCHIVE_OK ||
        archive_write_set_bytes_per_block(archive, BLOCK_BYTES) != ARCHIVE_OK ||
        archive_write_set_bytes_in_last_block(archive, 1) != ARCHIVE_OK)
        return status_fail(STATUS_UNAVAILABLE, "%s: libarchive makes no tar with zstd: %s", path,
                           archive_error_string(archive));
    return archive_write_open2(archive, out, NULL, on_write, NULL, NULL) == ARCHIVE_OK ? STATUS_OK
                                                                                       : fail(out);
}

enum status pack_member(struct pack *pack, const char *name, uint64_t bytes)
{
    struct archive_entry *entry = archive_entry_new();
    if (!entry) return status_fail(STATUS_NO_MEMORY, "%s: no memory for an archive", pack->path);
    archive_entry_set_pathname(entry, name);
    archive_entry_set_size(entry, (la_int64_t)bytes);
    archive_entry_set_filetype(entry, AE_IFREG);
    archive_entry_set_perm(entry, 0644);
    archive_entry_set_mtime(entry, 0, 0);
    bool written = archive_write_header(pack->archive, entry) == ARCHIVE_OK;
    archive_entry_free(entry);
    return written ? STATUS_OK : fail(pack);
}

enum status pack_write(struct pack *pack, const void *bytes, size_t size)
{
    while (size) {
        la_ssize_t n = archive_write_data(pack->archive, bytes, size);
        if (n <= 0) return fail(pack);
        bytes = (const char *)bytes + n;
        size -= (size_t)n;
    }
    return STATUS_OK;
}

enum status pack_end(struct pack *pack)
{
    uint8_t seal[BUNDLE_SEAL_BYTES];
    if (archive_write_close(pack->archive) != ARCHIVE_OK) return fail(pack);
    struct hash hash = sha256_end(&pack->sha);
    bundle_seal(&hash, seal);
    if (file_write_all(pack->fd, (const char *)seal, sizeof seal)) return STATUS_OK;
    return status_fail_errno(STATUS_IO, "cannot write %s", pack->path);
}

void pack_free(struct pack *pack)
{
    if (pack->archive) archive_write_free(pack->archive);
    pack->archive = NULL;
}
