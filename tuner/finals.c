/* Finalists and the vendor library measured against each other: in one process, on the same buffers, in
 * turns. Whatever drifts (clock, temperature, neighbours) drifts for all, and ratios are taken within a
 * round. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/base/rng.h"
#include "tuner/fault.h"
#include "tuner/measure.h"
#include "tuner/session.h"
#include "tuner/stats.h"
#include "tuner/vendor/vendor.h"
#include "tuner/worker.h"

enum {
    ROUNDS_MIN = 6,
    ROUNDS_MAX = 2000,
    DEFAULT_MS = 300,
    SHORT_NS = 5000000,
    SETTLE_NS = 1000000,
    WAY_BLOCKS = 3
};

/* The vendor library on the measured buffers. */
struct vendor_run {
    const struct vendor_api *api;
    struct stage *stage;
    struct vendor_plan *plan;
    unsigned way;
    bool failed;              /* one of its launches; what was timed is nothing then */
    struct enqueued enqueued; /* on a device with streams */
    _Alignas(16) char args[OP_ARGS_BYTES_MAX];
};

struct contestant {
    struct measured measured;
    struct measured_kernel kernel;
    struct kernel *loaded;
    double estimate_ns;
    double *samples; /* one per round */
    bool takes_part, is_vendor;
};

struct finals {
    struct session *session;
    struct session_job *job;
    struct stage *stage;
    struct vendor_run vendor;
    struct contestant contestants[FINALISTS_MAX + 1]; /* the vendor library is the last of n + 1 */
    uint32_t n;
    size_t rounds;
    bool vendor_ran; /* last */
    uint64_t next;   /* launch, over all contestants: nobody finds the weights that another has just read */
};

static enum status vendor_enqueue(void *context, uint64_t i)
{
    struct vendor_run *run = context;
    measure_set_rotate(&run->stage->set, i, run->args);
    return run->api->run(run->plan, run->way, run->args, NULL);
}

static void vendor_launch(void *context, uint64_t i)
{
    struct vendor_run *run = context;
    if (vendor_enqueue(run, i) != STATUS_OK) run->failed = true;
}

/* On a device with streams a vendor library enqueues, too: on the default stream. */
static enum status vendor_time(void *context, uint64_t first, uint64_t n, double *ns)
{
    struct vendor_run *run = context;
    return enqueued_time(&run->enqueued, first, n, ns);
}

/* What cannot be recorded is launched one by one. */
static enum status vendor_settle(void *context, uint32_t *per_sample)
{
    struct vendor_run *run = context;
    enqueued_settle(&run->enqueued, per_sample);
    return STATUS_OK;
}

static struct measured measured_vendor(struct vendor_run *run)
{
    struct measured measured = {.launch = vendor_launch, .context = run};
    if (!run->stage->own_memory) return measured;
    run->enqueued = (struct enqueued){.stage = run->stage, .enqueue = vendor_enqueue, .context = run};
    measured.time = vendor_time;
    measured.settle = vendor_settle;
    return measured;
}

/* Opened before the sandbox: it starts threads. As a program has it that does not search: the library's first
 * proposal. */
static bool open_vendor(struct finals *finals, char name[VENDOR_NAME_BYTES])
{
    struct session *session = finals->session;
    struct vendor_run *run = &finals->vendor;
    run->api = vendor_find(session->request.backend);
    run->stage = finals->stage;
    if (!run->api || finals->job->excluded[finals->n] || !run->api->does(&session->problem)) return false;
    if (run->api->open((uint32_t)session->info.facts.value[DEVICE_FACT_units], name, VENDOR_NAME_BYTES) !=
        STATUS_OK)
        return false;
    void *pointers[OP_OPERANDS_MAX] = {0};
    const struct measure_set *set = &finals->stage->set;
    for (unsigned i = 0; i < set->n_operands; i++) pointers[i] = set->base[i];
    session->problem.op->bind(&session->problem, pointers, NULL, run->args);
    if (run->api->plan(finals->stage->device, &session->problem, run->args, 1, &run->plan) != STATUS_OK)
        return false;
    memcpy(name, run->plan->name, VENDOR_NAME_BYTES);
    return true;
}

/* The faster of its ways. */
static void choose_way(struct finals *finals, struct contestant *vendor)
{
    unsigned ways = finals->vendor.plan->ways, best = 0;
    double best_ns = 0;
    for (unsigned way = 0; way < ways; way++) {
        finals->vendor.way = way;
        measure_prepare(&vendor->measured);
        double ns = measure_block(&vendor->measured);
        for (int i = 1; ways > 1 && i < WAY_BLOCKS; i++) {
            double block = measure_block(&vendor->measured);
            if (block < ns) ns = block;
        }
        if (way == 0 || ns < best_ns) {
            best = way;
            best_ns = ns;
        }
    }
    finals->vendor.way = best;
    vendor->estimate_ns = measure_prepare(&vendor->measured);
    vendor->takes_part = !finals->vendor.failed;
}

static enum status load_kernel(struct finals *finals, uint32_t i)
{
    struct stage *stage = finals->stage;
    struct session_candidate *candidate = &finals->job->candidates[i];
    struct contestant *contestant = &finals->contestants[i];
    TRY(kernel_load(stage->api, stage->device, &candidate->descriptor, candidate->code, candidate->code_bytes,
                    &contestant->loaded));
    TRY(measured_kernel_create(contestant->loaded, stage, &contestant->kernel));
    contestant->measured = measured_kernel(&contestant->kernel);
    return STATUS_OK;
}

/* What a device says of a contestant ends its part. False where it did nothing wrong. */
static bool give_up(struct finals *finals, uint32_t i, struct session_outcome *out)
{
    struct contestant *contestant = &finals->contestants[i];
    if (contestant->measured.failed == STATUS_OK) return false;
    contestant->takes_part = false;
    if (i == finals->n) return true;
    out->outcomes[i].verdict = verify_fault_verdict(finals->stage);
    snprintf(out->outcomes[i].detail, sizeof out->outcomes[i].detail, "%s", contestant->measured.why);
    return true;
}

/* Loads and warms everybody; *current says who runs, for the session to know whom to blame. */
static void prepare(struct finals *finals, struct channel *channel, struct session_outcome *out)
{
    for (uint32_t i = 0; i <= finals->n; i++) {
        struct contestant *contestant = &finals->contestants[i];
        if (finals->job->excluded[i] || (contestant->is_vendor && !contestant->takes_part)) continue;
        *finals->job->current = i;
        candidate_phase(channel, 60000, "warming up finalists");
        if (contestant->is_vendor) {
            choose_way(finals, contestant);
            give_up(finals, i, out);
            continue;
        }
        enum status status = load_kernel(finals, i);
        contestant->takes_part = status == STATUS_OK;
        if (status == STATUS_OK) {
            contestant->estimate_ns = measure_prepare(&contestant->measured);
            give_up(finals, i, out);
        } else {
            out->outcomes[i].verdict = VERDICT_LAUNCH_ERROR;
            snprintf(out->outcomes[i].detail, sizeof out->outcomes[i].detail, "%.255s", status_message());
        }
    }
}

/* One block each, in an order of its own every round, so that nobody always follows the same one. */
static void run_round(struct finals *finals, struct rng *rng, struct session_outcome *out)
{
    uint32_t order[FINALISTS_MAX + 1], n = 0;
    for (uint32_t i = 0; i <= finals->n; i++)
        if (finals->contestants[i].takes_part) order[n++] = i;
    for (uint32_t i = n; i > 1; i--) {
        uint32_t other = (uint32_t)rng_below(rng, i), last = order[i - 1];
        order[i - 1] = order[other];
        order[other] = last;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct contestant *contestant = &finals->contestants[order[i]];
        *finals->job->current = order[i];
        if (finals->vendor_ran && !contestant->is_vendor)
            clock_sleep_ns(SETTLE_NS); /* until its threads sleep */
        finals->vendor_ran = contestant->is_vendor;
        struct measured *measured = &contestant->measured;
        measured->next = finals->next;
        /* Its threads, code and activations come back to the caches unmeasured. */
        if (contestant->estimate_ns < SHORT_NS) measured->launch(measured->context, measured->next++);
        contestant->samples[finals->rounds] = measure_block(measured);
        give_up(finals, order[i], out);
        finals->next = measured->next;
    }
    finals->rounds++;
}

static void summarize_ratio(const double *numerator, const double *denominator, size_t n, double *scratch,
                            struct trial_ratio *out)
{
    struct stats stats;
    for (size_t i = 0; i < n; i++) scratch[i] = numerator[i] / denominator[i];
    stats_of(scratch, n, &stats);
    *out = (struct trial_ratio){stats.median, stats.q1, stats.q3};
}

static void summarize(struct finals *finals, uint32_t flags, double *scratch, struct session_outcome *out)
{
    struct contestant *vendor = &finals->contestants[finals->n], *first = &finals->contestants[0];
    for (uint32_t i = 0; i < finals->n; i++) {
        struct contestant *contestant = &finals->contestants[i];
        if (!contestant->takes_part) continue;
        if (vendor->takes_part)
            summarize_ratio(vendor->samples, contestant->samples, finals->rounds, scratch,
                            &out->against_baseline[i]);
        if (first->takes_part)
            summarize_ratio(first->samples, contestant->samples, finals->rounds, scratch,
                            &out->against_first[i]);
    }
    for (uint32_t i = 0; i <= finals->n; i++) { /* last: it sorts the samples */
        struct contestant *contestant = &finals->contestants[i];
        struct trial_outcome *outcome = i < finals->n ? &out->outcomes[i] : &out->baseline;
        if (!contestant->takes_part) continue;
        measure_summarize(contestant->samples, finals->rounds, contestant->measured.per_sample,
                          &outcome->timing);
        outcome->timing.flags = flags;
        outcome->verdict = VERDICT_OK;
    }
}

static enum status run_rounds(struct finals *finals, struct channel *channel, double *memory,
                              struct session_outcome *out)
{
    double round_ns = 0;
    for (uint32_t i = 0; i <= finals->n; i++) {
        finals->contestants[i].samples = memory + (size_t)i * ROUNDS_MAX;
        if (finals->contestants[i].takes_part)
            round_ns += finals->contestants[i].estimate_ns * (finals->contestants[i].measured.per_sample + 1);
    }
    uint32_t total_ms = finals->job->total_ms ? finals->job->total_ms : DEFAULT_MS * (finals->n + 1);
    candidate_phase(channel, 10000 + 2 * total_ms + (uint32_t)(round_ns / 1e6 * ROUNDS_MIN * 3),
                    "measuring finalists");
    struct rng rng;
    rng_seed(&rng, finals->session->request.seed);
    struct contention contention;
    contention_begin(&contention);
    uint64_t end = clock_ns() + (uint64_t)total_ms * 1000000u;
    while (finals->rounds < ROUNDS_MAX && (finals->rounds < ROUNDS_MIN || clock_ns() < end))
        run_round(finals, &rng, out);
    uint32_t flags = TIMING_INTERLEAVED;
    if (measure_contended(finals->stage, &contention, finals->session->info.facts.value[DEVICE_FACT_units]))
        flags |= TIMING_CONTENDED;
    if (finals->vendor.failed) finals->contestants[finals->n].takes_part = false;
    summarize(finals, flags, memory + (size_t)(finals->n + 1) * ROUNDS_MAX, out);
    return STATUS_OK;
}

/* A device child lives on: what was loaded goes. */
static void unload(struct finals *finals)
{
    for (uint32_t i = 0; i < finals->n; i++) {
        struct contestant *contestant = &finals->contestants[i];
        if (!contestant->loaded) continue;
        if (contestant->kernel.stage) measured_kernel_destroy(&contestant->kernel);
        kernel_unload(contestant->loaded);
    }
    enqueued_drop(&finals->vendor.enqueued);
    if (finals->vendor.plan) finals->vendor.api->release(finals->vendor.plan);
}

static enum status run(struct finals *finals, struct channel *channel, double *memory,
                       struct session_outcome *out)
{
    static const struct verify nothing;
    struct contestant *vendor = &finals->contestants[finals->n];
    vendor->is_vendor = true;
    *finals->job->current = finals->n;
    vendor->takes_part = open_vendor(finals, out->baseline_name);
    vendor->measured = measured_vendor(&finals->vendor);
    if (!vendor->takes_part) out->baseline_name[0] = '\0';
    TRY(fault_install(channel, CANDIDATE_FAULT, &finals->session->plan, &nothing, 0));
    if (!finals->stage->own_memory) candidate_confine(finals->session);
    prepare(finals, channel, out);
    return run_rounds(finals, channel, memory, out);
}

enum status finals_run(struct session *session, struct session_job *job, struct stage *stage,
                       struct channel *channel, struct session_outcome *out)
{
    struct finals *finals = calloc(1, sizeof *finals);
    double *memory = calloc((size_t)(job->n + 2) * ROUNDS_MAX, sizeof *memory);
    enum status status = STATUS_NO_MEMORY;
    if (finals && memory) {
        *finals = (struct finals){.session = session, .job = job, .stage = stage, .n = job->n};
        status = run(finals, channel, memory, out);
        unload(finals);
    } else {
        status_fail(status, "no memory for finals");
    }
    free(finals);
    free(memory);
    return status;
}
