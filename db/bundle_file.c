/* A bundle's file, read whole before anything in it is believed. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "db/bundle_pack.h"
#include "tuner/base/file_head.h"

enum { BLOCK_BYTES = 1 << 16 };

static enum status read_at(const struct bundle_file *file, uint64_t at, void *out, size_t size)
{
    while (size) {
        ssize_t n = pread(file->fd, out, size, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return status_fail_errno(STATUS_IO, "cannot read %s", file->path);
        if (n == 0) return status_fail(STATUS_BAD_DATA, "%s: became shorter while it was read", file->path);
        out = (char *)out + n;
        at += (uint64_t)n;
        size -= (size_t)n;
    }
    return STATUS_OK;
}

static enum status read_all(struct bundle_file *file, const struct bundle_verifier *verifier,
                            const volatile int *stop, uint8_t *buffer)
{
    struct sha256 sha;
    sha256_begin(&sha);
    for (uint64_t at = 0; at < file->bytes;) {
        size_t size = file->bytes - at < BLOCK_BYTES ? (size_t)(file->bytes - at) : BLOCK_BYTES;
        if (stop && *stop) return status_fail(STATUS_INTERRUPTED, "%s: interrupted", file->path);
        TRY(read_at(file, at, buffer, size));
        sha256_add(&sha, buffer, size);
        if (verifier) verifier->add(verifier->context, buffer, size);
        at += size;
    }
    file->hash = sha256_end(&sha);
    return STATUS_OK;
}

static enum status check_seal(struct bundle_file *file, const struct bundle_verifier *verifier)
{
    uint8_t seal[BUNDLE_SEAL_BYTES];
    struct hash sealed;
    TRY(read_at(file, file->bytes, seal, sizeof seal));
    if (!bundle_unseal(seal, &sealed))
        return status_fail(STATUS_BAD_DATA, "%s: no seal at its end: cut off, or something was appended",
                           file->path);
    if (memcmp(sealed.bytes, file->hash.bytes, sizeof sealed.bytes))
        return status_fail(STATUS_BAD_DATA, "%s: damaged: its bytes have another SHA-256 than its seal says",
                           file->path);
    if (verifier) verifier->add(verifier->context, seal, sizeof seal);
    return STATUS_OK;
}

/* A book given for a bundle is a likely mistake. */
static enum status refuse_stranger(struct bundle_file *file)
{
    uint8_t head[LMDB_HEAD_BYTES];
    TRY(read_at(file, 0, head, sizeof head));
    if (head_is_lmdb(head))
        return status_fail(STATUS_BAD_DATA,
                           "%s: no bundle (an LMDB file, as books are); `autotune merge` puts books "
                           "together, `autotune export` makes a bundle of one",
                           file->path);
    return status_fail(STATUS_BAD_DATA,
                       "%s: no bundle (not compressed by zstd); what another tool wrote needs --format",
                       file->path);
}

static enum status check_kind(struct bundle_file *file)
{
    uint8_t head[ZSTD_HEAD_BYTES];
    struct stat info;
    if (fstat(file->fd, &info)) return status_fail_errno(STATUS_IO, "cannot read %s", file->path);
    if (!S_ISREG(info.st_mode))
        return status_fail(STATUS_BAD_DATA, "%s: no bundle, but %s", file->path,
                           S_ISDIR(info.st_mode) ? "a folder" : "a device, pipe or socket");
    if (info.st_size < (off_t)(sizeof head + BUNDLE_SEAL_BYTES))
        return status_fail(STATUS_BAD_DATA, "%s: no bundle: %lld bytes", file->path, (long long)info.st_size);
    file->bytes = (uint64_t)info.st_size - BUNDLE_SEAL_BYTES;
    TRY(read_at(file, 0, head, sizeof head));
    return head_is_zstd(head) ? STATUS_OK : refuse_stranger(file);
}

enum status bundle_file_open(const char *path, const struct bundle_verifier *verifier,
                             const volatile int *stop, bool *trusted, struct bundle_file *out)
{
    *trusted = false;
    *out = (struct bundle_file){.path = path};
    /* Not blocking: opening a named pipe would wait for its writer. */
    out->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (out->fd < 0) return status_fail_errno(STATUS_IO, "cannot open %s", path);
    uint8_t *buffer = malloc(BLOCK_BYTES);
    enum status status = buffer ? check_kind(out) : status_fail(STATUS_NO_MEMORY, "%s: out of memory", path);
    if (status == STATUS_OK) status = read_all(out, verifier, stop, buffer);
    if (status == STATUS_OK) status = check_seal(out, verifier);
    if (status == STATUS_OK && verifier) status = verifier->end(verifier->context, trusted);
    free(buffer);
    if (status != STATUS_OK) bundle_file_close(out);
    return status;
}

void bundle_file_close(struct bundle_file *file)
{
    if (file->fd >= 0) close(file->fd);
    file->fd = -1;
}
