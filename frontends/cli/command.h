/* A command of the command line: one function in one file, found by commands.def.
 *
 * It writes data to stdout and talk to stderr, and answers a status whose line main() prints as "autotune:
 * ..." and whose exit code becomes the program's. */
#ifndef TUNEBOOK_CLI_COMMAND_H
#define TUNEBOOK_CLI_COMMAND_H

#include "frontends/cli/options.h"

struct command {
    const char *name;
    const char *arguments; /* of the usage line; "" if it takes none */
    const char *summary;
    const char *more; /* a paragraph for --help, or NULL */
    enum status (*run)(const struct settings *settings);
};

const struct command *command_table(size_t *n);
const struct command *command_find(const char *name); /* NULL if unknown */

#define COMMAND(name, arguments, summary, more) enum status command_##name(const struct settings *settings);
#include "frontends/cli/commands.def"
#undef COMMAND

#endif
