/* What the environment asks the library to write: a log line per distinct problem, and the problems to tune.
 * Each line is one write() to a file opened for appending, so that processes may share it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "frontends/runtime/runtime.h"

/* A variable that is set to something: NULL for "" and, where it is a switch, "0". */
static const char *variable(const char *name)
{
    const char *value = secure_getenv(name);
    return value && value[0] != '\0' ? value : NULL;
}

static int append_open(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
}

/* A file that cannot be written is said once, on standard error, because somebody asked for it. */
static enum status take_path(const char *name, const char *path, char **out)
{
    int file = append_open(path);
    if (file < 0) {
        dprintf(STDERR_FILENO, "tunebook: $%s=%s cannot be opened for writing: %s\n", name, path,
                strerror(errno));
        return STATUS_OK;
    }
    close(file);
    *out = strdup(path);
    return *out ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "tb_open: no memory");
}

enum status journal_open(tb_book *book)
{
    const char *disable = variable("TUNEBOOK_DISABLE");
    book->disabled = disable && strcmp(disable, "0") != 0;
    const char *log = variable("TUNEBOOK_LOG");
    if (log && strcmp(log, "0") != 0) {
        if (strcmp(log, "1") != 0)
            TRY(take_path("TUNEBOOK_LOG", log, &book->log_path));
        else if (!(book->log_path = strdup("")))
            return status_fail(STATUS_NO_MEMORY, "tb_open: no memory");
    }
    const char *misses = variable("TUNEBOOK_MISSES");
    if (misses && !book->disabled) TRY(take_path("TUNEBOOK_MISSES", misses, &book->misses_path));
    return STATUS_OK;
}

void journal_close(tb_book *book)
{
    free(book->log_path);
    free(book->misses_path);
}

/* A line that cannot be written is lost: a full disk must not stop an inference engine. */
static void append_line(const char *path, const struct text *line)
{
    int file = path[0] ? append_open(path) : STDERR_FILENO;
    if (file < 0) return;
    ssize_t written = write(file, text_string(line), line->size);
    (void)written;
    if (path[0]) close(file);
}

void journal_warn(const tb_book *book)
{
    if (!book->log_path || book->warnings.size == 0) return;
    struct text line = {0};
    text_format(&line, "tunebook: %s\n", text_string(&book->warnings));
    append_line(book->log_path, &line);
    text_free(&line);
}

static void log_plan(const tb_context *context, const tb_plan *plan, const char *problem)
{
    struct text line = {0};
    text_format(&line, "tunebook: %s on %s: ", problem, context->info->class_text);
    if (plan->status != TB_OK) {
        text_format(&line, "%s: %s\n", tb_status_name(plan->status), plan->reason);
    } else {
        const struct descriptor *descriptor = &plan->stored->descriptor;
        text_format(&line, "%s %s %s %s", match_name((enum match)plan->match),
                    evidence_name((enum evidence)plan->evidence), descriptor->template_name,
                    descriptor->configuration);
        if (plan->expected_ns) text_format(&line, " %llu ns", (unsigned long long)plan->expected_ns);
        text_format(&line, " from %s", book_path(context->book->layers[plan->stored->layer]));
        text_format(&line, "%s%s\n", plan->reason[0] ? ": " : "", plan->reason);
    }
    append_line(context->book->log_path, &line);
    text_free(&line);
}

/* Was this problem planned before, with other flags? Then it stands in the files already. */
static bool is_known(const tb_context *context, const tb_plan *plan)
{
    for (unsigned flags = 0; flags <= PLAN_FLAGS; flags++)
        if (flags != plan->flags && cache_find_given(context, plan->api, &plan->given, flags)) return true;
    return false;
}

void journal_plan(const tb_context *context, const tb_plan *plan)
{
    const tb_book *book = context->book;
    bool is_miss = plan->status != TB_OK || plan->match != TB_EXACT;
    bool wants_miss = book->misses_path && is_miss;
    if ((!book->log_path && !wants_miss) || is_known(context, plan)) return;
    char problem[PROBLEM_TEXT_BYTES];
    problem_print(&plan->problem, problem);
    if (book->log_path) log_plan(context, plan, problem);
    if (!wants_miss) return;
    struct text line = {0};
    text_format(&line, "%s\n", problem);
    append_line(book->misses_path, &line);
    text_free(&line);
}
