#include "frontends/cli/command.h"

#include <string.h>

enum command_number {
#define COMMAND(name, arguments, summary, more) NUMBER_##name,
#include "frontends/cli/commands.def"
#undef COMMAND
    NUMBER_COUNT
};

static const struct command commands[] = {
#define COMMAND(name, arguments, summary, more) {#name, arguments, summary, more, command_##name},
#include "frontends/cli/commands.def"
#undef COMMAND
};

#define IN(command) (1u << NUMBER_##command)
#define EVERYWHERE  ((1u << NUMBER_COUNT) - 1)
#define ON_DEVICE \
    (IN(sweep) | IN(lookup) | IN(explain) | IN(pin) | IN(bench) | IN(gpubench) | IN(templates) | IN(verify))

static const struct option_row rows[] = {
#define OPTION(letter, name, kind, field, value, low, high, commands, help) \
    {letter, name, OPTION_##kind, offsetof(struct settings, field), value, low, high, commands, help},
#include "frontends/cli/options.def"
#undef OPTION
};

const struct command *command_table(size_t *n)
{
    *n = sizeof commands / sizeof *commands;
    return commands;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strcmp(commands[i].name, name) == 0) return &commands[i];
    return NULL;
}

const struct option_row *option_table(size_t *n)
{
    *n = sizeof rows / sizeof *rows;
    return rows;
}
