#include "tests/search/spaces.h"
#include "tests/scale.h"

static struct rng rng;

static bool same(const struct configuration *a, const struct configuration *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static size_t position(const struct small_space *s, const struct configuration *configuration)
{
    for (size_t i = 0; i < s->n_valid; i++)
        if (same(&s->valid[i], configuration)) return i;
    return SIZE_MAX;
}

/* Every number gives another valid configuration, which gives the number back. */
static void check_addresses(const struct small_space *s, const struct space *space)
{
    bool exact;
    assert_int_equal(space_count(space, &exact), s->n_valid);
    assert_true(exact);
    char *seen = calloc(s->n_valid, 1);
    struct configuration configuration;
    for (uint64_t i = 0; i < s->n_valid; i++) {
        uint64_t back = UINT64_MAX;
        assert_true(space_at(space, i, &configuration));
        size_t at = position(s, &configuration);
        assert_true(at != SIZE_MAX && !seen[at]);
        seen[at] = 1;
        assert_true(space_find(space, &configuration, &back));
        assert_int_equal(back, i);
    }
    assert_false(space_at(space, s->n_valid, &configuration));
    free(seen);
}

/* Admission of every raw combination, with the clause that rejects it. */
static void check_admission(const struct small_space *s, const struct space *space)
{
    struct configuration configuration = {0};
    do {
        uint32_t clause = UINT32_MAX;
        uint64_t i;
        bool valid = spaces_is_valid(s, &configuration);
        assert_int_equal(space_admits(space, &configuration, &clause), valid);
        assert_int_equal(space_find(space, &configuration, &i), valid);
        if (valid) continue;
        struct small_space without = *s;
        assert_true(clause < s->spec.n_clauses);
        without.spec.n_clauses = clause;
        assert_true(spaces_is_valid(&without, &configuration));
        without.spec.n_clauses = clause + 1;
        assert_false(spaces_is_valid(&without, &configuration));
    } while (spaces_step(s, &configuration));
}

static void check_neighbours(const struct small_space *s, const struct space *space, enum space_move move)
{
    struct configuration found[SPACES_PARAMETERS * SPACES_VALUES];
    const struct configuration *from = &s->valid[rng_below(&rng, s->n_valid)];
    size_t n = space_neighbours(space, from, move, found, N_OF(found)), expected = 0;
    for (size_t i = 0; i < s->n_valid; i++) {
        unsigned differing = 0, step = 0;
        for (unsigned j = 0; j < s->spec.n_parameters; j++) {
            if (s->valid[i].index[j] == from->index[j]) continue;
            differing++;
            step = (unsigned)abs((int)s->valid[i].index[j] - (int)from->index[j]);
        }
        if (differing != 1 || (move == SPACE_ADJACENT && step != 1)) continue;
        expected++;
        bool listed = false;
        for (size_t j = 0; j < n; j++) listed = listed || same(&found[j], &s->valid[i]);
        assert_true(listed);
    }
    assert_int_equal(n, expected);
    if (n > 1) assert_int_equal(space_neighbours(space, from, move, found, n - 1), n - 1);
}

static void test_random_spaces_agree_with_brute_force(void **state)
{
    (void)state;
    size_t n = test_scaled(500), empty = 0;
    rng_seed(&rng, 30);
    for (size_t i = 0; i < n; i++) {
        struct small_space s;
        struct space *space = NULL;
        spaces_make(&s, &rng);
        enum status status = space_create(&s.spec, &space);
        if (s.n_valid == 0) {
            empty++;
            assert_int_equal(status, STATUS_BAD_DATA);
            assert_non_null(strstr(status_message(), "the space is empty"));
        } else {
            assert_ok(status);
            check_addresses(&s, space);
            check_admission(&s, space);
            check_neighbours(&s, space, SPACE_ADJACENT);
            check_neighbours(&s, space, SPACE_ANY);
        }
        space_free(space);
        spaces_free(&s);
    }
    assert_true(n < 100 || (empty > 0 && empty < n / 2));
}

/* Chi-squared of the draws over all valid configurations: its mean is the degrees of freedom, its variance
 * twice that. */
static void assert_uniform(const struct small_space *s, const struct space *space)
{
    size_t draws = s->n_valid * 50;
    uint32_t *counts = calloc(s->n_valid, sizeof *counts);
    for (size_t i = 0; i < draws; i++) {
        struct configuration configuration;
        assert_true(space_random(space, &rng, &configuration));
        counts[position(s, &configuration)]++;
    }
    double chi = 0, freedom = (double)s->n_valid - 1;
    for (size_t i = 0; i < s->n_valid; i++) chi += (counts[i] - 50.0) * (counts[i] - 50.0) / 50.0;
    free(counts);
    if ((chi - freedom) * (chi - freedom) > 36 * 2 * (freedom + 1)) fail_msg("chi %g over %g", chi, freedom);
}

static void test_draws_are_uniform(void **state)
{
    (void)state;
    rng_seed(&rng, 31);
    for (size_t done = 0; done < test_scaled(20);) {
        struct small_space s;
        spaces_make(&s, &rng);
        if (s.n_valid > 1 && s.n_valid < 500) {
            struct space *space;
            assert_ok(space_create(&s.spec, &space));
            assert_uniform(&s, space);
            space_free(space);
            done++;
        }
        spaces_free(&s);
    }
}

static struct space_spec spec_of(struct space_parameter *parameters, uint32_t n_parameters,
                                 struct space_clause *clauses, uint32_t n_clauses, const int64_t *slots,
                                 struct arena *arena)
{
    for (uint32_t i = 0; i < n_clauses; i++)
        assert_ok(expr_compile(arena, clauses[i].text, "clause", &names_scope, &clauses[i].expr));
    return (struct space_spec){parameters, n_parameters, clauses, n_clauses, slots, NAMES_SLOTS};
}

/* 24 parameters in pairs: 10^24 raw combinations, counted by multiplying. */
static void test_independent_groups_multiply(void **state)
{
    (void)state;
    static const int64_t values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, slots[NAMES_SLOTS];
    struct space_parameter parameters[18];
    struct space_clause clauses[9];
    char texts[9][16];
    struct arena arena = {0};
    for (unsigned i = 0; i < 18; i++) parameters[i] = (struct space_parameter){names_slots[i], values, 10, i};
    for (unsigned i = 0; i < 9; i++) {
        snprintf(texts[i], sizeof texts[i], "p%u < p%u", i, 17 - i);
        clauses[i] = (struct space_clause){.text = texts[i]};
    }
    struct space_spec spec = spec_of(parameters, 18, clauses, 9, slots, &arena);
    struct space *space;
    struct configuration configuration;
    bool exact;
    uint64_t expected = 1, back;
    for (int i = 0; i < 9; i++) expected *= 45;
    assert_ok(space_create(&spec, &space));
    assert_int_equal(space_count(space, &exact), expected);
    assert_true(exact);
    assert_true(space_raw_count(space) == 1e18);
    for (uint64_t i = 1; i < expected; i = i * 7 + 3) {
        assert_true(space_at(space, i, &configuration));
        assert_true(space_admits(space, &configuration, NULL));
        assert_true(space_find(space, &configuration, &back));
        assert_int_equal(back, i);
    }
    space_free(space);
    arena_free(&arena);
}

/* More valid configurations than 64 bits count, and a clause over too many parameters: estimated, drawn,
 * still valid. */
static void test_spaces_too_large_to_count(void **state)
{
    (void)state;
    static const int64_t values[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10}, slots[NAMES_SLOTS];
    struct space_parameter parameters[24];
    struct space_clause clauses[] = {{.text = "p0 < p1"},
                                     {.text = "(p0 * 31 + p1 * 37 + p2 * 41 + p3 * 43 + p4 * 47 + p5 * "
                                              "53 + p6 * 59 + p7 * 61 + p8 * 67 + p9 * 71) % 97 < 9"}};
    struct arena arena = {0};
    struct space *space;
    struct configuration configuration;
    bool exact = true;
    uint64_t i;
    for (unsigned j = 0; j < 24; j++) parameters[j] = (struct space_parameter){names_slots[j], values, 10, j};
    struct space_spec spec = spec_of(parameters, 24, clauses, 1, slots, &arena);
    assert_ok(space_create(&spec, &space));
    assert_int_equal(space_count(space, &exact), UINT64_MAX);
    assert_false(exact);
    space_free(space);
    spec = spec_of(parameters, 10, clauses, 2, slots, &arena);
    assert_ok(space_create(&spec, &space));
    double count = (double)space_count(space, &exact);
    assert_false(exact);
    assert_true(count > 3.5e8 && count < 4.9e8); /* 4.5e9 * 9 / 97 = 4.2e8 */
    assert_false(space_at(space, 0, &configuration));
    assert_false(space_find(space, &(struct configuration){.index = {0, 1}}, &i));
    rng_seed(&rng, 32);
    for (int j = 0; j < 1000; j++) {
        assert_true(space_random(space, &rng, &configuration));
        assert_true(space_admits(space, &configuration, NULL));
    }
    space_free(space);
    arena_free(&arena);
}

static void test_odd_spaces(void **state)
{
    (void)state;
    static const int64_t values[] = {4, 8, 16}, twice[] = {4, 8, 4}, slots[NAMES_SLOTS] = {[20] = 5};
    struct space_parameter parameters[] = {
        {"TILE", values, 3, 0}, {"STEP", values, 3, 1}, {"BAD", twice, 3, 2}};
    struct space_clause never[] = {{.text = "p20 > 5"}}, unary[] = {{.text = "p0 % 32 == 0"}},
                        impossible[] = {{.text = "p0 <= p1"}, {.text = "p0 * p1 / (p20 - 5) > 0"}};
    struct arena arena = {0};
    struct space *space;
    struct configuration configuration;
    struct space_spec spec = spec_of(parameters, 0, NULL, 0, slots, &arena);
    assert_ok(space_create(&spec, &space)); /* no parameters: the one empty configuration */
    assert_int_equal(space_count(space, NULL), 1);
    assert_true(space_at(space, 0, &configuration));
    assert_true(space_admits(space, &configuration, NULL));
    space_free(space);
    spec = spec_of(parameters, 2, never, 1, slots, &arena);
    assert_fails(space_create(&spec, &space), STATUS_BAD_DATA,
                 "the space is empty: 'p20 > 5' does not hold for this problem and device");
    spec = spec_of(parameters, 2, unary, 1, slots, &arena);
    assert_fails(space_create(&spec, &space), STATUS_BAD_DATA,
                 "the space is empty: 'p0 % 32 == 0' rejects every value of TILE that is left");
    spec = spec_of(parameters, 2, impossible, 2, slots, &arena);
    assert_fails(
        space_create(&spec, &space), STATUS_BAD_DATA,
        "the space is empty: no configuration satisfies every clause; 'p0 * p1 / (p20 - 5) > 0' rejects most "
        "(67%, last by division by zero)");
    spec = spec_of(parameters, 3, NULL, 0, slots, &arena);
    assert_fails(space_create(&spec, &space), STATUS_BAD_DATA, "parameter BAD lists the value 4 twice");
    parameters[1].slot = 0;
    spec = spec_of(parameters, 2, NULL, 0, slots, &arena);
    assert_fails(space_create(&spec, &space), STATUS_BAD_DATA, "parameters TILE and STEP share a slot");
    parameters[1].n_values = 0;
    assert_fails(space_create(&spec, &space), STATUS_BAD_DATA,
                 "parameter STEP has 0 values; from 1 to 4096 are allowed");
    arena_free(&arena);
}

static void test_values_fill_the_vector(void **state)
{
    (void)state;
    static const int64_t values[] = {4, 8, 16}, slots[NAMES_SLOTS] = {[20] = 5, [3] = 99};
    struct space_parameter parameters[] = {{"A", values, 3, 3}, {"B", values, 3, 1}};
    struct arena arena = {0};
    struct space *space;
    int64_t out[NAMES_SLOTS];
    struct space_spec spec = spec_of(parameters, 2, NULL, 0, slots, &arena);
    assert_ok(space_create(&spec, &space));
    space_values(space, &(struct configuration){.index = {2, 1}}, out);
    assert_int_equal(out[3], 16);
    assert_int_equal(out[1], 8);
    assert_int_equal(out[20], 5);
    assert_false(space_admits(space, &(struct configuration){.index = {3, 1}}, NULL));
    space_free(space);
    arena_free(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_spaces_agree_with_brute_force),
        cmocka_unit_test(test_draws_are_uniform),
        cmocka_unit_test(test_independent_groups_multiply),
        cmocka_unit_test(test_spaces_too_large_to_count),
        cmocka_unit_test(test_odd_spaces),
        cmocka_unit_test(test_values_fill_the_vector),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
