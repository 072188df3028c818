/* A driver's library: opened where it is wanted, never linked. */
#include <dlfcn.h>
#include <glob.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/device/gpu.h"

enum { PATH_BYTES = 1024 };

/* Each name in the folder ("" where the loader is to look). */
static void *open_in(const char *folder, const char *const *names, int how)
{
    void *handle = NULL;
    for (; *names && !handle; names++) {
        char path[PATH_BYTES];
        int length = snprintf(path, sizeof path, "%s%s%s", folder, *folder ? "/" : "", *names);
        if (length < (int)sizeof path) handle = dlopen(path, how);
    }
    return handle;
}

/* "$HOME/lib" with the variable's value; false where that is no absolute path. */
static bool expand(const char *pattern, char out[PATH_BYTES])
{
    char name[48];
    if (*pattern != '$') return snprintf(out, PATH_BYTES, "%s", pattern) < PATH_BYTES;
    size_t length = strcspn(++pattern, "/");
    snprintf(name, sizeof name, "%.*s", (int)length, pattern);
    const char *value = getenv(name);
    return value && *value == '/' && snprintf(out, PATH_BYTES, "%s%s", value, pattern + length) < PATH_BYTES;
}

static void *open_below(const char *pattern, const char *const *names)
{
    char expanded[PATH_BYTES];
    void *handle = NULL;
    glob_t found;
    if (!expand(pattern, expanded) || glob(expanded, 0, NULL, &found) != 0) return NULL;
    for (size_t i = 0; i < found.gl_pathc && !handle; i++)
        handle = open_in(found.gl_pathv[i], names, RTLD_NOW | RTLD_LOCAL);
    globfree(&found);
    return handle;
}

/* Two copies of a driver's library in one process do not know of each other. */
static void *open_somewhere(const struct gpu_library *library)
{
    void *handle = open_in("", library->names, RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (!handle && library->home) {
        char pattern[64];
        snprintf(pattern, sizeof pattern, "$%s/lib", library->home);
        handle = open_below(pattern, library->names);
    }
    if (!handle) handle = open_in("", library->names, RTLD_NOW | RTLD_LOCAL);
    for (const char *const *folder = library->folders; folder && *folder && !handle; folder++)
        handle = open_below(*folder, library->names);
    return handle;
}

/* It stays open: a driver has threads of its own. */
static enum status open_library(struct gpu_library *library)
{
    void *handle = open_somewhere(library);
    if (!handle) {
        const char *why = dlerror();
        return status_fail(STATUS_UNAVAILABLE, "%s (%s)", library->advice, why ? why : library->names[0]);
    }
    for (size_t i = 0; i < library->n_symbols; i++) {
        library->functions[i] = dlsym(handle, library->symbols[i].name);
        if (!library->functions[i] && !library->symbols[i].optional && !library->missing)
            library->missing = library->symbols[i].name;
    }
    library->open = true;
    return STATUS_OK;
}

enum status gpu_library_open(struct gpu_library *library)
{
    pthread_mutex_lock(&library->mutex);
    enum status status = library->open ? STATUS_OK : open_library(library);
    if (status == STATUS_OK && library->missing)
        status = status_fail(STATUS_UNAVAILABLE, "%s has no %s: %s", library->names[0], library->missing,
                             library->too_old);
    pthread_mutex_unlock(&library->mutex);
    return status;
}

enum status gpu_library_claim(struct gpu_library *library, const char *words)
{
    int self = (int)getpid();
    pthread_mutex_lock(&library->mutex);
    if (!library->process) library->process = self;
    int process = library->process;
    pthread_mutex_unlock(&library->mutex);
    if (process == self) return STATUS_OK;
    return status_fail(STATUS_UNAVAILABLE,
                       "%s was in use in process %d when this one, %d, was forked off; a fork cannot use it",
                       words, process, self);
}

void gpu_kernel_driver(const char *module, char *out, size_t capacity)
{
    char path[64], version[64];
    out[0] = 0;
    snprintf(path, sizeof path, "/sys/module/%s/version", module);
    FILE *file = fopen(path, "re");
    if (!file) return;
    if (fgets(version, sizeof version, file))
        snprintf(out, capacity, "%s_driver=%.*s\n", module, (int)strcspn(version, "\n"), version);
    fclose(file);
}
