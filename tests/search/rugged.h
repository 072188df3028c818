/* A landscape like a kernel's, for tests of strategies. */
#ifndef TUNEBOOK_TESTS_RUGGED_H
#define TUNEBOOK_TESTS_RUGGED_H

#include "tests/search/spaces.h"
#include "search/search.h"

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
    return (struct observation){*configuration, hash >> 59 != 0, time * (1 + bump), 0};
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

#endif
