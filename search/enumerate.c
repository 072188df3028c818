#include "search/enumerate.h"

#include <stdlib.h>
#include <string.h>

/* What trying a value costs, in bytes of bytecode evaluated. */
enum { TRY_WORK = 8 };

/* The subtree for a level and the bound values that it depends on. */
struct memo_entry {
    uint64_t key;
    uint32_t level; /* + 1; 0: free */
    uint32_t node;
};

struct level {
    uint32_t parameter;
    struct constraint **bound; /* run here; in the builder's list */
    uint32_t n_bound;
    uint8_t seen[SPACE_PARAMETERS_MAX]; /* bound parameters that this level and later ones still read */
    uint32_t n_seen;
    bool memo; /* some combinations of bound values share their subtree */
    double raw_below;
    struct tree_edge *scratch;
};

struct builder {
    const struct tree_input *input;
    struct tree *tree;
    struct level levels[SPACE_PARAMETERS_MAX];
    struct constraint **bound;
    uint32_t position[SPACE_PARAMETERS_MAX]; /* chosen so far, per parameter */
    uint32_t node_capacity, edge_capacity;
    struct memo_entry *memo;
    uint32_t memo_size, memo_used; /* size: a power of two */
    uint32_t *unique;              /* node numbers by the hash of their edges; 0: free */
    uint32_t unique_size;
    uint64_t work;
    enum status status;
};

bool constraint_holds(struct constraint *constraint, const int64_t *slots)
{
    int64_t value = 0;
    if (constraint->predicate) return constraint->predicate->holds(constraint->predicate->context, slots);
    enum expr_fault fault = expr_eval(&constraint->expr, slots, &value);
    if (fault) constraint->fault = fault;
    return fault == EXPR_FINE && value != 0;
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u; /* splitmix64's finalizer (Steele, Lea, Flood) */
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static void *grow(struct builder *b, void *old, uint32_t *capacity, size_t item_bytes)
{
    uint32_t wanted = *capacity ? *capacity * 2 : 256;
    void *grown = realloc(old, wanted * item_bytes);
    if (!grown) {
        b->status = STATUS_NO_MEMORY;
        return old;
    }
    *capacity = wanted;
    return grown;
}

/* The memo of subtrees. */

static uint64_t memo_key(const struct builder *b, const struct level *level)
{
    uint64_t key = 0;
    for (uint32_t i = 0; i < level->n_seen; i++) {
        uint32_t parameter = level->seen[i];
        key = key * b->input->domains[parameter].n + b->position[parameter];
    }
    return key;
}

static struct memo_entry *memo_slot(const struct builder *b, uint64_t key, uint32_t level)
{
    uint32_t at = (uint32_t)mix(key ^ (uint64_t)level << 58);
    for (;; at++) {
        struct memo_entry *entry = &b->memo[at & (b->memo_size - 1)];
        if (!entry->level || (entry->key == key && entry->level == level + 1)) return entry;
    }
}

static void memo_put(struct builder *b, uint64_t key, uint32_t level, uint32_t node)
{
    if (b->memo_used >= b->input->edges_max) return; /* what is forgotten is built again, within work_max */
    if (b->memo_used * 2 >= b->memo_size) {
        struct memo_entry *old = b->memo;
        uint32_t old_size = b->memo_size;
        struct memo_entry *grown = calloc((size_t)old_size * 2, sizeof *grown);
        if (!grown) {
            b->status = STATUS_NO_MEMORY;
            return;
        }
        b->memo = grown;
        b->memo_size = old_size * 2;
        for (uint32_t i = 0; i < old_size; i++)
            if (old[i].level) *memo_slot(b, old[i].key, old[i].level - 1) = old[i];
        free(old);
    }
    *memo_slot(b, key, level) = (struct memo_entry){key, level + 1, node};
    b->memo_used++;
}

/* Nodes with equal edges are one node. */

static uint64_t hash_edges(const struct tree_edge *edges, uint32_t n)
{
    uint64_t hash = n;
    for (uint32_t i = 0; i < n; i++) hash = mix(hash ^ ((uint64_t)edges[i].child << 32 | edges[i].value));
    return hash;
}

static bool same_edges(const struct tree_edge *a, const struct tree_edge *b, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++)
        if (a[i].child != b[i].child || a[i].value != b[i].value) return false;
    return true;
}

static uint32_t *unique_slot(const struct builder *b, const struct tree_edge *edges, uint32_t n)
{
    const struct tree *tree = b->tree;
    for (uint32_t at = (uint32_t)hash_edges(edges, n);; at++) {
        uint32_t *slot = &b->unique[at & (b->unique_size - 1)];
        const struct tree_node *node = &tree->nodes[*slot];
        if (!*slot || (node->n_edges == n && same_edges(edges, tree->edges + node->first_edge, n)))
            return slot;
    }
}

static void unique_grow(struct builder *b)
{
    uint32_t *grown = calloc((size_t)b->unique_size * 2, sizeof *grown);
    if (!grown) {
        b->status = STATUS_NO_MEMORY;
        return;
    }
    free(b->unique);
    b->unique = grown;
    b->unique_size *= 2;
    for (uint32_t i = 1; i < b->tree->n_nodes; i++) {
        const struct tree_node *node = &b->tree->nodes[i];
        *unique_slot(b, b->tree->edges + node->first_edge, node->n_edges) = i;
    }
}

static bool reserve(struct builder *b, uint32_t n_edges)
{
    struct tree *tree = b->tree;
    if (n_edges > b->input->edges_max - tree->n_edges) b->status = STATUS_NOT_COVERED;
    if (tree->n_nodes * 2 >= b->unique_size) unique_grow(b);
    if (tree->n_nodes == b->node_capacity)
        tree->nodes = grow(b, tree->nodes, &b->node_capacity, sizeof *tree->nodes);
    while (!b->status && tree->n_edges + n_edges > b->edge_capacity)
        tree->edges = grow(b, tree->edges, &b->edge_capacity, sizeof *tree->edges);
    return b->status == STATUS_OK;
}

static uint32_t make_node(struct builder *b, struct tree_edge *edges, uint32_t n)
{
    struct tree *tree = b->tree;
    if (n == 0) return TREE_EMPTY;
    uint32_t *slot = unique_slot(b, edges, n);
    if (*slot) return *slot;
    if (!reserve(b, n)) return TREE_EMPTY;
    uint64_t count = 0;
    for (uint32_t i = 0; i < n; i++) {
        edges[i].before = count;
        if (__builtin_add_overflow(count, tree->nodes[edges[i].child].count, &count))
            b->status = STATUS_NOT_COVERED;
    }
    memcpy(tree->edges + tree->n_edges, edges, n * sizeof *edges);
    tree->nodes[tree->n_nodes] = (struct tree_node){count, tree->n_edges, n};
    tree->n_edges += n;
    *unique_slot(b, edges, n) = tree->n_nodes; /* reserve may have moved the table */
    return tree->n_nodes++;
}

/* Descent. */

static bool admits(struct builder *b, const struct level *level)
{
    for (uint32_t i = 0; i < level->n_bound; i++) {
        const struct space_predicate *predicate = level->bound[i]->predicate;
        b->work += predicate ? predicate->work : level->bound[i]->expr.size;
        if (constraint_holds(level->bound[i], b->input->slots)) continue;
        level->bound[i]->rejected += level->raw_below;
        return false;
    }
    return true;
}

static uint32_t build_level(struct builder *b, uint32_t depth)
{
    if (depth == b->tree->n_levels) return TREE_LEAF;
    struct level *level = &b->levels[depth];
    uint64_t key = level->memo ? memo_key(b, level) : 0;
    if (level->memo) {
        const struct memo_entry *entry = memo_slot(b, key, depth);
        if (entry->level) return entry->node;
    }
    const struct space_parameter *parameter = &b->input->spec->parameters[level->parameter];
    const struct domain *domain = &b->input->domains[level->parameter];
    uint32_t n = 0;
    for (uint32_t i = 0; i < domain->n; i++) {
        if ((b->work += TRY_WORK) > b->input->work_max) b->status = STATUS_NOT_COVERED;
        if (b->status) return TREE_EMPTY;
        b->position[level->parameter] = i;
        b->input->slots[parameter->slot] = parameter->values[domain->index[i]];
        if (!admits(b, level)) continue;
        uint32_t child = build_level(b, depth + 1);
        if (child != TREE_EMPTY) level->scratch[n++] = (struct tree_edge){0, child, domain->index[i]};
    }
    uint32_t node = make_node(b, level->scratch, n);
    if (level->memo && !b->status) memo_put(b, key, depth, node);
    return node;
}

/* Which constraints run at each level, and what it and later ones still read. */
static void plan_levels(struct builder *b)
{
    const struct tree_input *in = b->input;
    const struct tree *tree = b->tree;
    uint32_t placed = 0, n_bound = 0;
    double raw_below = 1;
    for (uint32_t i = tree->n_levels; i-- > 0;) {
        b->levels[i].raw_below = raw_below;
        raw_below *= in->domains[tree->order[i]].n;
    }
    for (uint32_t i = 0; i < tree->n_levels; i++) {
        struct level *level = &b->levels[i];
        uint32_t read = 0, now = placed | UINT32_C(1) << tree->order[i];
        level->parameter = tree->order[i];
        level->bound = b->bound + n_bound;
        for (uint32_t c = 0; c < in->n_constraints; c++) {
            uint32_t reads = in->constraints[c]->reads;
            if ((reads & ~placed) == 0) continue;
            read |= reads & placed;
            if ((reads & ~now) == 0) level->bound[level->n_bound++] = in->constraints[c];
        }
        n_bound += level->n_bound;
        double combinations = 1;
        for (uint32_t j = 0; j < i; j++) {
            if (!(read >> tree->order[j] & 1)) continue;
            level->seen[level->n_seen++] = tree->order[j];
            combinations *= in->domains[tree->order[j]].n;
        }
        /* Keys stay unique only while they fit; and where nothing was dropped since the level above, none
         * repeats. */
        level->memo = combinations < 0x1p63 && level->n_seen < (i ? b->levels[i - 1].n_seen + 1 : 0);
        placed = now;
    }
}

static enum status prepare(struct builder *b)
{
    b->bound = calloc(b->input->n_constraints + 1, sizeof(struct constraint *));
    b->memo_size = b->unique_size = 1024;
    b->memo = calloc(b->memo_size, sizeof *b->memo);
    b->unique = calloc(b->unique_size, sizeof *b->unique);
    b->tree->nodes = grow(b, NULL, &b->node_capacity, sizeof *b->tree->nodes);
    if (!b->bound || !b->memo || !b->unique || !b->tree->nodes) return STATUS_NO_MEMORY;
    b->tree->nodes[TREE_LEAF] = (struct tree_node){.count = 1};
    b->tree->n_nodes = 1;
    plan_levels(b);
    for (uint32_t i = 0; i < b->tree->n_levels; i++) {
        struct level *level = &b->levels[i];
        level->scratch = calloc(b->input->domains[level->parameter].n + 1, sizeof *level->scratch);
        if (!level->scratch) return STATUS_NO_MEMORY;
    }
    return b->status;
}

enum status tree_build(const struct tree_input *input, struct tree *tree)
{
    struct builder b = {.input = input, .tree = tree};
    enum status status = prepare(&b);
    if (status == STATUS_OK) {
        tree->root = build_level(&b, 0);
        status = b.status;
    }
    for (uint32_t i = 0; i < tree->n_levels; i++) free(b.levels[i].scratch);
    free(b.bound);
    free(b.memo);
    free(b.unique);
    if (status == STATUS_OK) return STATUS_OK;
    tree_free(tree);
    if (status == STATUS_NOT_COVERED) return status_fail(status, "the space is too large to count");
    return status_fail(status, "counting the space: out of memory");
}

void tree_free(struct tree *tree)
{
    free(tree->nodes);
    free(tree->edges);
    tree->nodes = NULL;
    tree->edges = NULL;
    tree->n_nodes = tree->n_edges = 0;
}

uint64_t tree_count(const struct tree *tree)
{
    return tree->root == TREE_EMPTY ? 0 : tree->nodes[tree->root].count;
}

void tree_at(const struct tree *tree, uint64_t i, struct configuration *out)
{
    const struct tree_node *node = &tree->nodes[tree->root];
    for (uint32_t depth = 0; depth < tree->n_levels; depth++) {
        const struct tree_edge *edges = tree->edges + node->first_edge;
        uint32_t low = 0, high = node->n_edges; /* the last edge with before <= i lies in [low, high) */
        while (high - low > 1) {
            uint32_t middle = low + (high - low) / 2;
            if (edges[middle].before <= i) {
                low = middle;
            } else {
                high = middle;
            }
        }
        out->index[tree->order[depth]] = (uint16_t)edges[low].value;
        i -= edges[low].before;
        node = &tree->nodes[edges[low].child];
    }
}

bool tree_find(const struct tree *tree, const struct configuration *configuration, uint64_t *i)
{
    if (tree->root == TREE_EMPTY) return false;
    const struct tree_node *node = &tree->nodes[tree->root];
    uint64_t before = 0;
    for (uint32_t depth = 0; depth < tree->n_levels; depth++) {
        const struct tree_edge *edges = tree->edges + node->first_edge;
        uint32_t wanted = configuration->index[tree->order[depth]], low = 0, high = node->n_edges;
        while (low < high) {
            uint32_t middle = low + (high - low) / 2;
            if (edges[middle].value < wanted) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        if (low == node->n_edges || edges[low].value != wanted) return false;
        before += edges[low].before;
        node = &tree->nodes[edges[low].child];
    }
    *i = before;
    return true;
}
