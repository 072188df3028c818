/* Simulated annealing (Kirkpatrick, Gelatt, Vecchi, Science 220, 1983) on the logarithm of the time.
 *
 * From the incumbent to random neighbours; a slower one is taken with a chance that falls as it cools. Where
 * it is cold, or all neighbours are known, it is heated again at the best so far or at a random place in
 * turn. */
#include <math.h>
#include "search/moves.h"

/* Heat is in natural logarithms of the time: at 0.1 a configuration that takes a tenth longer is taken with a
 * chance of 1 / e. docs/search.md says how the defaults were chosen. */
enum { FIRST_SAMPLES, HEAT, COLD, COOLING, N_OPTIONS };
static const struct strategy_option options[N_OPTIONS] = {
    [FIRST_SAMPLES] = {"samples", 12, 0, 1e6, "random ones; it begins at the best of them"},
    [HEAT] = {"heat", 0.1, 1e-6, 10, "at first: how much slower, as a logarithm, is taken with 1/e"},
    [COLD] = {"cold", 0.004, 1e-9, 10, "heat at which it is heated again"},
    [COOLING] = {"cooling", 0.955, 0.01, 0.9999, "factor of the heat after each result"},
};

struct annealing {
    const struct strategy_context *context;
    struct moves moves;
    double heat;
    double samples_left; /* before it begins, at the best of them */
    bool has_incumbent, has_best, from_best;
    struct observation incumbent, best;
};

static enum status begin(void *state, const struct strategy_context *context)
{
    struct annealing *self = state;
    *self = (struct annealing){
        .context = context, .heat = context->options[HEAT], .samples_left = context->options[FIRST_SAMPLES]};
    return moves_begin(&self->moves, context);
}

static void end(void *state)
{
    moves_end(&((struct annealing *)state)->moves);
}

static void reheat(struct annealing *self)
{
    self->heat = self->context->options[HEAT];
    self->from_best = !self->from_best;
    self->has_incumbent = self->from_best && self->has_best;
    if (self->has_incumbent) self->incumbent = self->best;
}

static bool propose(void *state, struct configuration *out)
{
    struct annealing *self = state;
    if (self->samples_left > 0 && moves_any(&self->moves, out)) {
        self->samples_left--;
        return true;
    }
    if (self->has_incumbent && self->heat < self->context->options[COLD]) reheat(self);
    if (self->has_incumbent && moves_neighbour(&self->moves, &self->incumbent.configuration, out))
        return true;
    if (self->has_incumbent) reheat(self);
    self->has_incumbent = false;
    return moves_any(&self->moves, out);
}

static void tell(void *state, const struct observation *observation)
{
    struct annealing *self = state;
    bool begun = self->samples_left <= 0;
    if (begun) self->heat *= self->context->options[COOLING];
    if (!observation->valid) return;
    if (!self->has_best || observation->median_ns < self->best.median_ns) self->best = *observation;
    self->has_best = true;
    double slower = self->has_incumbent ? log(observation->median_ns / self->incumbent.median_ns) : 0;
    if (slower > 0 && (!begun || rng_unit(self->context->rng) >= exp(-slower / self->heat))) return;
    self->incumbent = *observation;
    self->has_incumbent = true;
}

const struct strategy_api strategy_annealing = {
    .name = "annealing",
    .summary = "simulated annealing with reheating",
    .options = options,
    .n_options = N_OPTIONS,
    .state_bytes = sizeof(struct annealing),
    .begin = begin,
    .propose = propose,
    .tell = tell,
    .end = end,
};
