/* The driver: what every strategy shares. Budget, validity, duplicates, starts, the best so far. */
#include "search/search.h"

#include <stdlib.h>
#include <string.h>
#include "search/known.h"

/* Proposals in a row of which none was new, after which a strategy counts as converged. */
enum { FRUITLESS_MAX = 1 << 16, SUGGESTIONS_MAX = 16 };

struct search {
    const struct space *space;
    const struct strategy_api *api;
    void *state;
    struct rng rng;
    struct known known;
    struct configuration *starts;
    size_t n_starts, next_start;
    struct configuration suggestions[SUGGESTIONS_MAX];
    size_t n_suggestions;
    uint64_t max_trials, n_asked, n_pending;
    bool has_best;
    struct observation best;
};

static const struct strategy_api *pick_strategy(const char *name)
{
    const char *names[64];
    size_t n = strategy_names(names, 64);
    const struct strategy_api *api = strategy_find(name ? name : names[0]);
    if (api) return api;
    struct text known = {0};
    const char *closest = text_closest(name, names, n);
    for (size_t i = 0; i < n; i++) text_format(&known, "%s%s", i ? ", " : "", names[i]);
    status_fail(STATUS_USAGE, "unknown strategy '%s'; %s%s%sthere are %s", name,
                closest ? "did you mean '" : "", closest ? closest : "", closest ? "'? " : "",
                text_string(&known));
    text_free(&known);
    return NULL;
}

/* Keeps the valid starts, without repeats. */
static enum status copy_starts(struct search *search, const struct search_options *options)
{
    search->starts = malloc((options->n_starts + 1) * sizeof *search->starts);
    if (!search->starts) return status_fail(STATUS_NO_MEMORY, "starting a search: out of memory");
    for (size_t i = 0; i < options->n_starts; i++)
        if (space_admits(search->space, &options->starts[i], NULL))
            search->starts[search->n_starts++] = options->starts[i];
    return STATUS_OK;
}

static enum status begin(struct search *search, const struct search_options *options)
{
    TRY(copy_starts(search, options));
    void *state = calloc(1, search->api->state_bytes);
    if (!state) return status_fail(STATUS_NO_MEMORY, "starting a search: out of memory");
    struct strategy_context context = {search->space, &search->rng, search->starts, search->n_starts};
    enum status status = search->api->begin(state, &context);
    if (status == STATUS_OK) {
        search->state = state;
    } else {
        free(state);
    }
    return status;
}

enum status search_create(const struct space *space, const struct search_options *options,
                          struct search **out)
{
    const struct strategy_api *api = pick_strategy(options->strategy);
    if (!api) return STATUS_USAGE;
    struct search *search = calloc(1, sizeof *search);
    if (!search) return status_fail(STATUS_NO_MEMORY, "starting a search: out of memory");
    search->space = space;
    search->api = api;
    search->max_trials = options->max_trials ? options->max_trials : UINT64_MAX;
    rng_seed(&search->rng, options->seed);
    enum status status = begin(search, options);
    if (status == STATUS_OK) {
        *out = search;
    } else {
        search_free(search);
    }
    return status;
}

void search_free(struct search *search)
{
    if (!search) return;
    if (search->state) search->api->end(search->state);
    known_free(&search->known);
    free(search->state);
    free(search->starts);
    free(search);
}

/* Hands one out unless it is known or not valid. */
static bool hand_out(struct search *search, const struct configuration *configuration,
                     struct configuration *out)
{
    if (known_get(&search->known, configuration) != KNOWN_NOT) return false;
    if (!space_admits(search->space, configuration, NULL)) return false;
    if (!known_put(&search->known, configuration, KNOWN_PENDING)) return false;
    *out = *configuration;
    search->n_asked++;
    search->n_pending++;
    return true;
}

static bool is_over(const struct search *search)
{
    bool exact;
    uint64_t count = space_count(search->space, &exact);
    return search->n_asked >= search->max_trials || (exact && search->known.n >= count);
}

bool search_suggest(struct search *search, const struct configuration *configuration)
{
    if (search->n_suggestions == SUGGESTIONS_MAX) return false;
    if (known_get(&search->known, configuration) != KNOWN_NOT) return false;
    if (!space_admits(search->space, configuration, NULL)) return false;
    for (size_t i = 0; i < search->n_suggestions; i++)
        if (memcmp(&search->suggestions[i], configuration, sizeof *configuration) == 0) return false;
    search->suggestions[search->n_suggestions++] = *configuration;
    return true;
}

static size_t take_suggestions(struct search *search, struct configuration *out, size_t capacity)
{
    size_t n = 0, taken = 0;
    while (n < capacity && taken < search->n_suggestions)
        n += hand_out(search, &search->suggestions[taken++], &out[n]);
    search->n_suggestions -= taken;
    memmove(search->suggestions, search->suggestions + taken,
            search->n_suggestions * sizeof *search->suggestions);
    return n;
}

size_t search_ask(struct search *search, struct configuration *out, size_t capacity, bool *finished)
{
    size_t n = 0, fruitless = 0;
    bool stuck = false;
    if (capacity > search->max_trials - search->n_asked) capacity = search->max_trials - search->n_asked;
    n = take_suggestions(search, out, capacity);
    while (n < capacity && search->next_start < search->n_starts)
        n += hand_out(search, &search->starts[search->next_start++], &out[n]);
    while (n < capacity && !stuck && !is_over(search)) {
        size_t proposed = search->api->ask(search->state, out + n, capacity - n), before = n;
        for (size_t i = before; i < before + proposed; i++) n += hand_out(search, &out[i], &out[n]);
        fruitless = n > before ? 0 : fruitless + proposed;
        stuck = proposed == 0 || fruitless > FRUITLESS_MAX;
    }
    *finished = n == 0 && (is_over(search) || (stuck && search->n_pending == 0));
    return n;
}

void search_tell(struct search *search, const struct observation *observation)
{
    enum known_state state = known_get(&search->known, &observation->configuration);
    if (state == KNOWN_TOLD || !space_admits(search->space, &observation->configuration, NULL)) return;
    if (state == KNOWN_PENDING) search->n_pending--;
    known_put(&search->known, &observation->configuration, KNOWN_TOLD);
    if (observation->valid && (!search->has_best || observation->median_ns < search->best.median_ns)) {
        search->best = *observation;
        search->has_best = true;
    }
    search->api->tell(search->state, observation);
}

void search_recall(struct search *search, const struct observation *observation)
{
    search_tell(search, observation);
}

const struct observation *search_best(const struct search *search)
{
    return search->has_best ? &search->best : NULL;
}

uint64_t search_asked(const struct search *search)
{
    return search->n_asked;
}
