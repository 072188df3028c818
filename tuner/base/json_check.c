#include "tuner/base/json_check.h"

#include <stdio.h>
#include <string.h>
#include "tuner/base/utf8.h"

struct check {
    const struct json_source *source;
    const unsigned char *bytes;
    size_t size, at;
    int depth;
    struct text *names;
};

enum status json_fail_at(const struct json_source *source, const char *bytes, size_t offset,
                         const char *format, ...)
{
    size_t line = 1, column = 1;
    for (size_t i = 0; i < offset; i++) {
        if (bytes[i] == '\n') {
            line++;
            column = 1;
        } else if (((unsigned char)bytes[i] & 0xc0) != 0x80) {
            column++;
        }
    }
    char what[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return status_fail(STATUS_BAD_DATA, "%s:%zu:%zu: %s", source->name, line, column, what);
}

static int peek(const struct check *check)
{
    return check->at < check->size ? check->bytes[check->at] : -1;
}

static void skip_space(struct check *check)
{
    for (int c = peek(check); c == ' ' || c == '\t' || c == '\n' || c == '\r'; c = peek(check)) check->at++;
}

static enum status fail(const struct check *check, size_t at, const char *what)
{
    return json_fail_at(check->source, (const char *)check->bytes, at, "%s", what);
}

/* What was wanted, and what stands there. */
static enum status fail_found(const struct check *check, const char *wanted)
{
    int c = peek(check);
    const char *bytes = (const char *)check->bytes;
    if (c < 0) return json_fail_at(check->source, bytes, check->at, "%s expected, found the end", wanted);
    if (c <= ' ' || c >= 127)
        return json_fail_at(check->source, bytes, check->at, "%s expected, found byte 0x%02x", wanted,
                            (unsigned)c);
    return json_fail_at(check->source, bytes, check->at, "%s expected, found '%c'", wanted, c);
}

/* The four digits after \u, or -1. */
static long hex4(const struct check *check, size_t at)
{
    long value = 0;
    for (size_t i = at; i < at + 4; i++) {
        int c = i < check->size ? check->bytes[i] : -1;
        int digit = c >= '0' && c <= '9'                 ? c - '0'
                    : (c | 32) >= 'a' && (c | 32) <= 'f' ? (c | 32) - 'a' + 10
                                                         : -1;
        if (c < 0 || digit < 0) return -1;
        value = value * 16 + digit;
    }
    return value;
}

static enum status check_escape(struct check *check)
{
    size_t start = check->at++;
    int c = peek(check);
    if (c >= 0 && c != 'u' && strchr("\"\\/bfnrt", c) && c) {
        check->at++;
        return STATUS_OK;
    }
    if (c != 'u') return fail(check, start, "unknown escape in a string");
    long unit = hex4(check, ++check->at);
    if (unit < 0) return fail(check, start, "\\u wants four hex digits");
    /* C strings end there, so that two different names would look the same. */
    if (unit == 0) return fail(check, start, "\\u0000 is not allowed");
    check->at += 4;
    if (unit < 0xd800 || unit > 0xdfff) return STATUS_OK;
    bool paired = unit < 0xdc00 && peek(check) == '\\' && check->at + 1 < check->size &&
                  check->bytes[check->at + 1] == 'u';
    long low = paired ? hex4(check, check->at + 2) : -1;
    if (low < 0xdc00 || low > 0xdfff) return fail(check, start, "half of a surrogate pair");
    check->at += 6;
    return STATUS_OK;
}

static enum status check_string(struct check *check)
{
    size_t start = check->at++;
    for (;;) {
        int c = peek(check);
        if (c < 0) return fail(check, start, "this string has no end");
        if (c == '"') break;
        if (c < 0x20) return fail(check, check->at, "line break or control character in a string; escape it");
        if (c == '\\') {
            TRY(check_escape(check));
            continue;
        }
        size_t n = utf8_length(check->bytes + check->at, check->size - check->at);
        if (!n) return fail(check, check->at, "invalid UTF-8");
        check->at += n;
    }
    check->at++;
    return STATUS_OK;
}

static size_t skip_digits(struct check *check)
{
    size_t start = check->at;
    while (peek(check) >= '0' && peek(check) <= '9') check->at++;
    return check->at - start;
}

static enum status check_number(struct check *check)
{
    size_t start = check->at;
    if (peek(check) == '-') check->at++;
    bool zero = peek(check) == '0';
    size_t n = skip_digits(check);
    if (!n) return fail_found(check, "a digit");
    if (zero && n > 1) return fail(check, start, "a number does not begin with 0");
    if (peek(check) == '.') {
        check->at++;
        if (!skip_digits(check)) return fail_found(check, "a digit");
    }
    if (peek(check) == 'e' || peek(check) == 'E') {
        check->at++;
        if (peek(check) == '+' || peek(check) == '-') check->at++;
        if (!skip_digits(check)) return fail_found(check, "a digit");
    }
    /* cJSON copies at most 63 characters of a number and would see two numbers in a longer one. */
    char digits[64];
    double value;
    if (check->at - start >= sizeof digits - 1)
        return fail(check, start, "a number of more than 62 characters");
    memcpy(digits, check->bytes + start, check->at - start);
    digits[check->at - start] = 0;
    if (!text_parse_double(digits, &value)) return fail(check, start, "this number is too large");
    return STATUS_OK;
}

static enum status check_value(struct check *check);

static enum status check_member_name(struct check *check)
{
    if (peek(check) != '"') return fail_found(check, "a member's name in quotes");
    text_append_bytes(check->names, &check->at, sizeof check->at);
    TRY(check_string(check));
    skip_space(check);
    if (peek(check) != ':') return fail_found(check, "':'");
    check->at++;
    skip_space(check);
    return STATUS_OK;
}

/* An object or an array: the same list but for names and brackets. */
static enum status check_list(struct check *check, int end)
{
    size_t start = check->at++;
    if (check->depth == JSON_NESTING)
        return json_fail_at(check->source, (const char *)check->bytes, start, "nested deeper than %d",
                            JSON_NESTING);
    check->depth++;
    skip_space(check);
    for (bool first = true; first || peek(check) != end; first = false) {
        if (first && peek(check) == end) break;
        if (!first) {
            if (peek(check) != ',') return fail_found(check, end == '}' ? "',' or '}'" : "',' or ']'");
            check->at++;
            skip_space(check);
        }
        if (end == '}') TRY(check_member_name(check));
        TRY(check_value(check));
        skip_space(check);
    }
    check->at++;
    check->depth--;
    return STATUS_OK;
}

static enum status check_value(struct check *check)
{
    static const char *const words[] = {"true", "false", "null"};
    int c = peek(check);
    if (c == '{') return check_list(check, '}');
    if (c == '[') return check_list(check, ']');
    if (c == '"') return check_string(check);
    if (c == '-' || (c >= '0' && c <= '9')) return check_number(check);
    for (int i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if (check->size - check->at < n || memcmp(check->bytes + check->at, words[i], n)) continue;
        check->at += n;
        return STATUS_OK;
    }
    return fail_found(check, "a value");
}

enum status json_check(const struct json_source *source, const char *bytes, size_t size, struct text *names)
{
    struct check check = {
        .source = source, .bytes = (const unsigned char *)bytes, .size = size, .names = names};
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0)
        return fail(&check, 0, "begins with a byte order mark; save it without");
    skip_space(&check);
    TRY(check_value(&check));
    skip_space(&check);
    if (check.at < size) return fail_found(&check, "the end");
    return text_status(names);
}
