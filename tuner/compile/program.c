#include "tuner/compile/program.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/file.h"
#include "tuner/compile/subprocess.h"

enum { LOG_LIMIT = 64 << 10, CODE_LIMIT = 64 << 20 };

void command_begin(struct command *command, const char *path)
{
    *command = (struct command){.argv = {path}, .n = 1};
}

void command_add(struct command *command, const char *argument)
{
    if (command->n + 1 == COMMAND_ARGUMENTS_MAX) {
        command->full = true;
        return;
    }
    command->argv[command->n++] = argument;
    command->argv[command->n] = NULL;
}

void command_add_all(struct command *command, const char *const *list)
{
    for (; *list; list++) command_add(command, *list);
}

enum status command_define(struct command *command, const char *definitions)
{
    size_t n = 0, first = command->definitions.size;
    if (first) return status_fail(STATUS_USAGE, "definitions are given once");
    for (const char *line = definitions; *line; n++) {
        size_t size = strcspn(line, "\n");
        text_append(&command->definitions, "-D");
        text_append_bytes(&command->definitions, line, size);
        text_append_bytes(&command->definitions, "", 1);
        line += size + (line[size] == '\n');
    }
    TRY(text_status(&command->definitions));
    const char *next = command->definitions.data;
    for (size_t i = 0; i < n; i++, next += strlen(next) + 1) command_add(command, next);
    if (command->full)
        return status_fail(STATUS_USAGE, "%zu definitions are too many for one kernel; at most %d", n,
                           COMMAND_ARGUMENTS_MAX - 64);
    return STATUS_OK;
}

void command_free(struct command *command)
{
    text_free(&command->definitions);
}

enum status command_identify(const struct command *command, const char *version, struct text *identity)
{
    text_append(identity, version);
    for (size_t i = 1; i < command->n; i++) text_format(identity, " %s", command->argv[i]);
    return text_status(identity);
}

static enum status run(const struct command *command, const char *what, const struct text *source,
                       uint32_t deadline_ms, struct text *log)
{
    int code = 0;
    struct subprocess process = {.argv = command->argv,
                                 .input = source->data,
                                 .input_bytes = source->size,
                                 .output_limit = LOG_LIMIT,
                                 .deadline_ms = deadline_ms};
    TRY(subprocess_run(&process, log, &code));
    if (code == 0) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: %s ended with exit code %d", what, command->argv[0], code);
}

enum status command_compile(struct command *command, const char *what, const struct text *source,
                            uint32_t deadline_ms, struct text *code, struct text *log)
{
    const char *parent = getenv("TMPDIR");
    char folder[512], output[528];
    if (!parent || !*parent) parent = "/tmp";
    if (snprintf(folder, sizeof folder, "%s/tunebook-cc-XXXXXX", parent) >= (int)sizeof folder)
        return status_fail(STATUS_IO, "TMPDIR is too long: %.100s...", parent);
    if (!mkdtemp(folder)) return status_fail_errno(STATUS_IO, "cannot make a folder in %s", parent);
    snprintf(output, sizeof output, "%s/kernel.out", folder);
    command_add(command, "-o");
    command_add(command, output);
    enum status status = command->full ? status_fail(STATUS_USAGE, "%s: too many arguments", what)
                                       : run(command, what, source, deadline_ms, log);
    if (status == STATUS_OK) status = file_read(output, CODE_LIMIT, code);
    unlink(output);
    rmdir(folder);
    return status;
}

enum status program_source(const struct compile_request *request, const char *preamble, struct text *source)
{
    text_format(source, "%s#line 1 \"%s\"\n%s", preamble, request->source_name, request->source);
    return text_status(source);
}

enum status program_version(const char *path, struct text *output)
{
    int code = 0;
    const char *argv[] = {path, "--version", NULL};
    struct subprocess process = {.argv = argv, .output_limit = 4096, .deadline_ms = PROGRAM_QUICK_MS};
    TRY(subprocess_run(&process, output, &code));
    TRY(text_status(output));
    if (code != 0)
        return status_fail(STATUS_UNAVAILABLE, "%s --version ended with exit code %d: %.80s", path, code,
                           text_string(output));
    return STATUS_OK;
}
