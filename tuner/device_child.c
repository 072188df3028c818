/* The device child: a fork of the session that opens the device once and runs candidates on it, one after the
 * other.
 *
 * A GPU's driver does not survive a fork, and opening it takes most of a second: so the device is opened
 * here, and stays open from candidate to candidate, with inputs and references. Whatever a candidate breaks
 * that the next one would find broken ends this process, and the session forks another. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/session.h"

static enum status open_stage(struct session *session, struct stage *out)
{
    const struct session_request *request = &session->request;
    struct device_options options = session_device_options(request);
    struct device *device;
    TRY(session->api->open(request->device, &options, &device));
    enum status status = stage_create(session->api, device, &session->plan, &session->set,
                                      session->checksum.data, session->checksum.size, out);
    if (status == STATUS_NO_MEMORY)
        return status_prefix(status, "%s:%u: the problem's buffers do not fit into the device's free memory",
                             request->backend, request->device);
    return status == STATUS_OK ? status : status_prefix(status, "%s:%u", request->backend, request->device);
}

static void fail(struct session_outcome *out, enum status status)
{
    out->failure = status;
    snprintf(out->message, sizeof out->message, "%s", status_message());
}

/* Does the device answer, and holds its memory what it held? What the candidate before left enqueued ends
 * now. */
static bool is_spent(struct stage *stage)
{
    char line[256];
    if (stage->api->synchronize(stage->device, NULL) != STATUS_OK) return true;
    return stage_check(stage, line, sizeof line) != VERDICT_OK;
}

static bool take(const struct frame *frame, struct session_job *job)
{
    struct fields fields = {frame->bytes, frame->bytes + frame->size};
    bool excluded[FINALISTS_MAX + 1];
    const void *bytes;
    size_t size;
    uint32_t kind;
    if (frame->kind != DEVICE_JOB || !field_take_exact(&fields, &kind, sizeof kind) ||
        !field_take_exact(&fields, excluded, sizeof excluded) || !field_take(&fields, &bytes, &size) ||
        !session_take_job(kind, bytes, size, job))
        return false;
    memcpy(job->excluded, excluded, sizeof excluded);
    return true;
}

static void run_job(struct session *session, struct session_job *job, struct stage *stage,
                    struct channel *channel, struct session_outcome *out)
{
    *out = (struct session_outcome){.n = job->n};
    stage->busy_ns = 0;
    if (!job->finals) {
        candidate_try(session, job, stage, channel, out);
    } else {
        enum status status = finals_run(session, job, stage, channel, out);
        if (status != STATUS_OK) fail(out, status);
    }
    out->spent = is_spent(stage);
    out->busy_ns = (uint64_t)stage->busy_ns;
}

void device_child_run(struct session *session, struct session_job *job, struct channel *channel)
{
    struct session_outcome *out = calloc(1, sizeof *out);
    struct stage stage;
    struct frame frame;
    if (!out) _exit(1);
    enum status status = open_stage(session, &stage);
    if (status != STATUS_OK) fail(out, status);
    channel_post(channel, CANDIDATE_RESULT, out, sizeof *out);
    if (status != STATUS_OK) _exit(0);
    while (channel_receive(channel, -1, &frame) == CHANNEL_FRAME && take(&frame, job)) {
        run_job(session, job, &stage, channel, out);
        channel_post(channel, CANDIDATE_RESULT, out, sizeof *out);
        if (out->spent) break;
    }
    _exit(0); /* the driver's own way out may wait for what never comes */
}
