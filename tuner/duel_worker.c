/* A duel's process, from both sides. The child opens the device once and answers one request after the other.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/clock.h"
#include "tuner/duel.h"
#include "tuner/worker.h"
#include "tuner/worker_jobs.h"

enum duel_frame {
    DUEL_OPEN = 60, /* struct open_request; answered by DUEL_ANSWER without a result */
    DUEL_RUN,   /* fields: struct run_request, descriptor, code; the last two empty for the library alone */
    DUEL_PEAKS, /* fields: bytes, code */
    DUEL_ANSWER /* fields: status, message, result */
};

enum { LOOK_MS = 100, PATIENCE_MS = 2000, OPEN_MS = 60000, WORK_MS = 180000 };

struct open_request {
    char backend[16];
    uint32_t device;
};
struct run_request {
    char problem[PROBLEM_TEXT_BYTES];
    uint64_t seed;
    uint32_t total_ms;
};

/* --- the child --- */

struct duel_child {
    const struct device_api *api;
    struct device *device;
};

/* A device that is lost to this process is not to the next: then this answer is the last. True if another may
 * follow. */
static bool answer(struct duel_child *child, struct channel *channel, enum status status, const void *result,
                   size_t size)
{
    char message[1024] = "";
    struct text text = {0};
    uint32_t number = status;
    if (status != STATUS_OK) snprintf(message, sizeof message, "%s", status_message());
    uint32_t last = !child->device || child->api->synchronize(child->device, NULL) != STATUS_OK;
    field_put(&text, &number, sizeof number);
    field_put(&text, &last, sizeof last);
    field_put_string(&text, message);
    field_put(&text, result, status == STATUS_OK ? size : 0);
    enum status sent = text_status(&text);
    if (sent == STATUS_OK) sent = channel_send(channel, DUEL_ANSWER, text.data, text.size);
    text_free(&text);
    return sent == STATUS_OK && !last;
}

static enum status open_device(struct duel_child *child, const struct frame *frame)
{
    struct open_request request;
    if (frame->size != sizeof request) return status_fail(STATUS_BAD_DATA, "no request to open a device");
    memcpy(&request, frame->bytes, sizeof request);
    child->api = device_find(request.backend);
    if (!child->api) return status_fail(STATUS_USAGE, "unknown device backend '%s'", request.backend);
    return child->api->open(request.device, NULL, &child->device);
}

static enum status run(struct duel_child *child, const struct frame *frame, struct duel_result *out)
{
    struct fields fields = {frame->bytes, frame->bytes + frame->size};
    struct run_request request;
    const void *descriptor_bytes, *code;
    size_t descriptor_size, code_size;
    struct descriptor *descriptor = malloc(sizeof *descriptor);
    enum status status = descriptor ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for a kernel");
    if (status == STATUS_OK && (!field_take_exact(&fields, &request, sizeof request) ||
                                !field_take(&fields, &descriptor_bytes, &descriptor_size) ||
                                !field_take(&fields, &code, &code_size)))
        status = status_fail(STATUS_BAD_DATA, "no request for a duel");
    struct duel_setting setting = {0};
    struct trial_candidate candidate = {descriptor, NULL, 0};
    if (status == STATUS_OK) {
        setting.seed = request.seed;
        setting.total_ms = request.total_ms;
        candidate.code = code;
        candidate.code_bytes = code_size;
        status = problem_parse(request.problem, &setting.problem);
    }
    if (status == STATUS_OK && descriptor_size)
        status = descriptor_decode(descriptor_bytes, descriptor_size, descriptor);
    if (status == STATUS_OK)
        status = duel_run(child->api, child->device, &setting, descriptor_size ? &candidate : NULL, out);
    free(descriptor);
    return status;
}

static enum status peaks(struct duel_child *child, const struct frame *frame, struct peaks *out)
{
    struct fields fields = {frame->bytes, frame->bytes + frame->size};
    struct peaks_setting setting;
    if (!field_take_exact(&fields, &setting.bytes, sizeof setting.bytes) ||
        !field_take(&fields, &setting.code, &setting.code_bytes))
        return status_fail(STATUS_BAD_DATA, "no request for peaks");
    return peaks_run(child->api, child->device, &setting, out);
}

static bool take(struct duel_child *child, struct channel *channel)
{
    struct frame frame;
    struct duel_result result;
    struct peaks found = {0};
    memset(&result, 0, sizeof result);
    if (channel_receive(channel, -1, &frame) != CHANNEL_FRAME) return false;
    if (frame.kind == DUEL_OPEN) return answer(child, channel, open_device(child, &frame), NULL, 0);
    if (!child->device) return false;
    if (frame.kind == DUEL_RUN)
        return answer(child, channel, run(child, &frame, &result), &result, sizeof result);
    if (frame.kind == DUEL_PEAKS)
        return answer(child, channel, peaks(child, &frame, &found), &found, sizeof found);
    return false;
}

int duel_worker_run(struct channel *channel)
{
    struct duel_child child = {0};
    while (take(&child, channel)) continue;
    return 0;
}

/* --- the caller --- */

struct duel_host {
    struct worker worker;
    struct open_request open;
    const volatile int *stop;
};

enum status duel_host_create(const char *backend, uint32_t device, const volatile int *stop,
                             struct duel_host **out)
{
    struct duel_host *host = calloc(1, sizeof *host);
    if (!host) return status_fail(STATUS_NO_MEMORY, "no memory for a measuring process");
    snprintf(host->open.backend, sizeof host->open.backend, "%s", backend);
    host->open.device = device;
    host->stop = stop;
    *out = host;
    return STATUS_OK;
}

void duel_host_free(struct duel_host *host)
{
    if (!host) return;
    worker_end(&host->worker, 0, NULL);
    free(host);
}

static enum status gone(struct duel_host *host)
{
    char how[96], printed[160];
    int ended = 0;
    worker_printed(host->worker.output, printed, sizeof printed);
    worker_end(&host->worker, PATIENCE_MS, &ended);
    worker_describe_end(ended, how, sizeof how);
    return status_fail(STATUS_BAD_DATA, "the measuring process %s%s%s", how, *printed ? ": " : "", printed);
}

static enum status await(struct duel_host *host, uint32_t deadline_ms, struct frame *frame)
{
    uint64_t end = clock_ns() + (uint64_t)deadline_ms * 1000000u;
    for (;;) {
        if (host->stop && *host->stop) {
            worker_end(&host->worker, 0, NULL);
            return status_fail(STATUS_INTERRUPTED, "interrupted");
        }
        enum channel_news news = channel_receive(&host->worker.channel, LOOK_MS, frame);
        if (news == CHANNEL_FRAME && frame->kind == DUEL_ANSWER) return STATUS_OK;
        if (news != CHANNEL_NOTHING) return gone(host);
        if (clock_ns() < end) continue;
        worker_end(&host->worker, 0, NULL);
        return status_fail(STATUS_BAD_DATA, "the measuring process took longer than %u s",
                           deadline_ms / 1000);
    }
}

static enum status ask(struct duel_host *host, uint32_t kind, const void *bytes, size_t size,
                       uint32_t deadline_ms, void *result, size_t result_size)
{
    struct frame frame;
    if (channel_send(&host->worker.channel, kind, bytes, size) != STATUS_OK) return gone(host);
    TRY(await(host, deadline_ms, &frame));
    struct fields fields = {frame.bytes, frame.bytes + frame.size};
    uint32_t number, last;
    const char *message;
    if (!field_take_exact(&fields, &number, sizeof number) ||
        !field_take_exact(&fields, &last, sizeof last) || !field_take_string(&fields, &message) ||
        number >= STATUS_COUNT || (number == STATUS_OK && !field_take_exact(&fields, result, result_size)))
        return status_fail(STATUS_BAD_DATA, "the measuring process answers nonsense");
    enum status status = number == STATUS_OK ? STATUS_OK : status_fail((enum status)number, "%s", message);
    if (last) worker_end(&host->worker, PATIENCE_MS, NULL); /* `message` lay in what it sent */
    return status;
}

static enum status ensure(struct duel_host *host)
{
    char nothing[1];
    if (host->worker.pid > 0) return STATUS_OK;
    TRY(worker_spawn("duel", &host->worker));
    enum status status = ask(host, DUEL_OPEN, &host->open, sizeof host->open, OPEN_MS, nothing, 0);
    if (status != STATUS_OK) worker_end(&host->worker, 0, NULL);
    return status;
}

enum status duel_host_run(struct duel_host *host, const struct duel_setting *setting,
                          const struct trial_candidate *kernel, struct duel_result *out)
{
    struct run_request request;
    struct text descriptor = {0}, frame = {0};
    memset(&request, 0, sizeof request);
    problem_print(&setting->problem, request.problem);
    request.seed = setting->seed;
    request.total_ms = setting->total_ms;
    TRY(ensure(host));
    if (kernel) descriptor_encode(kernel->descriptor, &descriptor);
    field_put(&frame, &request, sizeof request);
    field_put(&frame, descriptor.data, descriptor.size);
    field_put(&frame, kernel ? kernel->code : NULL, kernel ? kernel->code_bytes : 0);
    enum status status = descriptor.failed ? text_status(&descriptor) : text_status(&frame);
    if (status == STATUS_OK)
        status =
            ask(host, DUEL_RUN, frame.data, frame.size, WORK_MS + 2 * setting->total_ms, out, sizeof *out);
    text_free(&descriptor);
    text_free(&frame);
    return status;
}

enum status duel_host_peaks(struct duel_host *host, const struct peaks_setting *setting, struct peaks *out)
{
    struct text frame = {0};
    TRY(ensure(host));
    field_put(&frame, &setting->bytes, sizeof setting->bytes);
    field_put(&frame, setting->code, setting->code_bytes);
    enum status status = text_status(&frame);
    if (status == STATUS_OK)
        status = ask(host, DUEL_PEAKS, frame.data, frame.size, WORK_MS, out, sizeof *out);
    text_free(&frame);
    return status;
}
