/* Recursive descent over Python's grammar of expressions (The Python Language Reference, chapter 6), as far
 * as it is supported; what is not is refused by name. Here the operators. */
#include <string.h>
#include "search/python_parse.h"

static enum status make_binary(struct python_parser *p, enum python_op op, struct python_node *left,
                               struct python_node *right, struct python_node **out)
{
    TRY(parser_node(p, PYTHON_BINARY, out));
    (*out)->op = op;
    (*out)->first = left;
    left->next = right;
    return STATUS_OK;
}

/* Binds tighter than the sign on its left and less than that on its right, from right to left. */
static enum status parse_power(struct python_parser *p, struct python_node **out)
{
    size_t column = p->token.column;
    struct python_node *left, *right;
    TRY(parser_atom(p, &left));
    *out = left;
    if (!parser_at(p, "**")) return STATUS_OK;
    TRY(parser_want_value(p, column, left));
    TRY(parser_advance(p));
    TRY(parser_operand(p, parser_unary, &right));
    return make_binary(p, PYTHON_OP_POWER, left, right, out);
}

enum status parser_unary(struct python_parser *p, struct python_node **out)
{
    bool minus = parser_at(p, "-");
    TRY(parser_enter(p));
    if (minus || parser_at(p, "+")) {
        TRY(parser_node(p, minus ? PYTHON_NEGATE : PYTHON_PLUS, out));
        TRY(parser_advance(p));
        TRY(parser_operand(p, parser_unary, &(*out)->first));
    } else {
        TRY(parse_power(p, out));
    }
    p->depth--;
    return STATUS_OK;
}

struct spelling {
    const char *text;
    enum python_op op;
};

static bool find_spelling(const struct python_parser *p, const struct spelling *list, size_t n,
                          enum python_op *op)
{
    for (size_t i = 0; i < n; i++)
        if (parser_at(p, list[i].text)) {
            *op = list[i].op;
            return true;
        }
    return false;
}

static enum status parse_term(struct python_parser *p, struct python_node **out)
{
    static const struct spelling spellings[] = {{"*", PYTHON_OP_MULTIPLY},
                                                {"/", PYTHON_OP_DIVIDE},
                                                {"//", PYTHON_OP_FLOOR_DIVIDE},
                                                {"%", PYTHON_OP_MODULO}};
    size_t column = p->token.column;
    struct python_node *right;
    enum python_op op;
    TRY(parser_unary(p, out));
    unsigned links = 0;
    while (find_spelling(p, spellings, 4, &op)) {
        size_t at = p->token.column;
        TRY(parser_advance(p));
        if (python_is_list(*out)) return parser_refuse(p, at, "repeating a list by '*'");
        TRY(parser_want_value(p, column, *out));
        if (++links > PYTHON_DEPTH_MAX)
            return python_fail(&p->lexer, at, "nested deeper than %d", PYTHON_DEPTH_MAX);
        TRY(parser_unary(p, &right));
        if (python_is_list(right)) return parser_refuse(p, at, "repeating a list by '*'");
        TRY(make_binary(p, op, *out, right, out));
    }
    return STATUS_OK;
}

/* + joins two lists as well. */
static enum status parse_sum(struct python_parser *p, struct python_node **out)
{
    static const struct spelling spellings[] = {{"+", PYTHON_OP_ADD}, {"-", PYTHON_OP_SUBTRACT}};
    struct python_node *right;
    enum python_op op;
    TRY(parse_term(p, out));
    unsigned links = 0;
    while (find_spelling(p, spellings, 2, &op)) {
        size_t column = p->token.column;
        if (++links > PYTHON_DEPTH_MAX)
            return python_fail(&p->lexer, column, "nested deeper than %d", PYTHON_DEPTH_MAX);
        TRY(parser_advance(p));
        TRY(parse_term(p, &right));
        bool lists = python_is_list(*out) || python_is_list(right);
        if (lists && (!python_is_list(*out) || !python_is_list(right) || op != PYTHON_OP_ADD))
            return python_fail(&p->lexer, column, "'%s' between a list and something else",
                               op == PYTHON_OP_ADD ? "+" : "-");
        TRY(make_binary(p, op, *out, right, out));
        if (lists) (*out)->kind = PYTHON_CONCATENATE;
    }
    return STATUS_OK;
}

static enum status find_comparison(struct python_parser *p, enum python_op *op, bool *found)
{
    static const struct spelling spellings[] = {{"==", PYTHON_OP_EQUAL},  {"!=", PYTHON_OP_UNEQUAL},
                                                {"<", PYTHON_OP_LESS},    {"<=", PYTHON_OP_LESS_EQUAL},
                                                {">", PYTHON_OP_GREATER}, {">=", PYTHON_OP_GREATER_EQUAL}};
    *found = true;
    if (find_spelling(p, spellings, 6, op)) return parser_advance(p);
    if (parser_at_word(p, "is")) return parser_refuse(p, p->token.column, "'is' (compare by '==')");
    if (parser_at_word(p, "in")) {
        *op = PYTHON_OP_IN;
        return parser_advance(p);
    }
    if (parser_at_word(p, "not")) {
        TRY(parser_advance(p));
        *op = PYTHON_OP_NOT_IN;
        if (parser_at_word(p, "in")) return parser_advance(p);
        return parser_fail_instead(p, "'in'");
    }
    *found = false;
    return STATUS_OK;
}

/* a < b <= c compares b once with each neighbour. */
static enum status parse_comparison(struct python_parser *p, struct python_node **out)
{
    size_t column = p->token.column;
    struct python_node *first, **tail;
    enum python_op op;
    bool found;
    TRY(parse_sum(p, &first));
    TRY(find_comparison(p, &op, &found));
    *out = first;
    if (!found) return STATUS_OK;
    TRY(parser_want_value(p, column, first));
    TRY(parser_node(p, PYTHON_COMPARE, out));
    (*out)->first = first;
    tail = &first->next;
    while (found) {
        bool is_in = op == PYTHON_OP_IN || op == PYTHON_OP_NOT_IN;
        column = p->token.column;
        TRY(parse_sum(p, tail));
        if (is_in && ((*tail)->kind == PYTHON_CONCATENATE || (*tail)->kind == PYTHON_COMPREHENSION))
            return parser_refuse(p, column, "a computed list behind 'in'");
        TRY(is_in ? parser_want_list(p, column, *tail) : parser_want_value(p, column, *tail));
        (*tail)->before = op;
        tail = &(*tail)->next;
        column = p->token.column;
        TRY(find_comparison(p, &op, &found));
        if (found && is_in) return parser_refuse(p, column, "a comparison behind 'in'");
    }
    return STATUS_OK;
}

static enum status parse_not(struct python_parser *p, struct python_node **out)
{
    if (!parser_at_word(p, "not")) return parse_comparison(p, out);
    TRY(parser_enter(p));
    TRY(parser_node(p, PYTHON_NOT, out));
    TRY(parser_advance(p));
    TRY(parser_operand(p, parse_not, &(*out)->first));
    p->depth--;
    return STATUS_OK;
}

/* Operands between the same word are siblings of one node. */
static enum status parse_joined(struct python_parser *p, const char *word, enum python_node_kind kind,
                                python_parse_part *parse, struct python_node **out)
{
    size_t column = p->token.column;
    struct python_node *first, **tail;
    TRY(parse(p, &first));
    *out = first;
    if (!parser_at_word(p, word)) return STATUS_OK;
    TRY(parser_want_value(p, column, first));
    TRY(parser_node(p, kind, out));
    (*out)->first = first;
    for (tail = &first->next; parser_at_word(p, word); tail = &(*tail)->next) {
        TRY(parser_advance(p));
        TRY(parser_operand(p, parse, tail));
    }
    return STATUS_OK;
}

static enum status parse_and(struct python_parser *p, struct python_node **out)
{
    return parse_joined(p, "and", PYTHON_AND, parse_not, out);
}

enum status parser_expression(struct python_parser *p, struct python_node **out)
{
    return parse_joined(p, "or", PYTHON_OR, parse_and, out);
}

enum status python_parse(struct arena *arena, const char *text, const char *where,
                         const struct python_names *names, struct python *out)
{
    struct python_parser p = {.lexer = {.text = text, .where = where}, .arena = arena, .names = names};
    struct python_node *root = NULL;
    TRY(parser_advance(&p));
    TRY(parser_expression(&p, &root));
    if (p.token.kind != PYTHON_TOKEN_END) return parser_fail_instead(&p, "an operator");
    *out = (struct python){root, p.n_nodes};
    return STATUS_OK;
}
