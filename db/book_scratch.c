#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book_internal.h"
#include "tuner/base/file.h"

bool book_on_network(const char *path)
{
    const char *forced = getenv("TUNEBOOK_TEST_NETWORK_FS"), *name;
    return (forced && forced[0] == '1') || file_on_network(path, &name);
}

/* FOLDER/tunebook-UID, ours alone. */
static bool try_folder(const char *folder, struct text *out)
{
    const char *name;
    struct stat stat;
    if (!folder || folder[0] != '/' || access(folder, W_OK | X_OK) || file_on_network(folder, &name))
        return false;
    text_clear(out);
    text_format(out, "%s/tunebook-%u", folder, (unsigned)geteuid());
    if (out->failed || (mkdir(out->data, 0700) && errno != EEXIST)) return false;
    return lstat(out->data, &stat) == 0 && S_ISDIR(stat.st_mode) && stat.st_uid == geteuid() &&
           !(stat.st_mode & 077);
}

enum status scratch_folder(const char *path, struct text *out)
{
    const char *const folders[] = {getenv("TMPDIR"), "/var/tmp", "/tmp"};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        if (try_folder(folders[i], out)) return STATUS_OK;
    return status_fail(
        STATUS_UNAVAILABLE,
        "%s: on a network file system, and no local folder to work in: set TMPDIR to a local folder "
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
