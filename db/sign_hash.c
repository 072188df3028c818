#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>
#include "db/sign_internal.h"

_Static_assert(sizeof(crypto_generichash_blake2b_state) <= sizeof(struct sign_hash), "room for the state");
_Static_assert(alignof(crypto_generichash_blake2b_state) <= alignof(struct sign_hash), "aligned for it");

static crypto_generichash_blake2b_state *state_of(struct sign_hash *hash)
{
    return (crypto_generichash_blake2b_state *)(void *)hash->state;
}

enum status sign_hash_begin(struct sign_hash *hash)
{
    TRY(sign_ready());
    crypto_generichash_blake2b_init(state_of(hash), NULL, 0, SIGN_HASH_BYTES);
    return STATUS_OK;
}

void sign_hash_add(struct sign_hash *hash, const void *bytes, size_t size)
{
    crypto_generichash_blake2b_update(state_of(hash), bytes, size);
}

void sign_hash_end(struct sign_hash *hash, unsigned char out[SIGN_HASH_BYTES])
{
    crypto_generichash_blake2b_final(state_of(hash), out, SIGN_HASH_BYTES);
}

static enum status hash_descriptor(int fd, const char *path, unsigned char out[SIGN_HASH_BYTES])
{
    struct stat info;
    struct sign_hash hash;
    unsigned char block[64 * 1024];
    if (fstat(fd, &info) != 0) return status_fail_errno(STATUS_IO, "cannot read %s", path);
    if (!S_ISREG(info.st_mode))
        return status_fail(STATUS_BAD_DATA, "cannot read %s: it is not a regular file", path);
    TRY(sign_hash_begin(&hash));
    for (;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return status_fail_errno(STATUS_IO, "cannot read %s", path);
        if (n == 0) break;
        sign_hash_add(&hash, block, (size_t)n);
    }
    sign_hash_end(&hash, out);
    return STATUS_OK;
}

enum status sign_hash_file(const char *path, unsigned char out[SIGN_HASH_BYTES])
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return status_fail_errno(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "cannot open %s", path);
    enum status status = hash_descriptor(fd, path, out);
    close(fd);
    return status;
}
