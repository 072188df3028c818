/* The check in a child that may die or hang. Lines come back over a pipe, fields between tabs:
 *
 *     @ what it begins      F|N table key what      E the summary, or S status line
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "db/check.h"
#include "tuner/base/clock.h"
#include "tuner/base/text.h"

enum { FINDINGS_MAX = 100000, LINE_MAX_BYTES = 4096 };

/* --- in the child */

struct sender {
    int pipe;
    uint64_t sent;
};

static void put_field(struct text *line, const char *field)
{
    text_append(line, "\t");
    for (; *field; field++) text_append_bytes(line, (unsigned char)*field < ' ' ? "?" : field, 1);
}

static void send_line(const struct sender *sender, struct text *line)
{
    text_append(line, "\n");
    for (size_t at = 0; !line->failed && at < line->size;) {
        ssize_t n = write(sender->pipe, line->data + at, line->size - at);
        if (n <= 0) _exit(1);
        at += (size_t)n;
    }
    if (line->failed) _exit(1);
    text_free(line);
}

static void send_finding(void *context, const struct check_finding *finding)
{
    struct sender *sender = context;
    struct text line = {0};
    if (sender->sent++ >= FINDINGS_MAX) return; /* they are counted all the same */
    text_append(&line, finding->is_note ? "N" : "F");
    put_field(&line, finding->table);
    put_field(&line, finding->key);
    put_field(&line, finding->what);
    send_line(sender, &line);
}

static void send_begun(void *context, const char *what)
{
    struct text line = {0};
    text_append(&line, "@");
    put_field(&line, what);
    send_line(context, &line);
}

static void send_end(const struct sender *sender, enum status status, const struct check_summary *summary)
{
    struct text line = {0};
    if (status == STATUS_OK) {
        text_append(&line, "E\t");
        char hex[2 * sizeof *summary + 1];
        text_hex(summary, sizeof *summary, hex);
        text_append(&line, hex);
    } else {
        text_format(&line, "S\t%d", (int)status);
        put_field(&line, status_message());
    }
    send_line(sender, &line);
}

/* Whatever handlers and outputs the parent had are not for what happens here. */
static void become_child(pid_t parent)
{
    static const int signals[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGINT, SIGTERM};
    struct rlimit none = {0, 0};
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) signal(signals[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(1);
    /* LMDB's last words are no data. */
    if (!freopen("/dev/null", "w", stderr)) fclose(stderr);
}

static void __attribute__((noreturn))
run_child(const char *path, const struct check_options *options, int pipe)
{
    struct sender sender = {.pipe = pipe};
    struct check_summary summary = {0};
    struct check_options own = *options;
    own.visit = send_finding;
    own.context = &sender;
    send_end(&sender, book_check_here(path, &own, send_begun, &summary), &summary);
    _exit(0);
}

/* --- in the parent */

struct receiver {
    const struct check_options *options;
    struct check_summary *summary;
    char begun[64];
    bool ended;
    enum status status;
    uint64_t findings, notes;
    struct text buffer;
};

static void pass_finding(struct receiver *receiver, char *line, bool is_note)
{
    const char *fields[3] = {"", "", ""};
    for (int i = 0; i < 3; i++) {
        fields[i] = line;
        char *tab = i < 2 ? strchr(line, '\t') : NULL;
        if (!tab) break;
        *tab = 0;
        line = tab + 1;
    }
    struct check_finding finding = {
        .table = fields[0], .key = fields[1], .what = fields[2], .is_note = is_note};
    *(is_note ? &receiver->notes : &receiver->findings) += 1;
    receiver->options->visit(receiver->options->context, &finding);
}

static void take_line(struct receiver *receiver, char *line)
{
    char *rest = line[0] && line[1] ? line + 2 : line + strlen(line);
    switch (line[0]) {
    case '@': snprintf(receiver->begun, sizeof receiver->begun, "%.60s", rest); break;
    case 'F':
    case 'N': pass_finding(receiver, rest, line[0] == 'N'); break;
    case 'E': receiver->ended = text_unhex(rest, receiver->summary, sizeof *receiver->summary); break;
    case 'S': {
        char *message;
        long code = strtol(rest, &message, 10);
        receiver->ended = code > STATUS_OK && code < STATUS_COUNT;
        if (receiver->ended)
            receiver->status = status_fail((enum status)code, "%s", message + (*message == '\t'));
        break;
    }
    default: break;
    }
}

static void take_lines(struct receiver *receiver)
{
    char *at = receiver->buffer.data, *end = at + receiver->buffer.size, *newline;
    while (at < end && (newline = memchr(at, '\n', (size_t)(end - at)))) {
        *newline = 0;
        take_line(receiver, at);
        at = newline + 1;
    }
    size_t left = (size_t)(end - at);
    memmove(receiver->buffer.data, at, left);
    receiver->buffer.size = left;
}

/* Until the child's end of the pipe is closed; false: the deadline came first. */
static bool receive(struct receiver *receiver, int pipe, uint64_t deadline_ns)
{
    char bytes[LINE_MAX_BYTES];
    for (;;) {
        uint64_t now = clock_ns();
        if (now >= deadline_ns) return false;
        struct pollfd wait = {.fd = pipe, .events = POLLIN};
        int ready = poll(&wait, 1, (int)((deadline_ns - now) / 1000000 % 60000) + 1);
        if (ready <= 0) continue;
        ssize_t n = read(pipe, bytes, sizeof bytes);
        if (n <= 0) return true;
        text_append_bytes(&receiver->buffer, bytes, (size_t)n);
        if (receiver->buffer.failed) return true;
        take_lines(receiver);
    }
}

static void find_end(struct receiver *receiver, const char *path, bool in_time, int wait_status,
                     uint32_t deadline_s)
{
    char how[128];
    struct text what = {0};
    if (!in_time)
        snprintf(how, sizeof how, "no end after %u s", deadline_s);
    else if (WIFSIGNALED(wait_status))
        snprintf(how, sizeof how, "signal %d (%s)", WTERMSIG(wait_status), strsignal(WTERMSIG(wait_status)));
    else
        snprintf(how, sizeof how, "exit code %d", WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1);
    text_format(&what, "%s: reading its %s came to %s: the pages are damaged", path, receiver->begun, how);
    struct check_finding finding = {.table = "", .key = "", .what = text_string(&what)};
    receiver->options->visit(receiver->options->context, &finding);
    receiver->summary->findings = receiver->findings + 1;
    receiver->summary->notes = receiver->notes;
    text_free(&what);
}

static uint32_t deadline_of(const char *path, const struct check_options *options)
{
    enum { LEAST_S = 60, BYTES_A_SECOND = 1 << 20 };
    struct stat file;
    if (options->deadline_s) return options->deadline_s;
    return stat(path, &file) ? LEAST_S : (uint32_t)(LEAST_S + file.st_size / BYTES_A_SECOND);
}

enum status book_check(const char *path, const struct check_options *options, struct check_summary *out)
{
    int pipes[2];
    uint32_t deadline_s = deadline_of(path, options);
    *out = (struct check_summary){0};
    fflush(NULL);
    if (pipe2(pipes, O_CLOEXEC)) return status_fail_errno(STATUS_IO, "%s: no pipe for its check", path);
    pid_t parent = getpid(), child = fork();
    if (child < 0) {
        close(pipes[0]);
        close(pipes[1]);
        return status_fail_errno(STATUS_IO, "%s: no child process for its check", path);
    }
    if (child == 0) {
        become_child(parent);
        run_child(path, options, pipes[1]);
    }
    close(pipes[1]);
    struct receiver receiver = {.options = options, .summary = out, .begun = "file"};
    bool in_time = receive(&receiver, pipes[0], clock_ns() + deadline_s * UINT64_C(1000000000));
    close(pipes[0]);
    int wait_status = 0;
    kill(child, SIGKILL); /* done, dead, or hanging */
    while (waitpid(child, &wait_status, 0) < 0 && errno == EINTR) continue;
    text_free(&receiver.buffer);
    if (!receiver.ended) find_end(&receiver, path, in_time, wait_status, deadline_s);
    return receiver.status;
}
