#include <stdlib.h>
#include <string.h>
#include "templates/proof.h"
#include "tuner/duel_internal.h"
#include "tuner/verify_buffers.h"

enum { SPACING = 256, COPIES_MAX = 1024 };

static size_t spaced(size_t bytes)
{
    return (bytes + SPACING - 1) / SPACING * SPACING;
}

/* As a sweep has them (measure_set.h), but for what a graph of launches can hold. */
static void count_copies(struct duel_buffers *buffers, uint64_t weights, const struct device_info *info)
{
    uint64_t cold = 2 * info->llc_bytes;
    buffers->copies = 1;
    if (!weights || weights > cold) return;
    uint64_t wanted = cold / weights + 1, most = info->memory_bytes / 4 / weights;
    if (most > COPIES_MAX) most = COPIES_MAX;
    buffers->capped = wanted > most;
    buffers->copies = (uint32_t)(wanted < most ? wanted : most ? most : 1);
}

static enum status measure_operands(struct duel_buffers *buffers, const struct device_info *info)
{
    uint64_t weights = 0, all = 0;
    buffers->n = buffers->problem.op->operands(&buffers->problem, buffers->operands);
    for (unsigned i = 0; i < buffers->n; i++) {
        size_t bytes = spaced(operand_bytes(&buffers->operands[i]));
        all += bytes;
        if (buffers->operands[i].role == OPERAND_WEIGHT) weights += bytes;
        if (buffers->operands[i].role == OPERAND_OUTPUT) buffers->output = i;
    }
    if (all > info->memory_bytes / 2)
        return status_fail(STATUS_UNAVAILABLE,
                           "the problem's operands take %.1f GB; at most half of the device's %.1f GB",
                           (double)all / 1e9, (double)info->memory_bytes / 1e9);
    count_copies(buffers, weights, info);
    for (unsigned i = 0; i < buffers->n; i++)
        if (buffers->operands[i].role == OPERAND_WEIGHT && buffers->copies > 1)
            buffers->stride[i] = spaced(operand_bytes(&buffers->operands[i]));
    return STATUS_OK;
}

static enum status fill_operand(struct duel_buffers *buffers, unsigned i, uint64_t seed)
{
    const struct operand *operand = &buffers->operands[i];
    size_t bytes = operand_bytes(operand);
    if (i == buffers->output) return buffers->api->fill(buffers->device, buffers->base[i], 0xff, bytes);
    char *host = malloc(bytes);
    if (!host) return status_fail(STATUS_NO_MEMORY, "no memory for %.1f GB of values", (double)bytes / 1e9);
    op_proof_find(buffers->problem.op->name)->fill(&buffers->problem, operand, i, PROOF_NORMAL, seed, host);
    enum status status = STATUS_OK;
    for (uint32_t copy = 0; status == STATUS_OK && copy < (buffers->stride[i] ? buffers->copies : 1); copy++)
        status =
            buffers->api->upload(buffers->device, buffers->base[i] + copy * buffers->stride[i], host, bytes);
    free(host);
    return status;
}

enum status duel_buffers_create(const struct device_api *api, struct device *device,
                                const struct problem *problem, uint64_t seed, struct duel_buffers *out)
{
    struct duel_buffers buffers = {.api = api, .device = device, .problem = *problem};
    enum status status = measure_operands(&buffers, api->info(device));
    for (unsigned i = 0; status == STATUS_OK && i < buffers.n; i++) {
        size_t bytes =
            buffers.stride[i] ? buffers.stride[i] * buffers.copies : operand_bytes(&buffers.operands[i]);
        status = api->allocate(device, bytes, SPACING, (void **)&buffers.base[i]);
        if (status == STATUS_OK) status = fill_operand(&buffers, i, seed);
    }
    *out = buffers;
    if (status != STATUS_OK) duel_buffers_destroy(out);
    return status;
}

void duel_buffers_destroy(struct duel_buffers *buffers)
{
    for (unsigned i = 0; i < buffers->n; i++)
        if (buffers->base[i]) buffers->api->release(buffers->device, buffers->base[i]);
    buffers->n = 0;
}

void duel_buffers_bind(const struct duel_buffers *buffers, void *workspace, void *args)
{
    void *pointers[OP_OPERANDS_MAX] = {0};
    for (unsigned i = 0; i < buffers->n; i++) pointers[i] = buffers->base[i];
    buffers->problem.op->bind(&buffers->problem, pointers, workspace, args);
}

void duel_buffers_rotate(const struct duel_buffers *buffers, uint64_t i, void *args)
{
    uint64_t copy = i % buffers->copies;
    for (unsigned o = 0; o < buffers->n; o++) {
        if (!buffers->stride[o]) continue;
        void *pointer = buffers->base[o] + copy * buffers->stride[o];
        memcpy((char *)args + buffers->operands[o].pointer_offset, &pointer, sizeof pointer);
    }
}
