/* Device memory, and what is done with it from the host. */
#include <stdlib.h>
#include "tuner/device/gpu.h"

/* A driver aligns as it likes; who wants more gets a place within more. */
struct gpu_moved {
    struct gpu_moved *next;
    void *given, *start;
};

static void remember(struct device *device, struct gpu_moved *moved, void *start, void *given)
{
    *moved = (struct gpu_moved){.given = given, .start = start};
    pthread_mutex_lock(&device->mutex);
    moved->next = device->moved;
    device->moved = moved;
    pthread_mutex_unlock(&device->mutex);
}

/* Where the allocation began of which `given` is the part that was handed out. */
static void *start_of(struct device *device, void *given)
{
    void *start = given;
    pthread_mutex_lock(&device->mutex);
    for (struct gpu_moved **link = &device->moved, *moved; (moved = *link); link = &moved->next) {
        if (moved->given != given) continue;
        start = moved->start;
        *link = moved->next;
        free(moved);
        break;
    }
    pthread_mutex_unlock(&device->mutex);
    return start;
}

enum status gpu_allocate(struct device *device, size_t bytes, size_t alignment, void **out)
{
    struct gpu_scope scope;
    size_t more = alignment > GPU_ALIGNMENT ? alignment - GPU_ALIGNMENT : 0, all;
    if (__builtin_add_overflow(bytes ? bytes : 1, more, &all))
        return status_fail(STATUS_NO_MEMORY, "%zu bytes aligned to %zu are more than there are addresses",
                           bytes, alignment);
    struct gpu_moved *moved = more ? malloc(sizeof *moved) : NULL;
    if (more && !moved) return status_fail(STATUS_NO_MEMORY, "no memory");
    void *start = NULL;
    enum status status = gpu_enter(device, &scope);
    if (status == STATUS_OK) {
        unsigned code = device->driver->allocate.call(&start, all);
        gpu_leave(device, &scope);
        if (code) status = gpu_fail_of(device, code, device->driver->allocate.words, "of %zu bytes", all);
    }
    if (status != STATUS_OK) {
        free(moved);
        return status;
    }
    size_t offset = more ? -(uintptr_t)start & (alignment - 1) : 0;
    *out = (char *)start + offset;
    if (offset)
        remember(device, moved, start, *out);
    else
        free(moved);
    return STATUS_OK;
}

void gpu_release(struct device *device, void *memory)
{
    struct gpu_scope scope;
    if (!memory) return;
    void *start = start_of(device, memory);
    if (gpu_enter(device, &scope) != STATUS_OK) return;
    device->driver->release.call(start);
    gpu_leave(device, &scope);
}

static enum status copy(struct device *device, bool up, void *to, const void *from, size_t bytes)
{
    const struct gpu_driver *driver = device->driver;
    struct gpu_scope scope;
    if (!bytes) return STATUS_OK;
    TRY(gpu_enter(device, &scope));
    const char *call = up ? driver->upload.words : driver->download.words;
    unsigned code = 0;
    if (!up)
        code = driver->download.call(to, from, bytes);
    else if (!gpu_stage(device, to, from, bytes, &code, &call))
        code = driver->upload.call(to, from, bytes);
    /* From pageable memory the call may end when the bytes are in a staging buffer (CUDA driver API, "API
     * synchronization behavior"), before a kernel on another stream may read them. */
    if (!code && up) {
        call = driver->synchronize.words;
        code = driver->synchronize.call(NULL);
    }
    gpu_leave(device, &scope);
    return code ? gpu_fail_of(device, code, call, "of %zu bytes", bytes) : STATUS_OK;
}

enum status gpu_upload(struct device *device, void *to, const void *from, size_t bytes)
{
    return copy(device, true, to, from, bytes);
}

enum status gpu_download(struct device *device, void *to, const void *from, size_t bytes)
{
    return copy(device, false, to, from, bytes);
}

enum status gpu_fill(struct device *device, void *to, uint8_t value, size_t bytes)
{
    const struct gpu_driver *driver = device->driver;
    struct gpu_scope scope;
    if (!bytes) return STATUS_OK;
    TRY(gpu_enter(device, &scope));
    const char *call = driver->fill.words;
    unsigned code = driver->fill.call(to, value, bytes, NULL);
    if (!code) {
        call = driver->synchronize.words;
        code = driver->synchronize.call(NULL);
    }
    gpu_leave(device, &scope);
    return code ? gpu_fail_of(device, code, call, "of %zu bytes", bytes) : STATUS_OK;
}

enum status gpu_allocate_ordered(struct device *device, void *stream, size_t bytes, void **out)
{
    const struct gpu_driver *driver = device->driver;
    struct gpu_scope scope;
    if (!device->orders_memory)
        return status_fail(STATUS_UNAVAILABLE, "%s: this device or its driver has no memory pools",
                           device->info.name);
    TRY(gpu_enter(device, &scope));
    unsigned code = driver->allocate_ordered.call(out, bytes ? bytes : 1, gpu_stream(device, stream));
    gpu_leave(device, &scope);
    return code ? gpu_fail_of(device, code, driver->allocate_ordered.words, "of %zu bytes", bytes)
                : STATUS_OK;
}

enum status gpu_release_ordered(struct device *device, void *stream, void *memory)
{
    const struct gpu_driver *driver = device->driver;
    struct gpu_scope scope;
    if (!memory) return STATUS_OK;
    TRY(gpu_enter(device, &scope));
    unsigned code = driver->release_ordered.call(memory, gpu_stream(device, stream));
    gpu_leave(device, &scope);
    return code ? gpu_fail(device, code, driver->release_ordered.words) : STATUS_OK;
}

/* What is still moved was never released; the driver takes its memory back with the context. */
void gpu_destroy(struct device *device)
{
    if (!device) return;
    while (device->moved) {
        struct gpu_moved *next = device->moved->next;
        free(device->moved);
        device->moved = next;
    }
    pthread_mutex_destroy(&device->mutex);
    pthread_mutex_destroy(&device->upload);
    free(device);
}
