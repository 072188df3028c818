/* What all parts of the parser use. */
#include <stdio.h>
#include <string.h>
#include "search/python_parse.h"

enum status parser_refuse(const struct python_parser *p, size_t column, const char *what)
{
    return python_fail(&p->lexer, column, "%s is not supported", what);
}

bool parser_at(const struct python_parser *p, const char *text)
{
    return p->token.kind == PYTHON_TOKEN_OPERATOR && strcmp(p->token.text, text) == 0;
}

bool parser_at_word(const struct python_parser *p, const char *text)
{
    return p->token.kind == PYTHON_TOKEN_NAME && strcmp(p->token.text, text) == 0;
}

enum status parser_advance(struct python_parser *p)
{
    return python_lex(&p->lexer, &p->token);
}

bool parser_is_keyword(const char *word)
{
    static const char *const keywords[] = {"for", "in",    "if",     "else", "and",   "or",    "not",
                                           "is",  "async", "lambda", "None", "await", "yield", "while"};
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++)
        if (strcmp(word, keywords[i]) == 0) return true;
    return false;
}

/* What stands where an expression has ended tells which construct was meant. */
enum status parser_fail_instead(const struct python_parser *p, const char *wanted)
{
    static const struct {
        const char *text, *what;
    } constructs[] = {{"if", "'... if ... else ...'"},
                      {"for", "a generator or a second 'for'"},
                      {"lambda", "'lambda'"},
                      {"None", "'None'"},
                      {"await", "'await'"},
                      {"yield", "'yield'"},
                      {":=", "an assignment"},
                      {"=", "'=' (compare by '==')"},
                      {":", "a slice or annotation"},
                      {"&", "the operator '&'"},
                      {"|", "the operator '|'"},
                      {"^", "the operator '^'"},
                      {"<<", "the operator '<<'"},
                      {">>", "the operator '>>'"},
                      {"@", "the operator '@'"},
                      {"~", "the operator '~'"},
                      {"*", "unpacking by '*'"},
                      {"**", "unpacking by '**'"}};
    const struct python_token *token = &p->token;
    bool is_plain = token->kind == PYTHON_TOKEN_NAME || token->kind == PYTHON_TOKEN_OPERATOR;
    for (size_t i = 0; is_plain && i < sizeof constructs / sizeof *constructs; i++)
        if (strcmp(token->text, constructs[i].text) == 0)
            return parser_refuse(p, token->column, constructs[i].what);
    if (token->kind == PYTHON_TOKEN_END)
        return python_fail(&p->lexer, token->column, "expected %s instead of the end", wanted);
    return python_fail(&p->lexer, token->column, "expected %s instead of '%s'", wanted, token->text);
}

enum status parser_expect(struct python_parser *p, const char *text)
{
    char wanted[8];
    if (parser_at(p, text)) return parser_advance(p);
    snprintf(wanted, sizeof wanted, "'%s'", text);
    return parser_fail_instead(p, wanted);
}

enum status parser_enter(struct python_parser *p)
{
    if (p->depth == PYTHON_DEPTH_MAX)
        return python_fail(&p->lexer, p->token.column, "nested deeper than %d", PYTHON_DEPTH_MAX);
    p->depth++;
    return STATUS_OK;
}

enum status parser_node(struct python_parser *p, enum python_node_kind kind, struct python_node **out)
{
    if (++p->n_nodes > PYTHON_NODES_MAX)
        return python_fail(&p->lexer, p->token.column, "more than %d operands and operators",
                           PYTHON_NODES_MAX);
    *out = arena_alloc(p->arena, sizeof **out);
    if (!*out) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", p->lexer.where);
    (*out)->kind = kind;
    return STATUS_OK;
}

enum status parser_want_value(const struct python_parser *p, size_t column, const struct python_node *node)
{
    if (!python_is_list(node)) return STATUS_OK;
    return python_fail(&p->lexer, column, "a list stands where a number or a string belongs");
}

enum status parser_want_list(const struct python_parser *p, size_t column, const struct python_node *node)
{
    if (python_is_list(node)) return STATUS_OK;
    return python_fail(&p->lexer, column, "no list: [...], (..., ...), range(...) and list(...) are");
}

enum status parser_operand(struct python_parser *p, python_parse_part *parse, struct python_node **out)
{
    size_t column = p->token.column;
    TRY(parse(p, out));
    return parser_want_value(p, column, *out);
}
