#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include "tuner/base/clock.h"
#include "tuner/session_child.h"
#include "tuner/verify.h"
#include "tuner/worker.h"
#include "tuner/worker_jobs.h"

/* A driver that starts on a machine full of GPUs takes seconds, and gigabytes go there before it is ready. */
enum { PATIENCE_MS = 1000, OPENING_MS = 60000, SECOND_TRY_NS = 1000000000 };

/* ---- opening ---- */

struct device_options session_device_options(const struct session_request *request)
{
    return (struct device_options){.threads = request->threads,
                                   .target = *request->target ? request->target : NULL,
                                   .reverse = request->reverse};
}

/* What is known of a device that a fork could not use any more comes from the caller. */
static enum status learn_device(struct session *session)
{
    const struct session_request *request = &session->request;
    session->api = device_find(request->backend);
    if (!session->api) return status_fail(STATUS_USAGE, "unknown device backend '%s'", request->backend);
    session->info = request->info;
    if (session->api->own_memory)
        return request->has_info
                   ? STATUS_OK
                   : status_fail(STATUS_USAGE, "a session on %s has to be told what the device is",
                                 request->backend);
    struct device_options options = session_device_options(request);
    struct device *device;
    TRY(session->api->open(request->device, &options, &device));
    session->info = *session->api->info(device);
    session->api->close(device);
    session->info.device_class.product = session->info.name;
    return STATUS_OK;
}

/* Everything that all candidates share. */
static enum status prepare(struct session *session)
{
    const struct session_request *request = &session->request;
    TRY(problem_parse(request->problem, &session->problem));
    TRY(learn_device(session));
    uint64_t copies = request->warm_weights || request->verify_only ? 0 : 2 * session->info.llc_bytes;
    TRY(measure_set_create(&session->problem, copies, session->info.memory_bytes, &session->set));
    session->host_threads = trial_host_threads(&session->info, request->threads);
    bool slow = session->api->emulates || session_slowness() > 1;
    TRY(verify_plan_create(&session->problem, request->seed, slow ? VERIFY_EMULATED : VERIFY_WHOLE,
                           session->host_threads, &session->set, &session->plan));
    if (session->api->own_memory) return STATUS_OK; /* copies and sums are made there */
    measure_set_spread(&session->set);
    verify_sum_inputs(&session->plan, session->sums);
    return STATUS_OK;
}

static bool take_request(const struct frame *frame, struct session *session)
{
    struct fields fields = {frame->bytes, frame->bytes + frame->size};
    const void *code;
    size_t bytes;
    if (frame->kind != SESSION_OPEN ||
        !field_take_exact(&fields, &session->request, sizeof session->request) ||
        !field_take(&fields, &code, &bytes))
        return false;
    text_append_bytes(&session->checksum, code, bytes);
    session->request.info.device_class.nickname = "";
    session->request.info.device_class.product = session->request.info.name;
    return text_status(&session->checksum) == STATUS_OK;
}

static enum status answer_ready(struct channel *channel, enum status status)
{
    struct text answer = {0};
    uint32_t number = status;
    field_put(&answer, &number, sizeof number);
    field_put_string(&answer, status == STATUS_OK ? "" : status_message());
    channel_send(channel, SESSION_READY, answer.data, answer.size);
    text_free(&answer);
    return status;
}

/* ---- the device child ---- */

/* What a session serves with. */
struct service {
    struct session *session;
    struct session_job *job;
    struct channel *above;
    struct session_child child; /* of a device with memory of its own, while there is one */
    struct session_outcome *result;
    bool served; /* one job at least */
};

/* Did it end while nothing was asked of it? Then nobody is to blame. */
static void bury_child(struct service *service)
{
    struct frame frame;
    if (service->child.pid && channel_receive(&service->child.channel, 0, &frame) != CHANNEL_NOTHING)
        session_child_end(&service->child, 0);
}

static enum status start_device_child(struct service *service)
{
    struct trial_outcome failure = {.verdict = VERDICT_CRASH};
    TRY(session_child_start(service->session, service->job, service->above, device_child_run,
                            &service->child));
    session_child_expect(&service->child, "opening the device",
                         WORKER_SANITIZED ? 4 * OPENING_MS : OPENING_MS);
    enum watch watch = session_child_watch(&service->child, service->above, service->result,
                                           sizeof *service->result, &failure);
    if (watch == WATCH_RESULT && !service->result->failure) return STATUS_OK;
    session_child_end(&service->child, 0);
    if (watch == WATCH_RESULT)
        return status_fail((enum status)service->result->failure, "%s", service->result->message);
    if (watch == WATCH_FAILED)
        return status_fail(STATUS_UNAVAILABLE, "%s:%u: %s", service->session->request.backend,
                           service->session->request.device, failure.detail);
    return status_fail(STATUS_INTERRUPTED, "interrupted");
}

/* A device that was lost a moment ago may need one to come back. */
static enum status ensure_device_child(struct service *service)
{
    bury_child(service);
    if (service->child.pid) return STATUS_OK;
    enum status status = start_device_child(service);
    if (status != STATUS_UNAVAILABLE || !service->served) return status;
    clock_sleep_ns(SECOND_TRY_NS);
    return start_device_child(service);
}

/* ---- jobs ---- */

static enum status send_job(struct service *service, const struct frame *frame)
{
    struct text request = {0};
    field_put(&request, &frame->kind, sizeof frame->kind);
    field_put(&request, service->job->excluded, sizeof service->job->excluded);
    field_put(&request, frame->bytes, frame->size);
    enum status status = text_status(&request);
    if (status == STATUS_OK)
        status = channel_send(&service->child.channel, DEVICE_JOB, request.data, request.size);
    text_free(&request);
    return status;
}

/* A child with the job before it: a new one, or the device's. */
static enum status engage_child(struct service *service, const struct frame *frame,
                                struct session_child *child)
{
    if (!service->session->api->own_memory)
        return session_child_start(service->session, service->job, service->above, candidate_run, child);
    TRY(ensure_device_child(service));
    *child = service->child;
    session_child_expect(child, "starting", OPENING_MS);
    return send_job(service, frame);
}

/* The child goes unless it may be asked again. */
static void release_child(struct service *service, struct session_child *child, enum watch watch)
{
    bool stays = service->session->api->own_memory && watch == WATCH_RESULT && !service->result->spent;
    if (!stays)
        session_child_end(child,
                          watch == WATCH_RESULT && !service->session->api->own_memory ? PATIENCE_MS : 0);
    if (service->session->api->own_memory) service->child = *child;
}

static void take_result(struct service *service, uint32_t printed, struct session_outcome *out)
{
    struct session_outcome *result = service->result;
    const struct session_job *job = service->job;
    for (uint32_t i = 0; i < job->n; i++)
        if (job->excluded[i]) result->outcomes[i] = out->outcomes[i];
    result->busy_ns += out->busy_ns;
    *out = *result;
    for (uint32_t i = 0; i < job->n; i++) out->outcomes[i].printed_bytes = printed;
}

/* Runs the job in one child. A finalist that fails is excluded and named; *again asks for another child with
 * the rest. */
static enum watch run_child(struct service *service, const struct frame *frame, struct session_outcome *out,
                            bool *again)
{
    struct session_job *job = service->job;
    struct session_child child = {0};
    struct trial_outcome failure = {.verdict = VERDICT_CRASH};
    *again = false;
    *job->current = 0;
    enum status status = engage_child(service, frame, &child);
    if (status != STATUS_OK) {
        out->failure = status;
        snprintf(out->message, sizeof out->message, "%s", status_message());
        return status == STATUS_INTERRUPTED ? WATCH_CANCELLED : WATCH_RESULT;
    }
    enum watch watch =
        session_child_watch(&child, service->above, service->result, sizeof *service->result, &failure);
    uint32_t printed = session_child_printed(&child), culprit = *job->current;
    release_child(service, &child, watch);
    if (watch == WATCH_RESULT) {
        take_result(service, printed, out);
    } else if (watch == WATCH_FAILED && culprit <= job->n) {
        failure.printed_bytes = printed;
        if (culprit < job->n) out->outcomes[culprit] = failure;
        *again = job->finals && !job->excluded[culprit];
        job->excluded[culprit] = true;
    }
    return watch;
}

/* False when the session is over. */
static bool do_job(struct service *service, const struct frame *frame)
{
    struct session_outcome *out = calloc(1, sizeof *out);
    if (!out) return false;
    enum watch watch;
    bool again;
    do {
        watch = run_child(service, frame, out, &again);
    } while (again);
    service->served = true;
    out->n = service->job->n;
    out->cancelled = watch == WATCH_CANCELLED;
    bool goes_on = watch != WATCH_ABANDONED &&
                   channel_send(service->above, SESSION_OUTCOME, out, sizeof *out) == STATUS_OK;
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

bool session_take_job(uint32_t kind, const void *bytes, size_t size, struct session_job *job)
{
    struct fields fields = {bytes, (const uint8_t *)bytes + size};
    volatile uint32_t *current = job->current;
    *job = (struct session_job){.finals = kind == SESSION_FINALS, .n = 1, .current = current};
    if (kind == SESSION_TRIAL) {
        if (!field_take_exact(&fields, &job->rival_ns, sizeof job->rival_ns)) return false;
    } else if (kind != SESSION_FINALS || !field_take_exact(&fields, &job->total_ms, sizeof job->total_ms) ||
               !field_take_exact(&fields, &job->n, sizeof job->n) || job->n > FINALISTS_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < job->n; i++)
        if (!take_candidate(&fields, &job->candidates[i])) return false;
    return true;
}

/* The frame's bytes move when more is received, so the job keeps a copy. */
static bool serve(struct service *service)
{
    struct frame frame;
    if (channel_receive(service->above, -1, &frame) != CHANNEL_FRAME) return false;
    if (frame.kind == SESSION_CANCEL) return true; /* came too late: there is nothing to end */
    void *copy = malloc(frame.size ? frame.size : 1);
    if (!copy) return false;
    memcpy(copy, frame.bytes, frame.size);
    frame.bytes = copy;
    bool goes_on =
        session_take_job(frame.kind, frame.bytes, frame.size, service->job) && do_job(service, &frame);
    free(copy);
    return goes_on;
}

/* A device of its own memory is opened at once: what cannot be used is told now. */
static enum status open_service(struct service *service)
{
    struct frame frame;
    if (channel_receive(service->above, -1, &frame) != CHANNEL_FRAME ||
        !take_request(&frame, service->session))
        return status_fail(STATUS_BAD_DATA, "a session begins with its setting");
    enum status status = prepare(service->session);
    if (status == STATUS_OK && service->session->api->own_memory) status = start_device_child(service);
    return answer_ready(service->above, status);
}

int session_worker_run(struct channel *channel)
{
    struct service service = {.session = calloc(1, sizeof *service.session),
                              .job = calloc(1, sizeof *service.job),
                              .above = channel,
                              .result = calloc(1, sizeof *service.result)};
    void *shared = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!service.session || !service.job || !service.result || shared == MAP_FAILED) return 1;
    service.job->current = shared;
    if (open_service(&service) != STATUS_OK) return 1;
    while (serve(&service)) continue;
    if (service.child.pid) session_child_end(&service.child, 0);
    return 0;
}
