#include "tests/base/check.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "tuner/base/clock.h"
#include "tuner/base/progress.h"

/* What `body` writes to stderr when that is `fd`; `from` is where it can be read. A terminal hands it over
 * piece by piece, so that a last byte marks the end. */
static void capture(int fd, int from, void (*body)(void), char *out, size_t size)
{
    fflush(stderr);
    int before = dup(STDERR_FILENO);
    dup2(fd, STDERR_FILENO);
    body();
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    assert_int_equal(write(fd, "\001", 1), 1);
    size_t n = 0;
    while (n < size && (!n || out[n - 1] != 1)) {
        ssize_t got = read(from, out + n, size - n);
        assert_true(got > 0);
        n += (size_t)got;
    }
    assert_int_equal(out[n - 1], 1);
    out[n - 1] = 0;
}

static void capture_plain(void (*body)(void), char *out, size_t size)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    capture(ends[1], ends[0], body, out, size);
    close(ends[0]);
    close(ends[1]);
}

static void capture_terminal(int columns, void (*body)(void), char *out, size_t size)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY);
    if (master < 0 || grantpt(master) != 0 || unlockpt(master) != 0) skip();
    int terminal = open(ptsname(master), O_RDWR | O_NOCTTY);
    if (terminal < 0) skip();
    struct winsize window = {.ws_row = 24, .ws_col = (unsigned short)columns};
    ioctl(terminal, TIOCSWINSZ, &window);
    capture(terminal, master, body, out, size);
    close(terminal);
    close(master);
}

static void many_updates(void)
{
    struct progress progress;
    progress_begin(&progress);
    for (int i = 0; i < 100; i++) progress_show(&progress, 0, "compile %d", i);
    for (int i = 0; i < 100; i++) progress_show(&progress, 0, "measure %d", i);
    progress_say(&progress, "done: %d", 2);
    progress_end(&progress);
}

/* In a log: one line for each phase, nothing that only a terminal understands. */
static void test_plain(void **state)
{
    (void)state;
    char out[4096];
    capture_plain(many_updates, out, sizeof out);
    assert_string_equal(out, "compile 0  0s\nmeasure 0  0s\ndone: 2\n");
}

static void plain_after_ten_seconds(void)
{
    struct progress progress;
    progress_begin(&progress);
    for (int i = 0; i < 4; i++) {
        progress_show(&progress, 0.25, "sweep %d", i);
        if (i != 1) continue;
        progress.last_print_ns -= 10000000000; /* as if ten seconds had passed */
        progress.started_ns -= 10000000000;
    }
}

static void test_plain_every_ten_seconds(void **state)
{
    (void)state;
    char out[4096];
    capture_plain(plain_after_ten_seconds, out, sizeof out);
    assert_string_equal(out, "sweep 0  0s, 0s left\nsweep 2  10s, 30s left\n");
}

static void live_updates(void)
{
    struct progress progress;
    progress_begin(&progress);
    progress.started_ns -= 3725 * UINT64_C(1000000000);
    progress_show(&progress, 0.5, "a longer line");
    progress_show(&progress, 0.5, "too early, never shown");
    progress.last_print_ns -= 200000000;
    progress_show(&progress, 2, "short");
    progress_say(&progress, "said");
    progress_end(&progress);
}

static void test_live(void **state)
{
    (void)state;
    setenv("TERM", "xterm", 1);
    char out[4096];
    capture_terminal(80, live_updates, out, sizeof out);
    assert_string_equal(out, "\ra longer line  1h02m, 1h02m left\rshort  1h02m"
                             "                    \r            \rsaid\r\n");
}

static void one_wide_line(void)
{
    struct progress progress;
    progress_begin(&progress);
    progress_show(&progress, 0, "\xc3\xa4\xc3\xb6\xc3\xbc%s", "0123456789");
}

/* A line that wrapped could not be cleared: it is cut, between characters. */
static void test_live_fits_the_terminal(void **state)
{
    (void)state;
    setenv("TERM", "xterm", 1);
    char out[4096];
    capture_terminal(6, one_wide_line, out, sizeof out);
    assert_string_equal(out, "\r\xc3\xa4\xc3\xb6\xc3\xbc"
                             "01");
}

static void test_dumb_terminal_is_plain(void **state)
{
    (void)state;
    setenv("TERM", "dumb", 1);
    char out[4096];
    capture_terminal(80, many_updates, out, sizeof out);
    assert_string_equal(out, "compile 0  0s\r\nmeasure 0  0s\r\ndone: 2\r\n");
}

static void a_very_long_line(void)
{
    struct progress progress;
    progress_begin(&progress);
    progress_show(&progress, 1e-300, "%*d", 5000, 1);
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    char out[8192];
    capture_plain(a_very_long_line, out, sizeof out);
    assert_true(strlen(out) > 400 && strlen(out) < 600);
    assert_int_equal(out[strlen(out) - 1], '\n');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_plain_every_ten_seconds),
        cmocka_unit_test(test_live),
        cmocka_unit_test(test_live_fits_the_terminal),
        cmocka_unit_test(test_dumb_terminal_is_plain),
        cmocka_unit_test(test_long_lines_are_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
