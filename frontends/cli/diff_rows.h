/* The rows of a diff, as lines or as JSON. */
#ifndef TUNEBOOK_CLI_DIFF_ROWS_H
#define TUNEBOOK_CLI_DIFF_ROWS_H

#include "db/diff.h"
#include "frontends/cli/json_rows.h"

extern const char *const diff_sides[2]; /* "before", "after" */

/* Few kernels win many problems: the last ones' names are kept. */
enum { KERNEL_NAMES = 4096 };
struct kernel_names {
    struct book *book;
    struct kernel_name {
        struct hash kernel;
        char *text; /* NULL: empty */
    } items[KERNEL_NAMES];
};
/* Valid until the next call. */
const char *kernel_name(struct kernel_names *names, const struct hash *kernel);
void kernel_names_free(struct kernel_names *names);

void diff_print_headings(void);
void diff_print_row(struct kernel_names names[2], const struct diff_row *row);
cJSON *diff_row_json(struct kernel_names names[2], const struct diff_row *row);

#endif
