#include "tuner/base/text.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for `more` bytes and the terminator. */
static bool text_reserve(struct text *text, size_t more)
{
    if (text->failed) return false;
    if (more < text->capacity - text->size) return true;
    size_t capacity = text->capacity ? text->capacity : 64;
    while (more >= capacity - text->size) {
        if (capacity > SIZE_MAX / 2) goto failed;
        capacity *= 2;
    }
    char *data = realloc(text->data, capacity);
    if (!data) goto failed;
    text->data = data;
    text->capacity = capacity;
    return true;
failed:
    text->failed = true;
    return false;
}

void text_append_bytes(struct text *text, const void *bytes, size_t size)
{
    if (!text_reserve(text, size)) return;
    if (size) memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = 0;
}

void text_append(struct text *text, const char *string)
{
    text_append_bytes(text, string, strlen(string));
}

void text_format(struct text *text, const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    if (length < 0) {
        text->failed = true;
    } else if ((size_t)length < sizeof line) {
        text_append_bytes(text, line, (size_t)length);
    } else if (text_reserve(text, (size_t)length)) {
        va_start(arguments, format);
        vsnprintf(text->data + text->size, (size_t)length + 1, format, arguments);
        va_end(arguments);
        text->size += (size_t)length;
    }
}

void text_clear(struct text *text)
{
    text->size = 0;
    text->failed = false;
    if (text->data) text->data[0] = 0;
}

void text_free(struct text *text)
{
    free(text->data);
    *text = (struct text){0};
}

const char *text_string(const struct text *text)
{
    return text->data ? text->data : "";
}

enum status text_status(const struct text *text)
{
    if (!text->failed) return STATUS_OK;
    return status_fail(STATUS_NO_MEMORY, "no memory for a text of more than %zu bytes", text->size);
}

char *text_take(struct text *text)
{
    text_append_bytes(text, "", 0); /* an empty text is a string too */
    char *string = text->failed ? NULL : text->data;
    if (!string) free(text->data);
    *text = (struct text){0};
    return string;
}

bool text_parse_int64(const char *string, int64_t *value)
{
    if (!isdigit((unsigned char)string[string[0] == '-' || string[0] == '+'])) return false;
    char *end;
    errno = 0;
    long long parsed = strtoll(string, &end, 10);
    if (errno || *end) return false;
    *value = parsed;
    return true;
}

bool text_parse_double(const char *string, double *value)
{
    /* strtod alone would take white space, hexadecimals, "inf" and "nan". */
    if (!*string || strspn(string, "+-.0123456789eE") != strlen(string)) return false;
    char *end;
    double parsed = strtod(string, &end);
    if (end == string || *end || isinf(parsed)) return false;
    *value = parsed;
    return true;
}

bool text_starts_with(const char *string, const char *prefix)
{
    return strncmp(string, prefix, strlen(prefix)) == 0;
}

enum { CLOSEST_LENGTH = 64 };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Optimal string alignment distance: insert, delete, replace, swap two neighbours; letter case costs nothing.
 */
static size_t text_distance(const char *a, size_t n_a, const char *b, size_t n_b)
{
    size_t rows[3][CLOSEST_LENGTH + 1];
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= n_b; j++) last[j] = j;
    memcpy(before, last, sizeof rows[0]);
    for (size_t i = 1; i <= n_a; i++) {
        now[0] = i;
        for (size_t j = 1; j <= n_b; j++) {
            int p = tolower((unsigned char)a[i - 1]), q = tolower((unsigned char)b[j - 1]);
            now[j] = smaller(last[j - 1] + (p != q), smaller(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && p == tolower((unsigned char)b[j - 2]) &&
                q == tolower((unsigned char)a[i - 2]))
                now[j] = smaller(now[j], before[j - 2] + 1);
        }
        size_t *free_row = before;
        before = last;
        last = now;
        now = free_row;
    }
    return last[n_b];
}

const char *text_closest(const char *word, const char *const *candidates, size_t n_candidates)
{
    size_t n_word = strlen(word);
    if (n_word > CLOSEST_LENGTH) return NULL;
    /* A third of the letters may be wrong, never all of them. */
    size_t best_distance = (n_word + 2) / 3 + 1;
    const char *best = NULL;
    for (size_t i = 0; i < n_candidates; i++) {
        size_t n = strlen(candidates[i]);
        if (n > CLOSEST_LENGTH) continue;
        size_t distance = text_distance(word, n_word, candidates[i], n);
        if (distance >= best_distance || distance >= (n > n_word ? n : n_word)) continue;
        best_distance = distance;
        best = candidates[i];
    }
    return best;
}

void text_hex(const void *bytes, size_t size, char *out)
{
    const uint8_t *p = bytes;
    for (size_t i = 0; i < size; i++) {
        *out++ = "0123456789abcdef"[p[i] >> 4];
        *out++ = "0123456789abcdef"[p[i] & 15];
    }
    *out = 0;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool text_unhex(const char *hex, void *bytes, size_t size)
{
    for (size_t i = 0; i < 2 * size; i++)
        if (hex_digit(hex[i]) < 0) return false; /* the terminator is no digit either */
    if (hex[2 * size]) return false;
    uint8_t *out = bytes;
    for (size_t i = 0; i < size; i++)
        out[i] = (uint8_t)(hex_digit(hex[2 * i]) << 4 | hex_digit(hex[2 * i + 1]));
    return true;
}
