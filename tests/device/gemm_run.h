/* A template's kernels on a device: operands there, a candidate compiled, loaded, bound and launched, and
 * what comes out against the op's own reference. */
#ifndef TUNEBOOK_TESTS_DEVICE_GEMM_RUN_H
#define TUNEBOOK_TESTS_DEVICE_GEMM_RUN_H

#include "templates/proof.h"
#include "tests/tuner/support.h"
#include "tuner/device/device.h"
#include "tuner/launch/kernel.h"
#include "tuner/tuning.h"

struct gemm_run {
    const struct device_api *api;
    struct device *device;
    struct problem problem;
    struct operand operand[OP_OPERANDS_MAX];
    unsigned n_operands, output;
    void *host[OP_OPERANDS_MAX], *there[OP_OPERANDS_MAX];
    size_t bytes[OP_OPERANDS_MAX];
};

static inline void gemm_begin(struct gemm_run *run, const char *text)
{
    assert_ok(problem_parse(text, &run->problem));
    run->n_operands = run->problem.op->operands(&run->problem, run->operand);
    for (unsigned i = 0; i < run->n_operands; i++) {
        const struct operand *o = &run->operand[i];
        run->bytes[i] = (size_t)(o->batch_stride * o->batch) * dtype_bytes(o->type);
        run->host[i] = malloc(run->bytes[i]);
        memset(run->host[i], 0xff, run->bytes[i]);
        if (o->role == OPERAND_OUTPUT)
            run->output = i;
        else
            op_proof_find("gemm")->fill(&run->problem, o, i, PROOF_INTEGERS, 7, run->host[i]);
        assert_ok(run->api->allocate(run->device, run->bytes[i], 256, &run->there[i]));
        assert_ok(run->api->upload(run->device, run->there[i], run->host[i], run->bytes[i]));
    }
}

static inline void gemm_end(struct gemm_run *run)
{
    for (unsigned i = 0; i < run->n_operands; i++) {
        run->api->release(run->device, run->there[i]);
        free(run->host[i]);
    }
}

static inline void gemm_compare(struct gemm_run *run, const char *name)
{
    unsigned char args[256];
    const struct operand *d = &run->operand[run->output];
    size_t n = (size_t)(d->rows * d->columns);
    double *value = malloc(n * sizeof *value), *allowed = malloc(n * sizeof *allowed);
    run->problem.op->bind(&run->problem, run->host, NULL, args);
    for (int64_t batch = 0; batch < d->batch; batch++) {
        struct proof_region region = {batch, 0, d->rows, 0, d->columns, 0};
        op_proof_find("gemm")->reference(&run->problem, args, PROOF_INTEGERS, &region, value, allowed);
        const char *stored =
            (const char *)run->host[run->output] + (size_t)(batch * d->batch_stride) * dtype_bytes(d->type);
        int64_t off = proof_compare(d->type, stored, d->pitch, d->rows, d->columns, value, allowed, NULL);
        if (off >= 0)
            fail_msg("%s: element %lld of batch item %lld is wrong", name, (long long)off, (long long)batch);
    }
    free(value);
    free(allowed);
}

/* The result is poisoned before; the arguments after it was enqueued: a launch has its own copy. */
static inline void gemm_enqueue(struct gemm_run *run, const struct kernel *kernel,
                                const struct kernel_launch *launch, void *workspace)
{
    _Alignas(KERNEL_ARGS_ALIGNMENT) unsigned char args[KERNEL_ARGS_BYTES_MAX];
    run->problem.op->bind(&run->problem, run->there, workspace, args);
    assert_ok(kernel_prepare(kernel, launch, &run->problem, args));
    assert_ok(kernel_run(kernel, launch, args, launch->args_bytes, workspace, NULL));
    memset(args, 0xff, sizeof args);
}

/* As a graph: captured, and then launched. */
static inline void gemm_launch(struct gemm_run *run, struct candidate *candidate, bool as_graph)
{
    struct kernel *kernel;
    struct kernel_launch launch;
    void *workspace = NULL, *graph = NULL;
    assert_ok(kernel_load(run->api, run->device, &candidate->descriptor, candidate->job.code.data,
                          candidate->job.code.size, &kernel));
    assert_ok(kernel_bind(kernel, &run->problem, &launch));
    assert_int_equal(launch.scratch_bytes, 0);
    if (launch.workspace_bytes)
        assert_ok(run->api->allocate(run->device, launch.workspace_bytes, 64, &workspace));
    assert_ok(run->api->fill(run->device, run->there[run->output], 0xff, run->bytes[run->output]));
    assert_ok(run->api->synchronize(run->device, NULL));
    if (as_graph) assert_ok(run->api->graph_begin(run->device, NULL));
    gemm_enqueue(run, kernel, &launch, workspace);
    if (as_graph) {
        assert_ok(run->api->graph_end(run->device, NULL, &graph));
        assert_ok(run->api->graph_launch(run->device, graph, NULL));
    }
    assert_ok(run->api->synchronize(run->device, NULL));
    assert_ok(run->api->download(run->device, run->host[run->output], run->there[run->output],
                                 run->bytes[run->output]));
    if (graph) run->api->graph_destroy(run->device, graph);
    run->api->release(run->device, workspace);
    kernel_unload(kernel);
}

/* `graphs`: as a graph, too. */
static inline void gemm_try(struct gemm_run *run, struct tuning *tuning,
                            const struct configuration *configuration, bool graphs)
{
    struct candidate candidate;
    assert_ok(candidate_prepare(tuning, configuration, &candidate));
    assert_ok(compile_run(&candidate.job, 1, 1, 120000, NULL));
    if (candidate.job.verdict != VERDICT_OK)
        fail_msg("%s: %s", candidate_name(&candidate), candidate.job.detail);
    candidate_compiled(&candidate);
    for (int as_graph = 0; as_graph <= graphs; as_graph++) {
        gemm_launch(run, &candidate, as_graph);
        gemm_compare(run, candidate_name(&candidate));
    }
    candidate_free(&candidate);
}

#endif
