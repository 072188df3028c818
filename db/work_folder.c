#include "db/work_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include "db/book_internal.h"

static const char infix[] = ".work.";
enum { RANDOM_CHARACTERS = 6 };

static bool is_work_of(const char *name, const char *leaf)
{
    size_t length = strlen(leaf);
    return strncmp(name, leaf, length) == 0 && strncmp(name + length, infix, sizeof infix - 1) == 0 &&
           strlen(name + length) == sizeof infix - 1 + RANDOM_CHARACTERS;
}

/* Each entry, without a stream: that would need memory, and what is left over is removed where there is none.
 */
static void each_entry(int folder, void (*visit)(int folder, const char *name, const void *context),
                       const void *context)
{
    _Alignas(struct dirent64) char block[4096];
    lseek(folder, 0, SEEK_SET);
    for (ssize_t got; (got = getdents64(folder, block, sizeof block)) > 0;)
        for (ssize_t at = 0; at < got;) {
            const struct dirent64 *entry = (const void *)(block + at);
            at += entry->d_reclen;
            if (entry->d_name[0] != '.' || context) visit(folder, entry->d_name, context);
        }
}

static void remove_file(int folder, const char *name, const void *context)
{
    (void)context;
    unlinkat(folder, name, 0);
}

static void empty(int folder)
{
    each_entry(folder, remove_file, NULL);
}

/* Whoever makes a folder locks it at once, and makes another one where a cleaner was faster. Where folders
 * cannot be locked (some network file systems) nothing is removed. */
static void remove_dead(int parent, const char *name, const void *leaf)
{
    struct stat info;
    if (!is_work_of(name, leaf)) return;
    int folder = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder < 0) return;
    if (fstat(folder, &info) == 0 && info.st_uid == geteuid() && flock(folder, LOCK_EX | LOCK_NB) == 0) {
        empty(folder);
        unlinkat(parent, name, AT_REMOVEDIR);
    }
    close(folder);
}

/* Best effort: what cannot be removed is in nobody's way. */
static void remove_leftovers(const char *path)
{
    const char *slash = strrchr(path, '/'), *leaf = slash ? slash + 1 : path;
    char *name;
    if (folder_of(path, &name) != STATUS_OK) return;
    int folder = open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(name);
    if (folder < 0) return;
    each_entry(folder, remove_dead, leaf);
    close(folder);
}

/* EAGAIN: a cleaner came in between; another one will do. */
static int make(const char *path, struct work_folder *out)
{
    struct stat info;
    text_clear(&out->path);
    text_format(&out->path, "%s%sXXXXXX", path, infix);
    if (out->path.failed) return ENOMEM;
    if (!mkdtemp(out->path.data)) return errno;
    out->fd = open(out->path.data, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (out->fd >= 0 && (flock(out->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK) &&
        fstat(out->fd, &info) == 0 && info.st_nlink > 0)
        return 0;
    int error = out->fd < 0 && errno != ENOENT ? errno : EAGAIN;
    if (out->fd >= 0) close(out->fd);
    rmdir(out->path.data);
    return error;
}

enum status work_folder_begin(const char *path, struct work_folder *out)
{
    int error = EAGAIN;
    *out = (struct work_folder){.fd = -1};
    remove_leftovers(path);
    for (int tries = 0; tries < 100 && error == EAGAIN; tries++) error = make(path, out);
    if (!error) return STATUS_OK;
    text_free(&out->path);
    return lmdb_fail(path, error, "create");
}

enum status work_folder_file(const struct work_folder *work, const char *leaf, struct text *out)
{
    text_format(out, "%s/%s", text_string(&work->path), leaf);
    return text_status(out);
}

void work_folder_end(struct work_folder *work)
{
    if (!work->path.size) return;
    empty(work->fd);
    rmdir(work->path.data);
    close(work->fd);
    text_free(&work->path);
    *work = (struct work_folder){.fd = -1};
}
