/* Values of compiled Python expressions. `and` and `or` give an operand, comparisons a bool. */
#include "search/python_tree.h"

/* As TRY, for faults. */
#define FINE(call)                                                   \
    do {                                                             \
        enum python_fault fine_ = (call);                            \
        if (__builtin_expect(fine_ != PYTHON_FINE, 0)) return fine_; \
    } while (0)

const char *python_fault_name(enum python_fault fault)
{
    static const char *const names[] = {"nothing", "division by zero", "beyond 64-bit integers or floats",
                                        "an operation that its operands do not have"};
    return names[fault];
}

bool python_is_true(const struct python_value *value)
{
    if (value->kind == PYTHON_STRING) return value->string[0] != '\0';
    return value->kind == PYTHON_FLOAT ? value->real != 0 : value->integer != 0;
}

static struct python_value bool_value(bool truth)
{
    return (struct python_value){.kind = PYTHON_BOOL, .integer = truth};
}

static struct python_value slot_value(const struct python_slots *slots, unsigned slot)
{
    const struct python_value *table = slots->tables ? slots->tables[slot] : NULL;
    if (table) return table[slots->slots[slot]];
    return (struct python_value){.kind = PYTHON_INT, .integer = slots->slots[slot]};
}

/* The first operand whose truth is `wanted`, else the last. */
static enum python_fault joined(const struct python_node *node, bool wanted, const struct python_frame *frame,
                                struct python_value *out)
{
    for (const struct python_node *operand = node->first; operand; operand = operand->next) {
        FINE(python_value_of(operand, frame, out));
        if (python_is_true(out) == wanted) break;
    }
    return PYTHON_FINE;
}

/* The first of the smallest, or of the largest. */
static enum python_fault extreme(const struct python_node *node, const struct python_frame *frame,
                                 struct python_value *out)
{
    enum python_op better = node->kind == PYTHON_MIN ? PYTHON_OP_LESS : PYTHON_OP_GREATER;
    FINE(python_value_of(node->first, frame, out));
    for (const struct python_node *operand = node->first->next; operand; operand = operand->next) {
        struct python_value value;
        bool replaces;
        FINE(python_value_of(operand, frame, &value));
        FINE(python_compare(better, &value, out, &replaces));
        if (replaces) *out = value;
    }
    return PYTHON_FINE;
}

/* ---- lists, asked for one value ---- */

static enum python_fault integer_of(const struct python_node *node, const struct python_frame *frame,
                                    int64_t *out)
{
    struct python_value value;
    FINE(python_value_of(node, frame, &value));
    if (value.kind != PYTHON_INT && value.kind != PYTHON_BOOL) return PYTHON_TYPE;
    *out = value.integer;
    return PYTHON_FINE;
}

enum python_fault python_range_of(const struct python_node *node, const struct python_frame *frame,
                                  struct python_range *out)
{
    const struct python_node *second = node->first->next;
    int64_t first = 0, end = 0, step = 1;
    FINE(integer_of(node->first, frame, second ? &first : &end));
    if (second) FINE(integer_of(second, frame, &end));
    if (second && second->next) FINE(integer_of(second->next, frame, &step));
    if (step == 0) return PYTHON_TYPE;
    *out = (struct python_range){first, step, 0};
    if (step > 0 && first < end)
        out->n = ((uint64_t)end - (uint64_t)first - 1) / (uint64_t)step + 1;
    else if (step < 0 && first > end)
        out->n = ((uint64_t)first - (uint64_t)end - 1) / (0 - (uint64_t)step) + 1;
    return PYTHON_FINE;
}

static enum python_fault range_holds(const struct python_node *node, const struct python_value *value,
                                     const struct python_frame *frame, bool *holds)
{
    struct python_range range;
    struct python_value whole = {.kind = PYTHON_INT};
    FINE(python_range_of(node, frame, &range));
    *holds = false;
    if (value->kind == PYTHON_STRING || range.n == 0) return PYTHON_FINE;
    if (value->kind != PYTHON_FLOAT)
        whole.integer = value->integer;
    else if (value->real >= -0x1p63 && value->real < 0x1p63)
        whole.integer = (int64_t)value->real;
    if (!python_equal(value, &whole)) return PYTHON_FINE;
    bool down = range.step < 0;
    uint64_t step = down ? 0 - (uint64_t)range.step : (uint64_t)range.step;
    if (down ? whole.integer > range.first : whole.integer < range.first) return PYTHON_FINE;
    uint64_t distance = down ? (uint64_t)range.first - (uint64_t)whole.integer
                             : (uint64_t)whole.integer - (uint64_t)range.first;
    *holds = distance % step == 0 && distance / step < range.n;
    return PYTHON_FINE;
}

/* Behind `in` the parser lets literal lists and ranges pass. */
static enum python_fault list_holds(const struct python_node *list, const struct python_value *value,
                                    const struct python_frame *frame, bool *holds)
{
    *holds = false;
    if (list->kind == PYTHON_RANGE) return range_holds(list, value, frame, holds);
    for (const struct python_node *item = list->first; item; item = item->next) {
        struct python_value element; /* all are evaluated, for one may raise */
        FINE(python_value_of(item, frame, &element));
        *holds = *holds || python_equal(&element, value);
    }
    return PYTHON_FINE;
}

/* ---- everything ---- */

static enum python_fault compare_chain(const struct python_node *node, const struct python_frame *frame,
                                       struct python_value *out)
{
    struct python_value left, right;
    bool holds = true;
    FINE(python_value_of(node->first, frame, &left));
    for (const struct python_node *operand = node->first->next; operand && holds; operand = operand->next) {
        if (python_is_list(operand)) {
            FINE(list_holds(operand, &left, frame, &holds));
            if (operand->before == PYTHON_OP_NOT_IN) holds = !holds;
            continue; /* nothing stands behind it */
        }
        FINE(python_value_of(operand, frame, &right));
        FINE(python_compare(operand->before, &left, &right, &holds));
        left = right;
    }
    *out = bool_value(holds);
    return PYTHON_FINE;
}

static enum python_fault operate(const struct python_node *node, const struct python_frame *frame,
                                 struct python_value *out)
{
    static const struct python_value zero = {.kind = PYTHON_INT};
    struct python_value left, right;
    FINE(python_value_of(node->first, frame, &left));
    if (node->kind == PYTHON_NEGATE) return python_negate(&left, out);
    if (node->kind == PYTHON_PLUS) return python_binary(PYTHON_OP_ADD, &left, &zero, out);
    if (node->kind == PYTHON_ABS) {
        bool negative;
        FINE(python_compare(PYTHON_OP_LESS, &left, &zero, &negative));
        return negative ? python_negate(&left, out) : python_binary(PYTHON_OP_ADD, &left, &zero, out);
    }
    FINE(python_value_of(node->first->next, frame, &right));
    return python_binary(node->op, &left, &right, out);
}

enum python_fault python_value_of(const struct python_node *node, const struct python_frame *frame,
                                  struct python_value *out)
{
    switch (node->kind) {
    case PYTHON_CONSTANT: *out = node->value; return PYTHON_FINE;
    case PYTHON_NAME: *out = slot_value(frame->slots, node->slot); return PYTHON_FINE;
    case PYTHON_LOCAL: *out = frame->locals[node->slot]; return PYTHON_FINE;
    case PYTHON_AND: return joined(node, false, frame, out);
    case PYTHON_OR: return joined(node, true, frame, out);
    case PYTHON_NOT:
        FINE(python_value_of(node->first, frame, out));
        *out = bool_value(!python_is_true(out));
        return PYTHON_FINE;
    case PYTHON_COMPARE: return compare_chain(node, frame, out);
    case PYTHON_MIN:
    case PYTHON_MAX: return extreme(node, frame, out);
    case PYTHON_NEGATE:
    case PYTHON_PLUS:
    case PYTHON_ABS:
    case PYTHON_BINARY: return operate(node, frame, out);
    default: return PYTHON_TYPE; /* lists: the parser lets none stand for a value */
    }
}

enum python_fault python_evaluate(const struct python *python, const struct python_slots *slots,
                                  struct python_value *out)
{
    struct python_frame frame; /* its variables are written before they are read */
    frame.slots = slots;
    return python_value_of(python->root, &frame, out);
}
