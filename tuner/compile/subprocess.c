#include "tuner/compile/subprocess.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tuner/base/clock.h"

static bool can_run(const char *path)
{
    struct stat info;
    return stat(path, &info) == 0 && S_ISREG(info.st_mode) && access(path, X_OK) == 0;
}

bool subprocess_find(const char *name, struct text *path)
{
    if (strchr(name, '/')) {
        text_append(path, name);
        return can_run(name);
    }
    const char *folder = getenv("PATH");
    while (folder && *folder && *name) {
        size_t size = strcspn(folder, ":");
        text_clear(path);
        text_append_bytes(path, folder, size);
        text_format(path, "/%s", name);
        if (size && text_status(path) == STATUS_OK && can_run(text_string(path))) return true;
        folder += size + (folder[size] == ':');
    }
    text_clear(path);
    return false;
}

/* Our environment with the locale C, so that messages are what we expect. The array is the caller's, the
 * strings are not. */
static char **plain_environment(void)
{
    size_t n = 0, kept = 0;
    while (environ[n]) n++;
    char **copy = malloc((n + 2) * sizeof *copy);
    if (!copy) return NULL;
    for (size_t i = 0; i < n; i++)
        if (!text_starts_with(environ[i], "LC_") && !text_starts_with(environ[i], "LANG"))
            copy[kept++] = environ[i];
    copy[kept++] = "LC_ALL=C";
    copy[kept] = NULL;
    return copy;
}

/* A memory file with the input, or /dev/null. */
static int open_input(const struct subprocess *process)
{
    if (!process->input) return open("/dev/null", O_RDONLY | O_CLOEXEC);
    int file = memfd_create("tunebook-input", MFD_CLOEXEC);
    for (size_t done = 0; file >= 0 && done < process->input_bytes;) {
        ssize_t written = write(file, process->input + done, process->input_bytes - done);
        if (written <= 0) {
            close(file);
            return -1;
        }
        done += (size_t)written;
    }
    if (file >= 0) lseek(file, 0, SEEK_SET);
    return file;
}

static enum status start(const struct subprocess *process, int input, int output, pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    char **environment = plain_environment();
    if (!environment) return status_fail(STATUS_NO_MEMORY, "no memory to run %s", process->argv[0]);
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_adddup2(&actions, output, 2);
    if (process->deadline_ms) {
        posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        posix_spawnattr_setpgroup(&attributes, 0);
    }
    errno =
        posix_spawn(pid, process->argv[0], &actions, &attributes, (char *const *)process->argv, environment);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    free(environment);
    return errno ? status_fail_errno(STATUS_UNAVAILABLE, "cannot run %s", process->argv[0]) : STATUS_OK;
}

/* Reads until every writer is gone; false if time is up first. */
static bool collect(const struct subprocess *process, int from, struct text *output)
{
    uint64_t deadline = clock_ns() + (uint64_t)process->deadline_ms * 1000000u;
    char bytes[4096];
    for (;;) {
        int wait_ms = -1;
        if (process->deadline_ms) {
            uint64_t now = clock_ns();
            if (now >= deadline) return false;
            wait_ms = (int)((deadline - now) / 1000000u) + 1;
        }
        struct pollfd wait = {.fd = from, .events = POLLIN};
        if (poll(&wait, 1, wait_ms) <= 0) continue;
        ssize_t got = read(from, bytes, sizeof bytes);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return true;
        size_t room = output->size < process->output_limit ? process->output_limit - output->size : 0;
        text_append_bytes(output, bytes, (size_t)got < room ? (size_t)got : room);
    }
}

enum status subprocess_run(const struct subprocess *process, struct text *output, int *exit_code)
{
    int pipes[2], input = open_input(process), ended = 0;
    if (input < 0 || pipe2(pipes, O_CLOEXEC) != 0) {
        if (input >= 0) close(input);
        return status_fail_errno(STATUS_IO, "cannot run %s", process->argv[0]);
    }
    pid_t pid = 0;
    enum status status = start(process, input, pipes[1], &pid);
    close(input);
    close(pipes[1]);
    if (status == STATUS_OK) {
        if (!collect(process, pipes[0], output)) {
            kill(-pid, SIGKILL);
            status =
                status_fail(STATUS_BUSY, "%s took longer than %u ms", process->argv[0], process->deadline_ms);
        }
        while (waitpid(pid, &ended, 0) < 0 && errno == EINTR) continue;
        *exit_code = WIFSIGNALED(ended) ? 128 + WTERMSIG(ended) : WEXITSTATUS(ended);
    }
    close(pipes[0]);
    return status;
}
