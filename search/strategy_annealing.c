/* Simulated annealing (Kirkpatrick, Gelatt, Vecchi, Science 220, 1983) on the logarithm of the time.
 *
 * From the incumbent to random neighbours; a slower one is taken with a chance that falls as it cools. Where
 * it is cold, or all neighbours are known, it is heated again at the best so far or at a random place in
 * turn. */
#include <math.h>
#include <stdlib.h>
#include "search/strategy.h"
#include "search/walk.h"

/* Heat is in natural logarithms of the time: at 0.1 a configuration that takes a tenth longer is taken with a
 * chance of 1 / e. From first to last heat are 70 evaluations. docs/search.md says how these were chosen. */
static const double heat_first = 0.1, heat_last = 0.004, cooling = 0.955;

enum { NEIGHBOURS_MAX = 4096, FIRST_SAMPLES = 12 };

struct annealing {
    struct strategy_context context;
    struct walk walk;
    struct known known;
    struct configuration *neighbours; /* scratch */
    double heat;
    unsigned samples_left; /* before it begins, at the best of them */
    bool has_incumbent, has_best, from_best;
    struct observation incumbent, best;
};

static enum status begin(void *state, const struct strategy_context *context)
{
    struct annealing *self = state;
    *self = (struct annealing){.context = *context, .heat = heat_first, .samples_left = FIRST_SAMPLES};
    walk_begin(&self->walk, context->space, context->rng);
    self->neighbours = malloc(NEIGHBOURS_MAX * sizeof *self->neighbours);
    return self->neighbours ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "strategy annealing: out of memory");
}

static void end(void *state)
{
    struct annealing *self = state;
    known_free(&self->known);
    free(self->neighbours);
}

static bool is_new(const struct annealing *self, const struct configuration *configuration)
{
    return known_get(&self->known, configuration) == KNOWN_NOT;
}

/* A random neighbour not known yet: adjacent values first, so that steps are small where values have an
 * order. */
static bool sample_near(struct annealing *self, struct configuration *out)
{
    struct configuration *neighbours = self->neighbours;
    for (int move = SPACE_ADJACENT; move <= SPACE_ANY; move++) {
        size_t n = space_neighbours(self->context.space, &self->incumbent.configuration,
                                    (enum space_move)move, neighbours, NEIGHBOURS_MAX);
        size_t n_new = 0;
        for (size_t i = 0; i < n; i++)
            if (is_new(self, &neighbours[i])) neighbours[n_new++] = neighbours[i];
        if (n_new == 0) continue;
        *out = neighbours[rng_below(self->context.rng, n_new)];
        return true;
    }
    return false;
}

static void reheat(struct annealing *self)
{
    self->heat = heat_first;
    self->from_best = !self->from_best;
    self->has_incumbent = self->from_best && self->has_best;
    if (self->has_incumbent) self->incumbent = self->best;
}

static bool propose(struct annealing *self, struct configuration *out)
{
    if (self->samples_left > 0 && walk_next_new(&self->walk, &self->known, out)) {
        self->samples_left--;
        return true;
    }
    if (self->has_incumbent && self->heat < heat_last) reheat(self);
    if (self->has_incumbent && sample_near(self, out)) return true;
    if (self->has_incumbent) reheat(self);
    self->has_incumbent = false;
    return walk_next_new(&self->walk, &self->known, out);
}

static size_t ask(void *state, struct configuration *out, size_t capacity)
{
    struct annealing *self = state;
    size_t n = 0;
    while (n < capacity && propose(self, &out[n])) {
        if (!known_put(&self->known, &out[n], KNOWN_PENDING)) break;
        n++;
    }
    return n;
}

static void tell(void *state, const struct observation *observation)
{
    struct annealing *self = state;
    known_put(&self->known, &observation->configuration, KNOWN_TOLD);
    bool begun = self->samples_left == 0;
    if (begun) self->heat *= cooling;
    if (!observation->valid) return;
    if (!self->has_best || observation->median_ns < self->best.median_ns) self->best = *observation;
    self->has_best = true;
    double slower = self->has_incumbent ? log(observation->median_ns / self->incumbent.median_ns) : 0;
    if (slower > 0 && (!begun || rng_unit(self->context.rng) >= exp(-slower / self->heat))) return;
    self->incumbent = *observation;
    self->has_incumbent = true;
}

const struct strategy_api strategy_annealing = {
    .name = "annealing",
    .summary = "simulated annealing with reheating",
    .state_bytes = sizeof(struct annealing),
    .begin = begin,
    .ask = ask,
    .tell = tell,
    .end = end,
};
