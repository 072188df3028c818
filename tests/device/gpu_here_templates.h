/* Templates' kernels on the GPU that is here: launched, and captured into a graph, against the reference. */
#ifndef TUNEBOOK_TESTS_DEVICE_GPU_HERE_TEMPLATES_H
#define TUNEBOOK_TESTS_DEVICE_GPU_HERE_TEMPLATES_H

#include "tests/device/gpu_here.h"
#include "tests/device/gemm_run.h"

/* $TUNEBOOK_CHECK_BRIEF: where the GPU is a fake, every third problem and the first start are enough to see
 * that this program works. */
static inline bool check_is_brief(void)
{
    const char *brief = getenv("TUNEBOOK_CHECK_BRIEF");
    return brief && *brief;
}

/* The default and each valid start of a template that accepts the problem; how many those were. */
static inline unsigned try_template(struct bench *bench, const struct manifest *manifest, const char *text)
{
    struct gemm_run run = {.api = bench->api, .device = bench->device};
    struct tuning tuning;
    struct configuration configuration;
    unsigned tried = 0;
    assert_ok(problem_parse(text, &run.problem));
    struct tuning_scene scene = {&run.problem, &bench->info->facts, bench->info->device_class.target,
                                 bench->compiler, text_string(&bench->identity)};
    if (tuning_open(&scene, manifest, &tuning) != STATUS_OK) return 0;
    gemm_begin(&run, text);
    if (tuning.has_default) {
        gemm_try(&run, &tuning, &tuning.fallback, true);
        tried++;
    }
    for (uint32_t i = 0; i < manifest->n_starts && !(check_is_brief() && tried > 1); i++)
        if (tuning_values_configuration(&tuning, manifest->starts[i], &configuration)) {
            gemm_try(&run, &tuning, &configuration, true);
            tried++;
        }
    tuning_close(&tuning);
    gemm_end(&run);
    return tried;
}

#endif
