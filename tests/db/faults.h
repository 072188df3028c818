/* The n-th write, sync, rename or allocation of this program fails. Defines what the C library has; included
 * once. */
#ifndef TUNEBOOK_TESTS_DB_FAULTS_H
#define TUNEBOOK_TESTS_DB_FAULTS_H

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define OURS __attribute__((visibility("default")))

/* The n-th call from now fails; 0: none does. One counter for each kind. */
enum fault { FAULT_WRITE, FAULT_SYNC, FAULT_RENAME, FAULT_MEMORY, FAULT_COUNT };
static long fails_in[FAULT_COUNT];

/* libarchive dies of some allocations that fail: whether the one that failed was its own, or libzstd's for
 * it. */
static bool *fault_of_libarchive;

static bool fails(enum fault fault)
{
    return fails_in[fault] && --fails_in[fault] == 0;
}

static bool no_room(void)
{
    if (!fails(FAULT_WRITE)) return false;
    errno = ENOSPC;
    return true;
}

OURS ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t at)
{
    return no_room() ? -1 : syscall(SYS_pwrite64, descriptor, bytes, size, at);
}

OURS ssize_t write(int descriptor, const void *bytes, size_t size)
{
    return no_room() ? -1 : syscall(SYS_write, descriptor, bytes, size);
}

OURS ssize_t writev(int descriptor, const struct iovec *parts, int n)
{
    return no_room() ? -1 : syscall(SYS_writev, descriptor, parts, n);
}

static int broken(enum fault fault, long result)
{
    if (!fails(fault)) return (int)result;
    errno = EIO;
    return -1;
}

OURS int fdatasync(int descriptor)
{
    return broken(FAULT_SYNC, syscall(SYS_fdatasync, descriptor));
}

OURS int fsync(int descriptor)
{
    return broken(FAULT_SYNC, syscall(SYS_fsync, descriptor));
}

OURS int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags)
{
    if (fails(FAULT_RENAME)) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, flags);
}

OURS int rename(const char *from, const char *to)
{
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

#ifndef __SANITIZE_ADDRESS__
extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t n, size_t size);
extern void *__libc_realloc(void *old, size_t size);

static bool no_memory(const void *caller)
{
    Dl_info info;
    if (!fails(FAULT_MEMORY)) return false;
    *fault_of_libarchive = dladdr(caller, &info) && info.dli_fname &&
                           (strstr(info.dli_fname, "libarchive") || strstr(info.dli_fname, "libzstd"));
    return true;
}

OURS void *malloc(size_t size)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_malloc(size);
}

OURS void *calloc(size_t n, size_t size)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_calloc(n, size);
}

OURS void *realloc(void *old, size_t size)
{
    return no_memory(__builtin_return_address(0)) ? NULL : __libc_realloc(old, size);
}
#endif

#endif
