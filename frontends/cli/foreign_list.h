/* What another tool's file says, problem by problem. */
#ifndef TUNEBOOK_CLI_FOREIGN_LIST_H
#define TUNEBOOK_CLI_FOREIGN_LIST_H

#include "frontends/cli/books.h"
#include "tuner/foreign.h"

struct foreign_item {
    struct problem problem;
    double calls; /* rows that name it */
    double ns;    /* the best believable time; 0: none */
    size_t line;  /* of that time, else of the problem's first row */
    char target[32];
    uint32_t units;
    char by[FOREIGN_BY_BYTES];
    uint64_t ours_ns; /* the best measured time in our books; 0: none */
};

struct foreign_list {
    struct foreign_item *items;
    size_t n, capacity;
};

/* `believed`: whether its time is. */
enum status foreign_list_add(struct foreign_list *list, const struct foreign_row *row, bool believed);
/* By problem, each once; parts of a problem on other devices stay apart. */
void foreign_list_merge(struct foreign_list *list);
/* Looks each up in our books: on the class named, else on all that have the row's target and units. */
void foreign_list_compare(struct foreign_list *list, const struct layers *layers, const char *class_text);
void foreign_list_free(struct foreign_list *list);

#endif
