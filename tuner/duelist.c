/* The sides of a duel, and blocks of their launches. */
#include <stdlib.h>
#include <string.h>
#include "tuner/duel_internal.h"
#include "tuner/verify_buffers.h"

enum { RESULT_BYTES = 2 << 20 }; /* of either end of the output */

enum status duelist_ours(const struct duel_buffers *buffers, const struct trial_candidate *candidate,
                         struct duelist *out)
{
    struct duelist ours = {.buffers = buffers};
    enum status status = kernel_load(buffers->api, buffers->device, candidate->descriptor, candidate->code,
                                     candidate->code_bytes, &ours.kernel);
    if (status == STATUS_OK) status = kernel_bind(ours.kernel, &buffers->problem, &ours.launch);
    size_t bytes = ours.launch.workspace_bytes + ours.launch.scratch_bytes;
    if (status == STATUS_OK && bytes)
        status = buffers->api->allocate(buffers->device, bytes, 256, &ours.workspace);
    if (status == STATUS_OK) duel_buffers_bind(buffers, ours.workspace, ours.args);
    *out = ours;
    if (status != STATUS_OK) duelist_free(out);
    return status;
}

enum status duelist_vendor(const struct duel_buffers *buffers, struct duelist *out)
{
    struct duelist theirs = {.buffers = buffers, .vendor = vendor_find(buffers->api->name)};
    char name[VENDOR_NAME_BYTES];
    if (!theirs.vendor)
        return status_fail(STATUS_UNAVAILABLE, "no vendor library is known for backend %s",
                           buffers->api->name);
    TRY(theirs.vendor->open(0, name, sizeof name));
    if (!theirs.vendor->does(&buffers->problem))
        return status_fail(STATUS_NOT_COVERED, "%s does not do this problem", name);
    duel_buffers_bind(buffers, NULL, theirs.args);
    TRY(theirs.vendor->plan(buffers->device, &buffers->problem, theirs.args, VENDOR_CHOICES_MAX,
                            &theirs.plan));
    *out = theirs;
    return STATUS_OK;
}

void duelist_free(struct duelist *duelist)
{
    const struct duel_buffers *buffers = duelist->buffers;
    if (duelist->plan) duelist->vendor->release(duelist->plan);
    if (duelist->kernel) kernel_unload(duelist->kernel);
    if (duelist->workspace) buffers->api->release(buffers->device, duelist->workspace);
    *duelist = (struct duelist){0};
}

enum status duelist_launch(struct duelist *duelist, uint64_t i)
{
    duel_buffers_rotate(duelist->buffers, i, duelist->args);
    if (duelist->plan) return duelist->vendor->run(duelist->plan, duelist->way, duelist->args, NULL);
    TRY(kernel_prepare(duelist->kernel, &duelist->launch, &duelist->buffers->problem, duelist->args));
    return kernel_run(duelist->kernel, &duelist->launch, duelist->args, duelist->launch.args_bytes,
                      duelist->workspace, NULL);
}

enum status duelist_check(struct duelist *duelist)
{
    const struct duel_buffers *buffers = duelist->buffers;
    TRY(duelist_launch(duelist, 0));
    return buffers->api->synchronize(buffers->device, NULL);
}

/* Poison first, so that an element that nobody writes is NaN. */
enum status duelist_result(struct duelist *duelist, double **out, size_t *n)
{
    const struct duel_buffers *buffers = duelist->buffers;
    const struct operand *output = &buffers->operands[buffers->output];
    char *there = buffers->base[buffers->output];
    size_t bytes = operand_bytes(output), width = dtype_bytes(output->type);
    size_t part = bytes < 2 * RESULT_BYTES ? bytes : RESULT_BYTES, parts = part == bytes ? 1 : 2;
    TRY(buffers->api->fill(buffers->device, there, 0xff, bytes));
    TRY(duelist_check(duelist));
    char *host = malloc(part * parts);
    double *values = calloc(part * parts / width + 1, sizeof *values);
    enum status status = host && values ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for results");
    for (size_t i = 0; status == STATUS_OK && i < parts; i++)
        status = buffers->api->download(buffers->device, host + i * part,
                                        there + (i ? (bytes - part) / width * width : 0), part);
    *n = part * parts / width;
    for (size_t i = 0; status == STATUS_OK && i < *n; i++)
        values[i] = dtype_load(output->type, host + i * width);
    free(host);
    if (status == STATUS_OK)
        *out = values;
    else
        free(values);
    return status;
}

/* --- blocks --- */

static enum status launch_all(const struct duel_block *block)
{
    for (uint32_t i = 0; i < block->launches; i++) TRY(duelist_launch(block->duelist, i));
    return STATUS_OK;
}

enum status duel_block_record(struct duelist *duelist, uint32_t launches, struct duel_block *out)
{
    const struct duel_buffers *buffers = duelist->buffers;
    struct duel_block block = {.duelist = duelist, .launches = launches};
    if (buffers->api->graph_begin) {
        TRY(buffers->api->graph_begin(buffers->device, NULL));
        enum status status = launch_all(&block);
        char line[256] = "";
        if (status != STATUS_OK) strncat(line, status_message(), sizeof line - 1);
        enum status ended = buffers->api->graph_end(buffers->device, NULL, &block.graph);
        if (status != STATUS_OK) {
            if (ended == STATUS_OK) duel_block_free(&block);
            return status_fail(status, "%s", line);
        }
        TRY(ended);
    }
    *out = block;
    return STATUS_OK;
}

void duel_block_free(struct duel_block *block)
{
    const struct duel_buffers *buffers = block->duelist ? block->duelist->buffers : NULL;
    if (block->graph) buffers->api->graph_destroy(buffers->device, block->graph);
    *block = (struct duel_block){0};
}

enum status duel_block_enqueue(const struct duel_block *block)
{
    const struct duel_buffers *buffers = block->duelist->buffers;
    return block->graph ? buffers->api->graph_launch(buffers->device, block->graph, NULL) : launch_all(block);
}

static enum status run_chain(const struct duel_buffers *buffers, const struct duel_block *blocks,
                             const unsigned *order, unsigned n, void **marks, double *ns)
{
    const struct device_api *api = buffers->api;
    TRY(duel_block_enqueue(&blocks[order[n - 1]]));
    TRY(api->mark_record(buffers->device, marks[0], NULL));
    for (unsigned i = 0; i < n; i++) {
        TRY(duel_block_enqueue(&blocks[order[i]]));
        TRY(api->mark_record(buffers->device, marks[i + 1], NULL));
    }
    TRY(api->synchronize(buffers->device, NULL));
    for (unsigned i = 0; i < n; i++) {
        TRY(api->mark_elapsed_ns(buffers->device, marks[i], marks[i + 1], &ns[i]));
        ns[i] /= blocks[order[i]].launches;
    }
    return STATUS_OK;
}

enum status duel_chain(const struct duel_buffers *buffers, const struct duel_block *blocks,
                       const unsigned *order, unsigned n, double *ns)
{
    void *marks[DUEL_CHAIN_MAX + 1] = {0};
    enum status status = STATUS_OK;
    for (unsigned i = 0; status == STATUS_OK && i <= n; i++)
        status = buffers->api->mark_create(buffers->device, &marks[i]);
    if (status == STATUS_OK) status = run_chain(buffers, blocks, order, n, marks, ns);
    for (unsigned i = 0; i <= n; i++)
        if (marks[i]) buffers->api->mark_destroy(buffers->device, marks[i]);
    return status;
}
