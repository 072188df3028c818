/* The parser of Python expressions: private to search/python_*.c. */
#ifndef TUNEBOOK_SEARCH_PYTHON_PARSE_H
#define TUNEBOOK_SEARCH_PYTHON_PARSE_H

#include "search/python_lex.h"
#include "search/python_tree.h"

struct python_parser {
    struct python_lexer lexer;
    struct python_token token; /* the next one */
    struct arena *arena;
    const struct python_names *names; /* may be NULL */
    const char *locals[PYTHON_LOCALS_MAX];
    unsigned n_locals;
    unsigned depth;
    uint32_t n_nodes;
};

typedef enum status python_parse_part(struct python_parser *p, struct python_node **out);

/* python_parse.c, python_atom.c, python_brackets.c: from the loosest to the tightest. */
python_parse_part parser_expression, parser_unary, parser_atom, parser_brackets, parser_parentheses;
/* Values up to the closing bracket, which stays. */
enum status parser_items(struct python_parser *p, const char *close, struct python_node **tail, uint32_t *n);
/* A part that must be a value. */
enum status parser_operand(struct python_parser *p, python_parse_part *parse, struct python_node **out);
enum status parser_want_value(const struct python_parser *p, size_t column, const struct python_node *node);
enum status parser_want_list(const struct python_parser *p, size_t column, const struct python_node *node);

/* python_parser.c */
bool parser_at(const struct python_parser *p, const char *operator_text);
bool parser_at_word(const struct python_parser *p, const char *word);
bool parser_is_keyword(const char *word);
enum status parser_advance(struct python_parser *p);
enum status parser_expect(struct python_parser *p, const char *operator_text);
enum status parser_node(struct python_parser *p, enum python_node_kind kind, struct python_node **out);
/* One level deeper; the caller leaves by p->depth--. */
enum status parser_enter(struct python_parser *p);

/* "WHAT is not supported". */
enum status parser_refuse(const struct python_parser *p, size_t column, const char *what);
/* The next token is not `wanted`: what it is, or that its construct is not supported. */
enum status parser_fail_instead(const struct python_parser *p, const char *wanted);

#endif
