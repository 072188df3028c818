/* The table of ops and what can be asked of any of them. */
#include "templates/op.h"

#include <string.h>
#include "search/expr.h"

_Static_assert((int)SLOT_COUNT <= (int)EXPR_SLOTS_MAX, "the value vector must be addressable by expressions");
_Static_assert((int)DEVICE_FACT_COUNT <= SLOT_PARAMETERS - SLOT_DEVICE, "device facts must fit their slots");

#define OP(name) extern const struct op name##_op;
#include "templates/ops.def"
#undef OP

static const struct op *const op_table[] = {
#define OP(name) &name##_op,
#include "templates/ops.def"
#undef OP
};

enum { N_OPS = sizeof op_table / sizeof op_table[0] };

const struct op *op_find(const char *name)
{
    for (size_t i = 0; i < N_OPS; i++)
        if (strcmp(op_table[i]->name, name) == 0) return op_table[i];
    return NULL;
}

size_t op_names(const char **names, size_t capacity)
{
    size_t n = 0;
    for (size_t i = 0; i < N_OPS && n < capacity; i++) names[n++] = op_table[i]->name;
    return n;
}

int op_field_index(const struct op *op, const char *name)
{
    for (unsigned i = 0; i < op->n_fields; i++)
        if (strcmp(op->fields[i].name, name) == 0) return (int)i;
    return -1;
}

int op_operand_index(const struct op *op, const char *name)
{
    for (int i = 0; op->operand_names[i]; i++)
        if (strcmp(op->operand_names[i], name) == 0) return i;
    return -1;
}

int64_t problem_size(const struct problem *problem, const char *field)
{
    int index = op_field_index(problem->op, field);
    return index < 0 ? 0 : problem->value[index];
}

enum dtype problem_input_type(const struct problem *problem)
{
    struct operand operands[OP_OPERANDS_MAX];
    return problem->op->operands(problem, operands) ? operands[0].type : DTYPE_F32;
}

static int64_t slot_value(const struct op_field *field, int64_t value)
{
    switch (field->kind) {
    case FIELD_TYPE: return expr_word(dtype_name((enum dtype)value));
    case FIELD_CHOICE: return expr_word(field->choices[value]);
    default: return value;
    }
}

void problem_slots(const struct problem *problem, const struct device_facts *facts, int64_t slots[SLOT_COUNT])
{
    const struct op *op = problem->op;
    for (unsigned i = 0; i < OP_FIELDS_MAX; i++)
        slots[SLOT_PROBLEM + i] = i < op->n_fields ? slot_value(&op->fields[i], problem->value[i]) : 0;
    for (unsigned i = 0; i < SLOT_PARAMETERS - SLOT_DEVICE; i++)
        slots[SLOT_DEVICE + i] = i < DEVICE_FACT_COUNT ? facts->value[i] : 0;
}
