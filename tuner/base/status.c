#include "tuner/base/status.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum { MESSAGE_BYTES = 1024 };

static _Thread_local char message[MESSAGE_BYTES];

static const struct {
    const char *name;
    int exit_code;
} kinds[STATUS_COUNT] = {
    [STATUS_OK] = {"ok", 0},
    [STATUS_NOT_FOUND] = {"not_found", 1},
    [STATUS_NOT_COVERED] = {"not_covered", 1},
    [STATUS_USAGE] = {"usage", 2},
    [STATUS_UNAVAILABLE] = {"unavailable", 3},
    [STATUS_BAD_DATA] = {"bad_data", 4},
    [STATUS_IO] = {"io", 5},
    [STATUS_BUSY] = {"busy", 5},
    [STATUS_NO_MEMORY] = {"no_memory", 5},
    [STATUS_INTERRUPTED] = {"interrupted", 130},
};

static const struct {
    int error;
    const char *advice;
} advices[] = {
    {ENOSPC, "free some space or choose another place"},      {EDQUOT, "the user's disk quota is used up"},
    {EFBIG, "raise the file size limit, see ulimit -f"},      {EACCES, "check the owner and the permissions"},
    {EPERM, "check the owner and the permissions"},           {EROFS, "choose a place that can be written"},
    {EMFILE, "raise the limit of open files, see ulimit -n"}, {ENOMEM, "close something or give fewer jobs"},
};

/* Composed apart from the message, because the arguments may point into it. */
static void message_set(const char *front, const char *back)
{
    char line[MESSAGE_BYTES];
    /* A line that is cut is still the best that can be said. */
    size_t used = strnlen(front, sizeof line - 1);
    memcpy(line, front, used);
    size_t rest = strnlen(back, sizeof line - 1 - used);
    memcpy(line + used, back, rest);
    line[used + rest] = 0;
    for (char *p = line; *p; p++)
        if (*p == '\n' || *p == '\r') *p = ' ';
    memcpy(message, line, used + rest + 1);
}

enum status status_fail(enum status code, const char *format, ...)
{
    char line[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    message_set(line, "");
    return code;
}

enum status status_fail_errno(enum status code, const char *format, ...)
{
    int error = errno;
    char line[MESSAGE_BYTES], reason[256], name[128];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);

    const char *advice = NULL;
    for (size_t i = 0; i < sizeof advices / sizeof *advices; i++)
        if (advices[i].error == error) advice = advices[i].advice;
    const char *text = strerror_r(error, name, sizeof name);
    snprintf(reason, sizeof reason, advice ? ": %s (%s)" : ": %s", text, advice);
    message_set(line, reason);
    errno = error;
    return code;
}

enum status status_vfail_at(const char *where, size_t column, const char *format, va_list arguments)
{
    char line[MESSAGE_BYTES];
    vsnprintf(line, sizeof line, format, arguments);
    return status_fail(STATUS_BAD_DATA, "%s, column %zu: %s", where, column, line);
}

enum status status_prefix(enum status code, const char *format, ...)
{
    if (code == STATUS_OK) return code;
    char line[MESSAGE_BYTES];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (message[0] && length >= 0 && (size_t)length < sizeof line - 2) strcpy(line + length, ": ");
    message_set(line, message);
    return code;
}

const char *status_message(void)
{
    return message;
}

const char *status_name(enum status code)
{
    return (unsigned)code < STATUS_COUNT ? kinds[code].name : "unknown";
}

int status_exit_code(enum status code)
{
    return (unsigned)code < STATUS_COUNT ? kinds[code].exit_code : 5;
}
