/* The caller's side of a session. */
#include "tuner/trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "tuner/session.h"
#include "tuner/worker.h"

enum { STOP_LOOK_MS = 100, END_MS = 1000, CLOSE_MS = 5000 };

struct trial_session {
    struct worker worker;
    struct session_request request;
    const struct text *checksum; /* code for devices with memory of their own; NULL */
    const volatile int *stop;
    uint64_t *busy_ns;
};

uint32_t trial_host_threads(const struct device_info *info, uint32_t wanted)
{
    if (info->facts.value[DEVICE_FACT_max_block_threads] == 1)
        return (uint32_t)info->facts.value[DEVICE_FACT_units];
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    return wanted ? wanted : cpus > 0 ? (uint32_t)cpus : 1;
}

static bool must_stop(const struct trial_session *session)
{
    return session->stop && *session->stop;
}

/* The next frame, or STATUS_INTERRUPTED; STATUS_IO if the session's process is gone. */
static enum status await_frame(struct trial_session *session, uint32_t kind, struct frame *frame)
{
    for (;;) {
        if (must_stop(session)) return status_fail(STATUS_INTERRUPTED, "interrupted");
        enum channel_news news = channel_receive(&session->worker.channel, STOP_LOOK_MS, frame);
        if (news == CHANNEL_NOTHING) continue;
        if (news == CHANNEL_FRAME && frame->kind == kind) return STATUS_OK;
        return status_fail(STATUS_IO, "the trial session's process is gone");
    }
}

static enum status await_ready(struct trial_session *session)
{
    struct frame frame;
    TRY(await_frame(session, SESSION_READY, &frame));
    struct fields fields = {frame.bytes, frame.bytes + frame.size};
    uint32_t status;
    const char *message;
    if (!field_take_exact(&fields, &status, sizeof status) || !field_take_string(&fields, &message) ||
        status >= STATUS_COUNT)
        return status_fail(STATUS_IO, "the trial session's process answers nonsense");
    return status == STATUS_OK ? STATUS_OK : status_fail((enum status)status, "%s", message);
}

static enum status send_request(struct trial_session *session)
{
    struct text frame = {0};
    field_put(&frame, &session->request, sizeof session->request);
    field_put(&frame, session->checksum ? session->checksum->data : "",
              session->checksum ? session->checksum->size : 0);
    enum status status = text_status(&frame);
    if (status == STATUS_OK)
        status = channel_send(&session->worker.channel, SESSION_OPEN, frame.data, frame.size);
    text_free(&frame);
    return status;
}

/* Starts the session's process, anew if something took it down. */
static enum status ensure_worker(struct trial_session *session)
{
    if (session->worker.pid > 0) return STATUS_OK;
    TRY(worker_spawn("session", &session->worker));
    enum status status = send_request(session);
    if (status == STATUS_OK) status = await_ready(session);
    if (status == STATUS_IO) {
        char how[96], printed[160];
        int ended = 0;
        worker_printed(session->worker.output, printed, sizeof printed);
        worker_end(&session->worker, END_MS, &ended);
        worker_describe_end(ended, how, sizeof how);
        return status_fail(STATUS_IO, "the trial session's process %s%s%s", how, *printed ? ": " : "",
                           printed);
    }
    if (status != STATUS_OK) worker_end(&session->worker, 0, NULL);
    return status;
}

static void make_request(const struct trial_setting *setting, struct session_request *out)
{
    memset(out, 0, sizeof *out);
    snprintf(out->backend, sizeof out->backend, "%s", setting->backend);
    if (setting->target) snprintf(out->target, sizeof out->target, "%s", setting->target);
    problem_print(&setting->problem, out->problem);
    out->device = setting->device;
    out->threads = setting->threads;
    out->verify_deadline_ms = setting->verify_deadline_ms;
    out->measure_ms = setting->measure_ms;
    out->warm_weights = setting->warm_weights;
    out->verify_only = setting->verify_only;
    out->reverse = setting->reverse;
    out->interval = setting->interval;
    out->seed = setting->seed;
    out->memory_limit_bytes = setting->memory_limit_bytes;
    out->has_info = setting->info != NULL;
    if (setting->info) out->info = *setting->info;
}

/* What a session on a device with memory of its own cannot find out or make by itself. */
static enum status provide(const struct trial_setting *setting, struct trial_session *session)
{
    const struct device_api *api = device_find(setting->backend);
    if (!api || !api->own_memory || !setting->info) return STATUS_OK; /* the session says what is off */
    return checksum_code(setting->info->device_class.target, &session->checksum);
}

enum status trial_open(const struct trial_setting *setting, struct trial_session **out)
{
    TRY(problem_check(&setting->problem));
    struct trial_session *session = calloc(1, sizeof *session);
    if (!session) return status_fail(STATUS_NO_MEMORY, "no memory for a trial session");
    session->stop = setting->stop;
    session->busy_ns = setting->busy_ns;
    make_request(setting, &session->request);
    enum status status = provide(setting, session);
    if (status == STATUS_OK) status = ensure_worker(session);
    if (status != STATUS_OK) {
        free(session);
        return status;
    }
    *out = session;
    return STATUS_OK;
}

void trial_close(struct trial_session *session)
{
    if (!session) return;
    /* A device child that is killed leaves its memory to the driver, which takes a moment: the session sees
     * it out, so that the next one finds that memory free. */
    bool patient = session->checksum && session->worker.pid > 0;
    if (patient) shutdown(session->worker.channel.socket, SHUT_RDWR);
    worker_end(&session->worker, patient ? CLOSE_MS : 0, NULL);
    free(session);
}

uint64_t trial_session_bytes(const struct trial_session *session)
{
    char path[64];
    unsigned long long mapped, resident = 0;
    if (session->worker.pid <= 0) return 0;
    snprintf(path, sizeof path, "/proc/%ld/statm", (long)session->worker.pid);
    FILE *file = fopen(path, "re");
    if (file && fscanf(file, "%llu %llu", &mapped, &resident) != 2) resident = 0;
    if (file) fclose(file);
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void put_candidate(struct text *frame, const struct trial_candidate *candidate)
{
    struct text descriptor = {0};
    descriptor_encode(candidate->descriptor, &descriptor);
    field_put(frame, descriptor.data, descriptor.size);
    if (descriptor.failed) frame->failed = true;
    field_put(frame, candidate->code, candidate->code_bytes);
    text_free(&descriptor);
}

/* On *stop: the session ends its candidate, and lives on for the next call. */
static void cancel(struct trial_session *session)
{
    struct frame frame;
    if (channel_send(&session->worker.channel, SESSION_CANCEL, NULL, 0) == STATUS_OK &&
        channel_receive(&session->worker.channel, END_MS, &frame) == CHANNEL_FRAME)
        return;
    worker_end(&session->worker, 0, NULL);
}

/* Sends a job and waits for its outcome. STATUS_NOT_FOUND: the session's process died meanwhile, and was
 * ended. */
static enum status run_job(struct trial_session *session, uint32_t kind, const struct text *request,
                           struct session_outcome *out)
{
    struct frame frame;
    enum status status = channel_send(&session->worker.channel, kind, request->data, request->size);
    if (status == STATUS_OK) status = await_frame(session, SESSION_OUTCOME, &frame);
    if (status == STATUS_INTERRUPTED) {
        cancel(session);
        return status;
    }
    if (status != STATUS_OK || frame.size != sizeof *out) {
        worker_end(&session->worker, 0, NULL);
        return status_fail(STATUS_NOT_FOUND, "took the trial session's process down");
    }
    memcpy(out, frame.bytes, sizeof *out);
    if (session->busy_ns) *session->busy_ns += out->busy_ns;
    if (out->cancelled) return status_fail(STATUS_INTERRUPTED, "interrupted");
    return out->failure ? status_fail((enum status)out->failure, "%s", out->message) : STATUS_OK;
}

enum status trial_run(struct trial_session *session, const struct trial_candidate *candidate,
                      uint64_t rival_ns, struct trial_outcome *out)
{
    if (must_stop(session)) return status_fail(STATUS_INTERRUPTED, "interrupted");
    TRY(ensure_worker(session));
    struct session_outcome *outcome = malloc(sizeof *outcome);
    struct text request = {0};
    field_put(&request, &rival_ns, sizeof rival_ns);
    put_candidate(&request, candidate);
    enum status status =
        outcome ? text_status(&request) : status_fail(STATUS_NO_MEMORY, "no memory for a trial");
    if (status == STATUS_OK) status = run_job(session, SESSION_TRIAL, &request, outcome);
    if (status == STATUS_OK) {
        *out = outcome->outcomes[0];
    } else if (status == STATUS_NOT_FOUND) {
        *out = (struct trial_outcome){.verdict = VERDICT_CRASH};
        snprintf(out->detail, sizeof out->detail, "%s", status_message());
        status = STATUS_OK;
    }
    text_free(&request);
    free(outcome);
    return status;
}

static void take_finals(const struct session_outcome *outcome, size_t n, struct trial_outcome *out,
                        struct trial_final *final)
{
    memcpy(out, outcome->outcomes, n * sizeof *out);
    if (!final) return;
    final->baseline = outcome->baseline;
    memcpy(final->baseline_name, outcome->baseline_name, sizeof final->baseline_name);
    if (final->against_baseline)
        memcpy(final->against_baseline, outcome->against_baseline, n * sizeof(struct trial_ratio));
    if (final->against_first)
        memcpy(final->against_first, outcome->against_first, n * sizeof(struct trial_ratio));
}

enum status trial_finals(struct trial_session *session, const struct trial_candidate *candidates, size_t n,
                         uint32_t total_ms, struct trial_outcome *out, struct trial_final *final)
{
    if (n > FINALISTS_MAX)
        return status_fail(STATUS_USAGE, "%zu finalists are too many; at most %d", n, FINALISTS_MAX);
    if (must_stop(session)) return status_fail(STATUS_INTERRUPTED, "interrupted");
    TRY(ensure_worker(session));
    struct session_outcome *outcome = malloc(sizeof *outcome);
    struct text request = {0};
    uint32_t count = (uint32_t)n;
    field_put(&request, &total_ms, sizeof total_ms);
    field_put(&request, &count, sizeof count);
    for (size_t i = 0; i < n; i++) put_candidate(&request, &candidates[i]);
    enum status status =
        outcome ? text_status(&request) : status_fail(STATUS_NO_MEMORY, "no memory for finals");
    if (status == STATUS_OK) status = run_job(session, SESSION_FINALS, &request, outcome);
    if (status == STATUS_NOT_FOUND) status = status_fail(STATUS_IO, "the finals %s", status_message());
    if (status == STATUS_OK) take_finals(outcome, n, out, final);
    text_free(&request);
    free(outcome);
    return status;
}
