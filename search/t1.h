/* The definition of a search space in the T1 format of the auto-tuning community (version 1.0.0): parameters
 * whose values, and conditions, are Python expressions (search/python.h says which).
 *
 * Values get the order that recordings give them: by size where all are numbers, else as listed. A condition
 * that divides by zero rejects the configuration; one that Python would end by another exception, or that
 * needs integers beyond 64 bits, makes the whole definition refused. Conditions may name any parameter,
 * listed in their `Parameters` or not. Immutable once read, so readable from any thread. */
#ifndef TUNEBOOK_SEARCH_T1_H
#define TUNEBOOK_SEARCH_T1_H

#include "search/python.h"
#include "search/space.h"

struct t1 {
    const char *name;          /* of the file, as given */
    const char *kernel;        /* KernelSpecification.KernelName; "" where there is none */
    struct space_spec spec;    /* of t1_space; clauses are conjuncts of conditions */
    const char *const **texts; /* of the values, as recordings spell them: [parameter][index] */
    const char **types;        /* "int", "uint", "float", "bool", "string" */
    const char **conditions;   /* their texts */
    size_t n_conditions;
    struct arena arena;
};

/* Refuses, by one line that begins with `name` and says which parameter or condition: what is no T1 file,
 * expressions outside the subset, unknown names, values that are not of their parameter's type or are there
 * twice, more than SPACE_PARAMETERS_MAX parameters or SPACE_VALUES_MAX values. */
enum status t1_read(const char *name, const char *bytes, size_t size, struct t1 **out);
void t1_free(struct t1 *t1);

/* Builds and counts the space, which borrows from `t1`. Also refuses conditions that cannot be evaluated. */
enum status t1_space(const struct t1 *t1, struct space **out);

#endif
