/* Constants, names and calls. */
#include <string.h>
#include "search/python_parse.h"
#include "tuner/base/text.h"

static enum status parse_list_call(struct python_parser *p, struct python_node **out)
{
    size_t column = p->token.column;
    if (parser_at(p, ")")) {
        TRY(parser_node(p, PYTHON_LIST, out));
    } else {
        TRY(parser_expression(p, out));
        TRY(parser_want_list(p, column, *out));
    }
    return parser_expect(p, ")");
}

/* The name is read and the parenthesis opened. */
static enum status parse_call(struct python_parser *p, const char *name, size_t column,
                              struct python_node **out)
{
    static const struct {
        const char *name;
        enum python_node_kind kind;
        uint32_t low, high;
    } functions[] = {{"range", PYTHON_RANGE, 1, 3},
                     {"min", PYTHON_MIN, 2, 255},
                     {"max", PYTHON_MAX, 2, 255},
                     {"abs", PYTHON_ABS, 1, 1}};
    if (strcmp(name, "list") == 0) return parse_list_call(p, out);
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strcmp(name, functions[i].name) != 0) continue;
        uint32_t n;
        TRY(parser_node(p, functions[i].kind, out));
        TRY(parser_items(p, ")", &(*out)->first, &n));
        if (n < functions[i].low || n > functions[i].high)
            return python_fail(&p->lexer, column, "%s with %u values; it takes %u to %u here", name, n,
                               functions[i].low, functions[i].high);
        return parser_expect(p, ")");
    }
    return python_fail(&p->lexer, column, "calling %s() is not supported; range, list, min, max and abs are",
                       name);
}

/* ---- values ---- */

static enum status find_name(struct python_parser *p, const char *name, size_t column,
                             struct python_node **out)
{
    for (unsigned i = p->n_locals; i-- > 0;)
        if (strcmp(p->locals[i], name) == 0) {
            TRY(parser_node(p, PYTHON_LOCAL, out));
            (*out)->slot = i;
            return STATUS_OK;
        }
    for (unsigned i = 0; p->names && i < p->names->n; i++)
        if (strcmp(p->names->items[i], name) == 0) {
            TRY(parser_node(p, PYTHON_NAME, out));
            (*out)->slot = i;
            return STATUS_OK;
        }
    const char *closest = p->names ? text_closest(name, p->names->items, p->names->n) : NULL;
    return python_fail(&p->lexer, column, "unknown name '%s'%s%s%s", name, closest ? "; did you mean '" : "",
                       closest ? closest : "", closest ? "'?" : "");
}

static enum status parse_name(struct python_parser *p, struct python_node **out)
{
    char name[PYTHON_TEXT_BYTES];
    size_t column = p->token.column;
    memcpy(name, p->token.text, sizeof name);
    bool is_true = strcmp(name, "True") == 0;
    if (parser_is_keyword(name)) return parser_fail_instead(p, "a value");
    TRY(parser_advance(p));
    if (is_true || strcmp(name, "False") == 0) {
        TRY(parser_node(p, PYTHON_CONSTANT, out));
        (*out)->value = (struct python_value){.kind = PYTHON_BOOL, .integer = is_true};
        return STATUS_OK;
    }
    if (!parser_at(p, "(")) return find_name(p, name, column, out);
    TRY(parser_advance(p));
    return parse_call(p, name, column, out);
}

static enum status parse_constant(struct python_parser *p, struct python_node **out)
{
    TRY(parser_node(p, PYTHON_CONSTANT, out));
    struct python_value *value = &(*out)->value;
    if (p->token.kind == PYTHON_TOKEN_INT) {
        *value = (struct python_value){.kind = PYTHON_INT, .integer = p->token.integer};
    } else if (p->token.kind == PYTHON_TOKEN_FLOAT) {
        *value = (struct python_value){.kind = PYTHON_FLOAT, .real = p->token.real};
    } else {
        *value =
            (struct python_value){.kind = PYTHON_STRING, .string = arena_string(p->arena, p->token.text)};
        if (!value->string) return status_fail(STATUS_NO_MEMORY, "%s: out of memory", p->lexer.where);
    }
    return parser_advance(p);
}

enum status parser_atom(struct python_parser *p, struct python_node **out)
{
    enum python_token_kind kind = p->token.kind;
    if (parser_at(p, "["))
        TRY(parser_brackets(p, out));
    else if (parser_at(p, "("))
        TRY(parser_parentheses(p, out));
    else if (kind == PYTHON_TOKEN_NAME)
        TRY(parse_name(p, out));
    else if (kind == PYTHON_TOKEN_OPERATOR || kind == PYTHON_TOKEN_END)
        return parser_fail_instead(p, "a value");
    else
        TRY(parse_constant(p, out));
    if (parser_at(p, "[")) return parser_refuse(p, p->token.column, "taking an element by [...]");
    if (parser_at(p, ".")) return parser_refuse(p, p->token.column, "an attribute behind '.'");
    if (parser_at(p, "(")) return parser_refuse(p, p->token.column, "calling what is no plain name");
    return STATUS_OK;
}
