/* Words, numbers and operators of expression text: private to search/expr_*.c. */
#ifndef TUNEBOOK_SEARCH_EXPR_LEX_H
#define TUNEBOOK_SEARCH_EXPR_LEX_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

enum expr_token_kind { EXPR_TOKEN_END, EXPR_TOKEN_NUMBER, EXPR_TOKEN_NAME, EXPR_TOKEN_OPERATOR };

enum { EXPR_NAME_BYTES = 128, EXPR_OPERATOR_BYTES = 3 };

struct expr_token {
    enum expr_token_kind kind;
    size_t column;              /* from 1, in bytes */
    char name[EXPR_NAME_BYTES]; /* EXPR_TOKEN_NAME and EXPR_TOKEN_OPERATOR */
    int64_t value;              /* EXPR_TOKEN_NUMBER */
};

struct expr_lexer {
    const char *text;
    const char *where; /* in front of every error */
    size_t at;
};

/* Reads the next token; STATUS_BAD_DATA with the column for what is none. */
enum status expr_lex(struct expr_lexer *lexer, struct expr_token *token);

/* Fails with "WHERE, column N: ..." (STATUS_BAD_DATA). */
enum status expr_fail(const struct expr_lexer *lexer, size_t column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
