/* A template's kernels on a GPU device, all the way: space, compiler, descriptor, loading, binding,
 * launching; what comes out is compared with the op's own reference. */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_GEMM_H
#define TUNEBOOK_TESTS_DEVICE_GPU_GEMM_H

#include "tests/device/gemm_run.h"
#include "tests/device/gpu_bench.h"

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
    gemm_try(run, &tuning, &tuning.fallback, false);
    for (uint32_t i = 0; i < manifest->n_starts; i++)
        if (tuning_values_configuration(&tuning, manifest->starts[i], &configuration)) {
            gemm_try(run, &tuning, &configuration, false);
            break;
        }
    tuning_close(&tuning);
    text_free(&identity);
    gemm_end(run);
}

/* A template of a folder (NULL: built in); the others are freed. */
static inline struct manifest *gemm_find(const char *folder, const char *name)
{
    struct manifest **templates, *found = NULL;
    size_t n;
    assert_ok(template_load(folder, &templates, &n));
    for (size_t i = 0; i < n; i++) {
        if (strcmp(templates[i]->name, name) == 0)
            found = templates[i];
        else
            manifest_free(templates[i]);
    }
    free(templates);
    if (!found) fail_msg("there is no template %s", name);
    return found;
}

/* A template on all of `problems`, of which NULL is the last. */
static inline void gemm_template_of(const char *folder, const char *name, const char *const *problems)
{
    struct gemm_run run = {.api = device_find(gpu.backend)};
    struct manifest *manifest = gemm_find(folder, name);
    assert_ok(run.api->open(0, NULL, &run.device));
    for (; *problems; problems++) gemm_problem(&run, manifest, *problems);
    manifest_free(manifest);
    run.api->close(run.device);
    assert_int_equal(fake_living(), 0);
}

static inline void gemm_template(const char *name, const char *const *problems)
{
    gemm_template_of(NULL, name, problems);
}

static inline void test_gemm_simt(void **state)
{
    static const char *const problems[] = {
        "gemm f32 nn m=70 n=52 k=33", "gemm bf16 nt bias+relu m=37 n=48 k=64 batch=2",
        "gemm f32 nt m=4 n=64 k=2048", /* parts of k, summed by a second step */
        NULL};
    (void)state;
    gemm_template("gemm_simt", problems);
}

static inline void fake_cublaslt_path(char out[1024])
{
    char tests[512];
    gpu_tests_folder(tests);
    snprintf(out, 1024, "%s/fakes/cublaslt/libcublasLt.so.13", tests);
}

/* cuBLASLt is the fake one, as `settings` say. Before anything is opened: the loader would find a real one
 * first where CUDA_HOME says so. */
static inline void use_fake_cublaslt(const char *settings)
{
    char path[1024];
    fake_cublaslt_path(path);
    setenv("TUNEBOOK_CUBLASLT", path, 1);
    setenv("TUNEBOOK_FAKE_CUBLASLT", settings, 1);
}

#endif
