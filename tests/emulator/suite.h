/* Kernels on an emulated GPU: compiled side by side, then each put through a trial of its own that verifies
 * and measures nothing. What goes wrong on the way ends in `detail`, too, with the verdict STARTED. */
#ifndef TUNEBOOK_TESTS_EMULATOR_SUITE_H
#define TUNEBOOK_TESTS_EMULATOR_SUITE_H

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/device/device.h"
#include "tuner/trial.h"
#include "tuner/tuning.h"

enum { SUITE_COMPILE_MS = 120000, SUITE_VERIFY_MS = 120000, SUITE_THREADS_MAX = 16, SUITE_GPUS_MAX = 32 };

struct suite_case {
    const struct manifest *manifest;
    const char *target, *configuration,
        *problem; /* a target or a class; configuration: what is not the default */
    bool reverse;
    /* Results. */
    enum verdict verdict;
    char detail[512];
    uint64_t trial_ns;
    /* Between the steps. */
    struct problem parsed;
    struct tuning_scene scene;
    struct tuning tuning;
    struct candidate candidate;
};

static inline void suite_fail(struct suite_case *item, enum verdict verdict, const char *detail)
{
    item->verdict = verdict;
    snprintf(item->detail, sizeof item->detail, "%.511s", detail);
}

/* Nothing has gone wrong with it. One without a manifest takes no part. */
static inline bool suite_is_ready(const struct suite_case *item)
{
    return item->manifest && item->verdict == VERDICT_OK;
}

/* The default with the values that `changes`, "NAME=VALUE,...", has for some parameters. */
static inline void suite_configuration(const struct manifest *manifest, const char *changes, struct text *out)
{
    int64_t slots[SLOT_COUNT] = {0};
    struct text whole = {0};
    for (uint32_t p = 0; p < manifest->n_parameters; p++)
        slots[manifest->parameters[p].slot] = manifest->defaults[p];
    manifest_print_configuration(manifest, slots, &whole);
    for (const char *at = text_string(&whole); *at;) {
        size_t size = strcspn(at, ","), name = strcspn(at, "=") + 1;
        const char *from = at, *change = changes;
        while (*change && strncmp(change, at, name) != 0) {
            change += strcspn(change, ",");
            change += *change == ',';
        }
        if (*change) from = change;
        if (out->size) text_append(out, ",");
        text_append_bytes(out, from, strcspn(from, ","));
        at += size;
        at += *at == ',';
    }
    text_free(&whole);
}

/* A GPU that cases run on: found out once. */
struct suite_gpu {
    const char *target;
    struct device_info info;
    struct text identity; /* of its compiler */
};
static struct suite_gpu suite_gpus[SUITE_GPUS_MAX];

static inline enum status suite_find_gpu(const char *target, const struct suite_gpu **out)
{
    const struct device_api *api = device_find("emu");
    struct device_options options = {.threads = 1, .target = target};
    struct device *device;
    struct suite_gpu *gpu = suite_gpus;
    while (gpu < suite_gpus + SUITE_GPUS_MAX - 1 && gpu->target && strcmp(gpu->target, target) != 0) gpu++;
    *out = gpu;
    if (gpu->target && strcmp(gpu->target, target) == 0) return STATUS_OK;
    text_clear(&gpu->identity);
    TRY(api->open(0, &options, &device));
    gpu->info = *api->info(device);
    api->close(device);
    TRY(compiler_find("emu")->identify(gpu->info.device_class.target, &gpu->identity));
    gpu->target = target;
    return STATUS_OK;
}

static inline enum status suite_open(struct suite_case *item)
{
    const struct suite_gpu *gpu;
    struct configuration configuration;
    struct text text = {0};
    TRY(problem_parse(item->problem, &item->parsed));
    TRY(suite_find_gpu(item->target, &gpu));
    item->scene = (struct tuning_scene){&item->parsed, &gpu->info.facts, gpu->info.device_class.target,
                                        compiler_find("emu"), text_string(&gpu->identity)};
    TRY(tuning_open(&item->scene, item->manifest, &item->tuning));
    suite_configuration(item->manifest, item->configuration, &text);
    bool found = tuning_configuration(&item->tuning, text_string(&text), &configuration);
    enum status status = found ? STATUS_OK
                               : status_fail(STATUS_NOT_COVERED, "%s is not in the space of %s",
                                             text_string(&text), item->manifest->name);
    text_free(&text);
    TRY(status);
    return candidate_prepare(&item->tuning, &configuration, &item->candidate);
}

static inline enum status suite_try(struct suite_case *item)
{
    candidate_compiled(&item->candidate);
    struct trial_setting setting = {.backend = "emu",
                                    .target = item->target,
                                    .threads = 1,
                                    .problem = item->parsed,
                                    .seed = 7,
                                    .verify_deadline_ms = SUITE_VERIFY_MS,
                                    .verify_only = true,
                                    .reverse = item->reverse};
    struct trial_candidate candidate = {&item->candidate.descriptor, item->candidate.job.code.data,
                                        item->candidate.job.code.size};
    struct trial_session *session;
    struct trial_outcome outcome;
    TRY(trial_open(&setting, &session));
    enum status status = trial_run(session, &candidate, 0, &outcome);
    if (status == STATUS_OK) suite_fail(item, outcome.verdict, outcome.detail);
    trial_close(session);
    return status;
}

struct suite {
    struct suite_case *cases;
    size_t n, next;
    pthread_mutex_t lock;
};

static inline void *suite_work(void *context)
{
    struct suite *suite = context;
    for (;;) {
        pthread_mutex_lock(&suite->lock);
        size_t i = suite->next++;
        pthread_mutex_unlock(&suite->lock);
        if (i >= suite->n) return NULL;
        struct suite_case *item = &suite->cases[i];
        if (!suite_is_ready(item)) continue;
        uint64_t begin = clock_ns();
        if (suite_try(item) != STATUS_OK) suite_fail(item, VERDICT_STARTED, status_message());
        item->trial_ns = clock_ns() - begin;
    }
}

static inline unsigned suite_cpus(void)
{
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return cpus < 1 ? 1 : cpus > SUITE_THREADS_MAX ? SUITE_THREADS_MAX : (unsigned)cpus;
}

/* Compiles those that stand OK, and gives them their verdicts. */
static inline enum status suite_compile(struct suite_case *cases, size_t n)
{
    struct compile_job *jobs = calloc(n + 1, sizeof *jobs);
    size_t used = 0;
    if (!jobs) return status_fail(STATUS_NO_MEMORY, "no memory for %zu compiles", n);
    for (size_t i = 0; i < n; i++)
        if (suite_is_ready(&cases[i])) jobs[used++] = cases[i].candidate.job;
    enum status status = compile_run(jobs, used, suite_cpus(), SUITE_COMPILE_MS, NULL);
    used = 0;
    for (size_t i = 0; i < n; i++) {
        if (!suite_is_ready(&cases[i])) continue;
        cases[i].candidate.job = jobs[used++];
        suite_fail(&cases[i], cases[i].candidate.job.verdict, cases[i].candidate.job.detail);
    }
    free(jobs);
    return status;
}

/* Cases whose `manifest` is NULL keep the verdict that they have. suite_free in any case. */
static inline enum status suite_run(struct suite_case *cases, size_t n)
{
    struct suite suite = {.cases = cases, .n = n};
    pthread_t threads[SUITE_THREADS_MAX];
    unsigned started = 0;
    for (size_t i = 0; i < n; i++) {
        if (!cases[i].manifest) continue;
        cases[i].verdict = VERDICT_OK;
        if (suite_open(&cases[i]) != STATUS_OK) suite_fail(&cases[i], VERDICT_STARTED, status_message());
    }
    TRY(suite_compile(cases, n));
    pthread_mutex_init(&suite.lock, NULL);
    while (started + 1 < suite_cpus() && pthread_create(&threads[started], NULL, suite_work, &suite) == 0)
        started++;
    suite_work(&suite);
    while (started) pthread_join(threads[--started], NULL);
    pthread_mutex_destroy(&suite.lock);
    return STATUS_OK;
}

static inline void suite_free(struct suite_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        candidate_free(&cases[i].candidate);
        tuning_close(&cases[i].tuning);
    }
}

#endif
