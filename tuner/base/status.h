/* How every fallible function of Tunebook ends, and the one line that explains it.
 *
 * A failing function composes a line once, where it knows most ("what, on what, why, what would be right");
 * callers forward it with TRY or put what they know in front of it with status_prefix. The line belongs to
 * the thread and is valid until that thread's next failure. */
#ifndef TUNEBOOK_BASE_STATUS_H
#define TUNEBOOK_BASE_STATUS_H

#include <stdarg.h>
#include <stddef.h>

enum status {
    STATUS_OK = 0,
    STATUS_NOT_FOUND,   /* asked for something that is not there; often not an error */
    STATUS_NOT_COVERED, /* a problem or configuration outside what a kernel accepts */
    STATUS_USAGE,       /* the caller's words are off: unknown option, bad problem text */
    STATUS_UNAVAILABLE, /* this machine lacks it: device, compiler, library */
    STATUS_BAD_DATA,    /* a file, record, manifest or bytecode is not what it should be */
    STATUS_IO,          /* the operating system refused */
    STATUS_BUSY,        /* another process holds it; trying again may succeed */
    STATUS_NO_MEMORY,
    STATUS_INTERRUPTED, /* SIGINT or SIGTERM asked us to stop */
    STATUS_COUNT
};

/* Sets the thread's message (printf) and returns `code`, so that `return status_fail(...)` reads well.
 * Messages are cut at 1023 bytes and never hold a line break. */
enum status status_fail(enum status code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* As status_fail with `: strerror(errno)` behind the text; ENOSPC, EACCES, EROFS ... get their advice. */
enum status status_fail_errno(enum status code, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* As status_fail, STATUS_BAD_DATA, with "WHERE, column N: " in front: for what is wrong in a line of text. */
enum status status_vfail_at(const char *where, size_t column, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));

/* Puts "TEXT: " in front of the thread's message and returns `code` unchanged. */
enum status status_prefix(enum status code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The thread's last message; "" before any failure. */
const char *status_message(void);

/* "ok", "not_found", ... */
const char *status_name(enum status code);

/* The exit code of the command line for it: 0 ok, 1 finding, 2 usage, 3 unavailable, 4 bad data, 5 I/O or
 * busy. */
int status_exit_code(enum status code);

#define TRY(call)                                         \
    do {                                                  \
        enum status try_status_ = (call);                 \
        if (try_status_ != STATUS_OK) return try_status_; \
    } while (0)

#endif
