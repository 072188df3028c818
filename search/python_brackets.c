/* Lists, tuples and comprehensions. */
#include <stdio.h>
#include <string.h>
#include "search/python_parse.h"

/* Looks ahead for the `for` that belongs to the bracket just opened: *found stands behind it. */
static enum status find_for(const struct python_parser *p, struct python_lexer *found, bool *is_there)
{
    struct python_lexer lexer = p->lexer;
    struct python_token token = p->token;
    int open = 0;
    *is_there = false;
    while (token.kind != PYTHON_TOKEN_END) {
        if (token.kind == PYTHON_TOKEN_OPERATOR) {
            if (strchr("([", token.text[0])) open++;
            if (strchr(")]", token.text[0]) && open-- == 0) return STATUS_OK;
        } else if (token.kind == PYTHON_TOKEN_NAME && open == 0 && strcmp(token.text, "for") == 0) {
            *found = lexer;
            *is_there = true;
            return STATUS_OK;
        }
        TRY(python_lex(&lexer, &token));
    }
    return STATUS_OK;
}

/* for NAME in LIST, and conditions behind it. The variable stands in scope from here on. */
static enum status parse_for(struct python_parser *p, struct python_node *node)
{
    if (p->token.kind != PYTHON_TOKEN_NAME || parser_is_keyword(p->token.text))
        return python_fail(&p->lexer, p->token.column, "expected the name of a variable behind 'for'");
    const char *name = arena_string(p->arena, p->token.text);
    if (!name) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", p->lexer.where);
    if (p->n_locals == PYTHON_LOCALS_MAX)
        return python_fail(&p->lexer, p->token.column, "more than %d variables", PYTHON_LOCALS_MAX);
    TRY(parser_advance(p));
    if (parser_at(p, ",")) return parser_refuse(p, p->token.column, "'for' with several variables");
    if (!parser_at_word(p, "in")) return parser_fail_instead(p, "'in'");
    TRY(parser_advance(p));
    size_t column = p->token.column;
    struct python_node **tail = &node->first;
    TRY(parser_expression(p, tail));
    TRY(parser_want_list(p, column, *tail));
    node->slot = p->n_locals;
    p->locals[p->n_locals++] = name;
    for (tail = &(*tail)->next; parser_at_word(p, "if"); tail = &(*tail)->next) {
        TRY(parser_advance(p));
        TRY(parser_operand(p, parser_expression, tail));
    }
    return STATUS_OK;
}

/* The variable must be known before the element that stands in front of it: reads behind `for` first, then
 * the element, and goes on at the closing bracket. */
static enum status parse_comprehension(struct python_parser *p, const struct python_lexer *behind_for,
                                       struct python_node **out)
{
    struct python_lexer element = p->lexer;
    struct python_token first = p->token;
    p->lexer = *behind_for;
    TRY(parser_node(p, PYTHON_COMPREHENSION, out));
    TRY(parser_advance(p));
    TRY(parse_for(p, *out));
    struct python_parser behind = *p;
    p->lexer = element;
    p->token = first;
    struct python_node *value;
    TRY(parser_operand(p, parser_expression, &value));
    if (!parser_at_word(p, "for")) return parser_fail_instead(p, "'for'");
    value->next = (*out)->first;
    (*out)->first = value;
    p->lexer = behind.lexer;
    p->token = behind.token;
    p->n_locals--;
    return STATUS_OK;
}

enum status parser_items(struct python_parser *p, const char *close, struct python_node **tail, uint32_t *n)
{
    char wanted[16];
    for (*n = 0; !parser_at(p, close); tail = &(*tail)->next) {
        if (*n && parser_at(p, ",")) TRY(parser_advance(p));
        if (*n && parser_at(p, close)) break;
        TRY(parser_operand(p, parser_expression, tail));
        ++*n;
        if (!parser_at(p, ",") && !parser_at(p, close)) {
            snprintf(wanted, sizeof wanted, "',' or '%s'", close);
            return parser_fail_instead(p, wanted);
        }
    }
    return STATUS_OK;
}

enum status parser_brackets(struct python_parser *p, struct python_node **out)
{
    struct python_lexer behind_for;
    bool is_comprehension;
    uint32_t n;
    TRY(parser_advance(p));
    TRY(find_for(p, &behind_for, &is_comprehension));
    if (is_comprehension) {
        TRY(parse_comprehension(p, &behind_for, out));
    } else {
        TRY(parser_node(p, PYTHON_LIST, out));
        TRY(parser_items(p, "]", &(*out)->first, &n));
    }
    return parser_expect(p, "]");
}

/* (value), or a tuple, which we take for a list. */
enum status parser_parentheses(struct python_parser *p, struct python_node **out)
{
    struct python_lexer behind_for;
    bool is_generator;
    size_t column = p->token.column;
    TRY(parser_advance(p));
    TRY(find_for(p, &behind_for, &is_generator));
    if (is_generator) return parser_refuse(p, column, "a generator; write [... for ...]");
    struct python_node *first = NULL;
    if (!parser_at(p, ")")) TRY(parser_expression(p, &first));
    if (first && !parser_at(p, ",")) {
        *out = first;
        return parser_expect(p, ")");
    }
    TRY(parser_node(p, PYTHON_LIST, out));
    if (first) {
        uint32_t n;
        TRY(parser_want_value(p, column, first));
        TRY(parser_advance(p));
        (*out)->first = first;
        TRY(parser_items(p, ")", &first->next, &n));
    }
    return parser_expect(p, ")");
}
