/* The default strategy: against the others, with a prior, and where it ends. */
#include <math.h>
#include "tests/search/rugged.h"
#include "tests/scale.h"

/* The mean over landscapes of a strategy's best after so many trials, against another's. */
static double mean_ratio(const char *strategy, const char *other, uint64_t trials, size_t n)
{
    double sum = 0;
    for (uint64_t seed = 0; seed < n; seed++) {
        struct landscape l;
        uint64_t digest = 0;
        landscape_make(&l, 1000 + seed);
        sum += landscape_search(&l, strategy, seed, trials, 4, &digest) /
               landscape_search(&l, other, seed, trials, 4, &digest);
        landscape_free(&l);
    }
    return sum / (double)n;
}

static void test_auto_beats_the_others(void **state)
{
    (void)state;
    assert_true(mean_ratio("auto", "random", 60, test_scaled(40)) < 0.9);
    assert_true(mean_ratio("auto", "annealing", 60, test_scaled(40)) < 1);
    assert_true(mean_ratio("auto", "local", 60, test_scaled(40)) < 1);
}

/* A prior that knows the landscape, and one that believes the opposite. */
static double good_prior(const void *context, const struct configuration *configuration)
{
    double score = 0;
    const struct landscape *l = context;
    for (unsigned i = 0; i < 6; i++)
        score +=
            l->weight[i] * (configuration->index[i] - l->ideal[i]) * (configuration->index[i] - l->ideal[i]);
    return score;
}

static double bad_prior(const void *context, const struct configuration *configuration)
{
    return -good_prior(context, configuration);
}

static double nan_prior(const void *context, const struct configuration *configuration)
{
    (void)context;
    (void)configuration;
    return NAN;
}

static double best_with_prior(const struct landscape *l, search_prior *prior, uint64_t seed, uint64_t trials)
{
    struct search_options options = {
        .strategy = "auto", .seed = seed, .max_trials = trials, .prior = prior, .prior_context = l};
    struct search *search;
    struct configuration asked[4];
    bool finished = false;
    assert_ok(search_create(l->space, &options, &search));
    for (size_t n; (n = search_ask(search, asked, 4, &finished)) > 0;)
        for (size_t i = 0; i < n; i++) {
            struct observation observation = landscape_observe(l, &asked[i]);
            search_tell(search, &observation);
        }
    assert_int_equal(search_asked(search), trials);
    double best = search_best(search)->median_ns;
    search_free(search);
    return best;
}

static void test_a_prior_helps_and_a_bad_one_is_overcome(void **state)
{
    (void)state;
    double early = 0, late = 0, useless = 0;
    size_t n = test_scaled(20);
    for (uint64_t seed = 0; seed < n; seed++) {
        struct landscape l;
        landscape_make(&l, 2000 + seed);
        early += best_with_prior(&l, good_prior, seed, 12) / best_with_prior(&l, NULL, seed, 12);
        late += best_with_prior(&l, bad_prior, seed, 150) / best_with_prior(&l, NULL, seed, 150);
        useless += best_with_prior(&l, nan_prior, seed, 60) / best_with_prior(&l, NULL, seed, 60);
        landscape_free(&l);
    }
    assert_true(early / (double)n < 0.8);
    assert_true(late / (double)n < 1.15);
    assert_true(useless / (double)n < 1.15);
}

/* A smooth bowl measured with noise: auto ends by itself, says why, and is within the noise of the best. */
static void test_auto_ends_at_the_noise_floor(void **state)
{
    (void)state;
    struct landscape l;
    landscape_make(&l, 5);
    struct search *search;
    struct search_options options = {.strategy = "auto", .seed = 1, .max_trials = 100000};
    struct configuration asked[4];
    bool finished = false, exact;
    assert_ok(search_create(l.space, &options, &search));
    assert_null(search_ended_because(search));
    for (size_t n; (n = search_ask(search, asked, 4, &finished)) > 0;)
        for (size_t i = 0; i < n; i++) {
            struct observation observation = landscape_observe(&l, &asked[i]);
            observation.median_ns = 1000 * (1 + good_prior(&l, &asked[i]));
            observation.noise = 0.02;
            search_tell(search, &observation);
        }
    assert_true(finished);
    assert_true(search_asked(search) < space_count(l.space, &exact) / 20);
    assert_non_null(strstr(search_ended_because(search), "no gain beyond the noise (2 %)"));
    double best = INFINITY;
    struct configuration each;
    for (uint64_t i = 0; space_at(l.space, i, &each); i++)
        best = fmin(best, 1000 * (1 + good_prior(&l, &each)));
    assert_true(search_best(search)->median_ns < best * 1.05);
    search_free(search);
    landscape_free(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_auto_beats_the_others),
        cmocka_unit_test(test_a_prior_helps_and_a_bad_one_is_overcome),
        cmocka_unit_test(test_auto_ends_at_the_noise_floor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
