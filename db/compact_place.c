/* A live book in whose place another comes. LMDB's lock file says who has the book open: each does, by a
 * shared lock on its first byte, from open to close. Whoever has that byte alone is the only one, and whoever
 * wants to open the book meanwhile waits.
 *
 * Locks of this kind are the process's, and closing any descriptor of the file gives them up: none is opened
 * here while this process has the book open itself. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "db/compact_internal.h"

static struct flock whole_lock(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = 0, .l_len = 1};
}

/* STATUS_BUSY names who has it. Nobody's lock file is made where `create` is 0. */
static enum status take_lock(const struct compact_place *place, int create, int *out)
{
    struct text name = {0};
    struct flock lock = whole_lock();
    text_format(&name, "%s-lock", text_string(&place->path));
    enum status status = text_status(&name);
    *out = status == STATUS_OK ? open(name.data, O_RDWR | O_CLOEXEC | create, 0644) : -1;
    int error = errno;
    text_free(&name);
    TRY(status);
    errno = error;
    if (*out < 0 && !create && errno == ENOENT) return STATUS_OK;
    if (*out < 0) return status_fail_errno(STATUS_IO, "%s-lock: cannot open", place->name);
    if (fcntl(*out, F_SETLK, &lock) == 0) return STATUS_OK;
    if (errno != EACCES && errno != EAGAIN)
        return status_fail_errno(STATUS_IO, "%s-lock: cannot lock", place->name);
    long owner = fcntl(*out, F_GETLK, &lock) == 0 && lock.l_type != F_UNLCK ? (long)lock.l_pid : 0;
    if (!owner) return status_fail(STATUS_BUSY, "%s: another process has it open; try again", place->name);
    return status_fail(
        STATUS_BUSY,
        "%s: process %ld has it open and would go on with the old one; try again when it is done, or "
        "write another file (-o)",
        place->name, owner);
}

/* By another handle of this process, or frozen. */
static enum status check_book(const struct compact_place *place)
{
    struct book *book;
    TRY(book_open(place->path.data, BOOK_READ, &book));
    enum status status = STATUS_OK;
    if (environment_is_frozen(book->environment))
        status = status_fail(STATUS_USAGE, "%s: a frozen book cannot be written; name a new file (-o)",
                             place->name);
    else if (book->environment->references > 1)
        status = status_fail(STATUS_BUSY, "%s: open in this process", place->name);
    book_close(book);
    return status;
}

enum status compact_place_check(const char *path, struct compact_place *out)
{
    char real[PATH_MAX];
    int lock;
    *out = (struct compact_place){.name = path, .lock = -1};
    if (book_on_network(path))
        return status_fail(
            STATUS_USAGE,
            "%s: on a network file system others may have a copy that they work in; name a new file (-o)",
            path);
    if (!realpath(path, real))
        return errno == ENOENT ? status_fail(STATUS_NOT_FOUND, "%s: no such book", path)
                               : status_fail_errno(STATUS_IO, "%s: cannot open", path);
    text_append(&out->path, real);
    TRY(text_status(&out->path));
    TRY(check_book(out));
    enum status status = take_lock(out, 0, &lock);
    if (lock >= 0) close(lock);
    if (status == STATUS_OK && stat(out->path.data, &out->was))
        status = status_fail_errno(STATUS_IO, "%s: cannot stat", path);
    return status;
}

/* Whoever committed since has been told that it is kept. */
static enum status check_unchanged(const struct compact_place *place, uint64_t transaction)
{
    struct stat now;
    struct book_file file;
    int descriptor = open(place->path.data, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return status_fail_errno(STATUS_IO, "%s: cannot open", place->name);
    enum status status = book_file_check(descriptor, place->path.data, &file);
    bool same = status == STATUS_OK && fstat(descriptor, &now) == 0 && now.st_dev == place->was.st_dev &&
                now.st_ino == place->was.st_ino && file.transaction == transaction;
    close(descriptor);
    if (status != STATUS_OK || same) return status;
    return status_fail(STATUS_BUSY, "%s: was written meanwhile; try again", place->name);
}

/* Its owner and its rights; a folder's owner may be unable to give a file away, which is then his. */
static enum status take_rights(const struct compact_place *place, const char *work)
{
    if (chown(work, place->was.st_uid, place->was.st_gid) && errno != EPERM)
        return status_fail_errno(STATUS_IO, "%s: cannot set its owner", place->name);
    if (chmod(work, place->was.st_mode & 07777))
        return status_fail_errno(STATUS_IO, "%s: cannot set its permissions", place->name);
    return STATUS_OK;
}

enum status compact_place_take(struct compact_place *place, const char *work, uint64_t transaction)
{
    struct environment *environment;
    TRY(take_lock(place, O_CREAT, &place->lock));
    TRY(check_unchanged(place, transaction));
    TRY(take_rights(place, work));
    if (rename(work, place->path.data)) return status_fail_errno(STATUS_IO, "%s: cannot rename", place->name);
    folder_sync(place->path.data); /* it has its name: what fails from here on takes nothing back */
    /* The lock file still tells of the old one. Who opens a book alone writes it anew; those that wait for
     * the lock would not. */
    if (environment_open(place->path.data, true, true, &environment) == STATUS_OK)
        environment_close(environment);
    return STATUS_OK;
}

void compact_place_free(struct compact_place *place)
{
    if (place->lock >= 0) close(place->lock);
    text_free(&place->path);
    *place = (struct compact_place){.lock = -1};
}
