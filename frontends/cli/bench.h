/* Measuring what the books answer: winner, default and vendor library, interleaved. */
#ifndef TUNEBOOK_CLI_BENCH_H
#define TUNEBOOK_CLI_BENCH_H

#include "frontends/cli/find.h"
#include "frontends/cli/template_set.h"
#include "tuner/trial.h"

struct bench_result {
    struct problem problem;
    tb_explanation answer; /* strings live as long as the finder */
    bool measured;
    struct timing timing; /* the winner's */
    bool has_default;
    struct trial_ratio over_default, over_baseline; /* time of the other / time of the winner */
    char baseline_name[32];                         /* "" if there was none */
    char note[512];                                 /* why it was not measured */
};

struct bench {
    struct finder *finder;
    const struct template_set *templates;
    uint64_t seed;
    uint32_t threads;
    uint32_t total_ms; /* of the interleaved measurement of one problem */
    const volatile int *stop;
};

/* One problem. What concerns it alone (no kernel, a bad verdict) goes into the note; a status is this
 * machine's failure. */
enum status bench_measure(const struct bench *bench, const struct problem *problem, struct bench_result *out);

#endif
