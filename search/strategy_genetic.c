/* A genetic algorithm with a steady state: children of two good parents replace the worst.
 *
 * Uniform crossover, then mutation. A child that the constraints refuse is repaired: its differences from one
 * parent are taken back one by one, in random order, until it is valid, which it is at the latest as that
 * parent's neighbour. */
#include <stdlib.h>
#include <string.h>
#include "search/strategy.h"
#include "search/walk.h"

enum { POPULATION = 24, TOURNAMENT = 3, ATTEMPTS = 48, MUTATIONS = 1 };

struct genetic {
    struct strategy_context context;
    struct walk walk;
    struct known known;
    struct observation population[POPULATION]; /* fastest first */
    size_t n, n_asked;
};

static enum status begin(void *state, const struct strategy_context *context)
{
    struct genetic *self = state;
    *self = (struct genetic){.context = *context};
    walk_begin(&self->walk, context->space, context->rng);
    return STATUS_OK;
}

static void end(void *state)
{
    known_free(&((struct genetic *)state)->known);
}

static bool is_new(const struct genetic *self, const struct configuration *configuration)
{
    return known_get(&self->known, configuration) == KNOWN_NOT;
}

/* The best of a few drawn at random. */
static const struct configuration *select_parent(struct genetic *self)
{
    size_t best = self->n;
    for (unsigned i = 0; i < TOURNAMENT; i++) {
        size_t drawn = rng_below(self->context.rng, self->n);
        if (drawn < best) best = drawn;
    }
    return &self->population[best].configuration;
}

static void mutate(struct genetic *self, struct configuration *child)
{
    const struct space_spec *spec = space_spec_of(self->context.space);
    for (uint32_t p = 0; p < spec->n_parameters; p++)
        if (rng_below(self->context.rng, spec->n_parameters) < MUTATIONS)
            child->index[p] = (uint16_t)rng_below(self->context.rng, spec->parameters[p].n_values);
}

static bool repair(struct genetic *self, struct configuration *child, const struct configuration *parent)
{
    uint32_t different[SPACE_PARAMETERS_MAX], n = 0;
    uint32_t n_parameters = space_spec_of(self->context.space)->n_parameters;
    for (uint32_t p = 0; p < n_parameters; p++)
        if (child->index[p] != parent->index[p]) different[n++] = p;
    while (!space_admits(self->context.space, child, NULL)) {
        if (n == 0) return false;
        uint64_t drawn = rng_below(self->context.rng, n);
        child->index[different[drawn]] = parent->index[different[drawn]];
        different[drawn] = different[--n];
    }
    return true;
}

static bool breed(struct genetic *self, struct configuration *out)
{
    uint32_t n_parameters = space_spec_of(self->context.space)->n_parameters;
    for (unsigned attempt = 0; attempt < ATTEMPTS; attempt++) {
        const struct configuration *mother = select_parent(self), *father = select_parent(self);
        struct configuration child = *mother;
        for (uint32_t p = 0; p < n_parameters; p++)
            if (rng_below(self->context.rng, 2)) child.index[p] = father->index[p];
        mutate(self, &child);
        if (!repair(self, &child, mother) || !is_new(self, &child)) continue;
        *out = child;
        return true;
    }
    return false;
}

static size_t ask(void *state, struct configuration *out, size_t capacity)
{
    struct genetic *self = state;
    size_t n = 0;
    while (n < capacity) {
        bool grown = self->n_asked >= POPULATION && self->n > 1;
        if (!(grown && breed(self, &out[n])) && !walk_next_new(&self->walk, &self->known, &out[n])) break;
        if (!known_put(&self->known, &out[n], KNOWN_PENDING)) break;
        self->n_asked++;
        n++;
    }
    return n;
}

static void tell(void *state, const struct observation *observation)
{
    struct genetic *self = state;
    known_put(&self->known, &observation->configuration, KNOWN_TOLD);
    if (!observation->valid) return;
    size_t at = self->n;
    while (at > 0 && observation->median_ns < self->population[at - 1].median_ns) at--;
    if (at == POPULATION) return;
    if (self->n < POPULATION) self->n++;
    memmove(&self->population[at + 1], &self->population[at], (self->n - 1 - at) * sizeof *self->population);
    self->population[at] = *observation;
}

const struct strategy_api strategy_genetic = {
    .name = "genetic",
    .summary = "crossover of the best, repaired to fit the constraints",
    .state_bytes = sizeof(struct genetic),
    .begin = begin,
    .ask = ask,
    .tell = tell,
    .end = end,
};
