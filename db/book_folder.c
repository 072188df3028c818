#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "db/book_internal.h"
#include "tuner/base/file.h"

enum status folder_of(const char *path, char **out)
{
    const char *slash = strrchr(path, '/');
    *out = slash == path ? strdup("/") : slash ? strndup(path, (size_t)(slash - path)) : strdup(".");
    return *out ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "%s: out of memory", path);
}

enum status folder_make(const char *path)
{
    char *folder;
    TRY(folder_of(path, &folder));
    enum status status = file_make_folders(folder);
    free(folder);
    return status;
}

enum status folder_sync(const char *path)
{
    char *folder;
    TRY(folder_of(path, &folder));
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    /* Some network file systems cannot sync a folder; the rename itself is done. */
    if (descriptor >= 0) {
        fsync(descriptor);
        close(descriptor);
    }
    return STATUS_OK;
}
