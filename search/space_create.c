/* Making a space: checks, groups of parameters that constraints tie together, a counting tree for each. */
#include <stdlib.h>
#include <string.h>
#include "search/space_parts.h"

/* Work before a group counts as too large: about a second; later attempts on its parts get less. */
enum {
    WORK_MAX = 1200000000,
    WORK_AGAIN_MAX = 80000000,
    EDGES_MAX = 1 << 21,
    SAMPLE_DRAWS = 1 << 16,
    DRAWS_MAX = 1 << 21
};

static int compare_int64(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static enum status check_values(const struct space_parameter *parameter)
{
    if (parameter->n_values == 0 || parameter->n_values > SPACE_VALUES_MAX)
        return status_fail(STATUS_BAD_DATA, "parameter %s has %u values; from 1 to %d are allowed",
                           parameter->name, parameter->n_values, SPACE_VALUES_MAX);
    int64_t *sorted = malloc(parameter->n_values * sizeof *sorted);
    if (!sorted) return status_fail(STATUS_NO_MEMORY, "making a space: out of memory");
    memcpy(sorted, parameter->values, parameter->n_values * sizeof *sorted);
    qsort(sorted, parameter->n_values, sizeof *sorted, compare_int64);
    enum status status = STATUS_OK;
    for (uint32_t i = 1; i < parameter->n_values && !status; i++)
        if (sorted[i] == sorted[i - 1])
            status = status_fail(STATUS_BAD_DATA, "parameter %s lists the value %lld twice", parameter->name,
                                 (long long)sorted[i]);
    free(sorted);
    return status;
}

static void check_slot(void *context, unsigned slot)
{
    unsigned *highest = context;
    if (slot > *highest) *highest = slot;
}

enum status space_check_spec(const struct space_spec *spec)
{
    if (spec->n_parameters > SPACE_PARAMETERS_MAX || spec->n_slots > EXPR_SLOTS_MAX)
        return status_fail(STATUS_BAD_DATA, "%u parameters and %u slots; at most %d and %d are allowed",
                           spec->n_parameters, spec->n_slots, SPACE_PARAMETERS_MAX, EXPR_SLOTS_MAX);
    for (uint32_t i = 0; i < spec->n_parameters; i++) {
        TRY(check_values(&spec->parameters[i]));
        if (spec->parameters[i].slot >= spec->n_slots)
            return status_fail(STATUS_BAD_DATA, "parameter %s has slot %u of %u", spec->parameters[i].name,
                               spec->parameters[i].slot, spec->n_slots);
        for (uint32_t j = 0; j < i; j++)
            if (spec->parameters[j].slot == spec->parameters[i].slot)
                return status_fail(STATUS_BAD_DATA, "parameters %s and %s share a slot",
                                   spec->parameters[j].name, spec->parameters[i].name);
    }
    for (uint32_t i = 0; i < spec->n_clauses; i++) {
        unsigned highest = 0;
        if (spec->clauses[i].predicate) continue;
        expr_visit_slots(&spec->clauses[i].expr, check_slot, &highest);
        if (highest >= spec->n_slots && highest > 0)
            return status_fail(STATUS_BAD_DATA, "'%s' reads slot %u of %u", spec->clauses[i].text, highest,
                               spec->n_slots);
    }
    return STATUS_OK;
}

static enum status fill_domains(struct space *space)
{
    for (uint32_t i = 0; i < space->spec.n_parameters; i++) {
        struct domain *domain = &space->domains[i];
        domain->n = space->spec.parameters[i].n_values;
        domain->index = malloc(domain->n * sizeof *domain->index);
        if (!domain->index) return status_fail(STATUS_NO_MEMORY, "making a space: out of memory");
        for (uint32_t v = 0; v < domain->n; v++) domain->index[v] = (uint16_t)v;
    }
    return STATUS_OK;
}

/* Whether a constraint counts in the trees of `group`. */
static bool concerns(const struct constraint *constraint, uint32_t group)
{
    return !constraint->set_aside && (constraint->reads & group);
}

/* The parameters of `group` that constraints tie to its first one. */
static uint32_t connected(const struct space *space, uint32_t group)
{
    uint32_t part = group & -group, before;
    do {
        before = part;
        for (uint32_t c = 0; c < space->n_constraints; c++)
            if (concerns(&space->constraints[c], part)) part |= space->constraints[c].reads;
    } while (part != before);
    return part;
}

/* Explains an empty tree by the constraint that ruled out the most. */
static enum status fail_empty(const struct space *space, uint32_t group)
{
    const struct constraint *worst = NULL;
    double all = 0;
    for (uint32_t c = 0; c < space->n_constraints; c++) {
        const struct constraint *constraint = &space->constraints[c];
        if (!concerns(constraint, group)) continue;
        all += constraint->rejected;
        if (!worst || constraint->rejected > worst->rejected) worst = constraint;
    }
    if (!worst) return status_fail(STATUS_BAD_DATA, "the space is empty");
    return status_fail(
        STATUS_BAD_DATA,
        "the space is empty: no configuration satisfies every clause; '%s' rejects most (%.0f%%%s%s)",
        space->spec.clauses[worst->clause].text, all > 0 ? 100 * worst->rejected / all : 100.0,
        worst->fault ? ", last by " : "", worst->fault ? expr_fault_name(worst->fault) : "");
}

/* Takes the constraint with the most parameters out of the trees of `group`. */
static void set_widest_aside(struct space *space, uint32_t group)
{
    struct constraint *widest = NULL;
    for (uint32_t c = 0; c < space->n_constraints; c++) {
        struct constraint *constraint = &space->constraints[c];
        if (!concerns(constraint, group)) continue;
        if (!widest || __builtin_popcount(constraint->reads) > __builtin_popcount(widest->reads))
            widest = constraint;
    }
    if (!widest) return;
    widest->set_aside = true;
    space->n_set_aside++;
}

static enum status build_group(struct space *space, uint32_t group, uint64_t work_max)
{
    struct constraint *constraints[CONSTRAINTS_MAX];
    struct tree_input input = {.spec = &space->spec,
                               .domains = space->domains,
                               .constraints = constraints,
                               .slots = space->slots,
                               .work_max = work_max,
                               .edges_max = EDGES_MAX};
    for (uint32_t c = 0; c < space->n_constraints; c++)
        if (concerns(&space->constraints[c], group))
            constraints[input.n_constraints++] = &space->constraints[c];
    struct tree *tree = &space->trees[space->n_trees];
    space_order(space, group, tree);
    TRY(tree_build(&input, tree));
    space->n_trees++;
    return tree->root == TREE_EMPTY ? fail_empty(space, group) : STATUS_OK;
}

/* Builds the trees of all parameters in `group`. What is too large loses constraints until it can be counted,
 * at the latest when every parameter stands alone. */
static enum status build_groups(struct space *space, uint32_t group, uint64_t work_max)
{
    while (group) {
        uint32_t part = connected(space, group);
        enum status status = build_group(space, part, work_max);
        group &= ~part;
        if (status == STATUS_NOT_COVERED) {
            set_widest_aside(space, part);
            status = build_groups(space, part, WORK_AGAIN_MAX);
        }
        TRY(status);
    }
    return STATUS_OK;
}

/* The share of drawn combinations that the constraints set aside let pass. */
static enum status estimate_rate(struct space *space, double *rate)
{
    struct rng rng;
    rng_seed(&rng, 2);
    uint64_t passed = 0, drawn = 0;
    while (drawn < SAMPLE_DRAWS || (passed == 0 && drawn < DRAWS_MAX)) {
        struct configuration configuration;
        space_draw(space, &rng, &configuration);
        passed += space_passes_set_aside(space, &configuration);
        drawn++;
    }
    *rate = (double)passed / (double)drawn;
    if (passed) return STATUS_OK;
    for (uint32_t c = 0; c < space->n_constraints; c++) {
        if (!space->constraints[c].set_aside) continue;
        const char *text = space->spec.clauses[space->constraints[c].clause].text;
        return status_fail(STATUS_BAD_DATA,
                           "the space is too large to count and none of %llu configurations drawn "
                           "satisfies '%s'",
                           (unsigned long long)drawn, text);
    }
    return STATUS_OK;
}

static enum status count_all(struct space *space)
{
    double estimate = 1, rate = 1;
    space->exact = space->n_set_aside == 0;
    space->count = 1;
    for (uint32_t i = 0; i < space->n_trees; i++) {
        uint64_t count = tree_count(&space->trees[i]);
        estimate *= (double)count;
        if (__builtin_mul_overflow(space->count, count, &space->count)) space->exact = false;
    }
    if (space->n_set_aside) TRY(estimate_rate(space, &rate));
    estimate *= rate;
    if (!space->exact) space->count = estimate >= 0x1p64 ? UINT64_MAX : estimate < 1 ? 1 : (uint64_t)estimate;
    return STATUS_OK;
}

static enum status build(struct space *space)
{
    if (space->spec.n_slots)
        memcpy(space->slots, space->spec.slots, space->spec.n_slots * sizeof *space->slots);
    for (uint32_t i = 0; i < space->spec.n_parameters; i++) space->slots[space->spec.parameters[i].slot] = 0;
    TRY(fill_domains(space));
    TRY(space_split_clauses(space));
    TRY(build_groups(space, (uint32_t)((UINT64_C(1) << space->spec.n_parameters) - 1), WORK_MAX));
    for (uint32_t i = 0; i < space->spec.n_parameters; i++) space->slots[space->spec.parameters[i].slot] = 0;
    return count_all(space);
}

enum status space_create(const struct space_spec *spec, struct space **out)
{
    TRY(space_check_spec(spec));
    struct space *space = calloc(1, sizeof *space);
    if (!space) return status_fail(STATUS_NO_MEMORY, "making a space: out of memory");
    space->spec = *spec;
    enum status status = build(space);
    if (status == STATUS_OK) {
        *out = space;
    } else {
        space_free(space);
    }
    return status;
}

void space_free(struct space *space)
{
    if (!space) return;
    for (uint32_t i = 0; i < SPACE_PARAMETERS_MAX; i++) {
        free(space->domains[i].index);
        tree_free(&space->trees[i]);
    }
    free(space->constraints);
    free(space);
}
