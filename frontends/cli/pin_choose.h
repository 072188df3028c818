/* The kernel that `autotune pin` shall pin: found in the books' record of the problem, or made. */
#ifndef TUNEBOOK_CLI_PIN_CHOOSE_H
#define TUNEBOOK_CLI_PIN_CHOOSE_H

#include "frontends/cli/books.h"
#include "frontends/cli/options.h"
#include "frontends/cli/place.h"

struct pin_question {
    const struct settings *settings;
    const struct place *place;
    const struct problem *problem;
    const char *key;           /* of the problem's record */
    const char *configuration; /* as it was given */
    struct book *book;         /* to be written */
    const struct layers *layers;
};

struct pin_choice {
    struct record record; /* the one entry, with the baseline's and the default's time where known */
    char template_name[64], configuration[512];
    bool tried; /* no record had it: it was compiled, verified and measured now */
};

/* What it needs stands in question->book then. STATUS_USAGE where more than one template fits;
 * STATUS_NOT_FOUND with the reason where it cannot be used. */
enum status pin_choose(const struct pin_question *question, struct pin_choice *out);

#endif
