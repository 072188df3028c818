/* Bytecode back to text, for `explain`: a tree is rebuilt by running the code on nodes instead of numbers.
 * Code that is valid but not shaped as expr_compile shapes it is only described. */
#include <inttypes.h>
#include <stdlib.h>
#include "search/expr_code.h"
#include "tuner/base/dtype.h"

enum { NONE = UINT16_MAX, PRECEDENCE_ANY = 0, PRECEDENCE_UNARY = 13, PRINTED_MAX = EXPR_CODE_MAX };

struct node {
    uint8_t opcode;
    bool boolean; /* surely 0 or 1 */
    uint16_t child[3];
    uint32_t printed; /* nodes that its text takes: what is kept is printed wherever it is used */
    int64_t value;    /* the constant, or the slot */
};

struct tree {
    const uint8_t *code;
    struct node *nodes;
    uint16_t n_nodes, depth;
    uint16_t stack[EXPR_STACK_MAX], kept[EXPR_KEPT_MAX];
    bool too_long;
    const char *(*slot_name)(const void *context, unsigned slot);
    const void *context;
    struct text *out;
};

static const struct {
    const char *text;
    uint8_t precedence, pops;
} ops[256] = {
#define OP(enumerator, number, operand, pops, text, precedence) [number] = {text, precedence, pops},
    EXPR_OPS(OP)
#undef OP
};

static bool build(struct tree *t, uint32_t pc, uint32_t end);

static void push(struct tree *t, struct node node)
{
    node.printed = 1;
    for (unsigned i = 0; i < 3; i++)
        if (node.child[i] != NONE) node.printed += t->nodes[node.child[i]].printed;
    t->too_long |= node.printed > PRINTED_MAX; /* and so no sum overflows */
    t->nodes[t->n_nodes] = node;
    t->stack[t->depth++] = t->n_nodes++;
}

/* Builds [pc, end), which must leave exactly one value more. */
static bool build_value(struct tree *t, uint32_t pc, uint32_t end, uint16_t *value)
{
    unsigned depth = t->depth;
    if (!build(t, pc, end) || t->depth != depth + 1) return false;
    *value = t->stack[--t->depth];
    return true;
}

static bool build_ternary(struct tree *t, uint32_t *pc, uint32_t end)
{
    uint32_t yes = *pc + EXPR_JUMP_BYTES, no = yes + expr_jump_offset(t->code + *pc + 1);
    if (no < yes + EXPR_JUMP_BYTES || no > end || t->code[no - EXPR_JUMP_BYTES] != EXPR_OP_JUMP) return false;
    uint32_t stop = no + expr_jump_offset(t->code + no - 2);
    struct node node = {.opcode = EXPR_OP_JUMP_IF_ZERO, .child = {t->stack[--t->depth], NONE, NONE}};
    if (stop > end || !build_value(t, yes, no - EXPR_JUMP_BYTES, &node.child[1])) return false;
    if (!build_value(t, no, stop, &node.child[2])) return false;
    node.boolean = t->nodes[node.child[1]].boolean && t->nodes[node.child[2]].boolean;
    push(t, node);
    *pc = stop;
    return true;
}

static bool build_logic(struct tree *t, uint32_t *pc, uint32_t end)
{
    uint32_t right = *pc + EXPR_JUMP_BYTES, stop = right + expr_jump_offset(t->code + *pc + 1);
    struct node node = {.opcode = t->code[*pc], .boolean = true, .child = {t->stack[--t->depth], NONE, NONE}};
    if (stop > end || !build_value(t, right, stop, &node.child[1])) return false;
    const struct node *value = &t->nodes[node.child[1]];
    if (!value->boolean) return false;
    if (value->opcode == EXPR_OP_BOOL) node.child[1] = value->child[0]; /* && and || imply it */
    push(t, node);
    *pc = stop;
    return true;
}

static bool gives_boolean(uint8_t opcode)
{
    return opcode == EXPR_OP_NOT || opcode == EXPR_OP_BOOL || opcode == EXPR_OP_IS_POW2 ||
           (opcode >= EXPR_OP_EQUAL && opcode <= EXPR_OP_GREATER_EQUAL);
}

static bool build(struct tree *t, uint32_t pc, uint32_t end)
{
    unsigned bottom = t->depth;
    while (pc < end) {
        uint8_t opcode = t->code[pc];
        const uint8_t *operand = t->code + pc + 1;
        struct node node = {.opcode = opcode, .boolean = gives_boolean(opcode), .child = {NONE, NONE, NONE}};
        if (t->depth < bottom + ops[opcode].pops || t->too_long) return false;
        switch (opcode) {
        case EXPR_OP_JUMP: return false;
        case EXPR_OP_KEEP:
            t->kept[*operand] = t->stack[t->depth - 1];
            pc += 2;
            continue;
        case EXPR_OP_KEPT:
            if (t->kept[*operand] == NONE) return false;
            t->stack[t->depth++] = t->kept[*operand];
            pc += 2;
            continue;
        case EXPR_OP_JUMP_IF_ZERO:
            if (!build_ternary(t, &pc, end)) return false;
            continue;
        case EXPR_OP_AND:
        case EXPR_OP_OR:
            if (!build_logic(t, &pc, end)) return false;
            continue;
        case EXPR_OP_PUSH8: node.value = (int8_t)*operand; break;
        case EXPR_OP_PUSH32: node.value = expr_load32(operand); break;
        case EXPR_OP_PUSH64: node.value = expr_load64(operand); break;
        case EXPR_OP_SLOT: node.value = *operand; break;
        default:
            for (unsigned i = ops[opcode].pops; i-- > 0;) node.child[i] = t->stack[--t->depth];
        }
        if (opcode == EXPR_OP_PUSH8) node.boolean = node.value == 0 || node.value == 1;
        push(t, node);
        pc += 1u + expr_operand_bytes(opcode);
    }
    return pc == end;
}

static void print_constant(struct tree *t, int64_t value)
{
    for (unsigned i = 0; value > UINT32_MAX && i < DTYPE_COUNT; i++) {
        if (expr_word(dtype_name((enum dtype)i)) != value) continue;
        text_append(t->out, dtype_name((enum dtype)i));
        return;
    }
    if (value == INT64_MIN) {
        text_append(t->out, "(-9223372036854775807 - 1)");
    } else {
        text_format(t->out, "%" PRId64, value);
    }
}

static void print_node(struct tree *t, const struct node *node, unsigned above);

/* min(min(a, b), c) prints as min(a, b, c). */
static void print_arguments(struct tree *t, const struct node *node)
{
    const struct node *first = &t->nodes[node->child[0]];
    bool variadic = node->opcode == EXPR_OP_MIN || node->opcode == EXPR_OP_MAX;
    if (variadic && first->opcode == node->opcode) {
        print_arguments(t, first);
    } else {
        print_node(t, first, PRECEDENCE_ANY);
    }
    if (node->child[1] == NONE) return;
    text_append(t->out, ", ");
    print_node(t, &t->nodes[node->child[1]], PRECEDENCE_ANY);
}

static void print_operator(struct tree *t, const struct node *node)
{
    unsigned precedence = ops[node->opcode].precedence;
    const char *text = ops[node->opcode].text;
    const struct node *left = &t->nodes[node->child[0]];
    if (precedence == PRECEDENCE_UNARY) {
        text_append(t->out, text);
        print_node(t, left, precedence);
        return;
    }
    bool ternary = node->opcode == EXPR_OP_JUMP_IF_ZERO;
    print_node(t, left, precedence + ternary);
    text_format(t->out, " %s", text);
    if (node->child[1] == NONE) return; /* "!= 0" */
    text_append(t->out, " ");
    print_node(t, &t->nodes[node->child[1]], ternary ? PRECEDENCE_ANY : precedence + 1);
    if (!ternary) return;
    text_append(t->out, " : ");
    print_node(t, &t->nodes[node->child[2]], precedence);
}

/* Parentheses where the node binds no tighter than what stands around it wants. */
static void print_node(struct tree *t, const struct node *node, unsigned above)
{
    unsigned precedence = ops[node->opcode].precedence;
    if (node->opcode == EXPR_OP_SLOT) {
        const char *name = t->slot_name ? t->slot_name(t->context, (unsigned)node->value) : NULL;
        if (name) {
            text_append(t->out, name);
        } else {
            text_format(t->out, "slot%u", (unsigned)node->value);
        }
    } else if (node->child[0] == NONE) {
        print_constant(t, node->value);
    } else if (precedence == 0) {
        text_format(t->out, "%s(", ops[node->opcode].text);
        print_arguments(t, node);
        text_append(t->out, ")");
    } else {
        text_append(t->out, precedence < above ? "(" : "");
        print_operator(t, node);
        text_append(t->out, precedence < above ? ")" : "");
    }
}

void expr_print(const struct expr *expr, const char *(*slot_name)(const void *context, unsigned slot),
                const void *context, struct text *out)
{
    struct tree t = {.code = expr->code, .slot_name = slot_name, .context = context, .out = out};
    uint16_t root;
    for (unsigned i = 0; i < EXPR_KEPT_MAX; i++) t.kept[i] = NONE;
    t.nodes = calloc(expr->size, sizeof *t.nodes); /* an instruction makes at most one node */
    if (!t.nodes) {
        out->failed = true;
    } else if (build_value(&t, 0, expr->size, &root) && !t.too_long) {
        print_node(&t, &t.nodes[root], PRECEDENCE_ANY);
    } else {
        text_format(out, "(%u bytes of bytecode)", expr->size);
    }
    free(t.nodes);
}
