/* A sample of a template's space, verified and not timed: is the template right, wherever its parameters
 * stand? On a device here, or on an emulated one for a GPU that is not. */
#ifndef TUNEBOOK_SAMPLE_H
#define TUNEBOOK_SAMPLE_H

#include "tuner/device/device.h"
#include "tuner/tuning.h"

struct sample_setting {
    const char *backend; /* "emu", "cpu" */
    const char *target;  /* emulated device: the GPU it stands for; NULL elsewhere */
    uint32_t device, threads;
    bool reverse; /* emulated device: blocks and threads run last first */
    const struct device_info *info;
    const struct compiler_api *compiler;
    const char *compiler_identity;
    unsigned jobs;  /* sessions side by side; 0: one per CPU on an emulated device, else 1 */
    uint64_t count; /* configurations; the default is always among them */
    uint64_t seed;
    const struct problem *problems; /* shared out evenly; n_problems 0: the op's own samples (proof.h) */
    size_t n_problems;
    const volatile int *stop;
    /* A configuration is done; called from one thread at a time; may be NULL. */
    void (*progress)(void *context, uint64_t done, uint64_t count);
    void *context;
};

/* One that did not end as `ok`. */
struct sample_failure {
    uint64_t index; /* in the sample */
    char problem[PROBLEM_TEXT_BYTES];
    char configuration[512];
    enum verdict verdict;
    char detail[512];
};

struct sample_result {
    uint64_t n_verdicts[VERDICT_COUNT];
    struct sample_failure *failures; /* in the order of the sample */
    size_t n_failures;
    uint64_t n_failed; /* of which failures[] holds n_failures */
    uint64_t asked;    /* configurations; fewer are tried where spaces have no more, and by an interruption */
    uint64_t n_problems;            /* of which some configuration was tried */
    uint64_t n_empty;               /* that the template accepts without having a configuration for them */
    char empty[512];                /* why, for the first of those */
    uint64_t compile_ns, verify_ns; /* summed over the sessions */
    uint64_t total_ns;
};

/* STATUS_NOT_COVERED with the reason where the template is not for this target or accepts none of the
 * problems; STATUS_INTERRUPTED with what was found so far. sample_free in any case. */
enum status sample_verify(const struct sample_setting *setting, const struct manifest *manifest,
                          struct sample_result *out);
void sample_free(struct sample_result *result);

#endif
