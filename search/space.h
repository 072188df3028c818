/* The space of a template for one problem and device: every choice of parameter values that satisfies every
 * constraint.
 *
 * The space is a tree: level i binds parameter i (parameters are reordered so that constraints bind early and
 * fail early), and a constraint runs as soon as its last parameter is bound. Counting the leaves under each
 * node once makes configurations addressable by number without storing them; independent groups of parameters
 * multiply. A space too large to count within its node budget stays usable: random access then samples by
 * rejection, and `exact` is false.
 *
 * A configuration is the vector of value indices, one per parameter in the manifest's order. Immutable once
 * made, so readable from any thread. */
#ifndef TUNEBOOK_SEARCH_SPACE_H
#define TUNEBOOK_SEARCH_SPACE_H

#include <stdbool.h>
#include <stdint.h>
#include "search/expr.h"
#include "tuner/base/rng.h"

enum { SPACE_PARAMETERS_MAX = 32, SPACE_VALUES_MAX = 4096 };

struct space_parameter {
    const char *name;
    const int64_t *values; /* distinct; words as expr_word values */
    uint32_t n_values;
    unsigned slot; /* of the value vector */
};

/* A constraint in another language than ours. `holds` is pure and called from any thread. */
struct space_predicate {
    bool (*holds)(const void *context, const int64_t *slots);
    const void *context;
    uint32_t reads; /* bit per parameter: all whose values it may look at */
    uint32_t work;  /* of one call, in bytes of bytecode that would take as long */
};

/* A constraint; `text` is what explains a rejection. A fault while evaluating counts as a rejection. */
struct space_clause {
    struct expr expr;
    const char *text;
    const struct space_predicate *predicate; /* in place of `expr`; NULL: none */
};

/* Everything is borrowed for the life of the space. `slots` holds the fixed values (problem, device); the
 * space copies the vector and fills in parameter slots itself. */
struct space_spec {
    const struct space_parameter *parameters;
    uint32_t n_parameters;
    const struct space_clause *clauses;
    uint32_t n_clauses;
    const int64_t *slots;
    uint32_t n_slots;
};

struct configuration {
    uint16_t index[SPACE_PARAMETERS_MAX]; /* of the value, per parameter; unused ones are 0 */
};

struct space;

/* Builds (and counts) the space. An empty one is STATUS_BAD_DATA and names the clause that rejected most. */
enum status space_create(const struct space_spec *spec, struct space **out);
/* The space of exactly these configurations, each listed once: a recording's. `spec` has no clauses. */
enum status space_create_listed(const struct space_spec *spec, const struct configuration *list, size_t n,
                                struct space **out);
void space_free(struct space *space);

const struct space_spec *space_spec_of(const struct space *space);
uint64_t space_count(const struct space *space,
                     bool *exact);                 /* valid configurations (an estimate if !exact) */
double space_raw_count(const struct space *space); /* product of the value counts */

/* The i-th valid configuration, i < count of an exact space; and back: false if it is not valid. Both false
 * if not exact. */
bool space_at(const struct space *space, uint64_t i, struct configuration *out);
bool space_find(const struct space *space, const struct configuration *configuration, uint64_t *i);

/* A uniform random valid configuration. False only for a space that is not exact, after two million draws in
 * vain. */
bool space_random(const struct space *space, struct rng *rng, struct configuration *out);

/* Checks one; on false *clause (may be NULL) is the index of the first clause that rejects it, n_clauses for
 * an index outside its parameter's values or one that is not listed. */
bool space_admits(const struct space *space, const struct configuration *configuration, uint32_t *clause);

/* Valid configurations that differ in one parameter: `adjacent` moves one step among the listed values, `any`
 * to any other value. Appends at most `capacity`, returns how many. */
enum space_move { SPACE_ADJACENT, SPACE_ANY };
size_t space_neighbours(const struct space *space, const struct configuration *from, enum space_move move,
                        struct configuration *out, size_t capacity);

/* The values of a configuration into the value vector (n_slots long, fixed slots included). */
void space_values(const struct space *space, const struct configuration *configuration, int64_t *slots);

#endif
