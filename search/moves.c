#include "search/moves.h"

#include <stdlib.h>

enum { ATTEMPTS = 64 };

enum status moves_begin(struct moves *moves, const struct strategy_context *context)
{
    const struct space_spec *spec = space_spec_of(context->space);
    *moves = (struct moves){.context = context, .list_max = 1};
    for (uint32_t p = 0; p < spec->n_parameters; p++) moves->list_max += spec->parameters[p].n_values;
    walk_begin(&moves->walk, context->space, context->rng);
    moves->list = malloc(moves->list_max * sizeof *moves->list);
    return moves->list ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "starting a search: out of memory");
}

void moves_end(struct moves *moves)
{
    free(moves->list);
    moves->list = NULL;
}

bool moves_is_new(const struct moves *moves, const struct configuration *configuration)
{
    return known_get(moves->context->known, configuration) == KNOWN_NOT;
}

bool moves_any(struct moves *moves, struct configuration *out)
{
    if (!moves->exhausted && walk_next_new(&moves->walk, moves->context->known, out)) return true;
    moves->exhausted = true;
    return false;
}

static size_t list_new(struct moves *moves, const struct configuration *from, enum space_move move)
{
    size_t n = space_neighbours(moves->context->space, from, move, moves->list, moves->list_max), n_new = 0;
    for (size_t i = 0; i < n; i++)
        if (moves_is_new(moves, &moves->list[i])) moves->list[n_new++] = moves->list[i];
    return n_new;
}

size_t moves_neighbours(struct moves *moves, const struct configuration *from, enum space_move move,
                        const struct configuration **list)
{
    size_t n = list_new(moves, from, move);
    for (size_t i = n; i > 1; i--) {
        size_t j = rng_below(moves->context->rng, i);
        struct configuration swapped = moves->list[i - 1];
        moves->list[i - 1] = moves->list[j];
        moves->list[j] = swapped;
    }
    *list = moves->list;
    return n;
}

bool moves_neighbour(struct moves *moves, const struct configuration *from, struct configuration *out)
{
    size_t n = list_new(moves, from, SPACE_ADJACENT);
    if (n == 0) n = list_new(moves, from, SPACE_ANY);
    if (n > 0) *out = moves->list[rng_below(moves->context->rng, n)];
    return n > 0;
}

static void redraw(struct moves *moves, struct configuration *configuration, uint64_t parameter)
{
    const struct space_spec *spec = space_spec_of(moves->context->space);
    configuration->index[parameter] =
        (uint16_t)rng_below(moves->context->rng, spec->parameters[parameter].n_values);
}

bool moves_jump(struct moves *moves, const struct configuration *from, unsigned changes,
                struct configuration *out)
{
    uint32_t n = space_spec_of(moves->context->space)->n_parameters;
    for (unsigned attempt = 0; n > 0 && attempt < ATTEMPTS; attempt++) {
        struct configuration candidate = *from;
        for (unsigned i = 0; i < changes; i++) redraw(moves, &candidate, rng_below(moves->context->rng, n));
        if (!moves_is_new(moves, &candidate) || !space_admits(moves->context->space, &candidate, NULL))
            continue;
        *out = candidate;
        return true;
    }
    return false;
}

static bool repair(struct moves *moves, struct configuration *child, const struct configuration *parent)
{
    uint32_t different[SPACE_PARAMETERS_MAX], n = 0;
    uint32_t n_parameters = space_spec_of(moves->context->space)->n_parameters;
    for (uint32_t p = 0; p < n_parameters; p++)
        if (child->index[p] != parent->index[p]) different[n++] = p;
    while (!space_admits(moves->context->space, child, NULL)) {
        if (n == 0) return false;
        uint64_t drawn = rng_below(moves->context->rng, n);
        child->index[different[drawn]] = parent->index[different[drawn]];
        different[drawn] = different[--n];
    }
    return true;
}

bool moves_cross(struct moves *moves, const struct configuration *mother, const struct configuration *father,
                 double mutations, struct configuration *out)
{
    struct rng *rng = moves->context->rng;
    uint32_t n = space_spec_of(moves->context->space)->n_parameters;
    struct configuration child = *mother;
    for (uint32_t p = 0; p < n; p++)
        if (rng_below(rng, 2)) child.index[p] = father->index[p];
    for (uint32_t p = 0; p < n; p++)
        if (rng_unit(rng) * n < mutations) redraw(moves, &child, p);
    if (!repair(moves, &child, mother) || !moves_is_new(moves, &child)) return false;
    *out = child;
    return true;
}

uint32_t moves_distance(const struct moves *moves, const struct configuration *a,
                        const struct configuration *b)
{
    uint32_t distance = 0;
    for (uint32_t p = 0; p < space_spec_of(moves->context->space)->n_parameters; p++)
        distance += a->index[p] != b->index[p];
    return distance;
}
