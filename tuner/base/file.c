#include "tuner/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
