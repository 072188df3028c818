/* Launches that are only enqueued, on a device with streams: timed between its own marks, a block of them as
 * a graph where it has those. Ours and a vendor library's go the same way, so that neither pays for calls
 * that the other is spared. */
#ifndef TUNEBOOK_ENQUEUED_H
#define TUNEBOOK_ENQUEUED_H

#include "tuner/stage.h"

enum { ENQUEUED_GRAPHS_MAX = 16 };

/* Set stage, enqueue and context; the rest is the file's own. */
struct enqueued {
    struct stage *stage;
    enum status (*enqueue)(void *context, uint64_t i); /* on the default stream; i as in struct measured */
    void *context;
    /* Each a block; taken in turns, so that they walk through all weights. */
    void *graphs[ENQUEUED_GRAPHS_MAX];
    uint32_t n_graphs, per_graph, next_graph;
};

/* As struct measured wants it: times n of them from `first` on. */
enum status enqueued_time(struct enqueued *enqueued, uint64_t first, uint64_t n, double *ns);
/* As struct measured wants it: rounds the number of launches in a block to what walks through all copies of
 * the weights, and records blocks of so many. After a failure there are no graphs. */
enum status enqueued_settle(struct enqueued *enqueued, uint32_t *per_sample);
void enqueued_drop(struct enqueued *enqueued); /* its graphs */

#endif
