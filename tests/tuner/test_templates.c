/* Every built-in template, sampled: random problems, random valid configurations of every target that runs
 * here, compiled and put through the trial's own verification on ragged, tiny and strided shapes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/proof.h"
#include "tests/scale.h"
#include "tuner/base/gpu_target.h"
#include "tuner/base/rng.h"
#include "tuner/device/device.h"
#include "tuner/tuning.h"

static struct device_info info;

/* The device as a machine of this target has it, here and in the trial's children. */
static int open_as(const char *target)
{
    const struct device_api *api = device_find("cpu");
    struct device_options options = {.measure_class = true};
    struct device *device;
    if (target) setenv("TUNEBOOK_CPU_TARGET", target, 1);
    if (api->open(0, &options, &device) != STATUS_OK) return -1;
    info = *api->info(device);
    api->close(device);
    return 0;
}

static const char *pick(struct rng *rng, const char *const *words, size_t n)
{
    return words[rng_below(rng, n)];
}

/* Tiny, ragged, or just around a tile: what tails are made of. */
static int64_t random_size(struct rng *rng, int64_t limit)
{
    int64_t size = rng_below(rng, 3) ? 1 + (int64_t)rng_below(rng, 40) : 60 + (int64_t)rng_below(rng, 200);
    return size < limit ? size : limit;
}

static void random_problem(struct rng *rng, const struct manifest *manifest, struct problem *out)
{
    static const char *const types[] = {"f32", "f32", "bf16", "a=bf16 b=bf16 d=f32"};
    static const char *const layouts[] = {"nn", "nt", "tn", "tt"};
    static const char *const epilogues[] = {"none", "none",        "bias",  "relu", "bias+gelu",
                                            "silu", "bias+swiglu", "geglu", "reglu"};
    static const char *const alignments[] = {"al=4444", "al=2222"};
    const struct op_proof *proof = op_proof_find(manifest->op->name);
    while (manifest->op != op_find("gemm")) { /* the op's own samples */
        int64_t slots[SLOT_COUNT] = {0};
        proof->sample(rng_below(rng, 1 << 20), out);
        problem_slots(out, &info.facts, slots);
        if (manifest_accepts(manifest, slots, NULL)) return;
    }
    for (;;) {
        char text[256];
        snprintf(text, sizeof text, "gemm %s %s %s %s m=%lld n=%lld k=%lld batch=%d", pick(rng, types, 4),
                 pick(rng, layouts, 4), pick(rng, epilogues, 9), pick(rng, alignments, 2),
                 (long long)random_size(rng, strstr(manifest->name, "skinny") ? 16 : 300),
                 (long long)(2 * random_size(rng, 300)), (long long)random_size(rng, 300),
                 rng_below(rng, 4) ? 1 : 2);
        int64_t slots[SLOT_COUNT] = {0};
        if (problem_parse(text, out) != STATUS_OK) fail_msg("%s: %s", text, status_message());
        problem_slots(out, &info.facts, slots);
        if (manifest_accepts(manifest, slots, NULL)) return;
    }
}

static void assert_verified(struct candidate *candidate)
{
    const struct problem *problem = candidate->tuning->scene->problem;
    char text[PROBLEM_TEXT_BYTES];
    problem_print(problem, text);
    assert_int_equal(compile_run(&candidate->job, 1, 1, 120000, NULL), STATUS_OK);
    if (candidate->job.verdict != VERDICT_OK)
        fail_msg("%s: %s: %s", text, candidate_name(candidate), candidate->job.detail);
    candidate_compiled(candidate);
    struct trial_setting setting = {.backend = "cpu",
                                    .threads = info.device_class.units,
                                    .problem = *problem,
                                    .seed = 5,
                                    .measure_ms = 1};
    struct trial_session *session;
    struct trial_outcome outcome;
    struct trial_candidate trial = {&candidate->descriptor, candidate->job.code.data,
                                    candidate->job.code.size};
    if (trial_open(&setting, &session) != STATUS_OK) fail_msg("%s: %s", text, status_message());
    if (trial_run(session, &trial, 0, &outcome) != STATUS_OK) fail_msg("%s: %s", text, status_message());
    trial_close(session);
    if (outcome.verdict != VERDICT_OK && outcome.verdict != VERDICT_SLOW)
        fail_msg("%s for %s: %s: %s: %s", text, candidate->tuning->scene->target, candidate_name(candidate),
                 verdict_name(outcome.verdict), outcome.detail);
}

/* Targets of the template that this CPU runs: its own level and those below. */
static size_t runnable_targets(const struct manifest *manifest, const char **out)
{
    size_t n = 0;
    for (const char *const *target = manifest->targets; *target; target++)
        if (strncmp(*target, info.device_class.target, 7) == 0 &&
            strcmp(*target, info.device_class.target) <= 0)
            out[n++] = *target;
    return n;
}

static void check_template(struct rng *rng, const struct manifest *manifest, const char *target,
                           bool use_default)
{
    const struct compiler_api *compiler;
    struct text identity = {0};
    if (compiler_for_target(target, &compiler, &identity) != STATUS_OK) fail_msg("%s", status_message());
    struct problem problem;
    struct tuning_scene scene = {&problem, &info.facts, target, compiler, text_string(&identity)};
    struct tuning tuning;
    struct configuration configuration;
    struct candidate candidate;
    random_problem(rng, manifest, &problem);
    if (tuning_open(&scene, manifest, &tuning) != STATUS_OK) fail_msg("%s", status_message());
    if (use_default && !tuning.has_default) {
        char text[PROBLEM_TEXT_BYTES];
        problem_print(&problem, text);
        fail_msg("%s: the default of %s is not valid for %s", text, manifest->name, target);
    }
    configuration = tuning.fallback;
    if (!use_default) assert_true(space_random(tuning.space, rng, &configuration));
    assert_int_equal(candidate_prepare(&tuning, &configuration, &candidate), STATUS_OK);
    assert_verified(&candidate);
    candidate_free(&candidate);
    tuning_close(&tuning);
    text_free(&identity);
}

static void sampled_configurations_are_right(void **state)
{
    (void)state;
    struct manifest **templates;
    struct rng rng;
    size_t n, checked = 0;
    rng_seed(&rng, 11);
    assert_int_equal(template_load(NULL, &templates, &n), STATUS_OK);
    assert_true(n >= 2);
    for (size_t i = 0; i < n; i++) {
        const char *targets[8];
        unsetenv("TUNEBOOK_CPU_TARGET");
        assert_int_equal(open_as(NULL), 0);
        size_t n_targets = runnable_targets(templates[i], targets), count = test_scaled(12);
        if (gpu_target_find(templates[i]->targets[0])) { /* those are not for this device */
            manifest_free(templates[i]);
            continue;
        }
        assert_true(n_targets > 0);
        for (size_t j = 0; j < count; j++) {
            /* The machine's own level mostly; every fourth is a lower one, every sixth the default. */
            const char *target = targets[j % 4 == 3 ? rng_below(&rng, n_targets) : n_targets - 1];
            assert_int_equal(open_as(target), 0);
            check_template(&rng, templates[i], target, j % 6 == 0);
            checked++;
        }
        manifest_free(templates[i]);
    }
    free(templates);
    print_message("%zu configurations\n", checked);
}

static int set_up(void **state)
{
    (void)state;
    return open_as(NULL);
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    const struct CMUnitTest tests[] = {cmocka_unit_test(sampled_configurations_are_right)};
    return cmocka_run_group_tests(tests, set_up, NULL);
}
