#include "db/sign_secret_file.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

/* What comes through a pipe (a shell's <(...)) was never in anybody's reach. */
static enum status check_reach(const char *path, const struct stat *info)
{
    if (S_ISFIFO(info->st_mode)) return STATUS_OK;
    if (!S_ISREG(info->st_mode))
        return status_fail(STATUS_BAD_DATA, "%s: neither a regular file nor a pipe", path);
    if (info->st_uid != geteuid() && info->st_uid != 0)
        return status_fail(STATUS_BAD_DATA,
                           "%s: holds a secret and belongs to another user; a copy of your own is right",
                           path);
    if (info->st_mode & (S_IRWXG | S_IRWXO))
        return status_fail(STATUS_BAD_DATA,
                           "%s: holds a secret and others may use it (mode %03o); chmod 600 makes it right",
                           path, (unsigned)(info->st_mode & 0777));
    return STATUS_OK;
}

static enum status load_from(int fd, const char *path, size_t limit_bytes, char *bytes, size_t *size)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return status_fail_errno(STATUS_IO, "cannot read %s", path);
    TRY(check_reach(path, &info));
    for (*size = 0; *size <= limit_bytes;) {
        ssize_t n = read(fd, bytes + *size, limit_bytes + 1 - *size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return status_fail_errno(STATUS_IO, "cannot read %s", path);
        if (n == 0) {
            bytes[*size] = 0;
            return STATUS_OK;
        }
        *size += (size_t)n;
    }
    return status_fail(STATUS_BAD_DATA, "%s: larger than the %zu bytes allowed", path, limit_bytes);
}

enum status sign_secret_load(const char *path, size_t limit_bytes, char **bytes, size_t *size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return status_fail_errno(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "cannot open %s", path);
    char *memory = sodium_malloc(limit_bytes + 1);
    enum status status = memory ? load_from(fd, path, limit_bytes, memory, size)
                                : status_fail(STATUS_NO_MEMORY, "no memory for %s", path);
    close(fd);
    if (status == STATUS_OK)
        *bytes = memory;
    else
        sodium_free(memory);
    return status;
}
