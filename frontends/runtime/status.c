/* Statuses and the one line about a failure, as the caller sees them. */
#include <stdio.h>
#include <stdlib.h>
#include "frontends/runtime/runtime.h"

#define VERSION_TEXT_(major, minor, patch) #major "." #minor "." #patch
#define VERSION_TEXT(major, minor, patch)  VERSION_TEXT_(major, minor, patch)

int tb_abi_version(void)
{
    return TB_ABI_VERSION;
}

const char *tb_version(void)
{
    return VERSION_TEXT(TB_VERSION_MAJOR, TB_VERSION_MINOR, TB_VERSION_PATCH);
}

const char *tb_last_error(void)
{
    return status_message();
}

const char *tb_status_name(tb_status status)
{
    static const char *const names[] = {
        [TB_OK] = "ok",
        [TB_NO_KERNEL] = "no_kernel",
        [TB_NOT_COVERED] = "not_covered",
        [TB_INVALID] = "invalid",
        [TB_UNAVAILABLE] = "unavailable",
        [TB_CORRUPT] = "corrupt",
        [TB_IO] = "io",
        [TB_BUSY] = "busy",
        [TB_NO_MEMORY] = "no_memory",
    };
    size_t n = sizeof names / sizeof names[0];
    return (unsigned)status < n ? names[status] : "unknown";
}

tb_status runtime_status(enum status status)
{
    static const tb_status codes[STATUS_COUNT] = {
        [STATUS_OK] = TB_OK,
        [STATUS_NOT_FOUND] = TB_NO_KERNEL,
        [STATUS_NOT_COVERED] = TB_NOT_COVERED,
        [STATUS_USAGE] = TB_INVALID,
        [STATUS_UNAVAILABLE] = TB_UNAVAILABLE,
        [STATUS_BAD_DATA] = TB_CORRUPT,
        [STATUS_IO] = TB_IO,
        [STATUS_BUSY] = TB_BUSY,
        [STATUS_NO_MEMORY] = TB_NO_MEMORY,
        [STATUS_INTERRUPTED] = TB_BUSY,
    };
    return (unsigned)status < STATUS_COUNT ? codes[status] : TB_CORRUPT;
}

tb_status runtime_file_status(enum status status)
{
    return status == STATUS_NOT_FOUND ? TB_IO : runtime_status(status);
}

tb_status runtime_fail(tb_status code, const char *format, ...)
{
    char line[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    status_fail(STATUS_USAGE, "%s", line); /* for its message; the code is ours */
    return code;
}

tb_status runtime_fail_forked(void)
{
    return runtime_fail(TB_INVALID,
                        "tunebook: a book, context, plan or launch was used after fork() in the child; "
                        "open the books anew there");
}
