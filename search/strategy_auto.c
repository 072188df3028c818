/* The default, without knobs: a surrogate model and a local search (annealing) share the trials by what pays.
 *
 * Both hear every result. Whose turn it is, chance decides by how often what each proposed became the best,
 * the recent proposals counting most. A space that can be tried whole is; in others it ends where neither a
 * gain beyond the noise of the measurements has come for long nor the model expects one. */
#include <stdio.h>
#include <stdlib.h>
#include "search/strategy_model.h"

extern const struct strategy_api strategy_annealing;

enum { MODEL, LOCAL, N_ARMS };

/* A win in five is what the local search is credited with before it has proposed anything; docs/search.md
 * shows that neither figure matters much. */
static const double fading = 0.95, credit_wins[N_ARMS] = {1, 0.2}, credit_tries = 4;

/* SMALL: a space that is tried whole. No end before PATIENCE results without a gain, and as many as half of
 * all. */
enum { SMALL = 256, PATIENCE = 100 };

struct arm {
    const struct strategy_api *api;
    struct strategy_context context;
    double options[STRATEGY_OPTIONS_MAX];
    void *state;
    struct known proposed;
    double tries, wins; /* fading */
};

struct automatic {
    const struct strategy_context *context;
    struct arm arms[N_ARMS];
    bool has_best, is_small, has_ended;
    double best_ns, noise; /* noise: of the best's measurement */
    double gained_ns;      /* the best when a gain beyond noise came last */
    uint64_t n_told, told_at_gain;
    char reason[160];
};

static enum status begin_arm(struct automatic *self, struct arm *arm, const char *strategy)
{
    TRY(strategy_parse(strategy, &arm->api, arm->options));
    arm->context = *self->context;
    arm->context.options = arm->options;
    arm->state = calloc(1, arm->api->state_bytes);
    if (!arm->state) return status_fail(STATUS_NO_MEMORY, "strategy auto: out of memory");
    return arm->api->begin(arm->state, &arm->context);
}

static enum status begin(void *state, const struct strategy_context *context)
{
    struct automatic *self = state;
    bool exact;
    *self = (struct automatic){.context = context};
    self->is_small = space_count(context->space, &exact) <= SMALL && exact;
    TRY(begin_arm(self, &self->arms[MODEL], "model"));
    return begin_arm(self, &self->arms[LOCAL], "annealing:samples=0"); /* the model's samples serve both */
}

static void end(void *state)
{
    struct automatic *self = state;
    for (size_t i = 0; i < N_ARMS; i++) {
        struct arm *arm = &self->arms[i];
        if (arm->state) arm->api->end(arm->state);
        free(arm->state);
        known_free(&arm->proposed);
    }
}

/* ---- whose turn it is ---- */

static size_t choose_arm(const struct automatic *self)
{
    double payoff[N_ARMS];
    if (!self->has_best) return MODEL;
    for (size_t i = 0; i < N_ARMS; i++)
        payoff[i] = (self->arms[i].wins + credit_wins[i]) / (self->arms[i].tries + credit_tries);
    return rng_unit(self->context->rng) * (payoff[MODEL] + payoff[LOCAL]) < payoff[MODEL] ? MODEL : LOCAL;
}

static bool propose_by(struct arm *arm, struct configuration *out)
{
    return arm->api->propose(arm->state, out) && known_put(&arm->proposed, out, KNOWN_PENDING);
}

/* ---- the end ---- */

static bool is_at_noise(struct automatic *self)
{
    uint64_t since = self->n_told - self->told_at_gain;
    double expected = strategy_model_expected_gain(self->arms[MODEL].state);
    if (self->is_small || self->noise <= 0 || since < PATIENCE || since < self->n_told / 2) return false;
    if (expected > self->noise) return false;
    snprintf(
        self->reason, sizeof self->reason,
        "no gain beyond the noise (%.2g %%) in the last %llu of %llu results, and the model expects %.2g %%",
        100 * self->noise, (unsigned long long)since, (unsigned long long)self->n_told, 100 * expected);
    return true;
}

static bool propose(void *state, struct configuration *out)
{
    struct automatic *self = state;
    if (*self->context->n_pending == 0) self->has_ended = is_at_noise(self); /* all results are heard */
    if (self->has_ended) return false;
    size_t first = choose_arm(self);
    return propose_by(&self->arms[first], out) || propose_by(&self->arms[N_ARMS - 1 - first], out);
}

static const char *reason(const void *state)
{
    const struct automatic *self = state;
    return self->has_ended ? self->reason : NULL;
}

static void tell(void *state, const struct observation *observation)
{
    struct automatic *self = state;
    bool better = observation->valid && (!self->has_best || observation->median_ns < self->best_ns);
    self->n_told++;
    for (size_t i = 0; i < N_ARMS; i++) {
        struct arm *arm = &self->arms[i];
        arm->api->tell(arm->state, observation);
        if (known_get(&arm->proposed, &observation->configuration) == KNOWN_NOT) continue;
        arm->tries = arm->tries * fading + 1;
        arm->wins = arm->wins * fading + better;
    }
    if (!better) return;
    self->has_best = true;
    self->best_ns = observation->median_ns;
    self->noise = observation->noise;
    if (self->gained_ns > 0 && self->best_ns > self->gained_ns * (1 - self->noise)) return;
    self->gained_ns = self->best_ns;
    self->told_at_gain = self->n_told;
    self->has_ended = false;
}

const struct strategy_api strategy_auto = {
    .name = "auto",
    .summary = "a surrogate model and a local search, by what pays",
    .state_bytes = sizeof(struct automatic),
    .begin = begin,
    .propose = propose,
    .tell = tell,
    .end = end,
    .reason = reason,
};
