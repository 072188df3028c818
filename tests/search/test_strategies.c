/* Every strategy under the driver: nothing twice, small spaces to the end, the same for the same seed,
 * results in any order; and the local search against chance on a landscape like a kernel's. */
#include <math.h>
#include "tests/search/rugged.h"
#include "search/search.h"
#include "tests/scale.h"

static const char *const strategies[] = {"exhaustive", "random", "local", "annealing",
                                         "genetic",    "model",  "auto"};

static struct rng rng;

/* A landscape without much structure, some of it invalid. */
static struct observation observe(const struct configuration *configuration)
{
    uint64_t hash = 0;
    for (unsigned i = 0; i < SPACES_PARAMETERS; i++)
        hash = (hash + configuration->index[i] + 1) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 32;
    return (struct observation){*configuration, hash % 5 != 0, 100 + (double)(hash % 1000), 0};
}

static size_t position(const struct small_space *s, const struct configuration *configuration)
{
    for (size_t i = 0; i < s->n_valid; i++)
        if (memcmp(&s->valid[i], configuration, sizeof *configuration) == 0) return i;
    return SIZE_MAX;
}

/* Runs a search to its end with up to `jobs` pending, told in random order. Returns how many were handed out.
 */
static size_t exhaust(struct search *search, const struct small_space *s, size_t jobs, char *seen)
{
    struct configuration pending[16];
    size_t n_pending = 0, n = 0;
    bool finished = false;
    for (;;) {
        size_t asked = search_ask(search, pending + n_pending, jobs - n_pending, &finished);
        for (size_t i = n_pending; i < n_pending + asked; i++) {
            size_t at = position(s, &pending[i]);
            assert_true(at != SIZE_MAX && !seen[at]);
            seen[at] = 1;
        }
        n += asked;
        n_pending += asked;
        if (n_pending == 0) break;
        size_t told = rng_below(&rng, n_pending);
        struct observation observation = observe(&pending[told]);
        search_tell(search, &observation);
        pending[told] = pending[--n_pending];
    }
    assert_true(finished);
    assert_int_equal(search_asked(search), n);
    return n;
}

static void check_best(const struct search *search, const struct small_space *s)
{
    double best = 0;
    for (size_t i = 0; i < s->n_valid; i++) {
        struct observation observation = observe(&s->valid[i]);
        if (observation.valid && (best == 0 || observation.median_ns < best)) best = observation.median_ns;
    }
    assert_int_equal(search_best(search) != NULL, best != 0);
    if (best != 0) assert_true(search_best(search)->median_ns == best);
}

/* Some starts, some of them invalid or repeated; some recalled from an earlier sweep. */
static void check_exhaustion(const char *strategy, const struct small_space *s, const struct space *space)
{
    struct configuration starts[3] = {s->valid[0], s->valid[s->n_valid / 2], s->valid[0]};
    starts[1].index[0] = (uint16_t)(starts[1].index[0] + rng_below(&rng, 2) * 7);
    struct search_options options = {
        .strategy = strategy, .seed = rng_next(&rng), .starts = starts, .n_starts = 3};
    struct search *search;
    assert_ok(search_create(space, &options, &search));
    char *seen = calloc(s->n_valid, 1);
    size_t recalled = 0;
    while (recalled < s->n_valid && rng_below(&rng, 4) == 0) {
        struct observation observation = observe(&s->valid[recalled]);
        search_recall(search, &observation);
        seen[recalled++] = 1;
    }
    assert_int_equal(recalled + exhaust(search, s, 1 + rng_below(&rng, 8), seen), s->n_valid);
    check_best(search, s);
    free(seen);
    search_free(search);
}

static void test_small_spaces_come_once_and_to_the_end(void **state)
{
    (void)state;
    rng_seed(&rng, 40);
    for (size_t done = 0; done < test_scaled(60);) {
        struct small_space s;
        spaces_make(&s, &rng);
        if (s.n_valid > 0 && s.n_valid < 300) {
            struct space *space;
            assert_ok(space_create(&s.spec, &space));
            for (size_t i = 0; i < N_OF(strategies); i++) check_exhaustion(strategies[i], &s, space);
            space_free(space);
            done++;
        }
        spaces_free(&s);
    }
}

static void test_a_seed_decides(void **state)
{
    (void)state;
    struct landscape l;
    landscape_make(&l, 1);
    for (size_t i = 0; i < N_OF(strategies); i++) {
        uint64_t first = 0, again = 0, other = 0;
        landscape_search(&l, strategies[i], 7, 300, 4, &first);
        landscape_search(&l, strategies[i], 7, 300, 4, &again);
        landscape_search(&l, strategies[i], 8, 300, 4, &other);
        assert_true(first == again);
        assert_true((first != other) == (i > 0)); /* exhaustive takes no chances */
    }
    landscape_free(&l);
}

static void test_local_beats_random(void **state)
{
    (void)state;
    size_t n = test_scaled(100), wins = 0;
    double ratio = 0;
    for (uint64_t seed = 0; seed < n; seed++) {
        struct landscape l;
        uint64_t digest = 0;
        landscape_make(&l, seed);
        double local = landscape_search(&l, "local", seed, 200, 1 + seed % 8, &digest);
        double random = landscape_search(&l, "random", seed, 200, 1 + seed % 8, &digest);
        wins += local < random;
        ratio += local / random / (double)n;
        landscape_free(&l);
    }
    print_message("local / random after 200 trials: %.3f, better in %zu of %zu\n", ratio, wins, n);
    assert_true(n < 50 || (ratio < 0.9 && wins > n * 8 / 10));
}

static void test_starts_come_first_and_budget_ends(void **state)
{
    (void)state;
    struct landscape l;
    struct configuration starts[3] = {
        {.index = {1, 1, 1, 1, 1, 1}}, {.index = {7, 7, 0, 0, 0, 0}}, {.index = {2, 2, 2, 2}}};
    struct configuration out[8];
    bool finished = true;
    landscape_make(&l, 3);
    for (size_t i = 0; i < N_OF(strategies); i++) {
        struct search_options options = {
            .strategy = strategies[i], .max_trials = 3, .starts = starts, .n_starts = 3};
        struct search *search;
        assert_ok(search_create(l.space, &options, &search));
        size_t n = search_ask(search, out, 2, &finished);
        assert_int_equal(n, 2); /* the second start breaks a clause */
        assert_memory_equal(&out[0], &starts[0], sizeof *out);
        assert_memory_equal(&out[1], &starts[2], sizeof *out);
        assert_false(finished);
        for (size_t j = 0; j < 2; j++) {
            struct observation observation = landscape_observe(&l, &out[j]);
            search_tell(search, &observation);
            search_tell(search, &observation); /* twice is once */
        }
        assert_int_equal(search_ask(search, out, 8, &finished), 1);
        assert_false(finished);
        assert_int_equal(search_ask(search, out, 8, &finished), 0);
        assert_true(finished);
        search_free(search);
    }
    landscape_free(&l);
}

static void test_strategies_have_names(void **state)
{
    (void)state;
    const char *names[8];
    struct search *search;
    struct landscape l;
    landscape_make(&l, 1);
    assert_int_equal(strategy_names(names, 8), N_OF(strategies));
    for (size_t i = 0; i < N_OF(strategies); i++) assert_non_null(strategy_find(names[i])->summary);
    assert_null(strategy_find("sorcery"));
    assert_fails(search_create(l.space, &(struct search_options){.strategy = "locl"}, &search), STATUS_USAGE,
                 "unknown strategy 'locl'; did you mean 'local'?");
    assert_fails(
        search_create(l.space, &(struct search_options){.strategy = "zzzzzzz"}, &search), STATUS_USAGE,
        "unknown strategy 'zzzzzzz'; known: auto, local, random, annealing, genetic, model, exhaustive");
    landscape_free(&l);
}

static void test_options_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } bad[] = {
        {"annealing:het=1", "unknown option of strategy annealing 'het'; did you mean 'heat'?"},
        {"annealing:zzzzzz=1",
         "unknown option of strategy annealing 'zzzzzz'; known: samples, heat, cold, cooling"},
        {"random:heat=1", "unknown option of strategy random 'heat'; known: none"},
        {"annealing:heat", "strategy annealing: heat: wants a number from 1e-06 to 10 "},
        {"annealing:heat=", "strategy annealing: heat=: wants a number from 1e-06 to 10 "},
        {"annealing:heat=1x", "strategy annealing: heat=1x: wants a number from 1e-06 to 10 "},
        {"annealing:heat=nan", "strategy annealing: heat=nan: wants a number from 1e-06 to 10 "},
        {"annealing:heat=11", "strategy annealing: heat=11: wants a number from 1e-06 to 10 "},
        {"", "unknown strategy ''; known: "},
        {":heat=1", "unknown strategy 'heat=1'; known: "},
    };
    const struct strategy_api *api;
    double values[STRATEGY_OPTIONS_MAX];
    for (size_t i = 0; i < N_OF(bad); i++) {
        assert_int_equal(strategy_parse(bad[i].text, &api, values), STATUS_USAGE);
        if (!strstr(status_message(), bad[i].message)) fail_msg("%s: %s", bad[i].text, status_message());
    }
    assert_ok(strategy_parse("annealing:cooling=0.5:heat=2", &api, values));
    assert_string_equal(api->name, "annealing");
    for (size_t i = 0; i < api->n_options; i++) {
        const char *name = api->options[i].name;
        double wanted = strcmp(name, "heat") == 0      ? 2
                        : strcmp(name, "cooling") == 0 ? 0.5
                                                       : api->options[i].value;
        assert_true(values[i] == wanted);
    }
}

/* Every strategy's options stand in their own ranges, and there are no more than fit. */
static void test_defaults_are_in_range(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_OF(strategies); i++) {
        const struct strategy_api *api = strategy_find(strategies[i]);
        assert_true(api->n_options <= STRATEGY_OPTIONS_MAX);
        for (size_t j = 0; j < api->n_options; j++) {
            const struct strategy_option *option = &api->options[j];
            assert_true(option->low <= option->value && option->value <= option->high);
            assert_true(option->help && *option->help);
        }
    }
}

/* Whatever order the workers finish a batch in, what is asked next is the same. */
static void test_the_order_of_results_does_not_show(void **state)
{
    (void)state;
    struct landscape l;
    landscape_make(&l, 3);
    for (size_t i = 0; i < N_OF(strategies); i++) {
        struct search *searches[2];
        struct search_options options = {.strategy = strategies[i], .seed = 11, .max_trials = 200};
        for (size_t s = 0; s < 2; s++) assert_ok(search_create(l.space, &options, &searches[s]));
        for (size_t round = 0; round < 25; round++) {
            struct configuration batches[2][8];
            size_t n[2];
            bool finished;
            for (size_t s = 0; s < 2; s++) n[s] = search_ask(searches[s], batches[s], 8, &finished);
            assert_int_equal(n[0], n[1]);
            assert_memory_equal(batches[0], batches[1], n[0] * sizeof **batches);
            for (size_t s = 0; s < 2; s++)
                for (size_t j = 0; j < n[s]; j++) {
                    struct observation observation = landscape_observe(&l, &batches[s][s ? n[s] - 1 - j : j]);
                    search_tell(searches[s], &observation);
                }
        }
        for (size_t s = 0; s < 2; s++) search_free(searches[s]);
    }
    landscape_free(&l);
}

/* What is given back comes again, first, and counts once. */
static void test_what_is_given_back_comes_again(void **state)
{
    (void)state;
    struct landscape l;
    landscape_make(&l, 4);
    for (size_t i = 0; i < N_OF(strategies); i++) {
        struct search *search;
        struct search_options options = {.strategy = strategies[i], .seed = 2, .max_trials = 6};
        struct configuration first[4], again[6];
        bool finished;
        assert_ok(search_create(l.space, &options, &search));
        assert_int_equal(search_ask(search, first, 4, &finished), 4);
        struct observation observation = landscape_observe(&l, &first[1]);
        search_tell(search, &observation);
        for (size_t j = 0; j < 4; j++) search_return(search, &first[j]); /* but [1], which is told */
        search_return(search, &first[0]);
        assert_int_equal(search_asked(search), 1);
        assert_int_equal(search_ask(search, again, 3, &finished), 3);
        assert_memory_equal(&again[0], &first[0], sizeof *first);
        assert_memory_equal(&again[1], &first[2], sizeof *first);
        assert_memory_equal(&again[2], &first[3], sizeof *first);
        for (size_t j = 0; j < 3; j++) {
            observation = landscape_observe(&l, &again[j]);
            search_tell(search, &observation);
        }
        assert_int_equal(search_ask(search, again, 6, &finished), 2);
        assert_null(search_ended_because(search));
        for (size_t j = 0; j < 2; j++) {
            observation = landscape_observe(&l, &again[j]);
            search_tell(search, &observation);
        }
        assert_int_equal(search_ask(search, again, 6, &finished), 0);
        assert_true(finished);
        assert_string_equal(search_ended_because(search), "the trials were used up");
        search_free(search);
    }
    landscape_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_small_spaces_come_once_and_to_the_end),
        cmocka_unit_test(test_a_seed_decides),
        cmocka_unit_test(test_local_beats_random),
        cmocka_unit_test(test_starts_come_first_and_budget_ends),
        cmocka_unit_test(test_strategies_have_names),
        cmocka_unit_test(test_options_are_checked),
        cmocka_unit_test(test_what_is_given_back_comes_again),
        cmocka_unit_test(test_defaults_are_in_range),
        cmocka_unit_test(test_the_order_of_results_does_not_show),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
