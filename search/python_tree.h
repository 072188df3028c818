/* The compiled form of Python expressions, a tree: private to search/python*.c. */
#ifndef TUNEBOOK_SEARCH_PYTHON_TREE_H
#define TUNEBOOK_SEARCH_PYTHON_TREE_H

#include "search/python.h"

enum { PYTHON_DEPTH_MAX = 64, PYTHON_NODES_MAX = 4096, PYTHON_LOCALS_MAX = 8 };

enum python_node_kind {
    PYTHON_CONSTANT,
    PYTHON_NAME,  /* of a slot */
    PYTHON_LOCAL, /* the variable of a comprehension around it */
    PYTHON_AND,
    PYTHON_OR,
    PYTHON_NOT,
    PYTHON_COMPARE, /* each operand but the first carries the operator in front of it */
    PYTHON_NEGATE,
    PYTHON_PLUS,
    PYTHON_BINARY,
    PYTHON_MIN,
    PYTHON_MAX,
    PYTHON_ABS,
    /* Lists: */
    PYTHON_LIST,
    PYTHON_RANGE,
    PYTHON_CONCATENATE,
    PYTHON_COMPREHENSION /* element, list, conditions; its variable is local `slot` */
};

enum python_op {
    PYTHON_OP_ADD,
    PYTHON_OP_SUBTRACT,
    PYTHON_OP_MULTIPLY,
    PYTHON_OP_DIVIDE,
    PYTHON_OP_FLOOR_DIVIDE,
    PYTHON_OP_MODULO,
    PYTHON_OP_POWER,
    PYTHON_OP_EQUAL,
    PYTHON_OP_UNEQUAL,
    PYTHON_OP_LESS,
    PYTHON_OP_LESS_EQUAL,
    PYTHON_OP_GREATER,
    PYTHON_OP_GREATER_EQUAL,
    PYTHON_OP_IN,
    PYTHON_OP_NOT_IN
};

struct python_node {
    enum python_node_kind kind;
    enum python_op op;                /* of PYTHON_BINARY */
    enum python_op before;            /* of an operand in PYTHON_COMPARE: what stands in front of it */
    unsigned slot;                    /* PYTHON_NAME, PYTHON_LOCAL, PYTHON_COMPREHENSION */
    struct python_value value;        /* PYTHON_CONSTANT */
    struct python_node *first, *next; /* its first operand; the one beside it */
};

/* Lists are those kinds, and nothing else is. */
static inline bool python_is_list(const struct python_node *node)
{
    return node->kind >= PYTHON_LIST;
}

/* Where evaluation stands: slots, and the variables of comprehensions. */
struct python_frame {
    const struct python_slots *slots;
    struct python_value locals[PYTHON_LOCALS_MAX];
};

/* One value; `node` is none of a list. */
enum python_fault python_value_of(const struct python_node *node, const struct python_frame *frame,
                                  struct python_value *out);

/* python_number.c: operators on two values, all but and, or, in. */
enum python_fault python_binary(enum python_op op, const struct python_value *a, const struct python_value *b,
                                struct python_value *out);
enum python_fault python_compare(enum python_op op, const struct python_value *a,
                                 const struct python_value *b, bool *out);
enum python_fault python_negate(const struct python_value *value, struct python_value *out);

/* Numbers in a range(); false where the bounds are no integers or the step is 0. */
struct python_range {
    int64_t first, step;
    uint64_t n;
};
enum python_fault python_range_of(const struct python_node *node, const struct python_frame *frame,
                                  struct python_range *out);

/* python_parse.c: a whole text as a value or as a list. */
enum status python_parse(struct arena *arena, const char *text, const char *where,
                         const struct python_names *names, struct python *out);

#endif
