/* Greedy iterated local search.
 *
 * From the best start: the incumbent's adjacent neighbours in random order, then its neighbours by any single
 * move, moving to whatever is faster at once. Where nothing is, a new round begins at the best of a few
 * samples: the best so far with some parameters changed, and random points far from all that is known. A
 * batch is never held back for results that are pending, except where a round has no place to descend from
 * yet. Every configuration comes in the end, since samples fall back to a walk over the whole space. */
#include <stdlib.h>
#include "search/moves.h"

enum { FIRST_SAMPLES, ROUND_SAMPLES, N_OPTIONS };
static const struct strategy_option options[N_OPTIONS] = {
    [FIRST_SAMPLES] = {"samples", 8, 1, 1e6, "before the first descent, where there is no start"},
    [ROUND_SAMPLES] = {"restarts", 4, 1, 1e6, "samples before each later descent"},
};

enum { CANDIDATES = 12, SPREAD_MEMORY = 256 };

enum stage { SAMPLING, ADJACENT, ANY };

struct local {
    const struct strategy_context *context;
    struct moves moves;
    enum stage stage;
    double samples_left; /* of the round */
    bool has_best, has_incumbent;
    struct observation best, incumbent; /* of all; of the round */
    struct configuration *queue;        /* neighbours of the incumbent still to propose, in random order */
    size_t n_queue;
    struct configuration *told; /* the last ones, to keep samples away from */
    size_t n_told;
};

static enum status begin(void *state, const struct strategy_context *context)
{
    struct local *self = state;
    *self = (struct local){.context = context,
                           .samples_left = context->n_starts ? 1 : context->options[FIRST_SAMPLES]};
    TRY(moves_begin(&self->moves, context));
    self->queue = malloc(self->moves.list_max * sizeof *self->queue);
    self->told = malloc(SPREAD_MEMORY * sizeof *self->told);
    if (self->queue && self->told) return STATUS_OK;
    return status_fail(STATUS_NO_MEMORY, "strategy local: out of memory");
}

static void end(void *state)
{
    struct local *self = state;
    moves_end(&self->moves);
    free(self->queue);
    free(self->told);
}

/* Samples. */

/* Parameters that differ from the nearest one told. */
static uint32_t distance_to_told(const struct local *self, const struct configuration *from)
{
    uint32_t nearest = SPACE_PARAMETERS_MAX;
    size_t n_told = self->n_told < SPREAD_MEMORY ? self->n_told : SPREAD_MEMORY;
    for (size_t i = 0; i < n_told; i++) {
        uint32_t distance = moves_distance(&self->moves, from, &self->told[i]);
        if (distance < nearest) nearest = distance;
    }
    return nearest;
}

/* Of some random points the one farthest from all that is known. */
static bool sample_far(struct local *self, struct configuration *out)
{
    bool found = false;
    uint32_t farthest = 0;
    for (unsigned i = 0; i < CANDIDATES; i++) {
        struct configuration candidate;
        if (!space_random(self->context->space, self->context->rng, &candidate) ||
            !moves_is_new(&self->moves, &candidate))
            continue;
        uint32_t distance = distance_to_told(self, &candidate);
        if (found && distance <= farthest) continue;
        found = true;
        farthest = distance;
        *out = candidate;
    }
    return found;
}

static bool sample(struct local *self, struct configuration *out)
{
    bool near = self->has_best && (uint64_t)self->samples_left % 2 == 0;
    unsigned changes = 2 + (unsigned)rng_below(self->context->rng, 3);
    if (near && moves_jump(&self->moves, &self->best.configuration, changes, out)) return true;
    return sample_far(self, out) || moves_any(&self->moves, out);
}

/* Descent. */

static void enter_stage(struct local *self, enum stage stage)
{
    self->stage = stage;
    self->n_queue = 0;
    if (stage == SAMPLING) {
        self->samples_left = self->context->options[ROUND_SAMPLES];
        self->has_incumbent = false;
        return;
    }
    const struct configuration *list;
    self->n_queue = moves_neighbours(&self->moves, &self->incumbent.configuration,
                                     stage == ADJACENT ? SPACE_ADJACENT : SPACE_ANY, &list);
    for (size_t i = 0; i < self->n_queue; i++) self->queue[i] = list[i];
}

static bool pop(struct local *self, struct configuration *out)
{
    while (self->n_queue > 0) {
        *out = self->queue[--self->n_queue];
        if (moves_is_new(&self->moves, out)) return true;
    }
    return false;
}

static bool propose(void *state, struct configuration *out)
{
    struct local *self = state;
    for (;;) {
        if (self->stage == SAMPLING && self->samples_left > 0) {
            if (!sample(self, out)) return false;
            self->samples_left--;
            return true;
        }
        if (self->stage == SAMPLING && self->has_incumbent) enter_stage(self, ADJACENT);
        if (self->stage == SAMPLING) {
            if (*self->context->n_pending > 0) return false; /* one may give a place to descend from */
            enter_stage(self, SAMPLING);
            continue;
        }
        if (pop(self, out)) return true;
        enter_stage(self, self->stage == ADJACENT ? ANY : SAMPLING);
    }
}

static void tell(void *state, const struct observation *observation)
{
    struct local *self = state;
    self->told[self->n_told++ % SPREAD_MEMORY] = observation->configuration;
    if (!observation->valid) return;
    bool best = !self->has_best || observation->median_ns < self->best.median_ns;
    bool better = !self->has_incumbent || observation->median_ns < self->incumbent.median_ns;
    if (best) self->best = *observation;
    self->has_best = true;
    if (!best && !better) return;
    self->incumbent = *observation;
    self->has_incumbent = true;
    if (self->stage != SAMPLING) enter_stage(self, ADJACENT);
}

const struct strategy_api strategy_local = {
    .name = "local",
    .summary = "greedy local search with restarts",
    .options = options,
    .n_options = N_OPTIONS,
    .state_bytes = sizeof(struct local),
    .begin = begin,
    .propose = propose,
    .tell = tell,
    .end = end,
};
