/* A space once made: addressing, drawing, checking, neighbours. */
#include "search/space.h"

#include <string.h>
#include "search/space_parts.h"

enum { DRAWS_MAX = 1 << 21 };

const struct space_spec *space_spec_of(const struct space *space)
{
    return &space->spec;
}

uint64_t space_count(const struct space *space, bool *exact)
{
    if (exact) *exact = space->exact;
    return space->count;
}

double space_raw_count(const struct space *space)
{
    double raw = 1;
    for (uint32_t i = 0; i < space->spec.n_parameters; i++) raw *= space->spec.parameters[i].n_values;
    return raw;
}

bool space_at(const struct space *space, uint64_t i, struct configuration *out)
{
    if (!space->exact || i >= space->count) return false;
    struct configuration configuration = {0};
    for (uint32_t t = space->n_trees; t-- > 0;) {
        uint64_t count = tree_count(&space->trees[t]);
        tree_at(&space->trees[t], i % count, &configuration);
        i /= count;
    }
    *out = configuration;
    return true;
}

bool space_find(const struct space *space, const struct configuration *configuration, uint64_t *i)
{
    uint64_t found = 0;
    if (!space->exact) return false;
    for (uint32_t t = 0; t < space->n_trees; t++) {
        uint64_t within;
        if (!tree_find(&space->trees[t], configuration, &within)) return false;
        found = found * tree_count(&space->trees[t]) + within;
    }
    *i = found;
    return true;
}

void space_draw(const struct space *space, struct rng *rng, struct configuration *out)
{
    memset(out, 0, sizeof *out);
    for (uint32_t t = 0; t < space->n_trees; t++)
        tree_at(&space->trees[t], rng_below(rng, tree_count(&space->trees[t])), out);
}

void space_values(const struct space *space, const struct configuration *configuration, int64_t *slots)
{
    memcpy(slots, space->slots, space->spec.n_slots * sizeof *slots);
    for (uint32_t i = 0; i < space->spec.n_parameters; i++) {
        const struct space_parameter *parameter = &space->spec.parameters[i];
        slots[parameter->slot] = parameter->values[configuration->index[i]];
    }
}

static bool holds(const struct expr *expr, const struct space_predicate *predicate, const int64_t *slots)
{
    int64_t value;
    if (predicate) return predicate->holds(predicate->context, slots);
    return expr_eval(expr, slots, &value) == EXPR_FINE && value != 0;
}

bool space_passes_set_aside(const struct space *space, const struct configuration *configuration)
{
    int64_t slots[EXPR_SLOTS_MAX];
    space_values(space, configuration, slots);
    for (uint32_t c = 0; c < space->n_constraints; c++) {
        const struct constraint *constraint = &space->constraints[c];
        if (constraint->set_aside && !holds(&constraint->expr, constraint->predicate, slots)) return false;
    }
    return true;
}

bool space_random(const struct space *space, struct rng *rng, struct configuration *out)
{
    for (uint32_t draw = 0; draw < DRAWS_MAX; draw++) {
        struct configuration configuration;
        space_draw(space, rng, &configuration);
        if (space->n_set_aside && !space_passes_set_aside(space, &configuration)) continue;
        *out = configuration;
        return true;
    }
    return false;
}

bool space_admits(const struct space *space, const struct configuration *configuration, uint32_t *clause)
{
    uint64_t i;
    if (space->is_listed) {
        if (clause) *clause = 0;
        return tree_find(&space->trees[0], configuration, &i);
    }
    int64_t slots[EXPR_SLOTS_MAX];
    uint32_t rejecting = space->spec.n_clauses;
    bool inside = true;
    for (uint32_t i = 0; i < space->spec.n_parameters; i++)
        inside = inside && configuration->index[i] < space->spec.parameters[i].n_values;
    if (inside) {
        space_values(space, configuration, slots);
        for (rejecting = 0; rejecting < space->spec.n_clauses; rejecting++) {
            const struct space_clause *candidate = &space->spec.clauses[rejecting];
            if (!holds(&candidate->expr, candidate->predicate, slots)) break;
        }
        if (rejecting == space->spec.n_clauses) return true;
    }
    if (clause) *clause = rejecting;
    return false;
}

size_t space_neighbours(const struct space *space, const struct configuration *from, enum space_move move,
                        struct configuration *out, size_t capacity)
{
    size_t n = 0;
    for (uint32_t i = 0; i < space->spec.n_parameters; i++) {
        uint32_t at = from->index[i], last = space->spec.parameters[i].n_values - 1;
        uint32_t low = move == SPACE_ANY ? 0 : at - (at > 0),
                 high = move == SPACE_ANY || at >= last ? last : at + 1;
        for (uint32_t value = low; value <= high && n < capacity; value++) {
            if (value == at) continue;
            out[n] = *from;
            out[n].index[i] = (uint16_t)value;
            n += space_admits(space, &out[n], NULL);
        }
    }
    return n;
}
