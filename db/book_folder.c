#include <fcntl.h>
#include <limits.h>
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

/* A name that was given is not taken back: what goes wrong here is no failure. Some network file systems
 * cannot sync a folder. */
void folder_sync(const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = !slash ? 0 : slash == path ? 1 : (size_t)(slash - path);
    if (size >= sizeof folder) return;
    memcpy(folder, path, size);
    folder[size] = 0;
    int descriptor = open(size ? folder : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) return;
    fsync(descriptor);
    close(descriptor);
}
