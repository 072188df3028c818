/* A candidate's own process: confine, load, verify, measure, verify again, report. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/emulator/fiber.h"
#include "tuner/fault.h"
#include "tuner/measure.h"
#include "tuner/sandbox.h"
#include "tuner/session.h"
#include "tuner/worker.h"

enum {
    SMALL_MS = 15000,
    EMULATED_SMALL_MS = 300000,
    SLACK_BYTES = 128 << 20,
    DEFAULT_MEMORY = 1 << 30,
    DEFAULT_MEASURE_MS = 200,
    SLOWEST = 1000
};

uint32_t session_slowness(void)
{
    const char *text = getenv("TUNEBOOK_SLOW");
    long times = text ? strtol(text, NULL, 10) : 1;
    return times < 1 ? 1 : times > SLOWEST ? SLOWEST : (uint32_t)times;
}

void candidate_phase(const struct channel *channel, uint32_t deadline_ms, const char *what)
{
    uint64_t ms = (uint64_t)deadline_ms * (WORKER_SANITIZED ? 4 : 1) * session_slowness();
    struct candidate_phase phase = {.deadline_ms = ms < INT32_MAX ? (uint32_t)ms : INT32_MAX};
    snprintf(phase.what, sizeof phase.what, "%s", what);
    channel_post(channel, CANDIDATE_PHASE, &phase, sizeof phase);
}

/* Stacks of emulated threads: of the largest cluster on each host thread, or of all blocks of a grid that
 * runs together, with a guard page each. Address space only; of most of them little is ever touched. */
static uint64_t emulated_stacks(const struct session *session)
{
    enum { CLUSTER_BLOCKS_MAX = 16, STACK_BYTES = FIBER_STACK_BYTES + 4096 };
    if (!session->api->emulates) return 0;
    uint64_t threads = (uint64_t)session->info.facts.value[DEVICE_FACT_max_block_threads];
    uint64_t blocks = session->host_threads * CLUSTER_BLOCKS_MAX;
    uint64_t together = (uint64_t)session->info.facts.value[DEVICE_FACT_units];
    return (blocks > together ? blocks : together) * threads * STACK_BYTES;
}

/* Besides its limit: scratch of every thread, workspaces, copies of outputs. */
uint64_t candidate_allowance(const struct session *session)
{
    const int64_t *facts = session->info.facts.value;
    uint64_t limit = session->request.memory_limit_bytes;
    uint64_t scratch = (uint64_t)(session->host_threads * facts[DEVICE_FACT_lds_bytes]);
    unsigned outputs[OP_OUTPUTS_MAX], n = session->plan.proof->outputs(&session->problem, outputs);
    uint64_t copies = 0;
    for (unsigned o = 0; o < n; o++) copies += 32 * operand_bytes(&session->set.operands[outputs[o]]);
    return (limit ? limit : DEFAULT_MEMORY) + 2 * scratch + emulated_stacks(session) + copies;
}

static uint64_t address_space_limit(const struct session *session)
{
    uint64_t used = fault_address_space();
    return WORKER_SANITIZED || !used ? 0 : used + candidate_allowance(session);
}

void candidate_confine(const struct session *session)
{
    bool active;
    signal(SIGXFSZ, SIG_IGN); /* printing too much is an error of the call, no end */
    signal(SIGPIPE, SIG_IGN);
    sandbox_limit(address_space_limit(session), WORKER_OUTPUT_LIMIT);
    sandbox_enter(&active);
}

static void set_outcome(struct trial_outcome *out, enum verdict verdict, const char *detail)
{
    out->verdict = verdict;
    snprintf(out->detail, sizeof out->detail, "%s", detail);
}

static uint32_t small_deadline_ms(const struct session *session)
{
    return session->api->emulates ? EMULATED_SMALL_MS : SMALL_MS;
}

/* The problem's own launches: at a thousandth of what a core does, or a hundred times what the rival
 * takes; emulated ones at a fiftieth of that. */
static uint32_t own_deadline_ms(const struct session *session, uint64_t rival_ns)
{
    double launches = 0;
    for (unsigned c = 0; c < session->plan.n_cases; c++)
        if (session->plan.cases[c].own) launches += 2 * session->plan.cases[c].n_runs;
    double ms = launches * session->plan.own_flops / 1e6;
    double enough = launches * 100 * (double)rival_ns / 1e6;
    if (rival_ns && enough < ms) ms = enough;
    if (session->api->emulates) return small_deadline_ms(session) + (uint32_t)(ms < 2e7 ? ms * 50 : 1e9);
    return SMALL_MS + (uint32_t)(ms < 3e5 ? ms : 3e5);
}

static enum status measure(struct session *session, struct session_job *job, struct stage *stage,
                           const struct kernel *kernel, struct trial_outcome *out)
{
    struct measured_kernel on_buffers;
    enum status status = measured_kernel_create(kernel, stage, &on_buffers);
    struct measured measured = measured_kernel(&on_buffers);
    uint32_t ms = session->request.measure_ms ? session->request.measure_ms : DEFAULT_MEASURE_MS;
    double interval = session->request.interval > 0 ? session->request.interval : 0.01;
    struct measure_setting setting = {(uint64_t)ms * 1000000u, interval, job->rival_ns};
    struct contention contention;
    contention_begin(&contention);
    if (status == STATUS_OK) status = measure_run(&measured, &setting, &out->verdict, &out->timing);
    if (measure_contended(stage, &contention, session->info.facts.value[DEVICE_FACT_units]))
        out->timing.flags |= TIMING_CONTENDED;
    char line[512]; /* what a lost device says to the calls that clean up says less */
    snprintf(line, sizeof line, "%s", status_message());
    measured_kernel_destroy(&on_buffers);
    return status == STATUS_OK ? STATUS_OK : status_fail(status, "%s", line);
}

/* Where the candidate is slow before it was measured, its launches during verification are what is known. */
static void note_slow(const struct verify *verify, struct trial_outcome *out)
{
    uint64_t ns = verify->own_ns;
    out->timing = (struct timing){ns, ns, ns, ns, ns, ns, 1, 1, TIMING_UNSTABLE};
}

/* On the host only memory can be lacking; a device also tells of launches that went wrong. */
static enum verdict measuring_verdict(const struct stage *stage, enum status status)
{
    return status == STATUS_NO_MEMORY ? VERDICT_RESOURCE_LIMIT : verify_fault_verdict(stage);
}

/* What a candidate may not change is looked at last, and says more than a wrong result. */
static enum verdict check_inputs(struct session *session, struct verify *verify)
{
    if (!verify->stage->own_memory) return verify_check_inputs(verify, session->sums);
    return stage_check(verify->stage, verify->detail, sizeof verify->detail);
}

static void try_candidate(struct session *session, struct session_job *job, const struct kernel *kernel,
                          struct channel *channel, struct verify *verify, struct trial_outcome *out)
{
    uint32_t wanted = session->request.verify_deadline_ms;
    candidate_phase(channel, wanted ? wanted : small_deadline_ms(session), "small shapes");
    enum verdict verdict = verify_all(verify, false);
    candidate_phase(channel, wanted ? wanted : own_deadline_ms(session, job->rival_ns), "the problem itself");
    if (verdict == VERDICT_OK) verdict = verify_all(verify, true);
    if (verdict == VERDICT_SLOW) note_slow(verify, out);
    enum verdict measured = VERDICT_OK;
    if (verdict == VERDICT_OK && !session->request.verify_only) {
        uint32_t ms = session->request.measure_ms ? session->request.measure_ms : DEFAULT_MEASURE_MS;
        candidate_phase(channel, SMALL_MS + 2 * ms + (uint32_t)(verify->own_ns / 1000000u) * 40, "measuring");
        enum status status = measure(session, job, verify->stage, kernel, out);
        measured = out->verdict;
        if (status != STATUS_OK) {
            set_outcome(out, measuring_verdict(verify->stage, status), status_message());
            return;
        }
        verdict = verify_again(verify);
    }
    enum verdict inputs = check_inputs(session, verify);
    if (inputs != VERDICT_OK && inputs != VERDICT_LAUNCH_ERROR) verdict = inputs;
    if (verdict == VERDICT_OK)
        set_outcome(out, measured, "");
    else
        set_outcome(out, verdict, verify->detail);
}

void candidate_try(struct session *session, struct session_job *job, struct stage *stage,
                   struct channel *channel, struct session_outcome *out)
{
    struct session_candidate *candidate = &job->candidates[0];
    struct verify verify = {.plan = &session->plan,
                            .stage = stage,
                            .deterministic = candidate->descriptor.deterministic,
                            .rival_ns = job->rival_ns};
    struct trial_outcome *outcome = &out->outcomes[0];
    struct kernel *kernel = NULL;
    bool confined = !stage->own_memory;
    uint64_t limit = confined ? address_space_limit(session) : 0;
    uint64_t high = limit > SLACK_BYTES ? limit - SLACK_BYTES : 0;
    candidate_phase(channel, SMALL_MS, "loading");
    enum status status = fault_install(channel, CANDIDATE_FAULT, &session->plan, &verify, high);
    if (confined) candidate_confine(session);
    if (status == STATUS_OK)
        status = kernel_load(stage->api, stage->device, &candidate->descriptor, candidate->code,
                             candidate->code_bytes, &kernel);
    if (status != STATUS_OK) {
        set_outcome(outcome, VERDICT_LAUNCH_ERROR, status_message());
        return;
    }
    verify.kernel = kernel;
    try_candidate(session, job, kernel, channel, &verify, outcome);
    bool ok = outcome->verdict == VERDICT_OK || outcome->verdict == VERDICT_SLOW;
    if (!ok && high && fault_address_space() > high)
        set_outcome(outcome, VERDICT_RESOURCE_LIMIT, "took all memory below its limit");
    if (confined) return; /* the process ends with it */
    verify_end(&verify);
    kernel_unload(kernel);
}

void candidate_run(struct session *session, struct session_job *job, struct channel *channel)
{
    struct session_outcome *out = calloc(1, sizeof *out);
    struct device *device = NULL;
    struct device_options options = session_device_options(&session->request);
    struct stage stage;
    if (!out) _exit(1);
    out->n = job->n;
    enum status status = session->api->open(session->request.device, &options, &device);
    if (status == STATUS_OK) stage_on_host(session->api, device, &session->set, &stage);
    if (status == STATUS_OK && job->finals)
        status = finals_run(session, job, &stage, channel, out);
    else if (status == STATUS_OK)
        candidate_try(session, job, &stage, channel, out);
    if (status != STATUS_OK) set_outcome(&out->outcomes[0], VERDICT_LAUNCH_ERROR, status_message());
    channel_post(channel, CANDIDATE_RESULT, out, sizeof *out);
    _exit(0);
}
