/* Other tools' files: what they tuned, as problems of ours, and how long it took there. Never a measurement
 * of ours.
 *
 * A format is a reader in a file of its own and a line in foreign.c. Readers trust nothing; a row that makes
 * no problem is visited all the same, with the reason. docs/lint.md says what is read of which format. */
#ifndef TUNEBOOK_FOREIGN_H
#define TUNEBOOK_FOREIGN_H

#include "tuner/lint.h"

enum { FOREIGN_BY_BYTES = 128, FOREIGN_WHY_BYTES = 200, FOREIGN_ROWS_MAX = 100000 };

struct foreign_row {
    size_t line;                 /* from 1; 0: the file as a whole */
    struct problem problem;      /* op NULL: none, */
    char why[FOREIGN_WHY_BYTES]; /* for this reason */
    char target[32];             /* of the part it was measured on; "": not said */
    uint32_t units;              /* 0: not said */
    double ns;                   /* 0: not said */
    double tflops, gbps;         /* the file's own figures; < 0: not said */
    char by[FOREIGN_BY_BYTES];   /* the solution: kernel, library, configuration */
};
/* false ends the reading. */
typedef bool foreign_visit(void *context, const struct foreign_row *row);

/* What the user says of a file that does not say it itself. */
struct foreign_source {
    const char *name; /* of the file, for messages */
    const char *bytes;
    size_t size;
    const char *type;              /* of its inputs; NULL */
    const struct problem *problem; /* that a recording of a space is of; NULL */
};

struct foreign_format {
    const char *name, *what;
    /* STATUS_BAD_DATA, beginning with FILE or FILE:LINE, for what is not of the format at all. */
    enum status (*read)(const struct foreign_source *source, foreign_visit *visit, void *context);
};
const struct foreign_format *foreign_formats(size_t *n);
const struct foreign_format *foreign_find(const char *name); /* NULL if unknown */

/* A row against arithmetic and the physics of its part; `physics` may be NULL where that is unknown. Rows
 * that make no problem are findings. False where the visitor ended it. */
bool foreign_lint(const struct foreign_row *row, const struct physics *physics, lint_visit *visit,
                  void *context);

#endif
