#include "tuner/measure.h"

#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/racing.h"
#include "tuner/stats.h"

enum {
    LAUNCHES_MIN = 20,
    BLOCK_NS = 100000,        /* a block is no shorter: reading the clock twice must not show */
    LONG_LAUNCH_NS = 1000000, /* from here a block may have fewer launches */
    LONG_BLOCK_NS = 5000000,
    WARM_UP_NS = 5000000,
    SAMPLES_MIN = 6, /* the least that has a 95 % interval */
    SAMPLES_MAX = 20000,
    LAUNCHES_MAX = 1 << 20
};

static uint64_t now_ns(const struct measured *measured)
{
    return measured->now ? measured->now(measured->context) : clock_ns();
}

static double time_launches(struct measured *measured, uint64_t n)
{
    uint64_t begin = now_ns(measured);
    for (uint64_t i = 0; i < n; i++) measured->launch(measured->context, measured->next++);
    return (double)(now_ns(measured) - begin);
}

double measure_prepare(struct measured *measured)
{
    /* The first launch pays for pages and code; then for about WARM_UP_NS, the last batch being the estimate.
     * One that takes longer by itself is warm enough. */
    double ns = time_launches(measured, 1);
    uint64_t n = 1;
    for (double spent = ns > WARM_UP_NS ? ns : 0; spent < WARM_UP_NS && n < LAUNCHES_MAX; n *= 2) {
        double took = time_launches(measured, n);
        spent += took;
        ns = took / (double)n;
    }
    double wanted = ns < LONG_LAUNCH_NS ? BLOCK_NS / (ns > 1 ? ns : 1) : LONG_BLOCK_NS / ns;
    double least = ns < LONG_LAUNCH_NS ? LAUNCHES_MIN : 1,
           most = ns < LONG_LAUNCH_NS ? LAUNCHES_MAX : LAUNCHES_MIN;
    measured->per_sample = (uint32_t)(wanted < least ? least : wanted > most ? most : wanted);
    return ns;
}

double measure_block(struct measured *measured)
{
    return time_launches(measured, measured->per_sample) / measured->per_sample;
}

void measure_summarize(double *samples, size_t n, uint32_t per_sample, struct timing *out)
{
    struct stats stats;
    stats_of(samples, n, &stats);
    *out = (struct timing){
        .median_ns = (uint64_t)(stats.median + 0.5),
        .q1_ns = (uint64_t)(stats.q1 + 0.5),
        .q3_ns = (uint64_t)(stats.q3 + 0.5),
        .low_ns = (uint64_t)(stats.low + 0.5),
        .high_ns = (uint64_t)(stats.high + 0.5),
        .min_ns = (uint64_t)(stats.min + 0.5),
        .samples = (uint32_t)n,
        .launches_per_sample = per_sample,
    };
}

/* Looks at the samples so far. Sorting a copy each time would cost more than short blocks: the caller asks at
 * growing counts. */
struct look {
    bool narrow, lost;
};

static struct look look_at(const double *samples, size_t n, double *sorted,
                           const struct measure_setting *setting)
{
    struct stats stats;
    memcpy(sorted, samples, n * sizeof *samples);
    stats_of(sorted, n, &stats);
    return (struct look){
        .narrow = n >= SAMPLES_MIN && stats.high - stats.low <= setting->interval * stats.median,
        .lost = race_is_lost(sorted, n, (double)setting->rival_ns),
    };
}

enum status measure_run(struct measured *measured, const struct measure_setting *setting,
                        enum verdict *verdict, struct timing *out)
{
    double *samples = malloc(2 * SAMPLES_MAX * sizeof *samples), *sorted = samples + SAMPLES_MAX;
    if (!samples) return status_fail(STATUS_NO_MEMORY, "no memory for samples");
    measure_prepare(measured);
    uint64_t end = now_ns(measured) + setting->time_ns;
    size_t n = 0, next_look = RACE_FAR_BLOCKS;
    struct look look = {0};
    while (n < SAMPLES_MAX) {
        samples[n++] = measure_block(measured);
        bool over = now_ns(measured) >= end;
        if (n < next_look && !over) continue;
        next_look = n < 16 ? n + 1 : n + n / 8;
        look = look_at(samples, n, sorted, setting);
        if (look.narrow || look.lost || over) break;
    }
    measure_summarize(samples, n, measured->per_sample, out);
    if (!look.narrow) out->flags |= TIMING_UNSTABLE;
    *verdict = look.lost ? VERDICT_SLOW : VERDICT_OK;
    free(samples);
    return STATUS_OK;
}

static size_t block_bytes(const struct measured_kernel *measured)
{
    return (measured->launch.args_bytes + KERNEL_ARGS_ALIGNMENT - 1u) / KERNEL_ARGS_ALIGNMENT *
           KERNEL_ARGS_ALIGNMENT;
}

static enum status prepare_copies(struct measured_kernel *measured)
{
    const struct measure_set *set = measured->set;
    size_t bytes = block_bytes(measured);
    if (!measured->launch.n_maps) return STATUS_OK;
    measured->prepared = aligned_alloc(KERNEL_ARGS_ALIGNMENT, bytes * set->copies);
    if (!measured->prepared)
        return status_fail(STATUS_NO_MEMORY, "no memory for the arguments of %u copies", set->copies);
    for (uint32_t i = 0; i < set->copies; i++) {
        char *args = measured->prepared + i * bytes;
        memcpy(args, measured->args, set->problem.op->args_bytes);
        measure_set_rotate(set, i, args);
        TRY(kernel_prepare(measured->kernel, &measured->launch, &set->problem, args));
    }
    return STATUS_OK;
}

enum status measured_kernel_create(const struct kernel *kernel, const struct measure_set *set,
                                   struct measured_kernel *out)
{
    struct measured_kernel measured = {.kernel = kernel, .set = set};
    TRY(kernel_bind(kernel, &set->problem, &measured.launch));
    measured.workspace_bytes = measured.launch.workspace_bytes + measured.launch.scratch_bytes;
    if (measured.workspace_bytes) {
        measured.workspace = pages_allocate(measured.workspace_bytes);
        if (!measured.workspace)
            return status_fail(STATUS_NO_MEMORY, "no memory for a workspace of %zu bytes",
                               measured.workspace_bytes);
    }
    void *pointers[OP_OPERANDS_MAX] = {0};
    for (unsigned i = 0; i < set->n_operands; i++) pointers[i] = set->base[i];
    set->problem.op->bind(&set->problem, pointers, measured.workspace, measured.args);
    enum status status = prepare_copies(&measured);
    if (status != STATUS_OK) {
        measured_kernel_destroy(&measured);
        return status;
    }
    *out = measured;
    return STATUS_OK;
}

void measured_kernel_destroy(struct measured_kernel *measured)
{
    pages_free(measured->workspace, measured->workspace_bytes);
    measured->workspace = NULL;
    free(measured->prepared);
    measured->prepared = NULL;
}

void measured_kernel_launch(void *context, uint64_t i)
{
    struct measured_kernel *measured = context;
    const struct measure_set *set = measured->set;
    char *args = measured->args;
    if (measured->prepared)
        args = measured->prepared + i % set->copies * block_bytes(measured);
    else
        measure_set_rotate(set, i, args);
    kernel_run(measured->kernel, &measured->launch, args, measured->launch.args_bytes, measured->workspace,
               NULL);
}
