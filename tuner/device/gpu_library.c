/* A driver's library: opened where it is wanted, never linked. */
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tuner/device/gpu.h"

static void *open_first(const char *const *names)
{
    void *handle = NULL;
    for (; *names && !handle; names++) handle = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
    return handle;
}

/* It stays open: a driver has threads of its own. */
static enum status open_library(struct gpu_library *library)
{
    void *handle = open_first(library->names);
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
