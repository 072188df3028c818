#include "tuner/base/progress.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "tuner/base/clock.h"

enum { LINE_BYTES = 512, LIVE_NS = 100000000 };
static const uint64_t second_ns = 1000000000, plain_ns = 10000000000;

void progress_begin(struct progress *progress)
{
    const char *terminal = getenv("TERM");
    bool dumb = !terminal || !*terminal || strcmp(terminal, "dumb") == 0;
    *progress = (struct progress){.live = isatty(STDERR_FILENO) && !dumb, .started_ns = clock_ns()};
}

/* "42s", "3m07s", "2h05m" */
static void format_duration(uint64_t ns, char *out, size_t size)
{
    unsigned long long s = (ns + second_ns / 2) / second_ns;
    if (s < 60)
        snprintf(out, size, "%llus", s);
    else if (s < 3600)
        snprintf(out, size, "%llum%02llus", s / 60, s % 60);
    else
        snprintf(out, size, "%lluh%02llum", s / 3600, s / 60 % 60);
}

/* Characters of a UTF-8 text; the bytes of the first `limit` of them go to *bytes. */
static int count_characters(const char *text, int limit, size_t *bytes)
{
    int n = 0;
    size_t i = 0;
    for (; text[i]; i++) {
        if (((unsigned char)text[i] & 0xc0) == 0x80) continue;
        if (n == limit) break;
        n++;
    }
    *bytes = i;
    return n;
}

static int terminal_columns(void)
{
    struct winsize size;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1) return size.ws_col;
    return 80;
}

/* One write each, so that lines of other processes do not fall in between. Overwritten with blanks rather
 * than erased by an escape sequence: any terminal can do that. */
static void show_live(struct progress *progress, const char *line)
{
    char out[2 * LINE_BYTES + 2];
    size_t bytes;
    int limit = terminal_columns() - 1, shown = count_characters(line, limit, &bytes);
    int blanks = progress->shown > shown ? progress->shown - shown : 0;
    if (blanks > LINE_BYTES) blanks = LINE_BYTES;
    int length = snprintf(out, sizeof out, "\r%.*s%*s", (int)bytes, line, blanks, "");
    if (write(STDERR_FILENO, out, (size_t)length) < 0) return; /* talk that nobody hears is no failure */
    progress->shown = shown;
}

static void clear_live(struct progress *progress)
{
    if (!progress->shown) return;
    show_live(progress, "");
    if (write(STDERR_FILENO, "\r", 1) < 0) return;
}

void progress_show(struct progress *progress, double fraction, const char *format, ...)
{
    uint64_t now = clock_ns(), wait = progress->live ? LIVE_NS : plain_ns;
    bool due = !progress->last_print_ns || now - progress->last_print_ns >= wait;
    if (!due && (progress->live || progress->phase == format)) return;
    progress->last_print_ns = now;
    progress->phase = format;

    char line[LINE_BYTES], elapsed[32], left[32];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line - 80, format, arguments);
    va_end(arguments);
    if (length < 0) return;
    size_t used = strlen(line);
    uint64_t spent_ns = now - progress->started_ns;
    format_duration(spent_ns, elapsed, sizeof elapsed);
    used += (size_t)snprintf(line + used, sizeof line - used, "  %s", elapsed);
    if (fraction > 0 && fraction <= 1) {
        double left_ns = (double)spent_ns * (1 - fraction) / fraction;
        format_duration(left_ns < 1e18 ? (uint64_t)left_ns : (uint64_t)1e18, left, sizeof left);
        snprintf(line + used, sizeof line - used, ", %s left", left);
    }
    if (progress->live)
        show_live(progress, line);
    else
        fprintf(stderr, "%s\n", line);
}

void progress_say(struct progress *progress, const char *format, ...)
{
    clear_live(progress);
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    progress->last_print_ns = 0; /* the live line comes back at once */
}

void progress_end(struct progress *progress)
{
    clear_live(progress);
    progress->shown = 0;
}
