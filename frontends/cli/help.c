#include <string.h>
#include "frontends/cli/command.h"

enum { HELP_COLUMN = 28, HELP_WIDTH = 96 };

/* Wraps `text` at words, from the column where it starts. */
static void print_wrapped(FILE *to, const char *text, int column)
{
    int at = column;
    while (*text) {
        int length = (int)strcspn(text, " ");
        if (at > column && at + 1 + length > HELP_WIDTH) {
            fprintf(to, "\n%*s", column, "");
            at = column;
        } else if (at > column) {
            fputc(' ', to);
            at++;
        }
        fprintf(to, "%.*s", length, text);
        at += length;
        text += length;
        while (*text == ' ') text++;
    }
    fputc('\n', to);
}

static void print_option(FILE *to, const struct option_row *row)
{
    char front[64];
    char letter[8] = "    ";
    if (row->letter) snprintf(letter, sizeof letter, "-%c, ", row->letter);
    int length = snprintf(front, sizeof front, "  %s--%s%s%s", letter, row->name, row->value ? "=" : "",
                          row->value ? row->value : "");
    if (length > HELP_COLUMN - 2)
        fprintf(to, "%s\n%*s", front, HELP_COLUMN, "");
    else
        fprintf(to, "%-*s", HELP_COLUMN, front);
    print_wrapped(to, row->help, HELP_COLUMN);
}

void help_print_command(FILE *to, const struct command *command)
{
    size_t n;
    uint32_t bit = 1u << (command - command_table(&n));
    bool first = bit == 1;
    fprintf(to, "Usage: autotune %s%s%s [OPTION...]%s%s\n", first ? "[" : "", command->name, first ? "]" : "",
            *command->arguments ? " " : "", command->arguments);
    fprintf(to, "%c%s.\n",
            command->summary[0] - ('a' <= command->summary[0] && command->summary[0] <= 'z' ? 32 : 0),
            command->summary + 1);
    if (command->more) fprintf(to, "\n%s\n", command->more);
    fprintf(to, "\nOptions:\n");
    const struct option_row *rows = option_table(&n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].commands & bit) print_option(to, &rows[i]);
}

void help_print_all(FILE *to)
{
    size_t n;
    const struct command *commands = command_table(&n);
    fprintf(to, "Usage: autotune [COMMAND] [OPTION...] [ARGUMENT...]\n"
                "Tunes kernels on the machine at hand and remembers what it learned.\n\n"
                "  autotune --model=llama-3.2-1b --budget=60s        tune a model's shapes for a minute\n"
                "  autotune 'gemm f32 nt m=1..64*2 n=4096 k=4096'    tune some problems\n"
                "  autotune --op=attention --model=llama-3-8b        a model's attention alone\n"
                "  autotune lookup 'gemm f32 nt m=16 n=4096 k=4096'  what a program would get\n\n"
                "Commands ('autotune COMMAND --help' lists the options of each):\n");
    for (size_t i = 0; i < n; i++) fprintf(to, "  %-12s%s\n", commands[i].name, commands[i].summary);
    fprintf(to, "\nOptions:\n");
    const struct option_row *rows = option_table(&n);
    for (size_t i = 0; i < n; i++)
        if (rows[i].letter == 'h' || rows[i].letter == 'V') print_option(to, &rows[i]);
    fprintf(to, "\nExit codes: 0 done, 1 a finding (no kernel, nothing tuned), 2 usage, 3 unavailable here, "
                "4 bad data,\n"
                "5 I/O or busy, 130 and 143 interrupted. See autotune(1).\n");
}
