#include "tuner/measure.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/racing.h"
#include "tuner/stats.h"

enum {
    LAUNCHES_MIN = 20,
    BLOCK_NS = 100000,        /* a block is no shorter: reading the clock twice must not show */
    DEVICE_BLOCK_NS = 400000, /* marks tell time to half a microsecond */
    LONG_LAUNCH_NS = 1000000, /* from here a block may have fewer launches */
    LONG_BLOCK_NS = 5000000,
    WARM_UP_NS = 5000000,
    SAMPLES_MIN = 6, /* the least that has a 95 % interval */
    SAMPLES_MAX = 20000,
    LAUNCHES_MAX = 1 << 20
};
static const double FAILED_NS = 1e15;

static uint64_t now_ns(const struct measured *measured)
{
    return measured->now ? measured->now(measured->context) : clock_ns();
}

static void note_failure(struct measured *measured, enum status status)
{
    if (status == STATUS_OK || measured->failed != STATUS_OK) return;
    measured->failed = status;
    snprintf(measured->why, sizeof measured->why, "%.255s", status_message());
}

/* After a failure every launch is as good as endless: loops end by themselves. */
static double time_launches(struct measured *measured, uint64_t n)
{
    double ns = 0;
    uint64_t first = measured->next;
    if (measured->failed != STATUS_OK) return FAILED_NS;
    measured->next += n;
    if (measured->time) {
        note_failure(measured, measured->time(measured->context, first, n, &ns));
        return measured->failed == STATUS_OK ? ns : FAILED_NS;
    }
    uint64_t begin = now_ns(measured);
    for (uint64_t i = 0; i < n; i++) measured->launch(measured->context, first + i);
    return (double)(now_ns(measured) - begin);
}

static void settle_block(struct measured *measured, double ns)
{
    double block_ns = measured->time ? DEVICE_BLOCK_NS : BLOCK_NS;
    double wanted = ns < LONG_LAUNCH_NS ? block_ns / (ns > 1 ? ns : 1) : LONG_BLOCK_NS / ns;
    double least = ns < LONG_LAUNCH_NS ? LAUNCHES_MIN : 1,
           most = ns < LONG_LAUNCH_NS ? LAUNCHES_MAX : LAUNCHES_MIN;
    measured->per_sample = (uint32_t)(wanted < least ? least : wanted > most ? most : wanted);
    if (measured->settle && measured->failed == STATUS_OK)
        note_failure(measured, measured->settle(measured->context, &measured->per_sample));
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
    settle_block(measured, ns);
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
    while (n < SAMPLES_MAX && measured->failed == STATUS_OK) {
        samples[n++] = measure_block(measured);
        bool over = now_ns(measured) >= end;
        if (n < next_look && !over) continue;
        next_look = n < 16 ? n + 1 : n + n / 8;
        look = look_at(samples, n, sorted, setting);
        if (look.narrow || look.lost || over) break;
    }
    if (measured->failed == STATUS_OK) {
        measure_summarize(samples, n, measured->per_sample, out);
        if (!look.narrow) out->flags |= TIMING_UNSTABLE;
        *verdict = look.lost ? VERDICT_SLOW : VERDICT_OK;
    }
    free(samples);
    return measured->failed == STATUS_OK ? STATUS_OK : status_fail(measured->failed, "%s", measured->why);
}
