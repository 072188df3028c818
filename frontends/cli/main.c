/* autotune: dispatch to the commands. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/stop.h"
#include "frontends/runtime/tunebook.h"
#include "templates/op.h"
#include "tuner/base/text.h"
#include "tuner/trial.h"

enum { NAMES_MAX = 64 };

static int print_version(void)
{
    printf("autotune %d.%d.%d\n", TB_VERSION_MAJOR, TB_VERSION_MINOR, TB_VERSION_PATCH);
    return 0;
}

static bool is_problem(const char *word)
{
    const char *names[NAMES_MAX];
    size_t n = op_names(names, NAMES_MAX), length = strcspn(word, " \t");
    for (size_t i = 0; i < n && i < NAMES_MAX; i++)
        if (strlen(names[i]) == length && memcmp(names[i], word, length) == 0) return true;
    return false;
}

/* A first word that is neither command, option nor problem is most likely a misspelt command. */
static enum status check_first_word(const char *word)
{
    if (word[0] == '-' || strpbrk(word, " \t=") || is_problem(word)) return STATUS_OK;
    size_t n;
    const struct command *commands = command_table(&n);
    const char *names[NAMES_MAX];
    for (size_t i = 0; i < n; i++) names[i] = commands[i].name;
    const char *closest = text_closest(word, names, n);
    if (closest) return status_fail(STATUS_USAGE, "%s: unknown command; did you mean '%s'?", word, closest);
    return status_fail(STATUS_USAGE, "%s: neither a command nor an op; see 'autotune --help'", word);
}

/* The command and what is left for it; NULL for the help of all. */
static enum status choose(int argc, char **argv, const struct command **command, int *skip)
{
    size_t n;
    *command = command_table(&n);
    *skip = 1;
    if (argc < 2) return STATUS_OK;
    const char *word = argv[1];
    const struct command *named = command_find(word);
    if (named) {
        *command = named;
        *skip = 2;
        return STATUS_OK;
    }
    return check_first_word(word);
}

static int fail(enum status status)
{
    if (status == STATUS_INTERRUPTED && stop_signal()) {
        fprintf(stderr, "autotune: %s\n", *status_message() ? status_message() : "interrupted");
        return 128 + stop_signal();
    }
    if (status != STATUS_OK) fprintf(stderr, "autotune: %s\n", status_message());
    return status_exit_code(status);
}

/* Data that never reached its reader is a failure, however well the rest went. */
static int finish(int exit_code)
{
    if (fflush(stdout) == 0 && !ferror(stdout)) return exit_code;
    return fail(status_fail_errno(STATUS_IO, "standard output"));
}

static int run(const struct command *command, int argc, char **argv)
{
    struct settings settings;
    enum status status = settings_parse(command, argc, argv, &settings);
    int exit_code;
    if (status != STATUS_OK) {
        exit_code = fail(status);
    } else if (settings.help) {
        help_print_command(stdout, command);
        exit_code = 0;
    } else if (settings.version) {
        exit_code = print_version();
    } else {
        if (settings.scratch)
            setenv("TUNEBOOK_SCRATCH", settings.scratch, 1); /* for db, which knows no options */
        exit_code = fail(command->run(&settings));
    }
    settings_free(&settings);
    return exit_code;
}

static bool wants_overview(int argc, char **argv)
{
    if (argc != 2) return false;
    return strcmp(argv[1], "-h") == 0 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0;
}

int main(int argc, char **argv)
{
    int worker = worker_main(argc, argv);
    if (worker >= 0) return worker;
    if (wants_overview(argc, argv)) {
        help_print_all(stdout);
        return finish(0);
    }
    const struct command *command;
    int skip;
    enum status status = choose(argc, argv, &command, &skip);
    if (status != STATUS_OK) return fail(status);
    return finish(run(command, argc - (argc < skip ? argc : skip), argv + (argc < skip ? argc : skip)));
}
