#include "tuner/enqueued.h"

/* A graph of more launches takes longer to make than it saves. */
enum { GRAPH_LAUNCHES_MAX = 1024 };

/* What went wrong with an enqueued launch, the device still tells when it is waited for; but one that was
 * refused, it has forgotten by then. */
enum status enqueued_time(struct enqueued *enqueued, uint64_t first, uint64_t n, double *ns)
{
    struct stage *stage = enqueued->stage;
    TRY(stage_clock_start(stage));
    if (enqueued->n_graphs && n == enqueued->per_graph) {
        void *graph = enqueued->graphs[enqueued->next_graph++ % enqueued->n_graphs];
        TRY(stage->api->graph_launch(stage->device, graph, NULL));
    } else {
        for (uint64_t i = 0; i < n; i++) TRY(enqueued->enqueue(enqueued->context, first + i));
    }
    return stage_clock_stop(stage, ns);
}

void enqueued_drop(struct enqueued *enqueued)
{
    const struct stage *stage = enqueued->stage;
    for (uint32_t i = 0; i < enqueued->n_graphs; i++)
        stage->api->graph_destroy(stage->device, enqueued->graphs[i]);
    enqueued->n_graphs = 0;
}

static enum status record(struct enqueued *enqueued, uint64_t first, void **graph)
{
    const struct device_api *api = enqueued->stage->api;
    struct device *device = enqueued->stage->device;
    TRY(api->graph_begin(device, NULL));
    enum status status = STATUS_OK;
    for (uint32_t i = 0; i < enqueued->per_graph && status == STATUS_OK; i++)
        status = enqueued->enqueue(enqueued->context, first + i);
    enum status ended = api->graph_end(device, NULL, graph);
    if (status == STATUS_OK) return ended;
    if (ended == STATUS_OK) api->graph_destroy(device, *graph);
    return status;
}

/* The first launch of a graph takes it to the device. */
static enum status record_all(struct enqueued *enqueued, uint32_t n)
{
    double ns;
    for (uint32_t i = 0; i < n; i++) {
        TRY(record(enqueued, (uint64_t)i * enqueued->per_graph, &enqueued->graphs[i]));
        enqueued->n_graphs = i + 1;
    }
    for (uint32_t i = 0; i < n; i++) TRY(enqueued_time(enqueued, 0, enqueued->per_graph, &ns));
    return STATUS_OK;
}

/* Blocks must not find the weights of the one before: a block is a multiple of all copies, or there are so
 * many blocks that together they are all copies. Copies are many only where weights are small: beyond 16 x
 * 1024 of them the rest are left out, which are the last of operands that take less than 7 KB each on an
 * H100. */
enum status enqueued_settle(struct enqueued *enqueued, uint32_t *per_sample)
{
    uint32_t copies = enqueued->stage->set.copies, wanted = *per_sample, n = 1;
    enqueued_drop(enqueued);
    if (copies > GRAPH_LAUNCHES_MAX) {
        n = (copies + GRAPH_LAUNCHES_MAX - 1) / GRAPH_LAUNCHES_MAX;
        if (n > ENQUEUED_GRAPHS_MAX) n = ENQUEUED_GRAPHS_MAX;
        wanted = copies / n < GRAPH_LAUNCHES_MAX ? (copies + n - 1) / n : GRAPH_LAUNCHES_MAX;
    } else if (copies > 1 && wanted > 1) {
        wanted = (wanted + copies - 1) / copies * copies;
        if (wanted > GRAPH_LAUNCHES_MAX) wanted = GRAPH_LAUNCHES_MAX / copies * copies;
    } else if (wanted > GRAPH_LAUNCHES_MAX) {
        wanted = GRAPH_LAUNCHES_MAX;
    }
    *per_sample = enqueued->per_graph = wanted;
    if (!enqueued->stage->api->graph_begin || wanted == 1) return STATUS_OK;
    enum status status = record_all(enqueued, n);
    if (status != STATUS_OK) enqueued_drop(enqueued);
    return status;
}
