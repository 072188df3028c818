/* The slots of device.h that CUDA and HIP fill alike: modules, launches, time. Memory is in gpu_memory.c,
 * graphs in gpu_graph.c. */
#include "tuner/device/gpu.h"

#include <stdlib.h>
#include <string.h>

enum status gpu_create(const struct gpu_driver *driver, int ordinal, struct device **out)
{
    struct device *device = calloc(1, sizeof *device);
    if (!device) return status_fail(STATUS_NO_MEMORY, "no memory for a %s device", driver->words);
    pthread_mutex_init(&device->mutex, NULL);
    pthread_mutex_init(&device->upload, NULL);
    device->driver = driver;
    device->ordinal = ordinal;
    *out = device;
    return STATUS_OK;
}

void gpu_finish(struct device *device)
{
    struct gpu_scope scope;
    if ((!device->capture_stream && !device->staging) || gpu_enter(device, &scope) != STATUS_OK) return;
    if (device->capture_stream) device->driver->stream_destroy.call(device->capture_stream);
    gpu_drop_staging(device);
    gpu_leave(device, &scope);
}

const struct device_info *gpu_info(const struct device *device)
{
    return &device->info;
}

enum status gpu_enter(struct device *device, struct gpu_scope *scope)
{
    TRY(gpu_check(device));
    unsigned code = device->driver->enter(device, &scope->before);
    if (code) return gpu_fail(device, code, device->driver->enter_words);
    return STATUS_OK;
}

void gpu_leave(struct device *device, struct gpu_scope *scope)
{
    device->driver->leave(device, scope->before);
}

void *gpu_stream(struct device *device, void *stream)
{
    if (stream) return stream;
    pthread_mutex_lock(&device->mutex);
    if (device->capturing && pthread_equal(device->capturer, pthread_self())) stream = device->capture_stream;
    pthread_mutex_unlock(&device->mutex);
    return stream;
}

/* A driver reads the headers of a code object where they are: bytes that came in a frame lie anywhere. */
static enum status align_code(const void **code, size_t bytes, void **copy)
{
    enum { ALIGNMENT = 16 };
    *copy = NULL;
    if ((uintptr_t)*code % ALIGNMENT == 0) return STATUS_OK;
    *copy = malloc(bytes);
    if (!*copy) return status_fail(STATUS_NO_MEMORY, "no memory for a code object of %zu bytes", bytes);
    *code = memcpy(*copy, *code, bytes);
    return STATUS_OK;
}

enum status gpu_load(struct device *device, const void *code, size_t bytes, struct device_module **out)
{
    struct device_module *module = calloc(1, sizeof *module);
    if (!module) return status_fail(STATUS_NO_MEMORY, "no memory for a module");
    struct gpu_scope scope;
    void *copy = NULL;
    enum status status =
        device->driver->check_code ? device->driver->check_code(device, code, bytes) : STATUS_OK;
    if (status == STATUS_OK) status = align_code(&code, bytes, &copy);
    if (status == STATUS_OK) status = gpu_enter(device, &scope);
    if (status == STATUS_OK) {
        unsigned failed = device->driver->load.call(&module->handle, code);
        gpu_leave(device, &scope);
        if (failed)
            status = gpu_fail_of(device, failed, device->driver->load.words, "of a code object of %zu bytes",
                                 bytes);
    }
    free(copy);
    if (status != STATUS_OK) {
        free(module);
        return status;
    }
    module->device = device;
    *out = module;
    return STATUS_OK;
}

void gpu_unload(struct device *device, struct device_module *module)
{
    struct gpu_scope scope;
    if (!module) return;
    if (gpu_enter(device, &scope) == STATUS_OK) {
        device->driver->unload.call(module->handle);
        gpu_leave(device, &scope);
    }
    free(module);
}

enum status gpu_function(struct device_module *module, const char *entry, void **out)
{
    struct device *device = module->device;
    const struct gpu_driver *driver = device->driver;
    struct gpu_scope scope;
    TRY(gpu_enter(device, &scope));
    const char *call = driver->function.words;
    unsigned code = driver->function.call(out, module->handle, entry);
    if (!code && driver->get_ready) code = driver->get_ready(device, *out, &call);
    gpu_leave(device, &scope);
    return code ? gpu_fail_of(device, code, call, "of entry '%s'", entry) : STATUS_OK;
}

uint64_t gpu_scratch_bytes(const struct device *device, uint32_t shared_bytes)
{
    (void)device;
    (void)shared_bytes;
    return 0;
}

static enum status launch_failed(struct device *device, unsigned code, const struct device_launch *launch,
                                 uint32_t i)
{
    const struct device_step *step = &launch->steps[i];
    if (!step->function)
        return gpu_fail_of(device, code, device->driver->fill.words, "of step %u, %llu bytes", i,
                           (unsigned long long)step->zero_bytes);
    return gpu_fail_of(
        device, code, device->driver->launch.words,
        "of step %u: grid %ux%ux%u, cluster %ux%ux%u, block %ux%ux%u, %u bytes of shared memory%s%s", i,
        step->grid[0], step->grid[1], step->grid[2], step->cluster[0], step->cluster[1], step->cluster[2],
        step->block[0], step->block[1], step->block[2], step->shared_bytes,
        step->cooperative ? ", cooperative" : "", step->programmatic ? ", programmatic" : "");
}

static void note_fault(struct device *device, unsigned code)
{
    atomic_store(&device->fault, (int)(code ? gpu_error_find(code)->fault : DEVICE_FAULT_NONE));
}

enum status gpu_launch(struct device *device, void *stream, const struct device_launch *launch)
{
    const struct gpu_driver *driver = device->driver;
    struct gpu_scope scope;
    TRY(gpu_enter(device, &scope));
    stream = gpu_stream(device, stream);
    unsigned code = GPU_OK;
    uint32_t i = 0;
    for (; i < launch->n_steps; i++) {
        const struct device_step *step = &launch->steps[i];
        if (step->function)
            code = driver->launch.call(step, launch->args, launch->args_bytes, stream);
        else if (step->zero_bytes)
            code =
                driver->fill.call((char *)launch->workspace + step->zero_offset, 0, step->zero_bytes, stream);
        if (code) break;
    }
    gpu_leave(device, &scope);
    note_fault(device, code);
    return code ? launch_failed(device, code, launch, i) : STATUS_OK;
}

enum status gpu_synchronize(struct device *device, void *stream)
{
    struct gpu_scope scope;
    TRY(gpu_enter(device, &scope));
    unsigned code = device->driver->synchronize.call(gpu_stream(device, stream));
    gpu_leave(device, &scope);
    note_fault(device, code);
    return code ? gpu_fail(device, code, device->driver->synchronize.words) : STATUS_OK;
}

enum device_fault gpu_fault(const struct device *device)
{
    return (enum device_fault)atomic_load(&device->fault);
}

enum status gpu_mark_create(struct device *device, void **mark)
{
    struct gpu_scope scope;
    TRY(gpu_enter(device, &scope));
    unsigned code = device->driver->event_create.call(mark);
    gpu_leave(device, &scope);
    return code ? gpu_fail(device, code, device->driver->event_create.words) : STATUS_OK;
}

void gpu_mark_destroy(struct device *device, void *mark)
{
    struct gpu_scope scope;
    if (!mark || gpu_enter(device, &scope) != STATUS_OK) return;
    device->driver->event_destroy.call(mark);
    gpu_leave(device, &scope);
}

enum status gpu_mark_record(struct device *device, void *mark, void *stream)
{
    struct gpu_scope scope;
    TRY(gpu_enter(device, &scope));
    unsigned code = device->driver->event_record.call(mark, gpu_stream(device, stream));
    gpu_leave(device, &scope);
    return code ? gpu_fail(device, code, device->driver->event_record.words) : STATUS_OK;
}

/* Waits for the later mark: its time is not known before. */
enum status gpu_mark_elapsed_ns(struct device *device, void *begin, void *end, double *ns)
{
    const struct gpu_driver *driver = device->driver;
    struct gpu_scope scope;
    TRY(gpu_enter(device, &scope));
    float ms = 0;
    const char *call = driver->event_wait.words;
    unsigned code = driver->event_wait.call(end);
    note_fault(device, code);
    if (!code) {
        call = driver->event_elapsed.words;
        code = driver->event_elapsed.call(&ms, begin, end);
    }
    gpu_leave(device, &scope);
    *ns = 1e6 * (double)ms;
    return code ? gpu_fail(device, code, call) : STATUS_OK;
}
