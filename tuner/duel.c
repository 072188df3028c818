#include "tuner/duel.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/base/rng.h"
#include "tuner/duel_internal.h"
#include "tuner/measure.h"
#include "tuner/stats.h"

enum {
    LAUNCHES_MIN = 20,
    LAUNCHES_MAX = 1024,
    BLOCK_NS = 200000,
    LONG_LAUNCH_NS = 1000000, /* from here a block may have fewer launches */
    LONG_BLOCK_NS = 5000000,
    ROUNDS_MIN = 6,
    ROUNDS_MAX = 1000,
    CHAIN_ROUNDS = 8,
    WAY_BLOCKS = 5
};

struct duel {
    const struct duel_setting *setting;
    struct duel_buffers buffers;
    struct duelist ours, theirs;
    struct duelist way[2]; /* `theirs` with a way of its own: the first, the best */
    struct duel_block blocks[DUEL_SIDES];
    uint32_t launches;
    double *samples; /* [DUEL_SIDES][ROUNDS_MAX], then as many for ratios */
    size_t rounds;
    struct duel_result *out;
};

static void note(char out[256])
{
    snprintf(out, 256, "%.255s", status_message());
}

/* A failure that is one side's own: the other can go on. What the device does not survive is no such thing,
 * and shows at the next call. */
static bool is_its_own(enum status status)
{
    return status == STATUS_BAD_DATA || status == STATUS_UNAVAILABLE || status == STATUS_NOT_COVERED ||
           status == STATUS_NO_MEMORY;
}

/* --- how long, and how many --- */

static enum status time_some(struct duelist *duelist, uint32_t launches, double *ns)
{
    struct duel_block block;
    const unsigned order[] = {0};
    TRY(duel_block_record(duelist, launches, &block));
    enum status status = duel_chain(duelist->buffers, &block, order, 1, ns);
    duel_block_free(&block);
    return status;
}

/* Blocks of all sides have as many launches, and as many as walk through all copies of the weights, so that
 * whoever comes next finds them cold. */
static void choose_launches(struct duel *duel, double ns)
{
    double wanted = ns < LONG_LAUNCH_NS ? BLOCK_NS / (ns > 1 ? ns : 1) : LONG_BLOCK_NS / ns;
    double least = ns < LONG_LAUNCH_NS ? LAUNCHES_MIN : 1;
    uint32_t launches = (uint32_t)(wanted < least ? least : wanted < LAUNCHES_MAX ? wanted : LAUNCHES_MAX);
    uint32_t copies = duel->buffers.copies;
    duel->launches = (launches + copies - 1) / copies * copies;
}

/* --- the library's ways --- */

static int compare_doubles(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static enum status time_way(struct duel *duel, unsigned way, double *median)
{
    struct duel_block block;
    const unsigned order[WAY_BLOCKS] = {0};
    double ns[WAY_BLOCKS];
    duel->theirs.way = way;
    TRY(duelist_check(&duel->theirs));
    TRY(duel_block_record(&duel->theirs, duel->launches, &block));
    enum status status = duel_chain(&duel->buffers, &block, order, WAY_BLOCKS, ns);
    duel_block_free(&block);
    TRY(status);
    qsort(ns, WAY_BLOCKS, sizeof *ns, compare_doubles);
    *median = ns[WAY_BLOCKS / 2];
    return STATUS_OK;
}

/* Tries all; a proposal that does not run is passed over, but for the first. */
static enum status choose_way(struct duel *duel)
{
    double best_ns = 0;
    for (unsigned way = 0; way < duel->theirs.plan->ways; way++) {
        double ns;
        enum status status = time_way(duel, way, &ns);
        if (status != STATUS_OK && (way == 0 || !is_its_own(status))) return status;
        if (status != STATUS_OK) continue;
        if (duel->out->ways++ == 0 || ns < best_ns) {
            duel->out->best_way = way;
            best_ns = ns;
        }
    }
    return STATUS_OK;
}

/* --- are they the same --- */

static double difference(const double *ours, const double *theirs, size_t n)
{
    double off = 0, size = 0;
    for (size_t i = 0; i < n; i++) {
        off += (ours[i] - theirs[i]) * (ours[i] - theirs[i]);
        size += theirs[i] * theirs[i];
    }
    return size > 0 ? sqrt(off / size) : off > 0 ? HUGE_VAL : 0;
}

static enum status compare_results(struct duel *duel)
{
    double *ours = NULL, *theirs = NULL;
    size_t n = 0;
    duel->theirs.way = 0;
    enum status status = duelist_result(&duel->ours, &ours, &n);
    if (status == STATUS_OK) status = duelist_result(&duel->theirs, &theirs, &n);
    if (status == STATUS_OK) {
        double off = difference(ours, theirs, n);
        duel->out->difference = isnan(off) ? HUGE_VAL : off;
    }
    free(ours);
    free(theirs);
    return status;
}

/* --- rounds --- */

static void shuffle(struct rng *rng, unsigned *order, unsigned n)
{
    for (unsigned i = n; i > 1; i--) {
        unsigned other = (unsigned)rng_below(rng, i), last = order[i - 1];
        order[i - 1] = order[other];
        order[other] = last;
    }
}

/* Some rounds in one go: each has every side once, in an order of its own. */
static enum status run_rounds(struct duel *duel, struct rng *rng, const unsigned *sides, unsigned n_sides)
{
    unsigned order[DUEL_CHAIN_MAX], n = 0;
    double ns[DUEL_CHAIN_MAX];
    for (unsigned round = 0; round < CHAIN_ROUNDS; round++) {
        memcpy(order + n, sides, n_sides * sizeof *sides);
        shuffle(rng, order + n, n_sides);
        n += n_sides;
    }
    TRY(duel_chain(&duel->buffers, duel->blocks, order, n, ns));
    for (unsigned i = 0; i < n; i++)
        duel->samples[order[i] * ROUNDS_MAX + duel->rounds + i / n_sides] = ns[i];
    duel->rounds += CHAIN_ROUNDS;
    return STATUS_OK;
}

static void summarize_ratio(const struct duel *duel, enum duel_side side, struct trial_ratio *out)
{
    struct stats stats;
    const double *ours = duel->samples, *theirs = ours + side * ROUNDS_MAX;
    double *ratios = duel->samples + DUEL_SIDES * ROUNDS_MAX;
    for (size_t i = 0; i < duel->rounds; i++) ratios[i] = theirs[i] / ours[i];
    stats_of(ratios, duel->rounds, &stats);
    *out = (struct trial_ratio){stats.median, stats.q1, stats.q3};
}

static bool takes_part(const struct duel *duel, enum duel_side side)
{
    return duel->blocks[side].launches > 0;
}

static void summarize(struct duel *duel)
{
    struct duel_result *out = duel->out;
    if (takes_part(duel, DUEL_OURS) && takes_part(duel, DUEL_FIRST)) {
        summarize_ratio(duel, DUEL_FIRST, &out->over_first);
        summarize_ratio(duel, DUEL_BEST, &out->over_best);
    }
    for (int side = 0; side < DUEL_SIDES; side++) /* last: it sorts the samples */
        if (takes_part(duel, side)) {
            measure_summarize(duel->samples + side * ROUNDS_MAX, duel->rounds, duel->launches,
                              &out->timing[side]);
            out->timing[side].flags = TIMING_INTERLEAVED;
        }
}

static enum status fight(struct duel *duel)
{
    unsigned sides[DUEL_SIDES], n = 0;
    struct rng rng;
    for (unsigned side = 0; side < DUEL_SIDES; side++)
        if (takes_part(duel, side)) sides[n++] = side;
    if (!n) return STATUS_OK;
    duel->samples = calloc((DUEL_SIDES + 1) * ROUNDS_MAX, sizeof *duel->samples);
    if (!duel->samples) return status_fail(STATUS_NO_MEMORY, "no memory for samples");
    rng_seed(&rng, duel->setting->seed);
    uint64_t end = clock_ns() + (uint64_t)duel->setting->total_ms * 1000000u;
    while (duel->rounds + CHAIN_ROUNDS <= ROUNDS_MAX && (duel->rounds < ROUNDS_MIN || clock_ns() < end))
        TRY(run_rounds(duel, &rng, sides, n));
    summarize(duel);
    return STATUS_OK;
}

/* --- getting ready --- */

static enum status prepare_ours(struct duel *duel, const struct trial_candidate *kernel)
{
    if (!kernel) return STATUS_OK;
    enum status status = duelist_ours(&duel->buffers, kernel, &duel->ours);
    if (status == STATUS_OK) status = duelist_check(&duel->ours);
    if (status == STATUS_OK) return STATUS_OK;
    note(duel->out->note);
    duelist_free(&duel->ours);
    return is_its_own(status) ? STATUS_OK : status;
}

static enum status prepare_theirs(struct duel *duel)
{
    struct duel_result *out = duel->out;
    enum status status = duelist_vendor(&duel->buffers, &duel->theirs);
    if (status == STATUS_OK) status = duelist_check(&duel->theirs);
    if (status == STATUS_OK) {
        snprintf(out->vendor, sizeof out->vendor, "%s", duel->theirs.plan->name);
        out->product_alone = duel->theirs.plan->product_alone;
        return STATUS_OK;
    }
    note(out->vendor_note);
    duelist_free(&duel->theirs);
    return is_its_own(status) ? STATUS_OK : status;
}

static enum status record_theirs(struct duel *duel)
{
    const unsigned ways[2] = {0, duel->out->best_way};
    for (int i = 0; i < 2; i++) {
        duel->way[i] = duel->theirs; /* the plan stays that of `theirs` */
        duel->way[i].way = ways[i];
        TRY(duel_block_record(&duel->way[i], duel->launches, &duel->blocks[DUEL_FIRST + i]));
    }
    return STATUS_OK;
}

static enum status prepare(struct duel *duel, const struct trial_candidate *kernel)
{
    struct duel_result *out = duel->out;
    TRY(prepare_ours(duel, kernel));
    TRY(prepare_theirs(duel));
    bool ours = duel->ours.kernel, theirs = duel->theirs.plan;
    if (!ours && !theirs) return STATUS_OK;
    double ns;
    TRY(time_some(ours ? &duel->ours : &duel->theirs, 1, &ns));
    TRY(time_some(ours ? &duel->ours : &duel->theirs, ns < LONG_LAUNCH_NS ? LAUNCHES_MIN : 1, &ns));
    choose_launches(duel, ns);
    out->copies = duel->buffers.copies;
    out->capped = duel->buffers.capped;
    if (ours && theirs && !out->product_alone) TRY(compare_results(duel));
    if (theirs) TRY(choose_way(duel));
    if (theirs) TRY(record_theirs(duel));
    return ours ? duel_block_record(&duel->ours, duel->launches, &duel->blocks[DUEL_OURS]) : STATUS_OK;
}

enum status duel_run(const struct device_api *api, struct device *device, const struct duel_setting *setting,
                     const struct trial_candidate *kernel, struct duel_result *out)
{
    struct duel *duel = aligned_alloc(KERNEL_ARGS_ALIGNMENT, sizeof *duel);
    if (!duel) return status_fail(STATUS_NO_MEMORY, "no memory for a duel");
    *out = (struct duel_result){.difference = -1};
    *duel = (struct duel){.setting = setting, .out = out};
    enum status status = duel_buffers_create(api, device, &setting->problem, setting->seed, &duel->buffers);
    if (status == STATUS_OK) {
        status = prepare(duel, kernel);
        if (status == STATUS_OK) status = fight(duel);
        for (int side = 0; side < DUEL_SIDES; side++) duel_block_free(&duel->blocks[side]);
        duelist_free(&duel->ours);
        duelist_free(&duel->theirs);
        duel_buffers_destroy(&duel->buffers);
    }
    free(duel->samples);
    free(duel);
    return status;
}
