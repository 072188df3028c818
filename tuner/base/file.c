#include "tuner/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tuner/base/clock.h"

/* ---- reading ---- */

static enum status read_from(int fd, const char *path, size_t limit_bytes, struct text *out)
{
    struct stat info;
    if (fstat(fd, &info) != 0) return status_fail_errno(STATUS_IO, "cannot read %s", path);
    if (!S_ISREG(info.st_mode))
        return status_fail(STATUS_BAD_DATA, "cannot read %s: it is %s, not a regular file", path,
                           S_ISDIR(info.st_mode) ? "a folder" : "a device, pipe or socket");
    char block[16 * 1024];
    for (size_t total = 0;;) {
        ssize_t n = read(fd, block, sizeof block);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return status_fail_errno(STATUS_IO, "cannot read %s", path);
        if (n == 0) return text_status(out);
        total += (size_t)n;
        if (total > limit_bytes)
            return status_fail(STATUS_BAD_DATA, "%s is larger than the %zu bytes allowed", path, limit_bytes);
        text_append_bytes(out, block, (size_t)n);
    }
}

enum status file_read(const char *path, size_t limit_bytes, struct text *out)
{
    /* Not blocking: opening a named pipe would wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return status_fail_errno(errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO, "cannot open %s", path);
    struct text content = {0};
    text_append(&content, "");
    enum status status = read_from(fd, path, limit_bytes, &content);
    close(fd);
    if (status == STATUS_OK) {
        text_append_bytes(out, content.data, content.size);
        status = text_status(out);
    }
    text_free(&content);
    return status;
}

/* ---- publishing ---- */

/* O_EXCL with a name of our own rather than mkostemp, so that `mode` meets the user's umask. */
static int open_beside(const char *path, unsigned mode, struct text *name)
{
    static unsigned counter;
    for (int attempt = 0; attempt < 100; attempt++) {
        uint64_t salt = clock_ns() * 1000003u ^ (uint64_t)getpid() << 20 ^
                        __atomic_add_fetch(&counter, 1, __ATOMIC_RELAXED);
        char suffix[8];
        for (int i = 0; i < 6; i++, salt /= 36) suffix[i] = "0123456789abcdefghijklmnopqrstuvwxyz"[salt % 36];
        suffix[6] = 0;
        text_clear(name);
        text_format(name, "%s.%s", path, suffix);
        if (name->failed) {
            errno = ENOMEM;
            return -1;
        }
        int fd = open(text_string(name), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EEXIST) return fd;
    }
    return -1;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        bytes += n;
        size -= (size_t)n;
    }
    return fsync(fd) == 0;
}

/* The rename is on the disk only when its folder is. Some file systems cannot sync a folder, and a folder
 * that may be written need not be readable: neither is a failure. */
static bool sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (size >= sizeof folder) return true;
    memcpy(folder, path, size);
    folder[size] = 0;
    int fd = open(size ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == EACCES;
    bool synced = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
    int error = errno;
    close(fd);
    errno = error;
    return synced;
}

enum status file_publish(const char *path, const void *bytes, size_t size, unsigned mode)
{
    struct text name = {0};
    int fd = open_beside(path, mode, &name);
    if (fd < 0) {
        text_free(&name);
        return status_fail_errno(STATUS_IO, "cannot write %s", path);
    }
    bool written = write_all(fd, bytes, size);
    int error = errno;
    if (close(fd) != 0 && written) { /* a network file system may tell only here */
        written = false;
        error = errno;
    }
    if (written && rename(text_string(&name), path) != 0) {
        written = false;
        error = errno;
    }
    if (!written) unlink(text_string(&name));
    text_free(&name);
    errno = error;
    if (!written || !sync_folder_of(path)) return status_fail_errno(STATUS_IO, "cannot write %s", path);
    return STATUS_OK;
}

/* ---- folders ---- */

enum status file_make_folders(const char *path)
{
    char prefix[PATH_MAX];
    size_t size = strlen(path);
    if (!size || size >= sizeof prefix) {
        errno = size ? ENAMETOOLONG : ENOENT;
        return status_fail_errno(STATUS_IO, "cannot make folder \"%s\"", path);
    }
    for (size_t end = 1; end <= size; end++) {
        if (end < size && path[end] != '/') continue;
        memcpy(prefix, path, end);
        prefix[end] = 0;
        struct stat info;
        /* Not writable for the group even where the umask would allow it: host code is loaded from below. */
        if (mkdir(prefix, 0755) == 0) continue;
        int error = errno;
        bool there = stat(prefix, &info) == 0;
        if (there && S_ISDIR(info.st_mode)) continue;
        if (there) return status_fail(STATUS_IO, "cannot make folder %s: %s is a file", path, prefix);
        errno = error;
        return status_fail_errno(STATUS_IO, "cannot make folder %s", prefix);
    }
    return STATUS_OK;
}

/* XDG Base Directory Specification 0.8: a relative path in the variable is to be ignored. */
static enum status home_path(const char *variable, const char *below_home, const char *leaf, struct text *out)
{
    const char *folder = getenv(variable), *home = getenv("HOME");
    if (folder && folder[0] == '/')
        text_append(out, folder);
    else if (home && home[0] == '/')
        text_format(out, "%s/%s", home, below_home);
    else
        return status_fail(STATUS_USAGE, "no place for %s: set %s or HOME to an absolute path", leaf,
                           variable);
    text_format(out, "/tunebook/%s", leaf);
    return text_status(out);
}

enum status file_data_path(const char *leaf, struct text *out)
{
    return home_path("XDG_DATA_HOME", ".local/share", leaf, out);
}

enum status file_cache_path(const char *leaf, struct text *out)
{
    return home_path("XDG_CACHE_HOME", ".cache", leaf, out);
}

enum status file_config_path(const char *leaf, struct text *out)
{
    return home_path("XDG_CONFIG_HOME", ".config", leaf, out);
}
