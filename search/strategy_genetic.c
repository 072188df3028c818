/* A genetic algorithm with a steady state: children of two good parents replace the worst. */
#include <stdlib.h>
#include <string.h>
#include "search/moves.h"

enum { POPULATION_MAX = 1024, ATTEMPTS = 48 };
enum { POPULATION, TOURNAMENT, MUTATIONS, N_OPTIONS };
static const struct strategy_option options[N_OPTIONS] = {
    [POPULATION] = {"population", 24, 2, POPULATION_MAX,
                    "the fastest that have children; so many random ones first"},
    [TOURNAMENT] = {"tournament", 3, 1, POPULATION_MAX, "a parent is the best of so many"},
    [MUTATIONS] = {"mutations", 1, 0, SPACE_PARAMETERS_MAX, "parameters of a child that change, on average"},
};

struct genetic {
    const struct strategy_context *context;
    struct moves moves;
    struct observation *population; /* fastest first */
    size_t n, n_max, n_proposed;
};

static enum status begin(void *state, const struct strategy_context *context)
{
    struct genetic *self = state;
    *self = (struct genetic){.context = context, .n_max = (size_t)context->options[POPULATION]};
    self->population = malloc((self->n_max + 1) * sizeof *self->population);
    if (!self->population) return status_fail(STATUS_NO_MEMORY, "strategy genetic: out of memory");
    return moves_begin(&self->moves, context);
}

static void end(void *state)
{
    struct genetic *self = state;
    moves_end(&self->moves);
    free(self->population);
}

/* The best of a few drawn at random. */
static const struct configuration *select_parent(struct genetic *self)
{
    size_t best = self->n;
    for (unsigned i = 0; i < (unsigned)self->context->options[TOURNAMENT]; i++) {
        size_t drawn = rng_below(self->context->rng, self->n);
        if (drawn < best) best = drawn;
    }
    return &self->population[best].configuration;
}

static bool propose(void *state, struct configuration *out)
{
    struct genetic *self = state;
    bool grown = self->n_proposed >= self->n_max && self->n > 1;
    self->n_proposed++;
    for (unsigned attempt = 0; grown && attempt < ATTEMPTS; attempt++) {
        const struct configuration *mother = select_parent(self), *father = select_parent(self);
        if (moves_cross(&self->moves, mother, father, self->context->options[MUTATIONS], out)) return true;
    }
    return moves_any(&self->moves, out);
}

static void tell(void *state, const struct observation *observation)
{
    struct genetic *self = state;
    if (!observation->valid) return;
    size_t at = self->n;
    while (at > 0 && observation->median_ns < self->population[at - 1].median_ns) at--;
    if (at == self->n_max) return;
    if (self->n < self->n_max) self->n++;
    memmove(&self->population[at + 1], &self->population[at], (self->n - 1 - at) * sizeof *self->population);
    self->population[at] = *observation;
}

const struct strategy_api strategy_genetic = {
    .name = "genetic",
    .summary = "crossover of the best, repaired to fit the constraints",
    .options = options,
    .n_options = N_OPTIONS,
    .state_bytes = sizeof(struct genetic),
    .begin = begin,
    .propose = propose,
    .tell = tell,
    .end = end,
};
