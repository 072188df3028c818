/* Streams, events and graphs. Work waits in its stream until somebody waits for it.
 *
 * The default stream takes turns with the blocking ones: what is on it runs after all that was enqueued on
 * them before, and the other way round. Each piece of work has a number, so that "before" is plain. */
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>
#include "tests/fakes/fake.h"

enum { ARGS_MAX = 4096, BLOCK_THREADS_MAX = 1024 };

struct work {
    struct work *next;
    uint64_t number;
    enum { WORK_FILL, WORK_LAUNCH, WORK_RECORD, WORK_CALL } kind;
    void *to;
    uint8_t value;
    size_t bytes;
    struct device_step step;
    void *args;
    uint32_t args_bytes;
    void *event;
    void (*call)(void *args);
};
struct queue {
    struct work *first, **last;
};
struct fake_graph {
    struct fake_object object;
    bool executable;
    struct queue work;
};
struct fake_stream {
    struct fake_object object;
    bool blocking;
    struct queue work;
    struct fake_graph *capture;
    bool spoilt;
};
struct fake_event {
    struct fake_object object;
    struct fake_stream *stream; /* where it was recorded last; NULL: nowhere, or that is gone */
    uint64_t number;
    bool recorded, done;
    struct timespec when;
};

static uint64_t last_number;
static _Thread_local struct fake_stream *capturing; /* by this thread */

/* --- queues --- */

static void queue_init(struct queue *queue)
{
    queue->first = NULL;
    queue->last = &queue->first;
}

static void work_free(struct work *work)
{
    free(work->args);
    free(work);
}

static void queue_clear(struct queue *queue)
{
    while (queue->first) {
        struct work *next = queue->first->next;
        work_free(queue->first);
        queue->first = next;
    }
    queue->last = &queue->first;
}

static void queue_add(struct queue *queue, const struct work *work)
{
    struct work *copy = malloc(sizeof *copy);
    if (!copy) abort();
    *copy = *work;
    copy->next = NULL;
    if (work->args) {
        copy->args = malloc(ARGS_MAX);
        if (!copy->args) abort();
        memcpy(copy->args, work->args, work->args_bytes);
    }
    *queue->last = copy;
    queue->last = &copy->next;
}

/* --- running --- */

static void run_launch(struct fake_device *device, const struct work *work)
{
    struct device_launch launch = {
        .steps = &work->step, .n_steps = 1, .args = work->args, .args_bytes = work->args_bytes};
    if (fake_emulator->launch(device->emulated, NULL, &launch) != STATUS_OK ||
        fake_emulator->synchronize(device->emulated, NULL) != STATUS_OK)
        fake_lose(device, fake_fault(device));
    device->launches++;
    fake_trouble_launch(device, true);
}

static void run(struct fake_device *device, const struct work *work)
{
    struct fake_event *event;
    if (device->lost) return;
    switch (work->kind) {
    case WORK_FILL:
        if (fake_has(device, work->to, work->bytes))
            fake_emulator->fill(device->emulated, work->to, work->value, work->bytes);
        else
            fake_lose(device, FAKE_ILLEGAL_ADDRESS);
        break;
    case WORK_LAUNCH: run_launch(device, work); break;
    case WORK_CALL: work->call(work->args); break;
    case WORK_RECORD:
        event = fake_get(FAKE_EVENT, work->event);
        if (!event || event->number != work->number) break;
        event->done = true;
        clock_gettime(CLOCK_MONOTONIC, &event->when);
    }
}

/* Runs what is in the stream up to that number, and before each piece what that has to wait for. */
static void drain(struct fake_stream *stream, uint64_t number)
{
    struct fake_device *device = stream->object.device;
    while (stream->work.first && stream->work.first->number <= number) {
        struct work *work = stream->work.first;
        uint64_t before = work->number - 1;
        if (stream == device->default_stream) {
            for (struct fake_object *object = NULL; (object = fake_next(FAKE_STREAM, object));) {
                struct fake_stream *other = (struct fake_stream *)object;
                if (object->device == device && other != stream && other->blocking) drain(other, before);
            }
        } else if (stream->blocking) {
            drain(device->default_stream, before);
        }
        stream->work.first = work->next;
        if (!stream->work.first) stream->work.last = &stream->work.first;
        run(device, work);
        work_free(work);
    }
}

void fake_drain(struct fake_device *device)
{
    for (struct fake_object *object = NULL; (object = fake_next(FAKE_STREAM, object));)
        if (object->device == device) drain((struct fake_stream *)object, UINT64_MAX);
}

/* --- streams --- */

static struct fake_stream *stream_of(struct fake_device *device, void *handle)
{
    if (!handle) return device->default_stream;
    struct fake_stream *stream = fake_get(FAKE_STREAM, handle);
    return stream && stream->object.device == device ? stream : NULL;
}

int fake_stream_create(struct fake_device *device, bool blocking, void **out)
{
    struct fake_stream *stream = fake_make(FAKE_STREAM, device, sizeof *stream);
    stream->blocking = blocking;
    queue_init(&stream->work);
    *out = stream;
    return FAKE_OK;
}

int fake_stream_destroy(void *handle)
{
    struct fake_stream *stream = fake_get(FAKE_STREAM, handle);
    if (!stream) return FAKE_INVALID_HANDLE;
    int code = stream->object.device->lost;
    drain(stream, UINT64_MAX);
    for (struct fake_object *object = NULL; (object = fake_next(FAKE_EVENT, object));)
        if (((struct fake_event *)object)->stream == stream) ((struct fake_event *)object)->stream = NULL;
    if (capturing == stream) capturing = NULL;
    if (stream->capture) fake_graph_destroy(stream->capture);
    fake_drop(stream);
    return code;
}

int fake_not_while_capturing(void)
{
    if (!capturing) return FAKE_OK;
    capturing->spoilt = true;
    return FAKE_CAPTURE_UNSUPPORTED;
}

/* The default stream's synchronization waits for the blocking ones too: it would have to wait for them. */
int fake_stream_synchronize(struct fake_device *device, void *handle)
{
    struct fake_stream *stream = stream_of(device, handle);
    if (!stream) return FAKE_INVALID_HANDLE;
    if (stream->capture) return fake_not_while_capturing();
    if (stream == device->default_stream) {
        int code = fake_not_while_capturing();
        if (code) return code;
        for (struct fake_object *object = NULL; (object = fake_next(FAKE_STREAM, object));)
            if (object->device == device && ((struct fake_stream *)object)->blocking)
                drain((struct fake_stream *)object, UINT64_MAX);
    }
    drain(stream, UINT64_MAX);
    return device->lost;
}

static int enqueue(struct fake_stream *stream, struct work *work)
{
    struct fake_device *device = stream->object.device;
    if (stream == device->default_stream && capturing && capturing->blocking)
        return fake_not_while_capturing();
    work->number = ++last_number;
    queue_add(stream->capture ? &stream->capture->work : &stream->work, work);
    return device->lost;
}

int fake_fill(struct fake_device *device, void *to, uint8_t value, size_t bytes, void *handle)
{
    struct fake_stream *stream = stream_of(device, handle);
    if (!stream) return FAKE_INVALID_HANDLE;
    if (!fake_has(device, to, bytes)) return FAKE_INVALID_VALUE;
    return enqueue(stream, &(struct work){.kind = WORK_FILL, .to = to, .value = value, .bytes = bytes});
}

/* --- launches --- */

static int check_step(struct fake_device *device, const struct device_step *step,
                      const struct fake_limits *limits)
{
    uint64_t threads = (uint64_t)step->block[0] * step->block[1] * step->block[2];
    uint64_t cluster = (uint64_t)step->cluster[0] * step->cluster[1] * step->cluster[2];
    uint64_t blocks = (uint64_t)step->grid[0] * step->grid[1] * step->grid[2];
    if (!threads || threads > BLOCK_THREADS_MAX || !blocks || cluster > limits->cluster_blocks)
        return FAKE_INVALID_VALUE;
    if (step->shared_bytes > limits->shared_bytes) return FAKE_INVALID_VALUE;
    for (int i = 0; i < 3; i++)
        if (!step->cluster[i] || step->grid[i] % step->cluster[i]) return FAKE_INVALID_VALUE;
    if (step->cooperative && blocks > fake_settings.units) return FAKE_TOO_LARGE;
    return device->lost;
}

/* As many of the bytes as there are: a driver knows from the kernel how many it needs. */
static uint32_t read_args(void *to, const void *from)
{
    uint32_t most = ARGS_MAX;
    for (; most; most /= 2) {
        struct iovec local = {to, most}, remote = {(void *)(uintptr_t)from, most};
        if (process_vm_readv(getpid(), &local, 1, &remote, 1, 0) == (ssize_t)most) return most;
    }
    return 0;
}

int fake_launch(struct fake_device *device, const struct device_step *step, const void *args,
                size_t args_bytes, void *handle)
{
    struct fake_stream *stream = stream_of(device, handle);
    unsigned char copy[ARGS_MAX];
    struct fake_limits limits = {0};
    struct work work = {.kind = WORK_LAUNCH, .step = *step, .args = copy};
    work.step.function = fake_function_emulated(device, step->function, &limits);
    if (!stream || !work.step.function) return FAKE_INVALID_HANDLE;
    int code = check_step(device, step, &limits);
    if (code) return code;
    if (args_bytes > ARGS_MAX) return FAKE_INVALID_VALUE;
    work.args_bytes = args_bytes ? (uint32_t)args_bytes : read_args(copy, args);
    if (args_bytes) memcpy(copy, args, args_bytes);
    code = enqueue(stream, &work);
    fake_trouble_launch(device, false);
    return code;
}

int fake_call(struct fake_device *device, void (*call)(void *args), const void *args, size_t args_bytes,
              void *handle)
{
    struct fake_stream *stream = stream_of(device, handle);
    unsigned char copy[ARGS_MAX];
    struct work work = {.kind = WORK_CALL, .call = call, .args = copy, .args_bytes = (uint32_t)args_bytes};
    if (!stream) return FAKE_INVALID_HANDLE;
    if (args_bytes > ARGS_MAX) return FAKE_INVALID_VALUE;
    memcpy(copy, args, args_bytes);
    return enqueue(stream, &work);
}

/* --- events --- */

int fake_event_create(struct fake_device *device, void **out)
{
    *out = fake_make(FAKE_EVENT, device, sizeof(struct fake_event));
    return FAKE_OK;
}

int fake_event_destroy(void *handle)
{
    struct fake_event *event = fake_get(FAKE_EVENT, handle);
    if (!event) return FAKE_INVALID_HANDLE;
    int code = event->object.device->lost;
    fake_drop(event);
    return code;
}

int fake_event_record(void *handle, void *stream_handle)
{
    struct fake_event *event = fake_get(FAKE_EVENT, handle);
    struct fake_stream *stream = event ? stream_of(event->object.device, stream_handle) : NULL;
    if (!stream) return FAKE_INVALID_HANDLE;
    if (stream->capture) return FAKE_OK; /* a node without a time */
    struct work work = {.kind = WORK_RECORD, .event = event};
    int code = enqueue(stream, &work);
    event->stream = stream;
    event->number = work.number;
    event->recorded = true;
    event->done = false;
    return code;
}

int fake_event_wait(void *handle)
{
    struct fake_event *event = fake_get(FAKE_EVENT, handle);
    if (!event) return FAKE_INVALID_HANDLE;
    if (event->recorded && event->stream) drain(event->stream, event->number);
    return event->object.device->lost;
}

int fake_event_elapsed(void *begin_handle, void *end_handle, float *ms)
{
    struct fake_event *begin = fake_get(FAKE_EVENT, begin_handle), *end = fake_get(FAKE_EVENT, end_handle);
    if (!begin || !end || !begin->recorded || !end->recorded) return FAKE_INVALID_HANDLE;
    if (!begin->done || !end->done) return FAKE_NOT_READY;
    *ms = (float)(1e3 * (double)(end->when.tv_sec - begin->when.tv_sec) +
                  1e-6 * (double)(end->when.tv_nsec - begin->when.tv_nsec));
    return begin->object.device->lost;
}

/* --- graphs --- */

int fake_capture_begin(struct fake_device *device, void *handle)
{
    struct fake_stream *stream = stream_of(device, handle);
    if (!stream) return FAKE_INVALID_HANDLE;
    if (stream == device->default_stream || stream->capture || capturing) return FAKE_CAPTURE_UNSUPPORTED;
    stream->capture = fake_make(FAKE_GRAPH, device, sizeof *stream->capture);
    queue_init(&stream->capture->work);
    stream->spoilt = false;
    capturing = stream;
    return FAKE_OK;
}

int fake_capture_end(void *handle, void **graph)
{
    struct fake_stream *stream = fake_get(FAKE_STREAM, handle);
    if (!stream) return FAKE_INVALID_HANDLE;
    if (!stream->capture || capturing != stream) return FAKE_CAPTURE_UNMATCHED;
    *graph = stream->capture;
    stream->capture = NULL;
    capturing = NULL;
    if (!stream->spoilt) return stream->object.device->lost;
    fake_graph_destroy(*graph);
    *graph = NULL;
    return FAKE_CAPTURE_INVALIDATED;
}

int fake_graph_instantiate(void *handle, void **out)
{
    struct fake_graph *graph = fake_get(FAKE_GRAPH, handle);
    if (!graph || graph->executable) return FAKE_INVALID_HANDLE;
    struct fake_graph *made = fake_make(FAKE_GRAPH, graph->object.device, sizeof *made);
    made->executable = true;
    queue_init(&made->work);
    for (struct work *work = graph->work.first; work; work = work->next) queue_add(&made->work, work);
    *out = made;
    return FAKE_OK;
}

int fake_graph_launch(void *handle, void *stream_handle)
{
    struct fake_graph *graph = fake_get(FAKE_GRAPH, handle);
    struct fake_stream *stream = graph ? stream_of(graph->object.device, stream_handle) : NULL;
    if (!stream || !graph->executable) return FAKE_INVALID_HANDLE;
    int code = FAKE_OK;
    for (struct work *work = graph->work.first; work && !code; work = work->next)
        code = enqueue(stream, work);
    return code;
}

int fake_graph_destroy(void *handle)
{
    struct fake_graph *graph = fake_get(FAKE_GRAPH, handle);
    if (!graph) return FAKE_INVALID_HANDLE;
    queue_clear(&graph->work);
    fake_drop(graph);
    return FAKE_OK;
}
