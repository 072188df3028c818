/* A kernel on the measured buffers: launches that rotate through copies of the weights, on a device with
 * streams between its marks, as graphs where it has them. */
#include <stdlib.h>
#include <string.h>
#include "tuner/measure.h"

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

void measured_kernel_destroy(struct measured_kernel *measured)
{
    const struct stage *stage = measured->stage;
    enqueued_drop(&measured->enqueued);
    if (!stage->own_memory)
        pages_free(measured->workspace, measured->workspace_bytes);
    else if (measured->workspace)
        stage->api->release(stage->device, measured->workspace);
    measured->workspace = NULL;
    free(measured->prepared);
    measured->prepared = NULL;
}

static enum status enqueue(void *context, uint64_t i)
{
    struct measured_kernel *measured = context;
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

static enum status time_enqueued(void *context, uint64_t first, uint64_t n, double *ns)
{
    struct measured_kernel *measured = context;
    return enqueued_time(&measured->enqueued, first, n, ns);
}

static enum status settle(void *context, uint32_t *per_sample)
{
    struct measured_kernel *measured = context;
    return enqueued_settle(&measured->enqueued, per_sample);
}

struct measured measured_kernel(struct measured_kernel *kernel)
{
    struct measured measured = {.launch = launch, .context = kernel};
    if (!kernel->stage->own_memory) return measured;
    kernel->enqueued = (struct enqueued){.stage = kernel->stage, .enqueue = enqueue, .context = kernel};
    measured.time = time_enqueued;
    measured.settle = settle;
    return measured;
}
