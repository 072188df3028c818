#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book_internal.h"
#include "tuner/base/file.h"

/* TUNEBOOK_TEST_NETWORK_FS: 1, or the folder below which a network begins. Its name, or NULL. */
static const char *network_of(const char *path, bool of_book)
{
    const char *forced = getenv("TUNEBOOK_TEST_NETWORK_FS"), *name = NULL;
    if (forced && ((of_book && forced[0] == '1') || (forced[0] == '/' && text_starts_with(path, forced))))
        return "a pretended one";
    return file_on_network(path, &name) ? name : NULL;
}

bool book_on_network(const char *path)
{
    return network_of(path, true) != NULL;
}

/* FOLDER/tunebook-UID, ours alone. */
static bool try_folder(const char *folder, struct text *out)
{
    struct stat stat;
    if (!folder || !*folder || access(folder, W_OK | X_OK) || network_of(folder, false)) return false;
    text_clear(out);
    text_format(out, "%s/tunebook-%u", folder, (unsigned)geteuid());
    if (out->failed || (mkdir(out->data, 0700) && errno != EEXIST)) return false;
    return lstat(out->data, &stat) == 0 && S_ISDIR(stat.st_mode) && stat.st_uid == geteuid() &&
           !(stat.st_mode & 077);
}

/* The folder that somebody named, and no other, or why it cannot be used. */
static enum status named_folder(const char *folder, struct text *out)
{
    const char *network = network_of(folder, false);
    struct stat info;
    if (stat(folder, &info)) return status_fail_errno(STATUS_IO, "scratch folder %s", folder);
    if (!S_ISDIR(info.st_mode)) return status_fail(STATUS_USAGE, "scratch folder %s: not a folder", folder);
    if (network)
        return status_fail(STATUS_USAGE,
                           "scratch folder %s: on a network file system itself (%s); name a local one",
                           folder, network);
    if (try_folder(folder, out)) return text_status(out);
    return access(folder, W_OK | X_OK)
               ? status_fail_errno(STATUS_IO, "scratch folder %s", folder)
               : status_fail(STATUS_IO,
                             "scratch folder %s: no folder tunebook-%u of yours alone "
                             "can be made in it (chmod 700 one that is there)",
                             folder, (unsigned)geteuid());
}

enum status scratch_folder(const char *path, struct text *out)
{
    const char *const folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    const char *named = getenv("TUNEBOOK_SCRATCH");
    if (named && *named) return status_prefix(named_folder(named, out), "%s", path);
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (folders[i] && folders[i][0] == '/' && try_folder(folders[i], out)) return STATUS_OK;
    return status_fail(STATUS_UNAVAILABLE,
                       "%s: on a network file system, and no local folder to work in: set TUNEBOOK_SCRATCH "
                       "to a local folder "
                       "that you may write",
                       path);
}

static enum status copy_bytes(int from, int to, const char *path)
{
    char block[1 << 16];
    for (;;) {
        ssize_t got = read(from, block, sizeof block);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return status_fail_errno(STATUS_IO, "%s: cannot read", path);
        if (got == 0) return STATUS_OK;
        for (ssize_t done = 0; done < got;) {
            ssize_t put = write(to, block + done, (size_t)(got - done));
            if (put < 0 && errno != EINTR)
                return status_fail_errno(STATUS_IO, "%s: cannot copy to a local folder", path);
            if (put > 0) done += put;
        }
    }
}

enum status scratch_copy(const char *path, struct text *name)
{
    int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (from < 0 && errno == ENOENT) return status_fail(STATUS_NOT_FOUND, "%s: no such book", path);
    if (from < 0) return status_fail_errno(STATUS_IO, "%s: cannot open", path);
    struct book_file file;
    enum status status = book_file_check(from, path, &file);
    int to = status == STATUS_OK ? mkostemp(name->data, O_CLOEXEC) : -1;
    if (status == STATUS_OK && to < 0) status = status_fail_errno(STATUS_IO, "%s: cannot create", name->data);
    if (status == STATUS_OK) status = copy_bytes(from, to, path);
    if (to >= 0) {
        close(to);
        if (status != STATUS_OK) unlink(name->data);
    }
    close(from);
    return status;
}

enum status scratch_read(const char *path, char **scratch)
{
    struct text copy = {0};
    enum status status = scratch_folder(path, &copy);
    text_append(&copy, "/read.XXXXXX");
    if (status == STATUS_OK) status = text_status(&copy);
    if (status == STATUS_OK) status = scratch_copy(path, &copy);
    if (status == STATUS_OK) *scratch = text_take(&copy);
    text_free(&copy);
    return status;
}
