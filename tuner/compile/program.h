/* A compiler that is a program: its command line, and one run of it. */
#ifndef TUNEBOOK_COMPILE_PROGRAM_H
#define TUNEBOOK_COMPILE_PROGRAM_H

#include "tuner/compile/compiler.h"

enum { COMMAND_ARGUMENTS_MAX = 192, PROGRAM_QUICK_MS = 20000 };

/* Strings are the caller's, except those of definitions. */
struct command {
    const char *argv[COMMAND_ARGUMENTS_MAX];
    size_t n;
    bool full;
    struct text definitions;
};

void command_begin(struct command *command, const char *path);
void command_add(struct command *command, const char *argument);
void command_add_all(struct command *command, const char *const *list); /* up to NULL */
/* One NAME=VALUE per line, as -D arguments. */
enum status command_define(struct command *command, const char *definitions);
void command_free(struct command *command);

/* The version and every argument so far: what an identity is made of. */
enum status command_identify(const struct command *command, const char *version, struct text *identity);

/* Runs it with `source` as its input and its output (-o) in a folder of its own. `what` is what messages call
 * it. STATUS_BAD_DATA if it ends with an error; the diagnostics are in `log` either way. */
enum status command_compile(struct command *command, const char *what, const struct text *source,
                            uint32_t deadline_ms, struct text *code, struct text *log);

/* The source of a request under its name, `preamble` in front: what command_compile reads. */
enum status program_source(const struct compile_request *request, const char *preamble, struct text *source);

/* What `path --version` prints first. STATUS_UNAVAILABLE if it does not. */
enum status program_version(const char *path, struct text *output);

#endif
