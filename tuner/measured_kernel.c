/* A kernel on the measured buffers: launches that rotate through copies of the weights, on a device with
 * streams between its marks, as graphs where it has them. */
#include <stdlib.h>
#include <string.h>
#include "tuner/measure.h"

/* A graph of more launches takes longer to make than it saves. */
enum { GRAPH_LAUNCHES_MAX = 1024 };

static enum status make_workspace(struct measured_kernel *measured)
{
    const struct stage *stage = measured->stage;
    size_t bytes = measured->workspace_bytes;
    if (!bytes) return STATUS_OK;
    if (stage->own_memory) return stage->api->allocate(stage->device, bytes, 256, &measured->workspace);
    measured->workspace = pages_allocate(bytes);
    return measured->workspace
               ? STATUS_OK
               : status_fail(STATUS_NO_MEMORY, "no memory for a workspace of %zu bytes", bytes);
}

/* An argument block for each copy of the weights. */
static enum status prepare_copies(struct measured_kernel *measured)
{
    const struct measure_set *set = &measured->stage->set;
    size_t bytes = measured->launch.args_bytes; /* a multiple of the alignment, since maps end it */
    if (!measured->launch.n_maps) return STATUS_OK;
    measured->prepared = aligned_alloc(KERNEL_ARGS_ALIGNMENT, bytes * set->copies);
    if (!measured->prepared)
        return status_fail(STATUS_NO_MEMORY, "no memory for the arguments of %u copies", set->copies);
    for (uint32_t i = 0; i < set->copies; i++) {
        char *args = measured->prepared + i * bytes;
        memcpy(args, measured->args, set->problem.op->args_bytes);
        measure_set_rotate(set, i, args);
        TRY(kernel_prepare(measured->kernel, &measured->launch, &set->problem, args));
    }
    return STATUS_OK;
}

enum status measured_kernel_create(const struct kernel *kernel, struct stage *stage,
                                   struct measured_kernel *out)
{
    const struct measure_set *set = &stage->set;
    *out = (struct measured_kernel){.kernel = kernel, .stage = stage};
    TRY(kernel_bind(kernel, &set->problem, &out->launch));
    out->workspace_bytes = out->launch.workspace_bytes + out->launch.scratch_bytes;
    TRY(make_workspace(out));
    void *pointers[OP_OPERANDS_MAX] = {0};
    for (unsigned i = 0; i < set->n_operands; i++) pointers[i] = set->base[i];
    set->problem.op->bind(&set->problem, pointers, out->workspace, out->args);
    return prepare_copies(out);
}

static void drop_graphs(struct measured_kernel *measured)
{
    const struct stage *stage = measured->stage;
    for (uint32_t i = 0; i < measured->n_graphs; i++)
        stage->api->graph_destroy(stage->device, measured->graphs[i]);
    measured->n_graphs = 0;
}

void measured_kernel_destroy(struct measured_kernel *measured)
{
    const struct stage *stage = measured->stage;
    drop_graphs(measured);
    if (!stage->own_memory)
        pages_free(measured->workspace, measured->workspace_bytes);
    else if (measured->workspace)
        stage->api->release(stage->device, measured->workspace);
    measured->workspace = NULL;
    free(measured->prepared);
    measured->prepared = NULL;
}

static enum status enqueue(struct measured_kernel *measured, uint64_t i)
{
    const struct measure_set *set = &measured->stage->set;
    char *args = measured->args;
    if (measured->prepared)
        args = measured->prepared + i % set->copies * measured->launch.args_bytes;
    else
        measure_set_rotate(set, i, args);
    return kernel_run(measured->kernel, &measured->launch, args, measured->launch.args_bytes,
                      measured->workspace, NULL);
}

static void launch(void *context, uint64_t i)
{
    enqueue(context, i);
}

/* ---- on a device with streams ---- */

/* What went wrong with an enqueued launch, the device still tells when it is waited for; but one that was
 * refused, it has forgotten by then. */
enum status measure_enqueued(struct stage *stage, void (*one)(void *context, uint64_t i), void *context,
                             uint64_t first, uint64_t n, double *ns)
{
    TRY(stage_clock_start(stage));
    for (uint64_t i = 0; i < n; i++) one(context, first + i);
    return stage_clock_stop(stage, ns);
}

static enum status time_block(struct measured_kernel *measured, uint64_t first, uint64_t n, double *ns)
{
    struct stage *stage = measured->stage;
    TRY(stage_clock_start(stage));
    if (measured->n_graphs && n == measured->per_graph) {
        void *graph = measured->graphs[measured->next_graph++ % measured->n_graphs];
        TRY(stage->api->graph_launch(stage->device, graph, NULL));
    } else {
        for (uint64_t i = 0; i < n; i++) TRY(enqueue(measured, first + i));
    }
    return stage_clock_stop(stage, ns);
}

static enum status time_kernel(void *context, uint64_t first, uint64_t n, double *ns)
{
    return time_block(context, first, n, ns);
}

static enum status record(struct measured_kernel *measured, uint64_t first, void **graph)
{
    const struct device_api *api = measured->stage->api;
    struct device *device = measured->stage->device;
    TRY(api->graph_begin(device, NULL));
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < measured->per_graph && status == STATUS_OK; i++)
        status = enqueue(measured, first + i);
    enum status ended = api->graph_end(device, NULL, graph);
    if (status == STATUS_OK) return ended;
    if (ended == STATUS_OK) api->graph_destroy(device, *graph);
    return status;
}

/* Blocks must not find the weights of the one before: a block is a multiple of all copies, or there are so
 * many blocks that together they are all copies. Copies are many only where weights are small: beyond 16 x
 * 1024 of them the rest are left out, which are the last of operands that take less than 7 KB each on an
 * H100. */
static enum status settle(void *context, uint32_t *per_sample)
{
    struct measured_kernel *measured = context;
    const struct device_api *api = measured->stage->api;
    uint32_t copies = measured->stage->set.copies, wanted = *per_sample, n = 1;
    drop_graphs(measured);
    if (copies > GRAPH_LAUNCHES_MAX) {
        n = (copies + GRAPH_LAUNCHES_MAX - 1) / GRAPH_LAUNCHES_MAX;
        if (n > MEASURED_GRAPHS_MAX) n = MEASURED_GRAPHS_MAX;
        wanted = copies / n < GRAPH_LAUNCHES_MAX ? (copies + n - 1) / n : GRAPH_LAUNCHES_MAX;
    } else if (copies > 1 && wanted > 1) {
        wanted = (wanted + copies - 1) / copies * copies;
        if (wanted > GRAPH_LAUNCHES_MAX) wanted = GRAPH_LAUNCHES_MAX / copies * copies;
    } else if (wanted > GRAPH_LAUNCHES_MAX) {
        wanted = GRAPH_LAUNCHES_MAX;
    }
    *per_sample = measured->per_graph = wanted;
    if (!api->graph_begin || wanted == 1) return STATUS_OK;
    for (uint32_t i = 0; i < n; i++) {
        TRY(record(measured, (uint64_t)i * wanted, &measured->graphs[i]));
        measured->n_graphs = i + 1;
    }
    double ns; /* the first launch of a graph takes it to the device */
    for (uint32_t i = 0; i < n; i++) TRY(time_block(measured, 0, wanted, &ns));
    return STATUS_OK;
}

struct measured measured_kernel(struct measured_kernel *kernel)
{
    struct measured measured = {.launch = launch, .context = kernel};
    if (kernel->stage->own_memory) {
        measured.time = time_kernel;
        measured.settle = settle;
    }
    return measured;
}
