/* Suggestions: handed out before starts and proposals, once, and only what is valid and new. */
#include "search/search.h"
#include "tests/scale.h"
#include "tests/search/spaces.h"

static const char *const strategies[] = {"exhaustive", "random", "local", "annealing", "genetic"};

static void assert_next(struct search *search, const struct configuration *expected)
{
    struct configuration next;
    bool finished;
    assert_int_equal(search_ask(search, &next, 1, &finished), 1);
    assert_memory_equal(&next, expected, sizeof next);
    search_tell(search, &(struct observation){next, true, 100, 0});
}

/* Asks and tells to the end; returns how many came. */
static size_t exhaust(struct search *search)
{
    struct configuration next;
    bool finished = false;
    size_t n = 0;
    while (search_ask(search, &next, 1, &finished) == 1) {
        search_tell(search, &(struct observation){next, n % 3 > 0, 100 + (double)n, 0});
        n++;
    }
    assert_true(finished);
    return n;
}

/* In a space of `n` valid configurations, at least eight. */
static void check(const char *strategy, const struct small_space *s, const struct space *space)
{
    const struct configuration *valid = s->valid;
    struct configuration invalid = valid[0];
    invalid.index[0] = 9999;
    struct search *search;
    struct search_options options = {.strategy = strategy, .seed = 5, .starts = &valid[0], .n_starts = 1};
    assert_ok(search_create(space, &options, &search));
    assert_true(search_suggest(search, &valid[5]));
    assert_true(search_suggest(search, &valid[3]));
    assert_false(search_suggest(search, &valid[5]));
    assert_false(search_suggest(search, &invalid));
    assert_next(search, &valid[5]);
    assert_next(search, &valid[3]);
    assert_next(search, &valid[0]);
    assert_false(search_suggest(search, &valid[3])); /* told */
    assert_true(search_suggest(search, &valid[6]));
    /* What became known on another way meanwhile is not handed out again. */
    assert_true(search_suggest(search, &valid[7]));
    search_recall(search, &(struct observation){valid[6], true, 50, 0});
    assert_next(search, &valid[7]);
    assert_int_equal(5 + exhaust(search), s->n_valid);
    assert_false(search_suggest(search, &valid[1]));
    search_free(search);
}

static void test_suggestions_come_first_and_once(void **state)
{
    (void)state;
    struct rng rng;
    rng_seed(&rng, 77);
    for (size_t done = 0; done < test_scaled(40);) {
        struct small_space s;
        spaces_make(&s, &rng);
        if (s.n_valid >= 8 && s.n_valid < 200) {
            struct space *space;
            assert_ok(space_create(&s.spec, &space));
            for (size_t i = 0; i < N_OF(strategies); i++) check(strategies[i], &s, space);
            space_free(space);
            done++;
        }
        spaces_free(&s);
    }
}

static void test_suggestions_count_as_trials(void **state)
{
    (void)state;
    struct rng rng;
    struct small_space s;
    struct space *space;
    struct search *search;
    rng_seed(&rng, 78);
    for (spaces_make(&s, &rng); s.n_valid < 20; spaces_make(&s, &rng)) spaces_free(&s);
    assert_ok(space_create(&s.spec, &space));
    struct search_options options = {.strategy = "random", .max_trials = 3};
    assert_ok(search_create(space, &options, &search));
    for (size_t i = 0; i < 16; i++) assert_true(search_suggest(search, &s.valid[i]));
    assert_false(search_suggest(search, &s.valid[16])); /* too many wait */
    assert_int_equal(exhaust(search), 3);
    search_free(search);
    space_free(space);
    spaces_free(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_suggestions_come_first_and_once),
                                       cmocka_unit_test(test_suggestions_count_as_trials)};
    return cmocka_run_group_tests_name("suggest", tests, NULL, NULL);
}
