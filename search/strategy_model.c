/* A surrogate model: a Gaussian process learns from what was told and says where a gain is most to be
 * expected (expected improvement; Jones, Schonlau, Welch, Journal of Global Optimization 13, 1998).
 *
 * It begins with a few configurations far from each other; where there is a prior, with those it likes. Then
 * it looks at a pool: random configurations, neighbours of each new best, children of good ones; what little
 * is expected of makes room. It models speed, best / time to a power, so that the slow differ little and what
 * failed is the slowest. What is pending counts as told with the speed expected, so that a batch spreads. */
#include "search/strategy_model.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "search/gaussian.h"
#include "search/moves.h"
#include "search/prior.h"

enum { FIRST_SAMPLES, REACH, NOISE, POWER, POOL, MEMORY, REFRESH, N_OPTIONS };
static const struct strategy_option options[N_OPTIONS] = {
    [FIRST_SAMPLES] = {"samples", 8, 1, 1e6, "far from each other, before the model is asked"},
    [REACH] = {"reach", 4, 0.01, 1000, "how far a result tells of others, in lengths of a parameter's list"},
    [NOISE] = {"noise", 0.01, 1e-4, 1, "share of the variance that it takes for chance"},
    [POWER] = {"power", 2, 0.1, 20, "of the speed"},
    [POOL] = {"pool", 512, 64, 65536, "candidates that it chooses from"},
    [MEMORY] = {"memory", 128, 16, 2048, "results that it learns from: the best, and some of the others"},
    [REFRESH] = {"refresh", 4, 0, 1000, "candidates replaced for each one proposed"},
};

/* ELITE have children; of SPREAD candidates the farthest is a first sample; of LOSERS the one makes room of
 * which least is expected. */
enum { ELITE = 16, SPREAD = 32, LOSERS = 4, ROUNDING = 16 };

/* A result in the model, in the order of its observations. */
struct seen {
    struct configuration configuration;
    double ns;      /* 0: pending; INFINITY: it has none */
    float expected; /* speed, while pending */
};

struct model {
    const struct strategy_context *context;
    struct moves moves;
    struct prior prior;
    struct gaussian *gaussian;
    struct seen *seen;
    float *targets; /* [seen]: speeds as the model wants them, mean 0, variance 1, lower is better */
    float *gain;    /* [slot]: improvement expected, in the targets' units; -1: known */
    size_t n_slots, n_max, pool_max;
    bool pool_is_all;                /* every configuration of the space is in it */
    struct observation elite[ELITE]; /* fastest first */
    size_t n_elite, n_told;
    double mean, deviation; /* of the negative speeds: what the targets were scaled by */
    double expected_gain;
};

static size_t rounded(double option)
{
    return ((size_t)option + ROUNDING - 1) / ROUNDING * ROUNDING;
}

static double place_by_prior(const void *prior, const struct configuration *configuration)
{
    return prior_place(prior, configuration);
}

static enum status begin(void *state, const struct strategy_context *context)
{
    struct model *self = state;
    *self = (struct model){.context = context,
                           .n_max = rounded(context->options[MEMORY]),
                           .pool_max = rounded(context->options[POOL]),
                           .expected_gain = INFINITY};
    TRY(moves_begin(&self->moves, context));
    prior_begin(&self->prior, context);
    struct gaussian_setting setting = {.space = context->space,
                                       .extra = context->prior ? place_by_prior : NULL,
                                       .extra_context = &self->prior,
                                       .observations_max = self->n_max,
                                       .pool_max = self->pool_max,
                                       .reach = context->options[REACH],
                                       .noise = context->options[NOISE]};
    TRY(gaussian_create(&setting, &self->gaussian));
    self->seen = calloc(self->n_max, sizeof *self->seen);
    self->targets = calloc(self->n_max, sizeof *self->targets);
    self->gain = calloc(self->pool_max, sizeof *self->gain);
    if (self->seen && self->targets && self->gain) return STATUS_OK;
    return status_fail(STATUS_NO_MEMORY, "strategy model: out of memory");
}

static void end(void *state)
{
    struct model *self = state;
    moves_end(&self->moves);
    gaussian_free(self->gaussian);
    free(self->seen);
    free(self->targets);
    free(self->gain);
}

/* ---- the pool ---- */

static void place(struct model *self, size_t slot, const struct configuration *candidate)
{
    gaussian_place(self->gaussian, slot, candidate);
    self->gain[slot] = INFINITY; /* not known yet: stays at least until the next guess */
}

static size_t slot_to_spare(struct model *self)
{
    if (self->n_slots < self->pool_max) return self->n_slots++;
    size_t worst = rng_below(self->context->rng, self->n_slots);
    for (unsigned i = 1; i < LOSERS; i++) {
        size_t drawn = rng_below(self->context->rng, self->n_slots);
        if (self->gain[drawn] < self->gain[worst]) worst = drawn;
    }
    return worst;
}

/* A random one; where there is a prior, the one of a few that it likes best. */
static bool draw(struct model *self, struct configuration *out)
{
    double best = INFINITY;
    for (unsigned i = 0; i < (self->prior.n ? LOSERS : 1); i++) {
        struct configuration drawn;
        if (!space_random(self->context->space, self->context->rng, &drawn)) return false;
        double place_drawn = prior_place(&self->prior, &drawn);
        if (place_drawn >= best) continue;
        best = place_drawn;
        *out = drawn;
    }
    return true;
}

static void fill_pool(struct model *self)
{
    struct configuration candidate;
    bool exact;
    uint64_t count = space_count(self->context->space, &exact);
    self->pool_is_all = exact && count <= self->pool_max;
    /* A random one may take thousands of draws where the space is not counted: some will do to begin with. */
    size_t wanted = exact ? self->pool_max : SPREAD;
    while (self->n_slots < wanted &&
           (self->pool_is_all ? space_at(self->context->space, self->n_slots, &candidate)
                              : draw(self, &candidate)))
        place(self, self->n_slots++, &candidate);
}

/* Random, or near what is good. */
static bool fresh_candidate(struct model *self, struct configuration *out)
{
    struct rng *rng = self->context->rng;
    enum { RANDOM, CHILD, NEIGHBOUR, JUMP, N_WAYS } way = (unsigned)rng_below(rng, N_WAYS);
    const struct configuration *a = &self->elite[rng_below(rng, self->n_elite)].configuration;
    const struct configuration *b = &self->elite[rng_below(rng, self->n_elite)].configuration;
    if (way == CHILD && moves_cross(&self->moves, a, b, 1, out)) return true;
    if (way == NEIGHBOUR && moves_neighbour(&self->moves, a, out)) return true;
    if (way == JUMP && moves_jump(&self->moves, a, 2, out)) return true;
    return draw(self, out) && moves_is_new(&self->moves, out);
}

static void refresh_pool(struct model *self)
{
    struct configuration candidate;
    for (unsigned i = 0; i < (unsigned)self->context->options[REFRESH]; i++)
        if (fresh_candidate(self, &candidate)) place(self, slot_to_spare(self), &candidate);
}

/* ---- the model ---- */

static double speed_of(const struct model *self, const struct seen *seen)
{
    if (seen->ns == 0) return (double)seen->expected;
    return isinf(seen->ns) ? 0 : pow(self->elite[0].median_ns / seen->ns, self->context->options[POWER]);
}

static void aim(struct model *self)
{
    size_t n = gaussian_n(self->gaussian);
    double sum = 0, squares = 0;
    for (size_t i = 0; i < n; i++) {
        double speed = speed_of(self, &self->seen[i]);
        self->targets[i] = (float)-speed;
        sum -= speed;
        squares += speed * speed;
    }
    self->mean = sum / (double)n;
    self->deviation = sqrt(fmax(squares / (double)n - self->mean * self->mean, 1e-12));
    for (size_t i = 0; i < n; i++)
        self->targets[i] = (float)((self->targets[i] - self->mean) / self->deviation);
}

/* Of N(mean, deviation) below `best`. */
static float expected_improvement(float best, float mean, float deviation)
{
    float z = (best - mean) / deviation;
    if (z < -6) return 0;
    float density = 0.39894228f * expf(-z * z / 2), below = 0.5f * erfcf(-z * 0.70710678f);
    return deviation * (z * below + density);
}

/* What is expected of each candidate. Returns their means. */
static const float *expect(struct model *self)
{
    const float *mean, *deviation;
    aim(self);
    gaussian_guess(self->gaussian, self->targets, self->n_slots, &mean, &deviation);
    float best = (float)((-1 - self->mean) / self->deviation);
    for (size_t i = 0; i < self->n_slots; i++)
        self->gain[i] = expected_improvement(best, mean[i], deviation[i]);
    return mean;
}

static void remember(struct model *self, const struct configuration *configuration, double ns, float expected)
{
    self->seen[gaussian_n(self->gaussian)] = (struct seen){*configuration, ns, expected};
    gaussian_observe(self->gaussian, configuration);
}

static int by_time(const void *a, const void *b)
{
    const struct seen *left = a, *right = b;
    return (left->ns > right->ns) - (left->ns < right->ns);
}

/* Where memory is full, the faster half stays (pending ones are first), and every fourth of the others. */
static void make_room(struct model *self)
{
    size_t n = gaussian_n(self->gaussian), n_kept = 0;
    if (n < self->n_max) return;
    qsort(self->seen, n, sizeof *self->seen, by_time);
    gaussian_clear(self->gaussian);
    for (size_t i = 0; i < n; i++)
        if (i < n / 2 || i % 4 == 0) self->seen[n_kept++] = self->seen[i];
    for (size_t i = 0; i < n_kept; i++) gaussian_observe(self->gaussian, &self->seen[i].configuration);
}

/* ---- proposals ---- */

/* Of some of the pool the one that what is known tells least of; a prior's favourites count for more. */
static bool sample_far(struct model *self, struct configuration *out)
{
    const float *mean, *deviation;
    bool found = false;
    double most = 0;
    gaussian_guess(self->gaussian, self->targets, self->n_slots, &mean, &deviation);
    for (unsigned i = 0; i < SPREAD && self->n_slots > 0; i++) {
        size_t slot = rng_below(self->context->rng, self->n_slots);
        const struct configuration *candidate = gaussian_candidate(self->gaussian, slot);
        double worth = (double)deviation[slot] * (1.001 - prior_place(&self->prior, candidate));
        if (worth <= most || !moves_is_new(&self->moves, candidate)) continue;
        most = worth;
        *out = *candidate;
        found = true;
    }
    if (!found && !moves_any(&self->moves, out)) return false;
    remember(self, out, 0, 0);
    return true;
}

/* The new one in the pool of which most is expected. */
static bool best_of_pool(struct model *self, size_t *slot)
{
    float most = -1;
    for (size_t i = 0; i < self->n_slots; i++) {
        if (self->gain[i] <= most) continue;
        if (!moves_is_new(&self->moves, gaussian_candidate(self->gaussian, i))) {
            self->gain[i] = -1;
            continue;
        }
        most = self->gain[i];
        *slot = i;
    }
    return most >= 0;
}

static bool propose(void *state, struct configuration *out)
{
    struct model *self = state;
    size_t slot = 0;
    if (self->n_slots == 0) fill_pool(self);
    make_room(self);
    if (self->n_told < self->context->options[FIRST_SAMPLES] || self->n_elite == 0)
        return sample_far(self, out);
    if (!self->pool_is_all) refresh_pool(self);
    const float *mean = expect(self);
    if (!best_of_pool(self, &slot)) return moves_any(&self->moves, out);
    *out = *gaussian_candidate(self->gaussian, slot);
    double speed = -(mean[slot] * self->deviation + self->mean);
    self->expected_gain = self->gain[slot] * self->deviation / self->context->options[POWER];
    self->gain[slot] = -1;
    remember(self, out, 0, (float)fmin(fmax(speed, 0), 1));
    return true;
}

double strategy_model_expected_gain(const void *state)
{
    return ((const struct model *)state)->expected_gain;
}

/* The neighbours of a new best come into the pool at once. */
static void keep_elite(struct model *self, const struct observation *observation)
{
    const struct configuration *list;
    size_t at = self->n_elite;
    while (at > 0 && observation->median_ns < self->elite[at - 1].median_ns) at--;
    if (at == ELITE) return;
    if (self->n_elite < ELITE) self->n_elite++;
    memmove(&self->elite[at + 1], &self->elite[at], (self->n_elite - 1 - at) * sizeof *self->elite);
    self->elite[at] = *observation;
    if (at > 0 || self->n_slots == 0 || self->pool_is_all) return;
    size_t n = moves_neighbours(&self->moves, &observation->configuration, SPACE_ANY, &list);
    for (size_t i = 0; i < n && i < self->pool_max / 4; i++) place(self, slot_to_spare(self), &list[i]);
}

static struct seen *find_seen(struct model *self, const struct configuration *configuration)
{
    for (size_t i = gaussian_n(self->gaussian); i-- > 0;)
        if (memcmp(&self->seen[i].configuration, configuration, sizeof *configuration) == 0)
            return &self->seen[i];
    return NULL;
}

static void tell(void *state, const struct observation *observation)
{
    struct model *self = state;
    double ns = observation->valid ? observation->median_ns : INFINITY;
    struct seen *seen = find_seen(self, &observation->configuration);
    self->n_told++;
    if (seen) {
        seen->ns = ns;
    } else { /* proposed by somebody else */
        make_room(self);
        remember(self, &observation->configuration, ns, 0);
    }
    if (observation->valid) keep_elite(self, observation);
}

const struct strategy_api strategy_model = {
    .name = "model",
    .summary = "a Gaussian process says where a gain is most to be expected",
    .options = options,
    .n_options = N_OPTIONS,
    .state_bytes = sizeof(struct model),
    .begin = begin,
    .propose = propose,
    .tell = tell,
    .end = end,
};
