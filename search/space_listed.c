/* A space given as a list: exactly the configurations that somebody recorded. One tree over all parameters
 * holds them, as if a clause had ruled out the others. */
#include <stdlib.h>
#include <string.h>
#include "search/space_parts.h"

struct listing {
    const struct configuration *sorted;
    struct tree *tree;
    uint32_t n_parameters;
};

static int by_values(const void *a, const void *b)
{
    const struct configuration *left = a, *right = b;
    for (uint32_t i = 0; i < SPACE_PARAMETERS_MAX; i++)
        if (left->index[i] != right->index[i]) return left->index[i] < right->index[i] ? -1 : 1;
    return 0;
}

/* The node for [first, end), which agree in all parameters before `level`. Nodes and edges were allocated for
 * the worst case; a node's edges stand together, so they are reserved before the children are built. */
static uint32_t build_node(struct listing *l, size_t first, size_t end, uint32_t level)
{
    if (level == l->n_parameters) return TREE_LEAF;
    struct tree *tree = l->tree;
    uint32_t node = tree->n_nodes++, n_edges = 0;
    for (size_t i = first; i < end; i++)
        n_edges += i == first || l->sorted[i].index[level] != l->sorted[i - 1].index[level];
    struct tree_edge *edges = tree->edges + tree->n_edges;
    tree->nodes[node] = (struct tree_node){end - first, tree->n_edges, n_edges};
    tree->n_edges += n_edges;
    for (size_t i = first, next; i < end; i = next) {
        for (next = i + 1; next < end && l->sorted[next].index[level] == l->sorted[i].index[level];) next++;
        uint32_t child = build_node(l, i, next, level + 1);
        *edges++ = (struct tree_edge){i - first, child, l->sorted[i].index[level]};
    }
    return node;
}

static enum status build_tree(struct listing *l, size_t n)
{
    struct tree *tree = l->tree;
    size_t most = n * l->n_parameters + 2;
    if (most > UINT32_MAX / 2)
        return status_fail(STATUS_BAD_DATA, "a list of %zu configurations is too long", n);
    tree->nodes = malloc(most * sizeof *tree->nodes);
    tree->edges = malloc(most * sizeof *tree->edges);
    if (!tree->nodes || !tree->edges) return status_fail(STATUS_NO_MEMORY, "making a space: out of memory");
    tree->nodes[TREE_LEAF] = (struct tree_node){.count = 1};
    tree->n_nodes = 1;
    tree->n_levels = l->n_parameters;
    for (uint32_t i = 0; i < l->n_parameters; i++) tree->order[i] = (uint8_t)i;
    tree->root = build_node(l, 0, n, 0);
    return STATUS_OK;
}

static enum status check_listed(const struct space_spec *spec, const struct configuration *sorted, size_t n)
{
    if (n == 0) return status_fail(STATUS_BAD_DATA, "the space is empty");
    for (size_t i = 0; i < n; i++) {
        for (uint32_t p = 0; p < SPACE_PARAMETERS_MAX; p++)
            if (sorted[i].index[p] >= (p < spec->n_parameters ? spec->parameters[p].n_values : 1))
                return status_fail(STATUS_BAD_DATA,
                                   "a listed configuration has a value outside its parameter's");
        if (i && by_values(&sorted[i - 1], &sorted[i]) == 0)
            return status_fail(STATUS_BAD_DATA, "a configuration is listed twice");
    }
    return STATUS_OK;
}

static enum status build(struct space *space, struct configuration *sorted, size_t n)
{
    qsort(sorted, n, sizeof *sorted, by_values);
    TRY(check_listed(&space->spec, sorted, n));
    struct listing listing = {sorted, &space->trees[0], space->spec.n_parameters};
    TRY(build_tree(&listing, n));
    space->n_trees = 1;
    space->count = n;
    space->exact = true;
    space->is_listed = true;
    return STATUS_OK;
}

enum status space_create_listed(const struct space_spec *spec, const struct configuration *list, size_t n,
                                struct space **out)
{
    if (spec->n_clauses || spec->n_parameters == 0)
        return status_fail(STATUS_USAGE, "a listed space has parameters and no clauses");
    TRY(space_check_spec(spec));
    struct space *space = calloc(1, sizeof *space);
    struct configuration *sorted = malloc((n + 1) * sizeof *sorted);
    enum status status = STATUS_NO_MEMORY;
    if (space && sorted) {
        space->spec = *spec;
        if (n) memcpy(sorted, list, n * sizeof *sorted);
        status = build(space, sorted, n);
    } else {
        status_fail(STATUS_NO_MEMORY, "making a space: out of memory");
    }
    free(sorted);
    if (status == STATUS_OK)
        *out = space;
    else
        space_free(space);
    return status;
}
