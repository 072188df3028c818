#include "search/expr_lex.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

enum status expr_fail(const struct expr_lexer *lexer, size_t column, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    enum status status = status_vfail_at(lexer->where, column, format, arguments);
    va_end(arguments);
    return status;
}

static bool is_name_byte(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* A name may hold dots inside: device.lds_bytes, f8e4m3.mx32. */
static size_t name_length(const char *text)
{
    size_t length = 0;
    while (is_name_byte(text[length]) || (text[length] == '.' && is_name_byte(text[length + 1]))) length++;
    return length;
}

static enum status lex_number(struct expr_lexer *lexer, struct expr_token *token)
{
    const char *start = lexer->text + lexer->at, *p = start;
    size_t length = name_length(start);
    unsigned base = 10;
    if (p[0] == '0' && (p[1] == 'x' || p[1] == 'X')) {
        base = 16;
        p += 2;
    } else if (p[0] == '0' && isdigit((unsigned char)p[1])) {
        return expr_fail(lexer, token->column,
                         "'%.*s' starts with 0; write it in decimal, or in hexadecimal as 0x...", (int)length,
                         start);
    }
    int64_t value = 0;
    const char *first = p;
    for (; p < start + length; p++) {
        unsigned digit =
            isdigit((unsigned char)*p) ? (unsigned)(*p - '0') : (unsigned)(tolower(*p) - 'a') + 10;
        if (!isalnum((unsigned char)*p) || digit >= base) break;
        if (__builtin_mul_overflow(value, (int64_t)base, &value) ||
            __builtin_add_overflow(value, (int64_t)digit, &value))
            return expr_fail(lexer, token->column,
                             "'%.*s' overflows 64 bits; the largest number is 9223372036854775807",
                             (int)length, start);
    }
    if (p == first || p != start + length)
        return expr_fail(lexer, token->column, "'%.*s' is no whole number", (int)length, start);
    token->kind = EXPR_TOKEN_NUMBER;
    token->value = value;
    lexer->at += length;
    return STATUS_OK;
}

static enum status lex_name(struct expr_lexer *lexer, struct expr_token *token)
{
    const char *start = lexer->text + lexer->at;
    size_t length = name_length(start);
    if (length >= sizeof token->name)
        return expr_fail(lexer, token->column, "a name of %zu bytes; at most %zu are allowed", length,
                         sizeof token->name - 1);
    token->kind = EXPR_TOKEN_NAME;
    memcpy(token->name, start, length);
    token->name[length] = '\0';
    lexer->at += length;
    return STATUS_OK;
}

static enum status lex_operator(struct expr_lexer *lexer, struct expr_token *token)
{
    /* Longer ones first. */
    static const char *const operators[] = {"||", "&&", "==", "!=", "<=", ">=", "<<", ">>", "|",
                                            "&",  "^",  "~",  "!",  "<",  ">",  "+",  "-",  "*",
                                            "/",  "%",  "(",  ")",  ",",  "?",  ":"};
    const char *start = lexer->text + lexer->at;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t length = strlen(operators[i]);
        if (strncmp(start, operators[i], length) != 0) continue;
        token->kind = EXPR_TOKEN_OPERATOR;
        memcpy(token->name, operators[i], length + 1);
        lexer->at += length;
        return STATUS_OK;
    }
    if (*start == '=') return expr_fail(lexer, token->column, "'=' is no operator; did you mean '=='?");
    if (*start < ' ' || *start > '~')
        return expr_fail(lexer, token->column, "byte 0x%02x is no part of an expression",
                         (unsigned char)*start);
    return expr_fail(lexer, token->column, "'%c' is no part of an expression", *start);
}

enum status expr_lex(struct expr_lexer *lexer, struct expr_token *token)
{
    while (isspace((unsigned char)lexer->text[lexer->at])) lexer->at++;
    char first = lexer->text[lexer->at];
    token->column = lexer->at + 1;
    token->name[0] = '\0';
    token->value = 0;
    token->kind = EXPR_TOKEN_END;
    if (first == '\0') return STATUS_OK;
    if (isdigit((unsigned char)first)) return lex_number(lexer, token);
    if (is_name_byte(first)) return lex_name(lexer, token);
    return lex_operator(lexer, token);
}
