/* Kernels verified in the emulator: each once, whatever problems want it, on a smaller problem that takes the
 * same path through it. What came out is a trial in the book, under the target's defaults of these types, so
 * that the next run knows. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/base/json.h"
#include "tuner/launch/problem_key.h"
#include "tuner/predict_internal.h"
#include "tuner/predict_small.h"

#ifndef TUNEBOOK_VERSION
#define TUNEBOOK_VERSION "unknown"
#endif

enum { COMPILE_MS = 120000 };

/* ---- the environment ---- */

enum status predict_verify_begin(struct predict *predict)
{
    struct text json = {0};
    cJSON *object = cJSON_CreateObject();
    if (!object) return status_fail(STATUS_NO_MEMORY, "no memory for the environment");
    cJSON_AddStringToObject(object, "backend", "emu"); /* in the order of their names */
    cJSON_AddStringToObject(object, "compiler", text_string(&predict->emulator_identity));
    cJSON_AddStringToObject(object, "device", "emulated");
    cJSON_AddStringToObject(object, "target", predict->device_class.target);
    cJSON_AddStringToObject(object, "tunebook", TUNEBOOK_VERSION);
    json_print(object, false, &json);
    cJSON_Delete(object);
    enum status status = text_status(&json);
    if (status == STATUS_OK)
        status = book_put_environment(predict->options->book, text_string(&json), &predict->environment);
    text_free(&json);
    return status;
}

/* ---- what is known ---- */

static bool is_verdict(enum verdict verdict)
{
    return verdict != VERDICT_STARTED && verdict != VERDICT_PRUNED;
}

/* The newest trial of a kernel comes last. */
static bool take_trial(void *context, uint64_t sequence, const struct trial *trial)
{
    struct predict *predict = context;
    (void)sequence;
    if (memcmp(&trial->environment, &predict->environment, sizeof trial->environment) != 0) return true;
    for (size_t i = 0; i < predict->n_kernels && is_verdict(trial->verdict); i++) {
        struct predict_kernel *kernel = predict->kernels[i];
        if (memcmp(&kernel->candidate.kernel, &trial->kernel, sizeof trial->kernel) != 0) continue;
        if (kernel->passed == VERDICT_STARTED) predict->summary->recalled++;
        kernel->passed = (enum verdict)trial->verdict;
        snprintf(kernel->detail, sizeof kernel->detail, "%.300s", trial->detail);
    }
    return true;
}

enum status predict_recall(struct predict *predict, const char *defaults_key)
{
    return book_each_trial(predict->options->book, defaults_key, take_trial, predict);
}

/* ---- one kernel ---- */

/* The smaller problem, a device with fewer units, the template on both, compiled for the emulator. */
struct emulation {
    struct predict_small small;
    char class_text[CLASS_TEXT_BYTES];
    struct device_info info;
    struct tuning_scene scene;
    struct tuning tuning;
    struct candidate candidate;
};

static enum status describe_device(const struct predict *predict, struct emulation *emulation)
{
    const struct device_api *api = device_find("emu");
    struct device_options options = {.threads = 1, .target = emulation->class_text};
    struct device *device;
    snprintf(emulation->class_text, sizeof emulation->class_text, "%s:%u:%u", predict->device_class.target,
             emulation->small.units, predict->device_class.bandwidth_gbps);
    if (!api) return status_fail(STATUS_UNAVAILABLE, "this program was built without the emulator");
    TRY(api->open(0, &options, &device));
    emulation->info = *api->info(device);
    api->close(device);
    return STATUS_OK;
}

static enum status open_emulation(const struct predict *predict, const struct predict_kernel *kernel,
                                  struct emulation *out)
{
    const struct descriptor *descriptor = &kernel->candidate.descriptor;
    struct configuration configuration;
    if (!predict_small(kernel->manifest, &kernel->problem, kernel->slots, &out->small))
        return status_fail(STATUS_NOT_COVERED, "no smaller problem takes its path: it cannot be emulated");
    TRY(describe_device(predict, out));
    out->scene = (struct tuning_scene){&out->small.problem, &out->info.facts, out->info.device_class.target,
                                       predict->emulator, text_string(&predict->emulator_identity)};
    TRY(tuning_open(&out->scene, kernel->manifest, &out->tuning));
    if (!tuning_configuration(&out->tuning, descriptor->configuration, &configuration))
        return status_fail(STATUS_NOT_COVERED, "its configuration is not one of the emulated GPU");
    return candidate_prepare(&out->tuning, &configuration, &out->candidate);
}

static enum status try_emulation(const struct predict *predict, struct emulation *emulation,
                                 struct trial_outcome *outcome)
{
    struct candidate *candidate = &emulation->candidate;
    struct trial_setting setting = {.backend = "emu",
                                    .target = emulation->class_text,
                                    .info = &emulation->info,
                                    .threads = 1,
                                    .problem = emulation->small.problem,
                                    .seed = predict->options->seed,
                                    .verify_only = true,
                                    .stop = predict->options->stop};
    struct trial_session *session;
    candidate_compiled(candidate);
    struct trial_candidate trial = {&candidate->descriptor, candidate->job.code.data,
                                    candidate->job.code.size};
    TRY(trial_open(&setting, &session));
    enum status status = trial_run(session, &trial, 0, outcome);
    trial_close(session);
    return status;
}

/* A status other than OK is this machine's or the user's, but for STATUS_NOT_COVERED: the kernel's. */
static enum status emulate(const struct predict *predict, const struct predict_kernel *kernel,
                           struct trial_outcome *outcome)
{
    struct emulation *emulation = calloc(1, sizeof *emulation);
    if (!emulation) return status_fail(STATUS_NO_MEMORY, "no memory for an emulation");
    struct compile_job *job = &emulation->candidate.job;
    enum status status = open_emulation(predict, kernel, emulation);
    if (status == STATUS_OK) status = compile_run(job, 1, 1, COMPILE_MS, predict->options->stop);
    if (status == STATUS_OK && job->verdict == VERDICT_OK) {
        status = try_emulation(predict, emulation, outcome);
    } else if (status == STATUS_OK) {
        outcome->verdict = job->verdict;
        snprintf(outcome->detail, sizeof outcome->detail, "for the emulator: %.400s", job->detail);
    } else if (status == STATUS_NOT_COVERED) {
        outcome->verdict = VERDICT_INAPPLICABLE;
        snprintf(outcome->detail, sizeof outcome->detail, "%s", status_message());
        status = STATUS_OK;
    }
    candidate_free(&emulation->candidate);
    tuning_close(&emulation->tuning);
    free(emulation);
    return status;
}

static enum status verify_one(struct predict *predict, struct predict_kernel *kernel)
{
    struct book *book = predict->options->book;
    struct trial_outcome outcome = {0};
    char key[KEY_BYTES_MAX + 1];
    uint64_t sequence;
    const char *name = candidate_name(&kernel->candidate);
    TRY(problem_key(&kernel->problem, predict->device_class.target, key));
    TRY(book_start(book, key, name, &kernel->candidate.kernel, &sequence));
    TRY(emulate(predict, kernel, &outcome));
    struct trial trial = {.verdict = (uint8_t)outcome.verdict,
                          .attempts = 1,
                          .kernel = kernel->candidate.kernel,
                          .environment = predict->environment,
                          .finished_at_s = clock_wall_s(),
                          .configuration = name,
                          .detail = outcome.detail};
    TRY(book_finish(book, key, sequence, &trial));
    kernel->passed = outcome.verdict;
    snprintf(kernel->detail, sizeof kernel->detail, "%.300s", outcome.detail);
    pthread_mutex_lock(&predict->lock);
    predict->summary->verified++;
    pthread_mutex_unlock(&predict->lock);
    return STATUS_OK;
}

/* ---- many ---- */

struct verification {
    struct predict *predict;
    struct predict_kernel *const *kernels;
};

static enum status work(void *context, size_t i)
{
    struct verification *verification = context;
    struct predict_kernel *kernel = verification->kernels[i];
    return kernel->passed == VERDICT_STARTED ? verify_one(verification->predict, kernel) : STATUS_OK;
}

enum status predict_verify(struct predict *predict, struct predict_kernel *const *kernels, size_t n)
{
    uint64_t begin_ns = clock_ns();
    struct verification verification = {predict, kernels};
    enum status status = predict_side_by_side(predict, n, work, &verification);
    predict->summary->verify_ns += clock_ns() - begin_ns;
    return status;
}
