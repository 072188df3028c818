/* Every strategy under the driver: nothing twice, small spaces to the end, the same for the same seed,
 * results in any order; and the local search against chance on a landscape like a kernel's. */
#include "tests/search/spaces.h"
#include "search/search.h"
#include "tests/scale.h"

static const char *const strategies[] = {"exhaustive", "random", "local", "annealing", "genetic"};

static struct rng rng;

/* A landscape without much structure, some of it invalid. */
static struct observation observe(const struct configuration *configuration)
{
    uint64_t hash = 0;
    for (unsigned i = 0; i < SPACES_PARAMETERS; i++)
        hash = (hash + configuration->index[i] + 1) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 32;
    return (struct observation){*configuration, hash % 5 != 0, 100 + (double)(hash % 1000)};
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

/* A space like a kernel's: sizes that should fit caches, a product with a limit, a parameter that hardly
 * matters. */
struct landscape {
    struct arena arena;
    struct space_parameter parameters[6];
    struct space_clause clauses[2];
    struct space_spec spec;
    struct space *space;
    double ideal[6], weight[6];
};

static void landscape_make(struct landscape *l, uint64_t seed)
{
    static const int64_t powers[] = {1, 2, 4, 8, 16, 32, 64, 128}, slots[NAMES_SLOTS];
    static const char *const clauses[] = {"p0 * p1 <= 2048", "p2 % p3 == 0 || p3 == 1"};
    struct rng chance;
    *l = (struct landscape){.arena = {0}};
    rng_seed(&chance, seed);
    for (unsigned i = 0; i < 6; i++) {
        l->parameters[i] = (struct space_parameter){names_slots[i], powers, 8, i};
        l->ideal[i] = rng_unit(&chance) * 7;
        l->weight[i] = 0.01 + 0.1 * rng_unit(&chance);
    }
    for (unsigned i = 0; i < 2; i++) {
        l->clauses[i].text = clauses[i];
        assert_ok(expr_compile(&l->arena, clauses[i], "clause", &names_scope, &l->clauses[i].expr));
    }
    l->spec = (struct space_spec){l->parameters, 6, l->clauses, 2, slots, NAMES_SLOTS};
    assert_ok(space_create(&l->spec, &l->space));
}

static void landscape_free(struct landscape *l)
{
    space_free(l->space);
    arena_free(&l->arena);
}

static struct observation landscape_observe(const struct landscape *l,
                                            const struct configuration *configuration)
{
    double time = 1000;
    uint64_t hash = 0;
    for (unsigned i = 0; i < 6; i++) {
        double off = configuration->index[i] - l->ideal[i];
        time *= 1 + l->weight[i] * off * off;
        hash = (hash + configuration->index[i] + 1) * UINT64_C(0x9e3779b97f4a7c15);
    }
    double bump = 0.2 * (double)(hash >> 40) / (double)(1 << 24); /* rugged by up to a fifth */
    return (struct observation){*configuration, hash >> 59 != 0, time * (1 + bump)};
}

/* The best time after `trials`, with batches of `jobs`. *digest sums up the order of what was handed out. */
static double landscape_search(const struct landscape *l, const char *strategy, uint64_t seed,
                               uint64_t trials, size_t jobs, uint64_t *digest)
{
    struct search_options options = {.strategy = strategy, .seed = seed, .max_trials = trials};
    struct search *search;
    struct configuration batch[16];
    bool finished = false;
    assert_ok(search_create(l->space, &options, &search));
    for (size_t n; (n = search_ask(search, batch, jobs, &finished)) > 0;) {
        for (size_t i = 0; i < n; i++) {
            struct observation observation = landscape_observe(l, &batch[i]);
            for (unsigned j = 0; j < 6; j++) *digest = (*digest ^ batch[i].index[j]) * 0x100000001b3u;
            search_tell(search, &observation);
        }
    }
    assert_true(finished);
    assert_int_equal(search_asked(search), trials);
    double best = search_best(search)->median_ns;
    search_free(search);
    return best;
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
                 "unknown strategy 'locl'; did you mean 'local'? there are local, random, annealing, "
                 "genetic, exhaustive");
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
