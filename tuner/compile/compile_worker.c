/* The child's side of a compile: one request, one answer. */
#include <stdlib.h>
#include <sys/resource.h>
#include "tuner/compile/compile_frames.h"
#include "tuner/compile/compiler.h"
#include "tuner/worker.h"
#include "tuner/worker_jobs.h"

struct request {
    struct compile_request compile;
    const char *compiler, *folder;
    uint32_t deadline_ms;
};

static bool take_request(const struct frame *frame, struct request *out)
{
    struct fields fields = {frame->bytes, frame->bytes + frame->size};
    struct compile_request *compile = &out->compile;
    return frame->kind == COMPILE_REQUEST && field_take_string(&fields, &out->compiler) &&
           field_take_string(&fields, &compile->source_name) &&
           field_take_string(&fields, &compile->definitions) &&
           field_take_string(&fields, &compile->target) && field_take_string(&fields, &out->folder) &&
           field_take_exact(&fields, &out->deadline_ms, sizeof out->deadline_ms) &&
           field_take_string(&fields, &compile->source);
}

static void limit(int resource, uint64_t value)
{
    struct rlimit limit = {value, value};
    setrlimit(resource, &limit);
}

/* The compiler inherits these. The limit on CPU time only matters when this child's parent was killed: then
 * nobody else ends a compiler that never would. */
static void set_limits(uint32_t deadline_ms)
{
    limit(RLIMIT_CPU, deadline_ms / 1000 * 2 + 10);
    limit(RLIMIT_FSIZE, (uint64_t)256 << 20);
    if (!WORKER_SANITIZED) limit(RLIMIT_AS, (uint64_t)4 << 30);
}

int compile_worker_run(struct channel *channel)
{
    struct frame frame;
    struct request request;
    if (channel_receive(channel, -1, &frame) != CHANNEL_FRAME || !take_request(&frame, &request)) return 2;
    set_limits(request.deadline_ms);
    setenv("TMPDIR", request.folder, 1);
    struct text code = {0}, log = {0}, answer = {0};
    const struct compiler_api *compiler = compiler_find(request.compiler);
    enum status status = compiler
                             ? compiler->compile(&request.compile, &code, &log)
                             : status_fail(STATUS_UNAVAILABLE, "unknown compiler '%s'", request.compiler);
    uint32_t number = status;
    field_put(&answer, &number, sizeof number);
    field_put_string(&answer, status == STATUS_OK ? "" : status_message());
    field_put(&answer, code.data, code.size);
    field_put_string(&answer, text_string(&log));
    return channel_send(channel, COMPILE_ANSWER, answer.data, answer.size) == STATUS_OK ? 0 : 1;
}
