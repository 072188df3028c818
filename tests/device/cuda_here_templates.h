/* Templates' kernels on the GPU that is here: launched, and captured into a graph, against the reference. */
#ifndef TUNEBOOK_TESTS_DEVICE_CUDA_HERE_TEMPLATES_H
#define TUNEBOOK_TESTS_DEVICE_CUDA_HERE_TEMPLATES_H

#include "templates/proof.h"
#include "tests/device/cuda_here.h"
#include "tuner/launch/kernel.h"
#include "tuner/tuning.h"

struct product {
    struct bench *bench;
    struct problem problem;
    struct operand operand[OP_OPERANDS_MAX];
    unsigned n_operands, output;
    void *host[OP_OPERANDS_MAX], *there[OP_OPERANDS_MAX];
    size_t bytes[OP_OPERANDS_MAX];
};

static inline void product_begin(struct product *run, const char *text)
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
        assert_ok(run->bench->api->allocate(run->bench->device, run->bytes[i], 256, &run->there[i]));
        assert_ok(run->bench->api->upload(run->bench->device, run->there[i], run->host[i], run->bytes[i]));
    }
}

static inline void product_end(struct product *run)
{
    for (unsigned i = 0; i < run->n_operands; i++) {
        run->bench->api->release(run->bench->device, run->there[i]);
        free(run->host[i]);
    }
}

static inline void product_compare(struct product *run, const char *name, const char *how)
{
    unsigned char args[256];
    struct bench *bench = run->bench;
    const struct operand *d = &run->operand[run->output];
    size_t n = (size_t)(d->rows * d->columns);
    double *value = malloc(n * sizeof *value), *allowed = malloc(n * sizeof *allowed);
    assert_ok(bench->api->synchronize(bench->device, NULL));
    assert_ok(bench->api->download(bench->device, run->host[run->output], run->there[run->output],
                                   run->bytes[run->output]));
    run->problem.op->bind(&run->problem, run->host, NULL, args);
    for (int64_t batch = 0; batch < d->batch; batch++) {
        struct proof_region region = {batch, 0, d->rows, 0, d->columns};
        op_proof_find("gemm")->reference(&run->problem, args, PROOF_INTEGERS, &region, value, allowed);
        const char *stored =
            (const char *)run->host[run->output] + (size_t)(batch * d->batch_stride) * dtype_bytes(d->type);
        int64_t off = proof_compare(d->type, stored, d->pitch, d->rows, d->columns, value, allowed, NULL);
        if (off >= 0)
            fail_msg("%s, %s: element %lld of batch item %lld is wrong", name, how, (long long)off,
                     (long long)batch);
    }
    free(value);
    free(allowed);
}

/* Launched, and captured into a graph that is launched: the same product. */
static inline void product_launch(struct product *run, struct candidate *candidate)
{
    struct bench *bench = run->bench;
    const char *name = candidate_name(candidate);
    unsigned char args[256];
    struct kernel *kernel;
    struct kernel_launch launch;
    void *workspace = NULL, *graph;
    uint32_t args_bytes = (uint32_t)run->problem.op->args_bytes;
    assert_ok(kernel_load(bench->api, bench->device, &candidate->descriptor, candidate->job.code.data,
                          candidate->job.code.size, &kernel));
    assert_ok(kernel_bind(kernel, &run->problem, &launch));
    if (launch.workspace_bytes)
        assert_ok(bench->api->allocate(bench->device, launch.workspace_bytes, 64, &workspace));
    run->problem.op->bind(&run->problem, run->there, workspace, args);
    for (int graphed = 0; graphed < 2; graphed++) {
        assert_ok(bench->api->fill(bench->device, run->there[run->output], 0xff, run->bytes[run->output]));
        assert_ok(bench->api->synchronize(bench->device, NULL));
        if (graphed) assert_ok(bench->api->graph_begin(bench->device, NULL));
        assert_ok(kernel_run(kernel, &launch, args, args_bytes, workspace, NULL));
        if (graphed) {
            assert_ok(bench->api->graph_end(bench->device, NULL, &graph));
            assert_ok(bench->api->graph_launch(bench->device, graph, NULL));
        }
        product_compare(run, name, graphed ? "as a graph" : "launched");
        if (graphed) bench->api->graph_destroy(bench->device, graph);
    }
    bench->api->release(bench->device, workspace);
    kernel_unload(kernel);
}

static inline void product_try(struct product *run, struct tuning *tuning,
                               const struct configuration *configuration)
{
    struct candidate candidate;
    assert_ok(candidate_prepare(tuning, configuration, &candidate));
    assert_ok(compile_run(&candidate.job, 1, 1, 120000, NULL));
    if (candidate.job.verdict != VERDICT_OK)
        fail_msg("%s: %s", candidate_name(&candidate), candidate.job.detail);
    candidate_compiled(&candidate);
    product_launch(run, &candidate);
    candidate_free(&candidate);
}

/* The default and each valid start of a template that accepts the problem; how many those were. */
static inline unsigned try_template(struct bench *bench, const struct manifest *manifest, const char *text)
{
    struct product run = {.bench = bench};
    struct tuning tuning;
    struct configuration configuration;
    unsigned tried = 0;
    assert_ok(problem_parse(text, &run.problem));
    struct tuning_scene scene = {&run.problem, &bench->info->facts, bench->info->device_class.target,
                                 bench->compiler, text_string(&bench->identity)};
    if (tuning_open(&scene, manifest, &tuning) != STATUS_OK) return 0;
    product_begin(&run, text);
    if (tuning.has_default) {
        product_try(&run, &tuning, &tuning.fallback);
        tried++;
    }
    for (uint32_t i = 0; i < manifest->n_starts; i++)
        if (tuning_values_configuration(&tuning, manifest->starts[i], &configuration)) {
            product_try(&run, &tuning, &configuration);
            tried++;
        }
    tuning_close(&tuning);
    product_end(&run);
    return tried;
}

#endif
