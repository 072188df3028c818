#include "tuner/session_child.h"

#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/fault.h"
#include "tuner/worker.h"

enum { LOOK_MS = 50, FIRST_DEADLINE_MS = 10000, PATIENCE_MS = 1000 };

static void enter_child(struct session *session, struct session_job *job, struct channel *above,
                        session_child_body *run, int socket, int output, uint64_t nonce, pid_t parent)
{
    setpgid(0, 0);
    if (!worker_bind_to_parent(parent)) _exit(1);
    close(above->socket);
    dup2(output, 1);
    dup2(output, 2);
    close(output);
    struct channel channel;
    channel_open(&channel, socket, nonce);
    run(session, job, &channel);
}

enum status session_child_start(struct session *session, struct session_job *job, struct channel *above,
                                session_child_body *run, struct session_child *out)
{
    int sockets[2];
    TRY(channel_pair(sockets));
    struct session_child child = {.output = worker_output_file()};
    uint64_t nonce = clock_ns() * 0x9e3779b97f4a7c15u;
    pid_t self = getpid();
    child.pid = child.output < 0 ? -1 : fork();
    if (child.pid == 0) {
        close(sockets[0]);
        enter_child(session, job, above, run, sockets[1], child.output, nonce, self);
    }
    close(sockets[1]);
    if (child.pid < 0) {
        close(sockets[0]);
        if (child.output >= 0) close(child.output);
        return status_fail_errno(STATUS_IO, "cannot start a candidate's process");
    }
    setpgid(child.pid, child.pid); /* both sides: whoever is first */
    channel_open(&child.channel, sockets[0], nonce);
    session_child_expect(&child, "starting", FIRST_DEADLINE_MS);
    if (WORKER_SANITIZED && !session->api->own_memory) child.growth_limit = candidate_allowance(session);
    *out = child;
    return STATUS_OK;
}

void session_child_end(struct session_child *child, uint32_t patience_ms)
{
    if (child->pid) worker_reap(child->pid, patience_ms, NULL);
    if (child->channel.socket > 0) channel_close(&child->channel);
    if (child->output > 0) close(child->output);
    *child = (struct session_child){.channel.socket = -1, .output = -1};
}

void session_child_expect(struct session_child *child, const char *what, uint32_t deadline_ms)
{
    child->phase.deadline_ms = deadline_ms;
    snprintf(child->phase.what, sizeof child->phase.what, "%s", what);
    child->deadline_ns = clock_ns() + deadline_ms * UINT64_C(1000000);
}

uint32_t session_child_printed(struct session_child *child)
{
    uint32_t all = worker_printed(child->output, NULL, 0), before = child->printed;
    child->printed = all;
    return all - before;
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

/* Waits for something on either channel, or for LOOK_MS at most where somebody must be looked after. */
static bool above_speaks(struct channel *above, struct session_child *child)
{
    struct pollfd waits[2] = {{.fd = child->channel.socket, .events = POLLIN},
                              {.fd = above->socket, .events = POLLIN}};
    uint64_t now = clock_ns();
    int wait_ms = now >= child->deadline_ns ? 0 : (int)((child->deadline_ns - now) / 1000000u) + 1;
    if (child->growth_limit && wait_ms > LOOK_MS) wait_ms = LOOK_MS;
    poll(waits, 2, wait_ms);
    return waits[1].revents != 0;
}

static enum watch take_news(struct session_child *child, enum channel_news news, const struct frame *frame,
                            void *result, size_t result_bytes, struct trial_outcome *failure, bool *more)
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
    if (frame->kind == CANDIDATE_RESULT && frame->size == result_bytes) {
        memcpy(result, frame->bytes, result_bytes);
        return WATCH_RESULT;
    }
    return take_news(child, CHANNEL_GARBAGE, NULL, result, result_bytes, failure, more);
}

enum watch session_child_watch(struct session_child *child, struct channel *above, void *result,
                               size_t result_bytes, struct trial_outcome *failure)
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
            enum watch watch = take_news(child, news, &frame, result, result_bytes, failure, &more);
            if (!more) return watch;
            continue;
        }
        if (clock_ns() >= child->deadline_ns) {
            failure->verdict = VERDICT_HANG;
            snprintf(failure->detail, sizeof failure->detail, "took longer than %u ms for %s",
                     child->phase.deadline_ms, child->phase.what);
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
