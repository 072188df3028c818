/* A template's kernels on a GPU device, all the way: space, compiler, descriptor, loading, binding,
 * launching; what comes out is compared with the op's own reference. */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_GEMM_H
#define TUNEBOOK_TESTS_DEVICE_GPU_GEMM_H

#include "templates/proof.h"
#include "tests/device/gpu_bench.h"
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
        struct proof_region region = {batch, 0, d->rows, 0, d->columns};
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

static inline void gemm_launch(struct gemm_run *run, struct candidate *candidate)
{
    unsigned char args[256];
    struct kernel *kernel;
    struct kernel_launch launch;
    void *workspace = NULL;
    assert_true(run->problem.op->args_bytes <= sizeof args);
    assert_ok(kernel_load(run->api, run->device, &candidate->descriptor, candidate->job.code.data,
                          candidate->job.code.size, &kernel));
    assert_ok(kernel_bind(kernel, &run->problem, &launch));
    assert_int_equal(launch.scratch_bytes, 0);
    if (launch.workspace_bytes)
        assert_ok(run->api->allocate(run->device, launch.workspace_bytes, 64, &workspace));
    run->problem.op->bind(&run->problem, run->there, workspace, args);
    assert_ok(run->api->fill(run->device, run->there[run->output], 0xff, run->bytes[run->output]));
    assert_ok(kernel_run(kernel, &launch, args, (uint32_t)run->problem.op->args_bytes, workspace, NULL));
    memset(args, 0xff, sizeof args);
    assert_ok(run->api->synchronize(run->device, NULL));
    assert_ok(run->api->download(run->device, run->host[run->output], run->there[run->output],
                                 run->bytes[run->output]));
    run->api->release(run->device, workspace);
    kernel_unload(kernel);
}

static inline void gemm_try(struct gemm_run *run, struct tuning *tuning,
                            const struct configuration *configuration)
{
    struct candidate candidate;
    assert_ok(candidate_prepare(tuning, configuration, &candidate));
    assert_ok(compile_run(&candidate.job, 1, 1, 120000, NULL));
    if (candidate.job.verdict != VERDICT_OK)
        fail_msg("%s: %s", candidate_name(&candidate), candidate.job.detail);
    candidate_compiled(&candidate);
    gemm_launch(run, &candidate);
    gemm_compare(run, candidate_name(&candidate));
    candidate_free(&candidate);
}

/* The default and the first valid of its starts. */
static inline void gemm_problem(struct gemm_run *run, const struct manifest *manifest, const char *text)
{
    const struct device_info *info = run->api->info(run->device);
    const struct compiler_api *compiler = compiler_find("emu");
    struct text identity = {0};
    struct tuning tuning;
    struct configuration configuration;
    gemm_begin(run, text);
    assert_ok(compiler->identify(info->device_class.target, &identity));
    struct tuning_scene scene = {&run->problem, &info->facts, info->device_class.target, compiler,
                                 text_string(&identity)};
    assert_ok(tuning_open(&scene, manifest, &tuning));
    assert_true(tuning.has_default);
    gemm_try(run, &tuning, &tuning.fallback);
    for (uint32_t i = 0; i < manifest->n_starts; i++)
        if (tuning_values_configuration(&tuning, manifest->starts[i], &configuration)) {
            gemm_try(run, &tuning, &configuration);
            break;
        }
    tuning_close(&tuning);
    text_free(&identity);
    gemm_end(run);
}

/* A built-in template on all of `problems`, of which NULL is the last. */
static inline void gemm_template(const char *name, const char *const *problems)
{
    struct gemm_run run = {.api = device_find(gpu.backend)};
    struct manifest **templates;
    size_t n, found = 0;
    assert_ok(run.api->open(0, NULL, &run.device));
    assert_ok(template_load(NULL, &templates, &n));
    for (size_t i = 0; i < n; i++) {
        bool wanted = strcmp(templates[i]->name, name) == 0;
        for (const char *const *problem = problems; wanted && *problem; problem++)
            gemm_problem(&run, templates[i], *problem);
        found += wanted;
        manifest_free(templates[i]);
    }
    free(templates);
    assert_int_equal(found, 1);
    run.api->close(run.device);
    assert_int_equal(fake_living(), 0);
}

static inline void test_gemm_simt(void **state)
{
    (void)state;
    static const char *const problems[] = {
        "gemm f32 nn m=70 n=52 k=33", "gemm bf16 nt bias+relu m=37 n=48 k=64 batch=2",
        "gemm f32 nt m=4 n=64 k=2048", /* parts of k, summed by a second step */
        NULL};
    gemm_template("gemm_simt", problems);
}

#endif
