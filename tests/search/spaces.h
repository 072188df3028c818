/* Random small spaces for tests, and their valid configurations by brute force. */
#ifndef TUNEBOOK_TESTS_SEARCH_SPACES_H
#define TUNEBOOK_TESTS_SEARCH_SPACES_H

#include "tests/base/check.h"
#include "search/space.h"
#include "tests/search/names.h"

enum { SPACES_PARAMETERS = 6, SPACES_VALUES = 6, SPACES_CLAUSES = 6 };

struct small_space {
    struct arena arena;
    struct space_parameter parameters[SPACES_PARAMETERS];
    int64_t values[SPACES_PARAMETERS][SPACES_VALUES];
    struct space_clause clauses[SPACES_CLAUSES];
    int64_t slots[NAMES_SLOTS];
    struct space_spec spec;
    struct configuration *valid; /* all of them */
    size_t n_valid;
};

static inline void spaces_random_clause(struct small_space *s, struct rng *rng)
{
    /* Some clauses tie two parameters, some many, some fault for some values, some are conjunctions. */
    static const char *const shapes[] = {
        "p%u * p%u <= %u",
        "p%u %% p%u == 0 || p%u > 3",
        "p%u + p%u != %u && p%u < 7",
        "p%u > %u",
        "p%u / (p%u - p%u) < 2",
        "p%u == p%u ? p%u > 1 : p%u <= 6",
        "(p%u + p%u + p%u + p%u) %% 3 != 0",
        "p20 * p%u >= p%u && (p%u <= p%u || p%u == 2) && p21",
        "1 << p%u < p%u * %u + 9",
    };
    struct space_clause *clause = &s->clauses[s->spec.n_clauses];
    unsigned pick[5];
    for (unsigned i = 0; i < N_OF(pick); i++) pick[i] = (unsigned)rng_below(rng, s->spec.n_parameters);
    const char *shape = shapes[rng_below(rng, N_OF(shapes))];
    *clause = (struct space_clause){0};
    char text[128];
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(text, sizeof text, shape, pick[0], pick[1], pick[2], pick[3], pick[4]);
#pragma GCC diagnostic pop
    clause->text = arena_string(&s->arena, text);
    assert_ok(expr_compile(&s->arena, clause->text, "clause", &names_scope, &clause->expr));
    s->spec.n_clauses++;
}

static inline bool spaces_is_valid(const struct small_space *s, const struct configuration *configuration)
{
    int64_t slots[NAMES_SLOTS], value;
    memcpy(slots, s->slots, sizeof slots);
    for (uint32_t i = 0; i < s->spec.n_parameters; i++)
        slots[s->parameters[i].slot] = s->values[i][configuration->index[i]];
    for (uint32_t c = 0; c < s->spec.n_clauses; c++)
        if (expr_eval(&s->clauses[c].expr, slots, &value) != EXPR_FINE || value == 0) return false;
    return true;
}

/* Steps to the next raw combination; false after the last. */
static inline bool spaces_step(const struct small_space *s, struct configuration *configuration)
{
    for (uint32_t i = 0; i < s->spec.n_parameters; i++) {
        if (++configuration->index[i] < s->parameters[i].n_values) return true;
        configuration->index[i] = 0;
    }
    return false;
}

static inline void spaces_make(struct small_space *s, struct rng *rng)
{
    *s = (struct small_space){.slots = {[20] = 2, [21] = 1}};
    s->spec = (struct space_spec){
        s->parameters, 1 + (uint32_t)rng_below(rng, SPACES_PARAMETERS), s->clauses, 0, s->slots, NAMES_SLOTS};
    size_t raw = 1;
    for (unsigned i = 0; i < s->spec.n_parameters; i++) {
        uint32_t n = 1 + (uint32_t)rng_below(rng, SPACES_VALUES);
        int64_t value = (int64_t)rng_below(rng, 3);
        for (uint32_t j = 0; j < n; j++, value += 1 + (int64_t)rng_below(rng, 2)) s->values[i][j] = value;
        s->parameters[i] = (struct space_parameter){names_slots[i], s->values[i], n, i};
        raw *= n;
    }
    for (uint64_t n = rng_below(rng, SPACES_CLAUSES + 1); n > 0; n--) spaces_random_clause(s, rng);
    s->valid = malloc(raw * sizeof *s->valid);
    struct configuration configuration = {0};
    do {
        if (spaces_is_valid(s, &configuration)) s->valid[s->n_valid++] = configuration;
    } while (spaces_step(s, &configuration));
}

static inline void spaces_free(struct small_space *s)
{
    arena_free(&s->arena);
    free(s->valid);
}

#endif
