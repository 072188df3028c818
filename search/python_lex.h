/* Words, numbers, strings and operators of Python text: private to search/python_*.c. */
#ifndef TUNEBOOK_SEARCH_PYTHON_LEX_H
#define TUNEBOOK_SEARCH_PYTHON_LEX_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

enum python_token_kind {
    PYTHON_TOKEN_END,
    PYTHON_TOKEN_INT,
    PYTHON_TOKEN_FLOAT,
    PYTHON_TOKEN_STRING,
    PYTHON_TOKEN_NAME, /* keywords too */
    PYTHON_TOKEN_OPERATOR
};

enum { PYTHON_TEXT_BYTES = 128 };

struct python_token {
    enum python_token_kind kind;
    size_t column;                /* from 1, in bytes */
    char text[PYTHON_TEXT_BYTES]; /* of a name or an operator; what a string holds */
    int64_t integer;
    double real;
};

struct python_lexer {
    const char *text;
    const char *where; /* in front of every error */
    size_t at;
};

/* Reads the next token; STATUS_BAD_DATA names what is none, or is none of this subset. */
enum status python_lex(struct python_lexer *lexer, struct python_token *token);

/* Fails with "WHERE, column N: ..." (STATUS_BAD_DATA). */
enum status python_fail(const struct python_lexer *lexer, size_t column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
