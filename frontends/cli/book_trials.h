/* The trials of one problem in memory: private to frontends/cli/book_*.c. */
#ifndef TUNEBOOK_CLI_BOOK_TRIALS_H
#define TUNEBOOK_CLI_BOOK_TRIALS_H

#include "db/book.h"
#include "search/recording.h"

struct book_trial {
    char template_name[64];
    struct hash environment;
    uint64_t sequence;
    char *configuration; /* "TILE_M=64,..." */
    struct recorded result;
};

struct book_trials {
    struct book_trial *items;
    size_t n, capacity;
};

/* All finished ones, grouped by template and environment, in each group the newest first. */
enum status book_trials_read(struct book *book, const char *key, struct book_trials *out);
void book_trials_free(struct book_trials *trials);
bool book_trials_same_group(const struct book_trial *a, const struct book_trial *b);

#endif
