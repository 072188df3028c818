/* A built-in GPU template as the tests of its manifest need it: loaded, its space opened for a problem on a
 * target without a device, and a step of its launch held against what devices can. */
#ifndef TUNEBOOK_TESTS_TEMPLATES_GPU_SPACE_H
#define TUNEBOOK_TESTS_TEMPLATES_GPU_SPACE_H

#include "tests/base/check.h"

#include "tuner/base/gpu_target.h"
#include "tuner/base/rng.h"
#include "tuner/tuning.h"

enum { GRID_X_MAX = 0x7fffffff, GRID_YZ_MAX = 65535 };

static struct manifest **loaded;
static size_t n_loaded;
static const struct manifest *tested; /* the one that the test is about */

static inline int tested_load(const char *name)
{
    if (template_load(NULL, &loaded, &n_loaded) != STATUS_OK) return -1;
    for (size_t i = 0; i < n_loaded; i++)
        if (strcmp(loaded[i]->name, name) == 0) tested = loaded[i];
    return tested ? 0 : -1;
}

static inline int tested_free(void **state)
{
    (void)state;
    for (size_t i = 0; i < n_loaded; i++) manifest_free(loaded[i]);
    free(loaded);
    return 0;
}

static inline void facts_of(const struct gpu_target *target, int64_t units, struct device_facts *out)
{
    *out = (struct device_facts){{0}};
    out->value[DEVICE_FACT_units] = units;
    out->value[DEVICE_FACT_architecture] = target->architecture;
    out->value[DEVICE_FACT_lds_bytes] = target->lds_bytes;
    out->value[DEVICE_FACT_wave_size] = target->wave_size;
    out->value[DEVICE_FACT_max_block_threads] = GPU_BLOCK_THREADS_MAX;
    out->value[DEVICE_FACT_architecture] = target->architecture;
}

static inline const char *pick(struct rng *rng, const char *const *words, size_t n)
{
    return words[rng_below(rng, n)];
}

/* Up to 5000, small ones as often as large ones. */
static inline long long random_size(struct rng *rng)
{
    uint64_t limit = (uint64_t)1 << (1 + rng_below(rng, 12));
    return 1 + (long long)rng_below(rng, limit < 4096 ? limit : 5000);
}

static inline int64_t evaluate(const struct expr *expr, const int64_t *slots)
{
    int64_t value = -1;
    enum expr_fault fault = expr_eval(expr, slots, &value);
    if (fault != EXPR_FINE) fail_msg("%s", expr_fault_name(fault));
    return value;
}

static inline void check_kernel(const struct manifest_step *step, const int64_t *slots,
                                const struct gpu_target *target)
{
    int64_t grid[3], threads = evaluate(&step->block[0], slots),
                     shared = evaluate(&step->shared_bytes, slots);
    for (int i = 0; i < 3; i++) grid[i] = evaluate(&step->grid[i], slots);
    assert_in_range(threads, target->wave_size, GPU_BLOCK_THREADS_MAX);
    assert_int_equal(threads % target->wave_size, 0);
    assert_int_equal(evaluate(&step->block[1], slots) * evaluate(&step->block[2], slots), 1);
    assert_in_range(shared, 0, target->lds_bytes);
    assert_in_range(grid[0], 1, GRID_X_MAX);
    assert_in_range(grid[1], 1, GRID_YZ_MAX);
    assert_in_range(grid[2], 1, GRID_YZ_MAX);
    if (target->vendor == GPU_VENDOR_AMD) /* HIP counts threads, not blocks */
        assert_true(grid[0] * threads < (int64_t)1 << 32);
}

static inline void open_space(const struct problem *problem, const struct gpu_target *target, int64_t units,
                              struct tuning *out)
{
    struct device_facts facts;
    facts_of(target, units, &facts);
    struct tuning_scene scene = {.problem = problem, .facts = &facts, .target = target->name};
    char text[PROBLEM_TEXT_BYTES];
    problem_print(problem, text);
    if (tuning_open(&scene, tested, out) != STATUS_OK)
        fail_msg("%s on %s: %s", text, target->name, status_message());
    if (!out->has_default) fail_msg("%s on %s: the default is not valid", text, target->name);
    out->scene = NULL; /* it ends with this function */
}

/* Starts that are valid for a problem on a device of such a class, a bit each. */
static inline uint32_t valid_starts(const struct problem *problem, const char *target, int64_t units)
{
    struct tuning tuning;
    struct configuration configuration;
    uint32_t valid = 0;
    open_space(problem, gpu_target_find(target), units, &tuning);
    for (uint32_t s = 0; s < tested->n_starts; s++)
        if (tuning_values_configuration(&tuning, tested->starts[s], &configuration)) valid |= 1u << s;
    tuning_close(&tuning);
    return valid;
}

/* Those that are valid for one of several problems. */
static inline uint32_t valid_starts_of(const char *const *texts, size_t n, const char *target, int64_t units)
{
    uint32_t valid = 0;
    for (size_t i = 0; i < n; i++) {
        struct problem problem;
        assert_ok(problem_parse(texts[i], &problem));
        valid |= valid_starts(&problem, target, units);
    }
    return valid;
}

/* No start is dead: each is among these. */
static inline void check_starts(uint32_t valid)
{
    for (uint32_t s = 0; s < tested->n_starts; s++)
        if (!(valid >> s & 1)) fail_msg("start %u is valid for none", s);
}

/* The template is for every GPU that we know. */
static inline void check_all_targets(void)
{
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    for (size_t t = 0; t < n; t++) assert_true(manifest_has_target(tested, targets[t].name));
}

#endif
