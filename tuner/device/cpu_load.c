#include "tuner/device/cpu_load.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MFD_EXEC
#define MFD_EXEC 0x10u /* Linux 6.3: asked for by name where vm.memfd_noexec is set */
#endif

static enum status write_all(int file, const void *bytes, size_t size)
{
    for (const char *next = bytes; size > 0;) {
        ssize_t written = write(file, next, size);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0)
            return status_fail_errno(STATUS_IO, "cannot write a code object of %zu bytes", size);
        next += written;
        size -= (size_t)written;
    }
    return STATUS_OK;
}

static enum status load_path(const char *path, void **handle)
{
    void *loaded = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (!loaded) return status_fail(STATUS_BAD_DATA, "cannot load the code object: %s", dlerror());
    *handle = loaded;
    return STATUS_OK;
}

/* The loader takes a library whose path it has seen for the same library, and descriptors are used again. So
 * every load spells the path differently: the bits of a counter as "/" and "/." in front of the number. */
static void spell_path(int file, char path[256])
{
    static _Atomic unsigned loads;
    unsigned serial = atomic_fetch_add(&loads, 1);
    char *end = path + sprintf(path, "/proc/self/fd");
    for (; serial; serial >>= 1) end += sprintf(end, serial & 1 ? "/." : "/");
    sprintf(end, "/%d", file);
}

static enum status load_memory_file(const void *code, size_t bytes, void **handle, bool *possible)
{
    int file = memfd_create("tunebook-kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC);
    if (file < 0) file = memfd_create("tunebook-kernel", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    char path[256];
    *possible = false;
    if (file < 0) return STATUS_UNAVAILABLE;
    spell_path(file, path);
    enum status status = STATUS_UNAVAILABLE;
    if (access(path, R_OK) == 0) {
        *possible = true;
        status = write_all(file, code, bytes);
        fcntl(file, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL);
        if (status == STATUS_OK) status = load_path(path, handle);
    }
    close(file);
    return status;
}

static enum status load_temporary_file(const void *code, size_t bytes, void **handle)
{
    const char *folder = getenv("TMPDIR");
    if (!folder || !*folder) folder = "/tmp";
    char path[512];
    if (snprintf(path, sizeof path, "%s/tunebook-kernel-XXXXXX", folder) >= (int)sizeof path)
        return status_fail(STATUS_IO, "TMPDIR is too long: %.100s...", folder);
    int file = mkostemp(path, O_CLOEXEC); /* mode 0600 */
    if (file < 0) return status_fail_errno(STATUS_IO, "cannot make a file in %s for a code object", folder);
    enum status status = write_all(file, code, bytes);
    close(file);
    if (status == STATUS_OK) status = load_path(path, handle);
    unlink(path);
    return status;
}

enum status cpu_load(const void *code, size_t bytes, void **handle)
{
    bool possible;
    enum status status = load_memory_file(code, bytes, handle, &possible);
    return possible ? status : load_temporary_file(code, bytes, handle);
}

void cpu_unload(void *handle)
{
    if (handle) dlclose(handle);
}
