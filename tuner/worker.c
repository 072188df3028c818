#include "tuner/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/trial.h"
#include "tuner/worker_jobs.h"

static const char worker_argument[] = "--tunebook-worker";

static const struct {
    const char *name;
    int (*run)(struct channel *channel);
} jobs[] = {
    {"compile", compile_worker_run}, /* one compile: tuner/compile/compile_worker.c */
    {"duel", duel_worker_run},       /* our kernel and the vendor library's: tuner/duel_worker.c */
    {"session", session_worker_run}, /* inputs of one problem, and its candidates' parent: tuner/session.c */
};

/* Set by worker_main. A program that spawned workers without calling it would run itself whole in each, and
 * each of them would spawn again. */
static bool can_be_worker;

/* ---- the parent's side ---- */

int worker_output_file(void)
{
    return memfd_create("tunebook-output", MFD_CLOEXEC);
}

/* A copy above the descriptors that the child gives a meaning to. */
static int move_up(int file)
{
    int moved = fcntl(file, F_DUPFD_CLOEXEC, 16);
    close(file);
    return moved;
}

static enum status spawn_self(char *const argv[], int channel, int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    posix_spawn_file_actions_adddup2(&actions, channel, WORKER_CHANNEL);
    posix_spawn_file_actions_addclosefrom_np(&actions, WORKER_CHANNEL + 1);
    posix_spawnattr_setflags(&attributes,
                             POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &all);
    errno = posix_spawn(pid, "/proc/self/exe", &actions, &attributes, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    return errno ? status_fail_errno(STATUS_IO, "cannot start a worker process (/proc/self/exe)") : STATUS_OK;
}

enum status worker_spawn(const char *job, struct worker *out)
{
    int sockets[2];
    uint64_t nonce = clock_ns();
    if (!can_be_worker)
        return status_fail(
            STATUS_IO, "no worker can be started: this program's main() does not begin with worker_main()");
    TRY(channel_pair(sockets));
    if (getrandom(&nonce, sizeof nonce, 0) < 0) nonce ^= (uint64_t)getpid() << 32;
    char parent[16], token[24];
    snprintf(parent, sizeof parent, "%ld", (long)getpid());
    snprintf(token, sizeof token, "%llx", (unsigned long long)nonce);
    char *argv[] = {"tunebook-worker", (char *)worker_argument, (char *)job, parent, token, NULL};
    int theirs = move_up(sockets[1]), output = move_up(worker_output_file());
    enum status status = STATUS_OK;
    struct worker worker = {.output = output};
    if (theirs < 0 || output < 0) status = status_fail_errno(STATUS_IO, "cannot start a worker process");
    if (status == STATUS_OK) status = spawn_self(argv, theirs, output, &worker.pid);
    if (theirs >= 0) close(theirs);
    if (status != STATUS_OK) {
        close(sockets[0]);
        if (output >= 0) close(output);
        return status;
    }
    channel_open(&worker.channel, sockets[0], nonce);
    *out = worker;
    return STATUS_OK;
}

/* Waits for the end without taking it, so that the process id stays ours until the group is killed. */
static void await_end(pid_t pid, uint32_t patience_ms)
{
    int handle = (int)syscall(SYS_pidfd_open, pid, 0);
    if (handle >= 0) {
        struct pollfd wait = {.fd = handle, .events = POLLIN};
        poll(&wait, 1, (int)patience_ms);
        close(handle);
        return;
    }
    uint64_t deadline = clock_ns() + (uint64_t)patience_ms * 1000000u;
    siginfo_t info = {0};
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == 0 &&
           clock_ns() < deadline)
        clock_sleep_ns(500000);
}

void worker_reap(pid_t pid, uint32_t patience_ms, int *wait_status)
{
    int ended = 0;
    if (patience_ms) await_end(pid, patience_ms);
    kill(-pid, SIGKILL);
    kill(pid, SIGKILL); /* where it had no time yet to make its group */
    while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) continue;
    if (wait_status) *wait_status = ended;
}

void worker_end(struct worker *worker, uint32_t patience_ms, int *wait_status)
{
    if (worker->pid <= 0) return;
    worker_reap(worker->pid, patience_ms, wait_status);
    channel_close(&worker->channel);
    if (worker->output >= 0) close(worker->output);
    *worker = (struct worker){.output = -1, .channel.socket = -1};
}

uint32_t worker_printed(int output, char *line, size_t capacity)
{
    off_t size = lseek(output, 0, SEEK_END);
    if (capacity) {
        ssize_t got = pread(output, line, capacity - 1, 0);
        line[got > 0 ? got : 0] = '\0';
        line[strcspn(line, "\r\n")] = '\0';
    }
    return size > 0 ? (uint32_t)size : 0;
}

void worker_describe_end(int wait_status, char *out, size_t capacity)
{
    if (WIFSIGNALED(wait_status) && WTERMSIG(wait_status) == SIGSYS)
        snprintf(out, capacity,
                 "ended by a forbidden system call"); /* with signals blocked: nobody saw which */
    else if (WIFSIGNALED(wait_status))
        snprintf(out, capacity, "ended by signal %d (%s)", WTERMSIG(wait_status),
                 strsignal(WTERMSIG(wait_status)));
    else
        snprintf(out, capacity, "exited with code %d", WEXITSTATUS(wait_status));
}

/* ---- the child's side ---- */

bool worker_bind_to_parent(pid_t parent)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    return getppid() == parent; /* it may have died before the line above */
}

int worker_main(int argc, char **argv)
{
    can_be_worker = true;
    if (argc != 5 || strcmp(argv[1], worker_argument) != 0) return -1;
    struct channel channel;
    channel_open(&channel, WORKER_CHANNEL, strtoull(argv[4], NULL, 16));
    if (!worker_bind_to_parent((pid_t)strtol(argv[3], NULL, 10))) _exit(1);
    fcntl(WORKER_CHANNEL, F_SETFD, FD_CLOEXEC);
    for (size_t i = 0; i < sizeof jobs / sizeof jobs[0]; i++) {
        if (strcmp(jobs[i].name, argv[2]) != 0) continue;
        int code = jobs[i].run(&channel);
        fflush(NULL);
        _exit(code); /* without destructors: nothing outlives the job */
    }
    _exit(2);
}
