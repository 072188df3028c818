#include "search/python_lex.h"

#include <ctype.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>
#include "tuner/base/text.h"

enum status python_fail(const struct python_lexer *lexer, size_t column, const char *format, ...)
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

/* All that a number may be made of; what it is decides itself when it is read. */
static size_t number_length(const char *text)
{
    size_t length = 0;
    bool is_hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    for (;; length++) {
        bool is_sign = (text[length] == '+' || text[length] == '-') && length && !is_hex &&
                       (text[length - 1] == 'e' || text[length - 1] == 'E');
        if (!is_name_byte(text[length]) && text[length] != '.' && !is_sign) return length;
    }
}

static bool read_hex(const char *digits, int64_t *value)
{
    *value = 0;
    if (!*digits) return false;
    for (; *digits; digits++) {
        if (!isxdigit((unsigned char)*digits) || *value >> 59) return false;
        *value = *value * 16 + (isdigit((unsigned char)*digits) ? *digits - '0'
                                                                : tolower((unsigned char)*digits) - 'a' + 10);
    }
    return true;
}

static enum status lex_number(struct python_lexer *lexer, struct python_token *token)
{
    const char *start = lexer->text + lexer->at;
    size_t length = number_length(start), digits = strspn(start, "0123456789");
    char *text = token->text;
    if (length >= sizeof token->text)
        return python_fail(lexer, token->column, "a number of %zu characters", length);
    memcpy(text, start, length);
    text[length] = '\0';
    lexer->at += length;
    token->kind = PYTHON_TOKEN_INT;
    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        if (read_hex(text + 2, &token->integer)) return STATUS_OK;
    } else if (digits == length) {
        bool octal_like = text[0] == '0' && strspn(text, "0") != length;
        if (!octal_like && text_parse_int64(text, &token->integer)) return STATUS_OK;
        if (!octal_like)
            return python_fail(lexer, token->column, "%s is beyond 64-bit integers, which is not supported",
                               text);
    } else if (strspn(text, "0123456789.eE+-") == length && text_parse_double(text, &token->real) &&
               isfinite(token->real)) {
        token->kind = PYTHON_TOKEN_FLOAT;
        return STATUS_OK;
    }
    return python_fail(lexer, token->column, "the number '%s' is not supported; write 16, 0x10 or 1.5e-3",
                       text);
}

static enum status lex_string(struct python_lexer *lexer, struct python_token *token)
{
    const char *start = lexer->text + lexer->at, *end = strchr(start + 1, *start);
    if (!end) return python_fail(lexer, token->column, "a string that does not end");
    size_t length = (size_t)(end - start) - 1;
    if (memchr(start + 1, '\\', length))
        return python_fail(lexer, token->column, "a backslash in a string is not supported");
    if (length >= sizeof token->text)
        return python_fail(lexer, token->column, "a string of %zu bytes; at most %zu are supported", length,
                           sizeof token->text - 1);
    memcpy(token->text, start + 1, length);
    token->text[length] = '\0';
    token->kind = PYTHON_TOKEN_STRING;
    lexer->at += length + 2;
    return STATUS_OK;
}

static enum status lex_name(struct python_lexer *lexer, struct python_token *token)
{
    const char *start = lexer->text + lexer->at;
    size_t length = 0;
    while (is_name_byte(start[length])) length++;
    if (length >= sizeof token->text)
        return python_fail(lexer, token->column, "a name of %zu bytes; at most %zu are supported", length,
                           sizeof token->text - 1);
    memcpy(token->text, start, length);
    token->text[length] = '\0';
    if (start[length] == '\'' || start[length] == '"')
        return python_fail(lexer, token->column, "a string with the prefix '%s' is not supported",
                           token->text);
    token->kind = PYTHON_TOKEN_NAME;
    lexer->at += length;
    return STATUS_OK;
}

static enum status lex_operator(struct python_lexer *lexer, struct python_token *token)
{
    /* Longer ones first. */
    static const char *const operators[] = {"**", "//", "==", "!=", "<=", ">=", "<<", ">>", ":=", "<",
                                            ">",  "+",  "-",  "*",  "/",  "%",  "(",  ")",  "[",  "]",
                                            ",",  ".",  ":",  "=",  "&",  "|",  "^",  "~",  "@",  ";"};
    const char *start = lexer->text + lexer->at;
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++) {
        size_t length = strlen(operators[i]);
        if (strncmp(start, operators[i], length) != 0) continue;
        token->kind = PYTHON_TOKEN_OPERATOR;
        memcpy(token->text, operators[i], length + 1);
        lexer->at += length;
        return STATUS_OK;
    }
    if (*start == '{') return python_fail(lexer, token->column, "a set or dictionary is not supported");
    if (*start < ' ' || *start > '~')
        return python_fail(lexer, token->column, "byte 0x%02x is no part of an expression",
                           (unsigned char)*start);
    return python_fail(lexer, token->column, "'%c' is no part of an expression", *start);
}

enum status python_lex(struct python_lexer *lexer, struct python_token *token)
{
    while (lexer->text[lexer->at] && strchr(" \t\r\n\f", lexer->text[lexer->at])) lexer->at++;
    const char *next = lexer->text + lexer->at;
    *token = (struct python_token){.kind = PYTHON_TOKEN_END, .column = lexer->at + 1};
    if (!*next) return STATUS_OK;
    if (isdigit((unsigned char)*next) || (*next == '.' && isdigit((unsigned char)next[1])))
        return lex_number(lexer, token);
    if (*next == '\'' || *next == '"') return lex_string(lexer, token);
    if (is_name_byte(*next)) return lex_name(lexer, token);
    return lex_operator(lexer, token);
}
