/* Conditions become predicates of the space, one for each operand of `and`, so that each is asked as soon as
 * its last parameter is bound. */
#include <stdio.h>
#include <string.h>
#include "search/t1_parts.h"

/* A node of an expression takes about as long as so many bytes of bytecode. */
enum { WORK_PER_NODE = 8 };

static bool conjunct_holds(const void *context, const int64_t *slots)
{
    const struct t1_conjunct *conjunct = context;
    struct python_slots values = {slots, conjunct->tables};
    struct python_value value;
    int none = PYTHON_FINE;
    enum python_fault fault = python_evaluate(&conjunct->python, &values, &value);
    if (fault == PYTHON_FINE) return python_is_true(&value);
    if (fault != PYTHON_DIVISION_BY_ZERO) atomic_compare_exchange_strong(conjunct->fault, &none, (int)fault);
    return false;
}

static enum status fail_memory(const struct t1 *t1)
{
    return status_fail(STATUS_NO_MEMORY, "%s: out of memory", t1->name);
}

static enum status add_conjunct(struct t1 *t1, const struct t1_conjunct *conjunct)
{
    struct t1_conjunct *kept = arena_copy(&t1->arena, conjunct, sizeof *conjunct);
    struct space_predicate predicate = {.holds = conjunct_holds,
                                        .context = kept,
                                        .reads = python_reads(&conjunct->python),
                                        .work = WORK_PER_NODE * conjunct->python.n_nodes};
    if (!kept || !(kept->fault = arena_alloc(&t1->arena, sizeof *kept->fault))) return fail_memory(t1);
    ((struct space_clause *)t1->spec.clauses)[t1->spec.n_clauses] = (struct space_clause){
        .text = conjunct->text, .predicate = arena_copy(&t1->arena, &predicate, sizeof predicate)};
    if (!t1->spec.clauses[t1->spec.n_clauses].predicate) return fail_memory(t1);
    t1->spec.n_clauses++;
    return STATUS_OK;
}

/* The names listed with a condition are for readers; they must be right all the same. */
static enum status check_listed(const cJSON *item, const char *where, const struct python_names *names)
{
    const cJSON *listed = cJSON_GetObjectItemCaseSensitive(item, "Parameters"), *name;
    cJSON_ArrayForEach (name, listed) {
        uint32_t i = 0;
        while (cJSON_IsString(name) && i < names->n && strcmp(names->items[i], name->valuestring) != 0) i++;
        if (!cJSON_IsString(name) || i == names->n)
            return status_fail(STATUS_BAD_DATA, "%s: its Parameters name '%.100s', which is no parameter",
                               where, cJSON_IsString(name) ? name->valuestring : "?");
    }
    return STATUS_OK;
}

static enum status read_condition(struct t1 *t1, const cJSON *item, const struct python_names *names,
                                  const struct python_value *const *tables)
{
    char where[512];
    const char *expression;
    struct python whole, parts[T1_CONJUNCTS_MAX];
    size_t number = t1->n_conditions;
    snprintf(where, sizeof where, "%.300s: Conditions[%zu]", t1->name, number);
    struct json_source source = {where};
    if (!cJSON_IsObject(item)) return status_fail(STATUS_BAD_DATA, "%s is no object", where);
    TRY(json_string(&source, item, "Expression", &expression));
    TRY(check_listed(item, where, names));
    snprintf(where, sizeof where, "%.300s: condition %zu, '%.100s'", t1->name, number + 1, expression);
    TRY(python_compile(&t1->arena, expression, where, names, &whole));
    const char *text = arena_string(&t1->arena, expression);
    if (!text) return fail_memory(t1);
    t1->conditions[t1->n_conditions++] = text;
    size_t n = python_conjuncts(&whole, parts, T1_CONJUNCTS_MAX - t1->spec.n_clauses);
    if (!n)
        return status_fail(STATUS_BAD_DATA, "%s: its conditions have more than %d parts", t1->name,
                           T1_CONJUNCTS_MAX);
    for (size_t i = 0; i < n; i++) {
        struct t1_conjunct conjunct = {.python = parts[i], .tables = tables, .text = text, .number = number};
        TRY(add_conjunct(t1, &conjunct));
    }
    return STATUS_OK;
}

enum status t1_read_conditions(struct t1 *t1, const cJSON *list, const struct python_value *const *tables)
{
    const char *items[SPACE_PARAMETERS_MAX];
    struct python_names names = {items, t1->spec.n_parameters};
    const cJSON *item;
    int n = list ? cJSON_GetArraySize(list) : 0;
    for (uint32_t i = 0; i < names.n; i++) items[i] = t1->spec.parameters[i].name;
    t1->conditions = arena_alloc(&t1->arena, ((size_t)n + 1) * sizeof *t1->conditions);
    t1->spec.clauses = arena_alloc(&t1->arena, T1_CONJUNCTS_MAX * sizeof *t1->spec.clauses);
    if (!t1->conditions || !t1->spec.clauses) return fail_memory(t1);
    cJSON_ArrayForEach (item, list) TRY(read_condition(t1, item, &names, tables));
    return STATUS_OK;
}
