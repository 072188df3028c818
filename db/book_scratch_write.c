#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book_internal.h"
#include "tuner/base/file.h"

/* One scratch file for each book, found again after a crash: named by where the book lies. */
static enum status scratch_name(const char *path, struct text *out)
{
    char real[PATH_MAX], shown[17];
    const char *slash = strrchr(path, '/');
    char *folder;
    TRY(folder_of(path, &folder));
    enum status status = file_make_folders(folder);
    if (status == STATUS_OK && !realpath(folder, real))
        status = status_fail_errno(STATUS_IO, "%s: cannot find", folder);
    free(folder);
    TRY(status);
    struct sha256 sha;
    sha256_begin(&sha);
    sha256_add_field(&sha, real);
    sha256_add_field(&sha, slash ? slash + 1 : path);
    struct hash hash = sha256_end(&sha);
    text_hex(hash.bytes, 8, shown);
    text_format(out, "/%s.book", shown);
    return text_status(out);
}

/* A copy of the published file takes the scratch's name, unless another process was faster. */
static enum status copy_published(const char *path, const char *name)
{
    struct work_folder work;
    struct text copy = {0};
    TRY(work_folder_begin(name, &work));
    enum status status = work_folder_file(&work, "copy.XXXXXX", &copy);
    if (status == STATUS_OK) status = scratch_copy(path, &copy);
    if (status == STATUS_OK && renameat2(AT_FDCWD, copy.data, AT_FDCWD, name, RENAME_NOREPLACE) &&
        errno != EEXIST)
        status = status_fail_errno(STATUS_IO, "%s: cannot rename", copy.data);
    text_free(&copy);
    work_folder_end(&work);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status; /* a new book: made in the scratch */
}

enum status scratch_write(const char *path, char **scratch)
{
    struct text name = {0};
    enum status status = scratch_folder(path, &name);
    if (status == STATUS_OK) status = scratch_name(path, &name);
    /* One that is there holds what a crash kept from being published. */
    if (status == STATUS_OK && access(name.data, F_OK)) status = copy_published(path, name.data);
    if (status == STATUS_OK) *scratch = text_take(&name);
    text_free(&name);
    return status;
}

enum status scratch_work(const char *path, struct work_folder *out)
{
    struct text name = {0};
    const char *slash = strrchr(path, '/');
    enum status status = scratch_folder(path, &name);
    text_format(&name, "/%s", slash ? slash + 1 : path);
    if (status == STATUS_OK) status = text_status(&name);
    if (status == STATUS_OK) status = work_folder_begin(name.data, out);
    text_free(&name);
    return status;
}
