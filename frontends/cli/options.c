#include "frontends/cli/options.h"

#include <stdlib.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "tuner/base/gpu_target.h"
#include "tuner/base/text.h"

enum { OPTIONS_MAX = 128 };

struct parse {
    const struct command *command;
    uint32_t bit;
    int argc, next;
    char **argv;
    struct settings *settings;
    bool seen[OPTIONS_MAX];
};

static bool is_ours(const struct parse *parse, const struct option_row *row)
{
    return (row->commands & parse->bit) != 0;
}

static const struct option_row *find_row(const struct parse *parse, const char *name, char letter)
{
    size_t n;
    const struct option_row *rows = option_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (!is_ours(parse, &rows[i])) continue;
        if (name ? strcmp(rows[i].name, name) == 0 : rows[i].letter == letter) return &rows[i];
    }
    return NULL;
}

/* The unknown option's line: another command's, a misspelt one, or nothing like it. */
static enum status fail_unknown(const struct parse *parse, const char *name)
{
    size_t n_rows, n_commands, n_names = 0;
    const struct option_row *rows = option_table(&n_rows);
    const struct command *commands = command_table(&n_commands);
    const char *names[OPTIONS_MAX];
    for (size_t i = 0; i < n_rows; i++) {
        if (is_ours(parse, &rows[i]) && n_names < OPTIONS_MAX) names[n_names++] = rows[i].name;
        if (strcmp(rows[i].name, name) != 0) continue;
        for (size_t c = 0; c < n_commands; c++)
            if (rows[i].commands >> c & 1)
                return status_fail(STATUS_USAGE, "--%s: not an option of 'autotune %s' but of 'autotune %s'",
                                   name, parse->command->name, commands[c].name);
    }
    const char *closest = text_closest(name, names, n_names);
    if (closest)
        return status_fail(STATUS_USAGE, "--%s: unknown option; did you mean '--%s'?", name, closest);
    return status_fail(STATUS_USAGE, "--%s: unknown option; see 'autotune %s --help'", name,
                       parse->command->name);
}

static enum status add_word(struct parse *parse, struct words *words, const char *word)
{
    if (!words->items) words->items = calloc((size_t)parse->argc, sizeof *words->items);
    if (!words->items) return status_fail(STATUS_NO_MEMORY, "no memory for the command line");
    words->items[words->n++] = word;
    return STATUS_OK;
}

static enum status set_number(const struct option_row *row, const char *value, int64_t *field)
{
    int64_t number;
    if (text_parse_int64(value, &number) && number >= row->low && number <= row->high) {
        *field = number;
        return STATUS_OK;
    }
    if (row->high == INT64_MAX)
        return status_fail(STATUS_USAGE, "--%s=%s: not a whole number from %lld up", row->name, value,
                           (long long)row->low);
    return status_fail(STATUS_USAGE, "--%s=%s: not a whole number from %lld to %lld", row->name, value,
                       (long long)row->low, (long long)row->high);
}

static enum status set_value(struct parse *parse, const struct option_row *row, const char *value)
{
    size_t n;
    size_t index = (size_t)(row - option_table(&n));
    void *field = (char *)parse->settings + row->offset;
    if (row->kind == OPTION_FLAG) {
        *(bool *)field = true;
        return STATUS_OK;
    }
    if (!*value)
        return status_fail(STATUS_USAGE, "--%s: its value is empty; --%s=%s", row->name, row->name,
                           row->value);
    if (row->kind == OPTION_LIST) return add_word(parse, field, value);
    if (parse->seen[index]) return status_fail(STATUS_USAGE, "--%s: given twice; once is right", row->name);
    parse->seen[index] = true;
    if (row->kind == OPTION_NUMBER) return set_number(row, value, field);
    *(const char **)field = value;
    return STATUS_OK;
}

/* The value behind `=`, or else the next word unless that is an option itself. */
static enum status take_value(struct parse *parse, const struct option_row *row, const char *attached)
{
    if (row->kind == OPTION_FLAG) {
        if (attached)
            return status_fail(STATUS_USAGE, "--%s=%s: --%s takes no value", row->name, attached, row->name);
        return set_value(parse, row, NULL);
    }
    if (attached) return set_value(parse, row, attached);
    if (parse->next >= parse->argc || text_starts_with(parse->argv[parse->next], "--"))
        return status_fail(STATUS_USAGE, "--%s: needs a value: --%s=%s", row->name, row->name, row->value);
    return set_value(parse, row, parse->argv[parse->next++]);
}

static enum status take_long(struct parse *parse, const char *word)
{
    char name[64];
    const char *equals = strchr(word, '=');
    size_t length = equals ? (size_t)(equals - word) : strlen(word);
    if (length >= sizeof name) return status_fail(STATUS_USAGE, "--%.40s...: unknown option", word);
    memcpy(name, word, length);
    name[length] = 0;
    const struct option_row *row = find_row(parse, name, 0);
    return row ? take_value(parse, row, equals ? equals + 1 : NULL) : fail_unknown(parse, name);
}

/* "-hV", "-oFILE", "-o FILE" */
static enum status take_letters(struct parse *parse, const char *letters)
{
    for (; *letters; letters++) {
        const struct option_row *row = find_row(parse, NULL, *letters);
        if (!row)
            return status_fail(STATUS_USAGE, "-%c: unknown option; see 'autotune %s --help'", *letters,
                               parse->command->name);
        if (row->kind != OPTION_FLAG) return take_value(parse, row, letters[1] ? letters + 1 : NULL);
        TRY(take_value(parse, row, NULL));
    }
    return STATUS_OK;
}

/* "gfx942:sramecc+:xnack-" is gfx942: the code that we make runs under either setting. A class has colons
 * too. */
static enum status leave_features_out(struct settings *settings)
{
    struct gpu_target_id id;
    char target[32];
    uint32_t units, gbps;
    if (!settings->arch || !strchr(settings->arch, ':')) return STATUS_OK;
    if (class_parse(settings->arch, target, &units, &gbps) == STATUS_OK) return STATUS_OK;
    if (gpu_target_parse(settings->arch, &id) != STATUS_OK)
        return status_fail(STATUS_USAGE, "--arch=%s: %s", settings->arch, status_message());
    settings->arch = id.target->name;
    return STATUS_OK;
}

enum status settings_parse(const struct command *command, int argc, char **argv, struct settings *out)
{
    size_t n;
    *out = (struct settings){0};
    struct parse parse = {.command = command, .argc = argc, .argv = argv, .settings = out};
    parse.bit = 1u << (command - command_table(&n));
    bool options_ended = false;
    while (parse.next < argc) {
        const char *word = argv[parse.next++];
        if (options_ended || word[0] != '-' || !word[1])
            TRY(add_word(&parse, &out->arguments, word));
        else if (strcmp(word, "--") == 0)
            options_ended = true;
        else if (word[1] == '-')
            TRY(take_long(&parse, word + 2));
        else
            TRY(take_letters(&parse, word + 1));
    }
    return leave_features_out(out);
}

void settings_free(struct settings *settings)
{
    size_t n;
    const struct option_row *rows = option_table(&n);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].kind != OPTION_LIST) continue;
        struct words *words = (struct words *)(void *)((char *)settings + rows[i].offset);
        free(words->items);
        *words = (struct words){0}; /* rows of several commands may share it */
    }
    free(settings->arguments.items);
    *settings = (struct settings){0};
}
