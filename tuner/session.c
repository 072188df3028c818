#include "tuner/session.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/fault.h"
#include "tuner/worker.h"
#include "tuner/worker_jobs.h"

enum { LOOK_MS = 50, FIRST_DEADLINE_MS = 10000, PATIENCE_MS = 1000 };

/* ---- opening ---- */

struct device_options session_device_options(const struct session_request *request)
{
    return (struct device_options){.threads = request->threads,
                                   .target = *request->target ? request->target : NULL,
                                   .reverse = request->reverse};
}

/* Everything that all candidates share. */
static enum status prepare(struct session *session)
{
    const struct session_request *request = &session->request;
    TRY(problem_parse(request->problem, &session->problem));
    session->api = device_find(request->backend);
    if (!session->api) return status_fail(STATUS_USAGE, "unknown device backend '%s'", request->backend);
    struct device_options options = session_device_options(request);
    struct device *device;
    TRY(session->api->open(request->device, &options, &device));
    session->info = *session->api->info(device);
    session->api->close(device);
    session->info.device_class.product = session->info.name;
    uint64_t copies = request->warm_weights || request->verify_only ? 0 : 2 * session->info.llc_bytes;
    TRY(measure_set_create(&session->problem, copies, session->info.memory_bytes, &session->set));
    session->host_threads = trial_host_threads(&session->info, request->threads);
    TRY(verify_plan_create(&session->problem, request->seed,
                           session->api->emulates ? VERIFY_EMULATED : VERIFY_WHOLE, session->host_threads,
                           &session->set, &session->plan));
    measure_set_spread(&session->set);
    verify_sum_inputs(&session->plan, session->sums);
    return STATUS_OK;
}

static enum status open_session(struct channel *channel, struct session *session)
{
    struct frame frame;
    if (channel_receive(channel, -1, &frame) != CHANNEL_FRAME || frame.kind != SESSION_OPEN ||
        frame.size != sizeof session->request)
        return status_fail(STATUS_BAD_DATA, "a session begins with its setting");
    memcpy(&session->request, frame.bytes, sizeof session->request);
    enum status status = prepare(session);
    struct text answer = {0};
    uint32_t number = status;
    field_put(&answer, &number, sizeof number);
    field_put_string(&answer, status == STATUS_OK ? "" : status_message());
    channel_send(channel, SESSION_READY, answer.data, answer.size);
    text_free(&answer);
    return status;
}

/* ---- one child ---- */

struct child {
    pid_t pid;
    struct channel channel;
    int output;
    struct candidate_phase phase;
    uint64_t deadline_ns;
    uint64_t growth_limit; /* sanitized builds: watched from here instead of by the system */
};

static void enter_child(struct session *session, struct session_job *job, struct channel *above, int socket,
                        int output, uint64_t nonce, pid_t parent)
{
    setpgid(0, 0);
    if (!worker_bind_to_parent(parent)) _exit(1);
    close(above->socket);
    dup2(output, 1);
    dup2(output, 2);
    close(output);
    struct channel channel;
    channel_open(&channel, socket, nonce);
    candidate_run(session, job, &channel);
}

static enum status start_child(struct session *session, struct session_job *job, struct channel *above,
                               struct child *out)
{
    int sockets[2];
    TRY(channel_pair(sockets));
    struct child child = {.output = worker_output_file()};
    uint64_t nonce = clock_ns() * 0x9e3779b97f4a7c15u;
    pid_t self = getpid();
    child.pid = child.output < 0 ? -1 : fork();
    if (child.pid == 0) {
        close(sockets[0]);
        enter_child(session, job, above, sockets[1], child.output, nonce, self);
    }
    close(sockets[1]);
    if (child.pid < 0) {
        close(sockets[0]);
        if (child.output >= 0) close(child.output);
        return status_fail_errno(STATUS_IO, "cannot start a candidate's process");
    }
    setpgid(child.pid, child.pid); /* both sides: whoever is first */
    channel_open(&child.channel, sockets[0], nonce);
    child.deadline_ns = clock_ns() + FIRST_DEADLINE_MS * 1000000ull;
    snprintf(child.phase.what, sizeof child.phase.what, "starting");
    if (WORKER_SANITIZED) child.growth_limit = candidate_allowance(session);
    *out = child;
    return STATUS_OK;
}

static void end_child(struct child *child, uint32_t patience_ms, int *ended)
{
    worker_reap(child->pid, patience_ms, ended);
    channel_close(&child->channel);
    close(child->output);
}

/* Address space that a process has mapped. */
static uint64_t mapped_bytes(pid_t pid)
{
    char path[64];
    unsigned long long pages = 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)pid);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%llu", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

enum watch { WATCH_RESULT, WATCH_FAILED, WATCH_CANCELLED, WATCH_ABANDONED };

/* Waits for something on either channel, or for LOOK_MS at most where somebody must be looked after. */
static bool above_speaks(struct channel *above, struct child *child)
{
    struct pollfd waits[2] = {{.fd = child->channel.socket, .events = POLLIN},
                              {.fd = above->socket, .events = POLLIN}};
    uint64_t now = clock_ns();
    int wait_ms = now >= child->deadline_ns ? 0 : (int)((child->deadline_ns - now) / 1000000u) + 1;
    if (child->growth_limit && wait_ms > LOOK_MS) wait_ms = LOOK_MS;
    poll(waits, 2, wait_ms);
    return waits[1].revents != 0;
}

static enum watch take_news(struct child *child, enum channel_news news, const struct frame *frame,
                            struct session_outcome *result, struct trial_outcome *failure, bool *more)
{
    *more = false;
    if (news == CHANNEL_GARBAGE) {
        failure->verdict = VERDICT_CRASH;
        snprintf(failure->detail, sizeof failure->detail, "wrote on the worker's private channel");
        return WATCH_FAILED;
    }
    if (news == CHANNEL_END) {
        char how[96];
        int ended = 0;
        worker_reap(child->pid, PATIENCE_MS, &ended);
        child->pid = 0;
        worker_describe_end(ended, how, sizeof how);
        failure->verdict = VERDICT_CRASH;
        snprintf(failure->detail, sizeof failure->detail, "%s while %s", how, child->phase.what);
        return WATCH_FAILED;
    }
    if (frame->kind == CANDIDATE_PHASE && frame->size == sizeof child->phase) {
        memcpy(&child->phase, frame->bytes, sizeof child->phase);
        child->deadline_ns = clock_ns() + child->phase.deadline_ms * 1000000ull;
        *more = true;
        return WATCH_RESULT;
    }
    if (frame->kind == CANDIDATE_FAULT && frame->size == sizeof(struct fault_report)) {
        struct fault_report report;
        memcpy(&report, frame->bytes, sizeof report);
        failure->verdict = fault_judge(&report, failure->detail, sizeof failure->detail);
        return WATCH_FAILED;
    }
    if (frame->kind == CANDIDATE_RESULT && frame->size == sizeof *result) {
        memcpy(result, frame->bytes, sizeof *result);
        return WATCH_RESULT;
    }
    return take_news(child, CHANNEL_GARBAGE, NULL, result, failure, more);
}

/* Looks after the child until it has answered, failed or must go. */
static enum watch watch_child(struct child *child, struct channel *above, struct session_outcome *result,
                              struct trial_outcome *failure)
{
    for (;;) {
        if (above_speaks(above, child)) {
            struct frame frame;
            enum channel_news news = channel_receive(above, 0, &frame);
            if (news == CHANNEL_FRAME && frame.kind == SESSION_CANCEL) return WATCH_CANCELLED;
            if (news != CHANNEL_NOTHING) return WATCH_ABANDONED;
        }
        struct frame frame;
        enum channel_news news = channel_receive(&child->channel, 0, &frame);
        if (news != CHANNEL_NOTHING) {
            bool more;
            enum watch watch = take_news(child, news, &frame, result, failure, &more);
            if (!more) return watch;
            continue;
        }
        if (clock_ns() >= child->deadline_ns) {
            failure->verdict = VERDICT_HANG;
            snprintf(failure->detail, sizeof failure->detail, "took longer than %u ms for %s",
                     child->phase.deadline_ms ? child->phase.deadline_ms : FIRST_DEADLINE_MS,
                     child->phase.what);
            return WATCH_FAILED;
        }
        if (child->growth_limit && mapped_bytes(child->pid) > mapped_bytes(getpid()) + child->growth_limit) {
            failure->verdict = VERDICT_RESOURCE_LIMIT;
            snprintf(failure->detail, sizeof failure->detail, "took more than %llu MB",
                     (unsigned long long)child->growth_limit >> 20);
            return WATCH_FAILED;
        }
    }
}

/* ---- jobs ---- */

/* Runs the job in one child. A finalist that fails is excluded and named; *again asks for another child with
 * the rest. */
static enum watch run_child(struct session *session, struct session_job *job, struct channel *above,
                            struct session_outcome *out, bool *again)
{
    struct child child;
    struct trial_outcome failure = {.verdict = VERDICT_CRASH};
    struct session_outcome *result = calloc(1, sizeof *result);
    *again = false;
    *job->current = 0;
    if (!result || start_child(session, job, above, &child) != STATUS_OK) {
        free(result);
        return WATCH_ABANDONED;
    }
    enum watch watch = watch_child(&child, above, result, &failure);
    char line[128];
    uint32_t printed = worker_printed(child.output, line, sizeof line), culprit = *job->current;
    if (child.pid)
        end_child(&child, watch == WATCH_RESULT ? PATIENCE_MS : 0, NULL);
    else
        channel_close(&child.channel), close(child.output);
    if (watch == WATCH_RESULT) {
        bool excluded[FINALISTS_MAX + 1];
        memcpy(excluded, job->excluded, sizeof excluded);
        for (uint32_t i = 0; i < job->n; i++)
            if (excluded[i]) result->outcomes[i] = out->outcomes[i];
        *out = *result;
        for (uint32_t i = 0; i < job->n; i++) out->outcomes[i].printed_bytes = printed;
    } else if (watch == WATCH_FAILED && culprit <= job->n) {
        failure.printed_bytes = printed;
        if (culprit < job->n) out->outcomes[culprit] = failure;
        *again = job->finals && !job->excluded[culprit];
        job->excluded[culprit] = true;
    }
    free(result);
    return watch;
}

/* False when the session is over. */
static bool do_job(struct session *session, struct session_job *job, struct channel *above)
{
    struct session_outcome *out = calloc(1, sizeof *out);
    if (!out) return false;
    enum watch watch;
    bool again;
    do {
        watch = run_child(session, job, above, out, &again);
    } while (again);
    out->n = job->n;
    out->cancelled = watch == WATCH_CANCELLED;
    bool goes_on =
        watch != WATCH_ABANDONED && channel_send(above, SESSION_OUTCOME, out, sizeof *out) == STATUS_OK;
    free(out);
    return goes_on;
}

static bool take_candidate(struct fields *fields, struct session_candidate *out)
{
    const void *bytes;
    size_t size;
    return field_take(fields, &bytes, &size) &&
           descriptor_decode(bytes, size, &out->descriptor) == STATUS_OK &&
           field_take(fields, &out->code, &out->code_bytes);
}

static bool take_job(const struct frame *frame, struct session_job *job)
{
    struct fields fields = {frame->bytes, frame->bytes + frame->size};
    volatile uint32_t *current = job->current;
    *job = (struct session_job){.finals = frame->kind == SESSION_FINALS, .n = 1, .current = current};
    if (frame->kind == SESSION_TRIAL) {
        if (!field_take_exact(&fields, &job->rival_ns, sizeof job->rival_ns)) return false;
    } else if (frame->kind != SESSION_FINALS ||
               !field_take_exact(&fields, &job->total_ms, sizeof job->total_ms) ||
               !field_take_exact(&fields, &job->n, sizeof job->n) || job->n > FINALISTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < job->n; i++)
        if (!take_candidate(&fields, &job->candidates[i])) return false;
    return true;
}

/* The frame's bytes move when more is received, so the job keeps a copy. */
static bool serve(struct session *session, struct session_job *job, struct channel *channel)
{
    struct frame frame;
    if (channel_receive(channel, -1, &frame) != CHANNEL_FRAME) return false;
    if (frame.kind == SESSION_CANCEL) return true; /* came too late: there is nothing to end */
    void *copy = malloc(frame.size ? frame.size : 1);
    if (!copy) return false;
    memcpy(copy, frame.bytes, frame.size);
    frame.bytes = copy;
    bool goes_on = take_job(&frame, job) && do_job(session, job, channel);
    free(copy);
    return goes_on;
}

int session_worker_run(struct channel *channel)
{
    struct session *session = calloc(1, sizeof *session);
    struct session_job *job = calloc(1, sizeof *job);
    void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!session || !job || shared == MAP_FAILED || open_session(channel, session) != STATUS_OK) return 1;
    job->current = shared;
    while (serve(session, job, channel)) continue;
    return 0;
}
