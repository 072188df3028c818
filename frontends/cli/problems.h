/* The problems that a command line names: PROBLEM texts, --shape with --op --dtype --layout --epilogue,
 * --shapes, --model. */
#ifndef TUNEBOOK_CLI_PROBLEMS_H
#define TUNEBOOK_CLI_PROBLEMS_H

#include "frontends/cli/options.h"
#include "tuner/sweep.h"

struct problem_list {
    struct sweep_problem *items; /* each problem once, in the order named */
    size_t n, capacity;
};

/* All of them; an empty list where the command line names none. problems_free in any case. */
enum status problems_gather(const struct settings *settings, struct problem_list *out);
void problems_free(struct problem_list *list);

/* The one problem of words[first..], which may stand in one argument or in several. */
enum status problems_one(const struct words *words, size_t first, struct problem *out);

#endif
