#include <string.h>
#include "db/lookup_search.h"

/* A line of at most 159 characters; what does not fit is cut. Written by hand: printf would cost more than
 * the lookup that it explains. */
struct line {
    char *at;
    size_t left; /* with the terminator */
};

/* Out of line: it stands in many places and need not be fast. */
__attribute__((noinline)) static void say_bytes(struct line *line, const char *bytes, size_t size)
{
    if (size > line->left - 1) size = line->left - 1;
    memcpy(line->at, bytes, size);
    line->at += size;
    line->left -= size;
    *line->at = 0;
}

__attribute__((noinline)) static void say(struct line *line, const char *text)
{
    say_bytes(line, text, strlen(text));
}

__attribute__((noinline)) static void say_number(struct line *line, uint64_t number)
{
    char digits[20];
    size_t n = sizeof digits;
    do digits[--n] = (char)('0' + number % 10);
    while (number /= 10);
    say_bytes(line, digits + n, sizeof digits - n);
}

static void say_size(struct line *line, const char *name, int64_t size)
{
    say(line, name);
    say(line, "=");
    say_number(line, (uint64_t)size);
}

/* " (x0.25)": two decimals, without zeros at the end. */
static void say_ratio(struct line *line, int64_t size, int64_t of)
{
    if (of <= 0) return;
    uint64_t hundredths = ((uint64_t)size * 100 + (uint64_t)of / 2) / (uint64_t)of;
    say(line, " (x");
    say_number(line, hundredths / 100);
    if (hundredths % 100) {
        char decimals[] = {'.', (char)('0' + hundredths / 10 % 10), (char)('0' + hundredths % 10)};
        say_bytes(line, decimals, hundredths % 10 ? 3 : 2);
    }
    say(line, ")");
}

static void say_sizes(struct line *line, const struct lookup_request *request)
{
    for (uint32_t i = 0; i < request->n_sizes; i++) {
        if (i) say(line, ",");
        say_size(line, request->size_names[i], request->sizes[i]);
    }
}

/* "m=32 (x2)" for each size of the key that differs from what was asked. The key was made by lookup_key. */
static void say_differences(struct line *line, const struct lookup_request *request, const char *key)
{
    const char *between = "", *sign = strchr(key, '@');
    const char *at = sign ? strchr(sign, '/') : NULL;
    for (uint32_t i = 0; at && i < request->n_sizes && (at = strchr(at, '=')); i++) {
        int64_t size = 0;
        for (int d = 0; d < KEY_DIGITS && *++at; d++) size = size * 10 + (*at - '0');
        if (size == request->sizes[i]) continue;
        say(line, between);
        say_size(line, request->size_names[i], size);
        say_ratio(line, size, request->sizes[i]);
        between = ", ";
    }
    if (!*between) say(line, "the same sizes");
    const char *own = request->heads[0];
    if (sign && ((size_t)(sign - key) != strlen(own) || memcmp(key, own, (size_t)(sign - key)))) {
        say(line, " as ");
        say_bytes(line, key, (size_t)(sign - key));
    }
}

static void say_class(struct line *line, const char *key)
{
    const char *sign = strchr(key, '@'), *end = sign ? strchr(sign, '/') : NULL;
    if (!end) return;
    say(line, " on ");
    say_bytes(line, sign + 1, (size_t)(end - sign - 1));
}

static void say_count(struct line *line, const char *before, uint64_t n, const char *after)
{
    if (!n) return;
    say(line, before);
    say_number(line, n);
    say(line, after);
}

static void say_none(struct line *line, const struct search *search)
{
    say_count(line, ": ", search->n_refused, " entries, none usable here");
    if (!search->n_refused) {
        say(line, " on ");
        say(line, search->request->device_class);
        if (search->request->worst != MATCH_EXACT) say(line, " or near it, and no default");
    }
    say_count(line, "; ", search->n_damaged, " damaged values");
    say_count(line, "; ", search->n_failed, " books could not be read");
}

void search_reason(const struct search *search, const struct lookup_answer *answer, char out[160])
{
    struct line line = {.at = out, .left = 160};
    *out = 0;
    if (search->pin_refused) say(&line, "its pin is not usable here, passed over; ");
    if (answer->match == MATCH_EXACT) {
        if (search->pin_refused) line.at[-2] = 0;
        return;
    }
    say(&line, search->exact_seen ? "no usable entry for " : "no record for ");
    say_sizes(&line, search->request);
    if (answer->match == MATCH_NONE) {
        say_none(&line, search);
    } else if (answer->match == MATCH_DEFAULT) {
        say(&line, " or near it; the template's default");
    } else {
        say(&line, "; nearest ");
        say_differences(&line, search->request, answer->key);
        if (answer->match == MATCH_SIBLING_CLASS) say_class(&line, answer->key);
    }
}
