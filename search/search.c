/* The driver: what every strategy shares. Budget, validity, duplicates, starts, the best so far. */
#include "search/search.h"

#include <stdlib.h>
#include <string.h>
#include "search/known.h"

/* Proposals in a row of which none was new, after which a strategy counts as converged. */
enum { FRUITLESS_MAX = 1 << 16, SUGGESTIONS_MAX = 16 };

/* Handed out and not yet told to the strategy. */
struct handed_out {
    struct observation observation; /* once it is told */
    bool told, returned;
};

struct search {
    const struct space *space;
    const struct strategy_api *api;
    void *state;
    struct strategy_context context;
    double options[STRATEGY_OPTIONS_MAX];
    struct rng rng;
    struct known known;
    struct configuration *starts;
    size_t n_starts, next_start;
    struct configuration suggestions[SUGGESTIONS_MAX];
    size_t n_suggestions;
    uint64_t max_trials, n_asked, n_pending;
    struct handed_out *out; /* in the order of asking */
    size_t n_out, n_returned, out_capacity;
    bool has_best, stuck, finished;
    struct observation best;
};

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
    TRY(strategy_parse(options->strategy, &search->api, search->options));
    TRY(copy_starts(search, options));
    search->state = calloc(1, search->api->state_bytes);
    if (!search->state) return status_fail(STATUS_NO_MEMORY, "starting a search: out of memory");
    search->context = (struct strategy_context){.space = search->space,
                                                .rng = &search->rng,
                                                .known = &search->known,
                                                .n_pending = &search->n_pending,
                                                .starts = search->starts,
                                                .n_starts = search->n_starts,
                                                .prior = options->prior,
                                                .prior_context = options->prior_context,
                                                .options = search->options};
    return search->api->begin(search->state, &search->context);
}

enum status search_create(const struct space *space, const struct search_options *options,
                          struct search **out)
{
    struct search *search = calloc(1, sizeof *search);
    if (!search) return status_fail(STATUS_NO_MEMORY, "starting a search: out of memory");
    search->space = space;
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
    free(search->out);
    free(search);
}

static bool grow_out(struct search *search)
{
    if (search->n_out < search->out_capacity) return true;
    size_t wanted = search->out_capacity ? 2 * search->out_capacity : 32;
    struct handed_out *larger = realloc(search->out, wanted * sizeof *larger);
    if (!larger) return false;
    search->out = larger;
    search->out_capacity = wanted;
    return true;
}

/* The strategy hears results in the order of asking, so that it does not show in what order they came. */
static void pass_on(struct search *search)
{
    size_t n = 0;
    for (size_t i = 0; i < search->n_out; i++)
        if (search->out[i].told)
            search->api->tell(search->state, &search->out[i].observation);
        else
            search->out[n++] = search->out[i];
    search->n_out = n;
}

/* Hands one out unless it is known or not valid. */
static bool hand_out(struct search *search, const struct configuration *configuration,
                     struct configuration *out)
{
    if (known_get(&search->known, configuration) != KNOWN_NOT) return false;
    if (!space_admits(search->space, configuration, NULL)) return false;
    if (!grow_out(search) || !known_put(&search->known, configuration, KNOWN_PENDING)) return false;
    *out = *configuration;
    search->out[search->n_out++] = (struct handed_out){.observation = {.configuration = *configuration}};
    search->n_asked++;
    search->n_pending++;
    return true;
}

static bool is_exhausted(const struct search *search)
{
    bool exact;
    uint64_t count = space_count(search->space, &exact);
    return exact && search->known.n - search->n_returned >= count;
}

static bool is_over(const struct search *search)
{
    return search->n_asked >= search->max_trials || is_exhausted(search);
}

/* The strategy's next one that may be handed out. */
static bool next_proposal(struct search *search, struct configuration *out)
{
    for (unsigned fruitless = 0; fruitless < FRUITLESS_MAX; fruitless++) {
        struct configuration proposed;
        if (!search->api->propose(search->state, &proposed)) return false;
        if (hand_out(search, &proposed, out)) return true;
    }
    return false;
}

bool search_suggest(struct search *search, const struct configuration *configuration)
{
    if (search->n_suggestions == SUGGESTIONS_MAX || is_over(search)) return false;
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

static struct handed_out *find_out(struct search *search, const struct configuration *configuration)
{
    for (size_t i = 0; i < search->n_out; i++)
        if (memcmp(&search->out[i].observation.configuration, configuration, sizeof *configuration) == 0)
            return &search->out[i];
    return NULL;
}

void search_return(struct search *search, const struct configuration *configuration)
{
    struct handed_out *out = find_out(search, configuration);
    if (!out || out->told || out->returned) return;
    out->returned = true;
    search->n_returned++;
    search->n_pending--;
    search->n_asked--;
}

static size_t take_returned(struct search *search, struct configuration *out, size_t capacity)
{
    size_t n = 0;
    for (size_t i = 0; i < search->n_out && n < capacity; i++) {
        if (!search->out[i].returned) continue;
        search->out[i].returned = false;
        out[n++] = search->out[i].observation.configuration;
        search->n_returned--;
        search->n_pending++;
        search->n_asked++;
    }
    return n;
}

size_t search_ask(struct search *search, struct configuration *out, size_t capacity, bool *finished)
{
    search->stuck = false;
    pass_on(search);
    if (capacity > search->max_trials - search->n_asked) capacity = search->max_trials - search->n_asked;
    size_t n = take_returned(search, out, capacity);
    n += take_suggestions(search, out + n, capacity - n);
    while (n < capacity && search->next_start < search->n_starts)
        n += hand_out(search, &search->starts[search->next_start++], &out[n]);
    while (n < capacity && !search->stuck && !is_over(search)) {
        search->stuck = !next_proposal(search, &out[n]);
        n += !search->stuck;
    }
    *finished = n == 0 && (is_over(search) || (search->stuck && search->n_pending == 0));
    search->finished = *finished;
    return n;
}

const char *search_ended_because(const struct search *search)
{
    if (!search->finished) return NULL;
    if (is_exhausted(search)) return "every configuration was tried";
    if (search->n_asked >= search->max_trials) return "the trials were used up";
    const char *reason = search->api->reason ? search->api->reason(search->state) : NULL;
    return reason ? reason : "the strategy has nothing more to propose";
}

static void keep_best(struct search *search, const struct observation *observation)
{
    if (!observation->valid) return;
    if (search->has_best && observation->median_ns >= search->best.median_ns) return;
    search->best = *observation;
    search->has_best = true;
}

void search_tell(struct search *search, const struct observation *observation)
{
    enum known_state state = known_get(&search->known, &observation->configuration);
    if (state == KNOWN_TOLD || !space_admits(search->space, &observation->configuration, NULL)) return;
    known_put(&search->known, &observation->configuration, KNOWN_TOLD);
    keep_best(search, observation);
    if (state != KNOWN_PENDING) {
        search->api->tell(search->state, observation);
        return;
    }
    struct handed_out *out = find_out(search, &observation->configuration);
    if (out->returned)
        search->n_returned--;
    else
        search->n_pending--;
    *out = (struct handed_out){.observation = *observation, .told = true};
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
