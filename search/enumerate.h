/* The counting tree over one group of parameters: private to search.
 *
 * Level i binds one parameter. Two nodes of a level whose bound parameters agree as far as later constraints
 * still read them have the same subtree, which is built once; nodes with equal edges are one node. What stays
 * is a small directed graph (a multi-valued decision diagram) that holds every valid combination and counts
 * them below each node. */
#ifndef TUNEBOOK_SEARCH_ENUMERATE_H
#define TUNEBOOK_SEARCH_ENUMERATE_H

#include "search/space.h"

/* One conjunct of a clause. */
struct constraint {
    struct expr expr;
    const struct space_predicate *predicate; /* in place of `expr`, or NULL */
    uint32_t clause;
    uint32_t reads;        /* bit per parameter */
    bool set_aside;        /* not in the trees: checked by rejection, for spaces too large to count */
    double pass_rate;      /* of random combinations */
    double rejected;       /* raw combinations it ruled out while counting */
    enum expr_fault fault; /* the last one */
};

/* The values of a parameter that its own clauses leave. */
struct domain {
    uint16_t *index; /* ascending */
    uint32_t n;
};

struct tree_edge {
    uint64_t before; /* leaves under the edges left of this one */
    uint32_t child;
    uint32_t value; /* index among the parameter's values */
};

struct tree_node {
    uint64_t count;
    uint32_t first_edge, n_edges;
};

struct tree {
    uint8_t order[SPACE_PARAMETERS_MAX]; /* the parameter that each level binds */
    uint32_t n_levels;
    struct tree_node *nodes; /* [0] is the leaf */
    struct tree_edge *edges;
    uint32_t n_nodes, n_edges;
    uint32_t root; /* TREE_EMPTY: no valid combination */
};

enum { TREE_LEAF = 0 };
#define TREE_EMPTY UINT32_MAX

struct tree_input {
    const struct space_spec *spec;
    const struct domain *domains;    /* by parameter */
    struct constraint **constraints; /* those of this group that are not set aside */
    uint32_t n_constraints;
    int64_t *slots;    /* scratch, with the fixed values */
    uint64_t work_max; /* bytes of bytecode to evaluate before giving up */
    uint32_t edges_max;
};

/* Whether a constraint holds; a fault is remembered and does not. */
bool constraint_holds(struct constraint *constraint, const int64_t *slots);

/* Fills in everything but order and n_levels, which the caller set. STATUS_NOT_COVERED: too large. */
enum status tree_build(const struct tree_input *input, struct tree *tree);
void tree_free(struct tree *tree);

uint64_t tree_count(const struct tree *tree);
void tree_at(const struct tree *tree, uint64_t i, struct configuration *out);
bool tree_find(const struct tree *tree, const struct configuration *configuration, uint64_t *i);

#endif
