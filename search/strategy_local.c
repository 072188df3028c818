/* Greedy iterated local search.
 *
 * From the best start: the incumbent's adjacent neighbours in random order, then its neighbours by any single
 * move, moving to whatever is faster at once. Where nothing is, a new round begins at the best of a few
 * samples: the best so far with some parameters changed, and random points far from all that is known. A
 * batch is never held back for results that are pending, except where a round has no place to descend from
 * yet. Every configuration comes in the end, since samples fall back to a walk over the whole space. */
#include <stdlib.h>
#include "search/known.h"
#include "search/strategy.h"
#include "search/walk.h"

enum {
    FIRST_SAMPLES = 8,
    ROUND_SAMPLES = 4,
    CANDIDATES = 12,
    SPREAD_MEMORY = 256,
    ATTEMPTS = 64,
    QUEUE_MAX = 8192
};

enum stage { SAMPLING, ADJACENT, ANY };

struct local {
    struct strategy_context context;
    struct walk walk;
    struct known known;
    enum stage stage;
    size_t samples_left; /* of the round */
    bool has_best, has_incumbent;
    struct observation best, incumbent; /* of all; of the round */
    struct configuration *queue;        /* neighbours of the incumbent still to propose, in random order */
    size_t n_queue, queue_max;
    struct configuration *told; /* the last ones, to keep samples away from */
    size_t n_told;
    size_t n_pending;
    bool exhausted; /* the walk has ended */
};

static enum status begin(void *state, const struct strategy_context *context)
{
    struct local *self = state;
    const struct space_spec *spec = space_spec_of(context->space);
    *self = (struct local){.context = *context, .samples_left = context->n_starts ? 1 : FIRST_SAMPLES};
    for (uint32_t i = 0; i < spec->n_parameters; i++) self->queue_max += spec->parameters[i].n_values;
    if (self->queue_max > QUEUE_MAX) self->queue_max = QUEUE_MAX;
    walk_begin(&self->walk, context->space, context->rng);
    self->queue = malloc((self->queue_max + 1) * sizeof *self->queue);
    self->told = malloc(SPREAD_MEMORY * sizeof *self->told);
    if (self->queue && self->told) return STATUS_OK;
    free(self->queue);
    free(self->told);
    return status_fail(STATUS_NO_MEMORY, "strategy local: out of memory");
}

static void end(void *state)
{
    struct local *self = state;
    known_free(&self->known);
    free(self->queue);
    free(self->told);
}

static bool is_new(const struct local *self, const struct configuration *configuration)
{
    return known_get(&self->known, configuration) == KNOWN_NOT;
}

/* Samples. */

/* Parameters that differ from the nearest one told. */
static uint32_t distance_to_told(const struct local *self, const struct configuration *from)
{
    uint32_t n = space_spec_of(self->context.space)->n_parameters, nearest = n;
    size_t n_told = self->n_told < SPREAD_MEMORY ? self->n_told : SPREAD_MEMORY;
    for (size_t i = 0; i < n_told; i++) {
        uint32_t distance = 0;
        for (uint32_t j = 0; j < n; j++) distance += from->index[j] != self->told[i].index[j];
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
        if (!space_random(self->context.space, self->context.rng, &candidate) || !is_new(self, &candidate))
            continue;
        uint32_t distance = distance_to_told(self, &candidate);
        if (found && distance <= farthest) continue;
        found = true;
        farthest = distance;
        *out = candidate;
    }
    return found;
}

/* The best with two to four parameters drawn anew. */
static bool sample_near_best(struct local *self, struct configuration *out)
{
    const struct space_spec *spec = space_spec_of(self->context.space);
    struct rng *rng = self->context.rng;
    for (unsigned attempt = 0; self->has_best && spec->n_parameters && attempt < ATTEMPTS; attempt++) {
        struct configuration candidate = self->best.configuration;
        for (uint64_t changes = 2 + rng_below(rng, 3); changes > 0; changes--) {
            uint64_t parameter = rng_below(rng, spec->n_parameters);
            candidate.index[parameter] = (uint16_t)rng_below(rng, spec->parameters[parameter].n_values);
        }
        if (!is_new(self, &candidate) || !space_admits(self->context.space, &candidate, NULL)) continue;
        *out = candidate;
        return true;
    }
    return false;
}

/* Any configuration not known yet; false once there is none. */
static bool sample_any(struct local *self, struct configuration *out)
{
    if (!self->exhausted && walk_next_new(&self->walk, &self->known, out)) return true;
    self->exhausted = true;
    return false;
}

static bool sample(struct local *self, struct configuration *out)
{
    bool near = self->has_best && self->samples_left % 2 == 0;
    return (near && sample_near_best(self, out)) || sample_far(self, out) || sample_any(self, out);
}

/* Descent. */

static void shuffle(struct local *self)
{
    for (size_t i = self->n_queue; i > 1; i--) {
        size_t j = rng_below(self->context.rng, i);
        struct configuration swapped = self->queue[i - 1];
        self->queue[i - 1] = self->queue[j];
        self->queue[j] = swapped;
    }
}

static void enter_stage(struct local *self, enum stage stage)
{
    self->stage = stage;
    self->n_queue = 0;
    if (stage == SAMPLING) {
        self->samples_left = ROUND_SAMPLES;
        self->has_incumbent = false;
        return;
    }
    self->n_queue =
        space_neighbours(self->context.space, &self->incumbent.configuration,
                         stage == ADJACENT ? SPACE_ADJACENT : SPACE_ANY, self->queue, self->queue_max);
    shuffle(self);
}

static bool pop(struct local *self, struct configuration *out)
{
    while (self->n_queue > 0) {
        *out = self->queue[--self->n_queue];
        if (is_new(self, out)) return true;
    }
    return false;
}

static bool propose(struct local *self, struct configuration *out)
{
    for (;;) {
        if (self->stage == SAMPLING && self->samples_left > 0) {
            if (!sample(self, out)) return false;
            self->samples_left--;
            return true;
        }
        if (self->stage == SAMPLING && self->has_incumbent) enter_stage(self, ADJACENT);
        if (self->stage == SAMPLING) {
            if (self->n_pending > 0) return false; /* one of them may give a place to descend from */
            enter_stage(self, SAMPLING);
            continue;
        }
        if (pop(self, out)) return true;
        enter_stage(self, self->stage == ADJACENT ? ANY : SAMPLING);
    }
}

static size_t ask(void *state, struct configuration *out, size_t capacity)
{
    struct local *self = state;
    size_t n = 0;
    while (n < capacity && propose(self, &out[n])) {
        if (!known_put(&self->known, &out[n], KNOWN_PENDING)) break;
        self->n_pending++;
        n++;
    }
    return n;
}

static void tell(void *state, const struct observation *observation)
{
    struct local *self = state;
    if (known_get(&self->known, &observation->configuration) == KNOWN_PENDING) self->n_pending--;
    known_put(&self->known, &observation->configuration, KNOWN_TOLD);
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
    .state_bytes = sizeof(struct local),
    .begin = begin,
    .ask = ask,
    .tell = tell,
    .end = end,
};
