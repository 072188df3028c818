/* Launches recorded once and replayed as a graph.
 *
 * The default stream cannot be captured. Who begins with stream NULL gets a stream of the device's own, and
 * what the same thread launches on NULL until the end goes there. */
#include "tuner/device/gpu.h"

/* `stream` is the caller's or NULL; out comes the one to capture, with the mutex held while it is ours. */
static enum status begin_own(struct device *device, void **stream)
{
    const struct gpu_driver *driver = device->driver;
    if (device->capturing)
        return status_fail(STATUS_BUSY, "%s: the default stream is already being recorded",
                           device->info.name);
    if (!device->capture_stream) {
        unsigned code = driver->stream_create.call(&device->capture_stream);
        if (code) return gpu_fail(device, code, driver->stream_create.words);
    }
    *stream = device->capture_stream;
    return STATUS_OK;
}

enum status gpu_graph_begin(struct device *device, void *stream)
{
    const struct gpu_driver *driver = device->driver;
    struct gpu_scope scope;
    TRY(gpu_enter(device, &scope));
    bool own = !stream;
    enum status status = STATUS_OK;
    pthread_mutex_lock(&device->mutex);
    if (own) status = begin_own(device, &stream);
    if (status == STATUS_OK) {
        unsigned code = driver->capture_begin.call(stream);
        if (code) status = gpu_fail(device, code, driver->capture_begin.words);
    }
    if (status == STATUS_OK && own) {
        device->capturing = true;
        device->capturer = pthread_self();
    }
    pthread_mutex_unlock(&device->mutex);
    gpu_leave(device, &scope);
    return status;
}

/* Ends the recording of the device's own stream; one that did not end is thrown away with the stream. */
static void end_own(struct device *device, bool ended)
{
    pthread_mutex_lock(&device->mutex);
    device->capturing = false;
    if (!ended) {
        device->driver->stream_destroy.call(device->capture_stream);
        device->capture_stream = NULL;
    }
    pthread_mutex_unlock(&device->mutex);
}

enum status gpu_graph_end(struct device *device, void *stream, void **graph)
{
    const struct gpu_driver *driver = device->driver;
    struct gpu_scope scope;
    void *recorded = NULL, *captured = gpu_stream(device, stream);
    if (!captured)
        return status_fail(STATUS_USAGE, "%s: this thread is not recording the default stream",
                           device->info.name);
    TRY(gpu_enter(device, &scope));
    const char *call = driver->capture_end.words;
    unsigned code = driver->capture_end.call(captured, &recorded);
    if (!stream) end_own(device, code == GPU_OK);
    if (!code) {
        call = driver->instantiate.words;
        code = driver->instantiate.call(graph, recorded);
        driver->graph_destroy.call(recorded);
    }
    gpu_leave(device, &scope);
    return code ? gpu_fail(device, code, call) : STATUS_OK;
}

enum status gpu_graph_launch(struct device *device, void *graph, void *stream)
{
    struct gpu_scope scope;
    TRY(gpu_enter(device, &scope));
    unsigned code = device->driver->graph_launch.call(graph, gpu_stream(device, stream));
    gpu_leave(device, &scope);
    atomic_store(&device->fault, (int)(code ? gpu_error_find(code)->fault : DEVICE_FAULT_NONE));
    return code ? gpu_fail(device, code, device->driver->graph_launch.words) : STATUS_OK;
}

void gpu_graph_destroy(struct device *device, void *graph)
{
    struct gpu_scope scope;
    if (!graph || gpu_enter(device, &scope) != STATUS_OK) return;
    device->driver->executable_destroy.call(graph);
    gpu_leave(device, &scope);
}
