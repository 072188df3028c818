/* Our kernel and the vendor library's on one GPU against each other: on the same device memory, in turns, as
 * graphs between the device's own marks. What drifts (clock, power, temperature) drifts for all, and ratios
 * are taken within a round. docs/gpu-bench.md says how a number comes about.
 *
 * duel_run works in the calling process. A duel_host has a child for it, so that a kernel that hangs or
 * faults costs one duel and no more. */
#ifndef TUNEBOOK_DUEL_H
#define TUNEBOOK_DUEL_H

#include "db/schema.h"
#include "tuner/peaks.h"
#include "tuner/trial.h"

/* The sides: our kernel; the library's first proposal; the fastest of its first eight. */
enum duel_side { DUEL_OURS, DUEL_FIRST, DUEL_BEST, DUEL_SIDES };

struct duel_setting {
    struct problem problem;
    uint64_t seed;
    uint32_t total_ms; /* for the rounds; at least six are run whatever they take */
};

struct duel_result {
    struct timing timing[DUEL_SIDES]; /* per launch; samples == 0: took no part */
    struct trial_ratio over_first,
        over_best;                    /* the library's time / ours, by round; 0 where one is missing */
    uint32_t copies;                  /* of the weights, one after the other */
    uint32_t capped;                  /* memory did not hold twice the cache in copies */
    uint32_t ways, best_way;          /* proposals that ran, and the fastest of them */
    uint32_t product_alone;           /* the library had no such epilogue and left it out */
    double difference;                /* root mean square of the two results' difference, over that of
                                       * the library's; < 0: not compared */
    char vendor[32];                  /* "cublaslt 13.1.0"; "" if it took no part */
    char vendor_note[256], note[256]; /* why a side took no part; "" */
};

/* `kernel` NULL: the library alone. A side that fails is left out with a note; a status is the machine's or
 * the device's failure. */
enum status duel_run(const struct device_api *api, struct device *device, const struct duel_setting *setting,
                     const struct trial_candidate *kernel, struct duel_result *out);

/* --- a process for it --- */

struct duel_host;
enum status duel_host_create(const char *backend, uint32_t device, const volatile int *stop,
                             struct duel_host **out);
void duel_host_free(struct duel_host *host);

/* As duel_run and peaks_run, in the child, which is started where there is none. One that dies or takes
 * longer than it may is a STATUS_BAD_DATA that says so; the next call has another. STATUS_INTERRUPTED. */
enum status duel_host_run(struct duel_host *host, const struct duel_setting *setting,
                          const struct trial_candidate *kernel, struct duel_result *out);
enum status duel_host_peaks(struct duel_host *host, const struct peaks_setting *setting, struct peaks *out);

#endif
