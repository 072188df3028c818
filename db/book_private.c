#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <sys/stat.h>
#include "db/book.h"

static bool is_ours(const char *path, mode_t refused, struct stat *out)
{
    return stat(path, out) == 0 && (out->st_uid == geteuid() || out->st_uid == 0) &&
           !(out->st_mode & refused);
}

static bool is_private(const char *path, mode_t kind)
{
    char real[PATH_MAX];
    struct stat stat;
    if (!realpath(path, real) || !is_ours(real, S_IWGRP | S_IWOTH, &stat) || (stat.st_mode & S_IFMT) != kind)
        return false;
    /* The folder decides who may put another file there; above it, who may put another folder there. A group
     * that may write higher up is usually the user's own (umask 002); everybody is not, unless the folder is
     * sticky. */
    for (mode_t refused = S_IWGRP | S_IWOTH;; refused = 0) {
        char *slash = strrchr(real, '/');
        if (!slash || !real[1]) return true;
        slash[slash == real] = 0;
        if (!is_ours(real, refused, &stat) || (stat.st_mode & S_IWOTH && !(stat.st_mode & S_ISVTX)))
            return false;
    }
}

bool book_is_private(const char *path)
{
    return is_private(path, S_IFREG);
}

bool book_folder_is_private(const char *path)
{
    return is_private(path, S_IFDIR);
}
