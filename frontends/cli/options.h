/* Options: one table (options.def) that parses, explains and completes them. */
#ifndef TUNEBOOK_CLI_OPTIONS_H
#define TUNEBOOK_CLI_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "tuner/base/status.h"

/* Words of the command line, in order. The strings belong to argv. */
struct words {
    const char **items;
    size_t n;
};

/* What the command line says. Texts are NULL and numbers 0 where it says nothing. */
struct settings {
    struct words arguments; /* what is no option */
    struct words dtypes, layouts, epilogues, shapes, shape_files, models, runs, records, filters, trusted;
    const char *gpus, *op, *phase, *arch, *device, *device_class, *book, *budget, *strategy, *templates,
        *targets, *output, *space, *format, *problem, *template_name, *environment, *order, *m,
        *configuration, *comment, *fail_if_slower, *sign, *shard, *password_file, *scratch, *because, *regret,
        *compact_trials;
    int64_t threads, seed, jobs, repeats, sample, measure_ms, peak_size, peak_bytes;
    bool fresh, no_tuning, retry_quarantined, dry_run, trials, defaults, selftest, emulate, predict, confirm,
        fail_on_conflict, all, repair, without_code, allow_unsigned, list, remove, json, help, version;
};

struct command;

/* Parses argv[0..argc) (options and arguments in any order, `--` ends options) for a command. STATUS_USAGE
 * names what is off and what would be right. settings_free even after a failure. */
enum status settings_parse(const struct command *command, int argc, char **argv, struct settings *out);
void settings_free(struct settings *settings);

/* The text of `autotune COMMAND --help`, and of `autotune --help`. */
void help_print_command(FILE *to, const struct command *command);
void help_print_all(FILE *to);

/* One row of options.def. */
enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_LIST, OPTION_NUMBER };
struct option_row {
    char letter; /* 0: none */
    const char *name;
    enum option_kind kind;
    size_t offset;     /* in struct settings */
    const char *value; /* what --help calls the value; NULL for a flag */
    int64_t low, high;
    uint32_t commands; /* bit per command, in the order of commands.def */
    const char *help;
};
const struct option_row *option_table(size_t *n);

#endif
