#include "tuner/base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/clock.h"

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

bool file_write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        ssize_t n = write(fd, bytes, size);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
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

enum status file_draft_begin(const char *path, unsigned mode, struct file_draft *out)
{
    *out = (struct file_draft){.path = path};
    out->fd = open_beside(path, mode, &out->name);
    if (out->fd >= 0) return STATUS_OK;
    text_free(&out->name);
    return status_fail_errno(STATUS_IO, "cannot write %s", path);
}

void file_draft_abandon(struct file_draft *draft)
{
    if (draft->fd < 0) return;
    close(draft->fd);
    unlink(text_string(&draft->name));
    text_free(&draft->name);
    draft->fd = -1;
}

enum status file_draft_publish(struct file_draft *draft)
{
    bool written = fsync(draft->fd) == 0;
    int error = errno;
    if (close(draft->fd) != 0 && written) { /* a network file system may tell only here */
        written = false;
        error = errno;
    }
    if (written && rename(text_string(&draft->name), draft->path) != 0) {
        written = false;
        error = errno;
    }
    if (!written) unlink(text_string(&draft->name));
    text_free(&draft->name);
    draft->fd = -1;
    errno = error;
    if (!written || !sync_folder_of(draft->path))
        return status_fail_errno(STATUS_IO, "cannot write %s", draft->path);
    return STATUS_OK;
}

enum status file_publish(const char *path, const void *bytes, size_t size, unsigned mode)
{
    struct file_draft draft;
    TRY(file_draft_begin(path, mode, &draft));
    if (file_write_all(draft.fd, bytes, size)) return file_draft_publish(&draft);
    int error = errno;
    file_draft_abandon(&draft);
    errno = error;
    return status_fail_errno(STATUS_IO, "cannot write %s", path);
}
