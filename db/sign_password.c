#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include "db/sign_internal.h"
#include "db/sign_secret_file.h"

/* ---- from a file ---- */

static enum status from_file(const char *path, char *out, size_t size)
{
    char *bytes;
    size_t n;
    TRY(sign_secret_load(path, size, &bytes, &n));
    size_t length = strcspn(bytes, "\r\n");
    enum status status = STATUS_OK;
    if (length < size) {
        memcpy(out, bytes, length);
        out[length] = 0;
    } else {
        status = status_fail(STATUS_BAD_DATA, "%s: its first line is longer than a password's %zu bytes",
                             path, size - 1);
    }
    sodium_free(bytes);
    return status;
}

/* ---- from the terminal ---- */

static volatile sig_atomic_t caught;

static void catch_signal(int number)
{
    caught = number;
}

/* Signals that would end the program while the terminal is silent. They are blocked but while it is waited.
 */
static const int ending[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
enum { ENDING = sizeof ending / sizeof *ending };

struct silence {
    int fd;
    struct termios terminal;
    sigset_t mask;
    struct sigaction actions[ENDING];
};

static bool silence_begin(struct silence *silence)
{
    if (tcgetattr(silence->fd, &silence->terminal) != 0) return false;
    sigset_t blocked;
    struct sigaction action = {.sa_handler = catch_signal};
    caught = 0;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTSTP);
    for (int i = 0; i < ENDING; i++) sigaddset(&blocked, ending[i]);
    pthread_sigmask(SIG_BLOCK, &blocked, &silence->mask);
    for (int i = 0; i < ENDING; i++) sigaction(ending[i], &action, &silence->actions[i]);
    struct termios silent = silence->terminal;
    silent.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
    tcsetattr(silence->fd, TCSAFLUSH, &silent);
    return true;
}

static void silence_end(struct silence *silence)
{
    tcsetattr(silence->fd, TCSAFLUSH, &silence->terminal);
    for (int i = 0; i < ENDING; i++) sigaction(ending[i], &silence->actions[i], NULL);
    pthread_sigmask(SIG_SETMASK, &silence->mask, NULL);
}

/* One line, byte by byte: what comes behind it is not ours. */
static enum status read_line(const struct silence *silence, char *out, size_t size)
{
    sigset_t waiting = silence->mask;
    sigaddset(&waiting, SIGTSTP);
    for (int i = 0; i < ENDING; i++) sigdelset(&waiting, ending[i]);
    for (size_t n = 0;;) {
        struct pollfd poll = {.fd = silence->fd, .events = POLLIN};
        int ready = ppoll(&poll, 1, NULL, &waiting);
        if (caught) return status_fail(STATUS_INTERRUPTED, "interrupted while a password was asked for");
        if (ready < 0 && errno == EINTR) continue;
        char c = 0;
        ssize_t got = ready < 0 ? -1 : read(silence->fd, &c, 1);
        if (got < 0) return status_fail_errno(STATUS_IO, "cannot read a password from the terminal");
        if (got == 0 && !n) return status_fail(STATUS_INTERRUPTED, "no password was given");
        if (got == 0 || c == '\n' || c == '\r') {
            out[n] = 0;
            return STATUS_OK;
        }
        if (n + 1 >= size)
            return status_fail(STATUS_BAD_DATA, "longer than a password's %zu bytes", size - 1);
        out[n++] = c;
    }
}

static void say(int fd, const char *text)
{
    ssize_t written = write(fd, text, strlen(text));
    (void)written; /* a terminal that cannot be written is found when it is read */
}

static enum status from_terminal(const char *path, char *out, size_t size)
{
    struct silence silence = {.fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC)};
    if (silence.fd < 0 || !silence_begin(&silence)) {
        if (silence.fd >= 0) close(silence.fd);
        return status_fail(STATUS_UNAVAILABLE,
                           "needs its password and there is no terminal to ask: put it into a file of yours "
                           "alone and name that in TUNEBOOK_PASSWORD_FILE");
    }
    say(silence.fd, "Password of ");
    say(silence.fd, path);
    say(silence.fd, ": ");
    enum status status = read_line(&silence, out, size);
    silence_end(&silence);
    say(silence.fd, "\n");
    close(silence.fd);
    if (caught)
        raise(caught); /* now as it would have been without us: an end, or the program's own handler */
    return status;
}

enum status sign_password_ask(void *context, const char *path, char *out, size_t size)
{
    const char *file = context ? context : getenv("TUNEBOOK_PASSWORD_FILE");
    return file && *file ? from_file(file, out, size) : from_terminal(path, out, size);
}
