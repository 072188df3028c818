/* What a space is made of: private to search/space*.c. */
#ifndef TUNEBOOK_SEARCH_SPACE_PARTS_H
#define TUNEBOOK_SEARCH_SPACE_PARTS_H

#include "search/enumerate.h"

enum { CONSTRAINTS_MAX = 1024 };

struct space {
    struct space_spec spec;
    int64_t slots[EXPR_SLOTS_MAX]; /* the fixed values; parameters' slots are 0 */
    struct domain domains[SPACE_PARAMETERS_MAX];
    struct constraint *constraints; /* of more than one parameter */
    uint32_t n_constraints, n_set_aside;
    struct tree trees[SPACE_PARAMETERS_MAX]; /* independent of each other: their counts multiply */
    uint32_t n_trees;
    uint64_t count;
    bool exact;
    bool is_listed; /* its one tree says alone what is valid */
};

/* Parameters, values and clauses make sense. */
enum status space_check_spec(const struct space_spec *spec);

/* Splits the clauses into conjuncts, drops those that the fixed values satisfy and applies those of one
 * parameter to its domain. STATUS_BAD_DATA if one leaves nothing. */
enum status space_split_clauses(struct space *space);

/* An order in which the parameters of `group` (a bit each) make a small tree. */
void space_order(const struct space *space, uint32_t group, struct tree *tree);

/* A combination drawn from the trees, uniformly; constraints set aside are not checked. */
void space_draw(const struct space *space, struct rng *rng, struct configuration *out);
bool space_passes_set_aside(const struct space *space, const struct configuration *configuration);

#endif
