/* From clauses to constraints: conjuncts apart, what concerns one parameter applied to its values. */
#include <stdio.h>
#include <stdlib.h>
#include "search/expr_code.h"
#include "search/space_parts.h"

static uint32_t reads_of(const struct space *space, const struct expr *expr)
{
    uint32_t reads = 0;
    for (uint32_t pc = 0; pc < expr->size; pc += 1u + expr_operand_bytes(expr->code[pc])) {
        if (expr->code[pc] != EXPR_OP_SLOT) continue;
        for (uint32_t i = 0; i < space->spec.n_parameters; i++)
            if (space->spec.parameters[i].slot == expr->code[pc + 1]) reads |= UINT32_C(1) << i;
    }
    return reads;
}

/* `a && b` ends where its AND jumps to; apart, each half must stand alone. The order in which conjuncts are
 * tried does not matter: a fault rejects as well. */
static bool split_conjunction(const struct expr *expr, struct expr *left, struct expr *right)
{
    for (uint32_t pc = 0; pc < expr->size; pc += 1u + expr_operand_bytes(expr->code[pc])) {
        const uint8_t *at = expr->code + pc;
        uint32_t after = pc + EXPR_JUMP_BYTES;
        if (*at != EXPR_OP_AND || after + expr_jump_offset(at + 1) != expr->size) continue;
        if (expr_validate(expr->code, pc, EXPR_SLOTS_MAX, left) == STATUS_OK &&
            expr_validate(expr->code + after, expr->size - after, EXPR_SLOTS_MAX, right) == STATUS_OK)
            return true;
    }
    return false;
}

static enum status fail_clause(const struct space *space, uint32_t clause, enum expr_fault fault,
                               const char *what)
{
    return status_fail(STATUS_BAD_DATA, "the space is empty: '%s' %s%s%s%s", space->spec.clauses[clause].text,
                       what, fault ? " (" : "", fault ? expr_fault_name(fault) : "", fault ? ")" : "");
}

static enum status restrict_domain(struct space *space, uint32_t parameter, struct constraint *constraint)
{
    const struct space_parameter *p = &space->spec.parameters[parameter];
    struct domain *domain = &space->domains[parameter];
    uint32_t kept = 0;
    for (uint32_t i = 0; i < domain->n; i++) {
        space->slots[p->slot] = p->values[domain->index[i]];
        if (constraint_holds(constraint, space->slots)) domain->index[kept++] = domain->index[i];
    }
    space->slots[p->slot] = 0;
    domain->n = kept;
    if (kept) return STATUS_OK;
    char what[128];
    snprintf(what, sizeof what, "rejects every value of %s that is left", p->name);
    return fail_clause(space, constraint->clause, constraint->fault, what);
}

static enum status add_constraint(struct space *space, struct constraint *constraint)
{
    uint32_t reads = constraint->reads;
    if (reads == 0) {
        if (constraint_holds(constraint, space->slots)) return STATUS_OK;
        return fail_clause(space, constraint->clause, constraint->fault,
                           "does not hold for this problem and device");
    }
    if ((reads & (reads - 1)) == 0) return restrict_domain(space, (uint32_t)__builtin_ctz(reads), constraint);
    if (space->n_constraints == CONSTRAINTS_MAX)
        return status_fail(STATUS_BAD_DATA, "more than %d clauses", CONSTRAINTS_MAX);
    space->constraints[space->n_constraints++] = *constraint;
    return STATUS_OK;
}

static enum status add_expr(struct space *space, const struct expr *expr, uint32_t clause)
{
    struct expr left, right;
    if (split_conjunction(expr, &left, &right) && space->n_constraints + 2 < CONSTRAINTS_MAX) {
        TRY(add_expr(space, &left, clause));
        return add_expr(space, &right, clause);
    }
    struct constraint constraint = {.expr = *expr, .clause = clause, .reads = reads_of(space, expr)};
    return add_constraint(space, &constraint);
}

static enum status add_clause(struct space *space, const struct space_clause *clause, uint32_t number)
{
    if (!clause->predicate) return add_expr(space, &clause->expr, number);
    struct constraint constraint = {
        .predicate = clause->predicate, .clause = number, .reads = clause->predicate->reads};
    return add_constraint(space, &constraint);
}

/* Pass rates under random values, never 0 or 1: the sample is small. */
static void sample_pass_rates(struct space *space)
{
    enum { SAMPLES = 256 };
    struct rng rng;
    rng_seed(&rng, 1);
    uint32_t passed[CONSTRAINTS_MAX] = {0};
    for (uint32_t sample = 0; sample < SAMPLES; sample++) {
        for (uint32_t i = 0; i < space->spec.n_parameters; i++) {
            const struct space_parameter *p = &space->spec.parameters[i];
            const struct domain *domain = &space->domains[i];
            space->slots[p->slot] = p->values[domain->index[rng_below(&rng, domain->n)]];
        }
        for (uint32_t c = 0; c < space->n_constraints; c++)
            passed[c] += constraint_holds(&space->constraints[c], space->slots);
    }
    for (uint32_t c = 0; c < space->n_constraints; c++)
        space->constraints[c].pass_rate = (passed[c] + 0.5) / (SAMPLES + 1);
    for (uint32_t i = 0; i < space->spec.n_parameters; i++) space->slots[space->spec.parameters[i].slot] = 0;
}

enum status space_split_clauses(struct space *space)
{
    space->constraints = calloc(CONSTRAINTS_MAX, sizeof *space->constraints);
    if (!space->constraints) return status_fail(STATUS_NO_MEMORY, "making a space: out of memory");
    for (uint32_t i = 0; i < space->spec.n_clauses; i++) TRY(add_clause(space, &space->spec.clauses[i], i));
    sample_pass_rates(space);
    return STATUS_OK;
}
