#include "db/bundle_scan.h"

#include <stdio.h>
#include <string.h>

enum status scan_fail(const struct scan *scan, const char *format, ...)
{
    char where[512];
    if (scan->line)
        snprintf(where, sizeof where, "%s, line %llu", scan->where, (unsigned long long)scan->line);
    va_list arguments;
    va_start(arguments, format);
    enum status status = status_vfail_at(scan->line ? where : scan->where,
                                         (size_t)(scan->at - scan->begin) + 1, format, arguments);
    va_end(arguments);
    return status;
}

static bool take(struct scan *scan, const char *text, size_t size)
{
    if ((size_t)(scan->end - scan->at) < size || memcmp(scan->at, text, size)) return false;
    scan->at += size;
    return true;
}

enum status scan_text(struct scan *scan, const char *text)
{
    return take(scan, text, strlen(text)) ? STATUS_OK : scan_fail(scan, "not '%s'", text);
}

/* ---- members ---- */

/* The name that stands at `at` in quotes; "" if none does. */
static void actual_name(const struct scan *scan, const char *at, char out[64])
{
    size_t n = 0;
    *out = 0;
    if (at >= scan->end || *at++ != '"') return;
    while (at + n < scan->end && n < 63 && at[n] != '"' && at[n] >= ' ' && at[n] <= '~') n++;
    if (at + n >= scan->end || at[n] != '"') n = 0;
    memcpy(out, at, n);
    out[n] = 0;
}

/* Why member `i` is not what stands here: all in front of it were read. */
static enum status fail_member(const struct scan *scan, const struct scan_names *names, unsigned i)
{
    char name[64];
    const char *at = scan->at;
    if (at < scan->end && (*at == ',' || *at == '{')) at++;
    actual_name(scan, at, name);
    for (unsigned k = 0; *name && k < names->n; k++) {
        if (strcmp(names->names[k], name) != 0) continue;
        if (k < i) return scan_fail(scan, "field '%s' a second time, or out of order", name);
        return scan_fail(scan, "field '%s' where '%s' belongs: it is missing, or they are out of order", name,
                         names->names[i]);
    }
    if (*name) {
        const char *closest = text_closest(name, names->names, names->n);
        return scan_fail(scan, "unknown field '%s'%s%s%s", name, closest ? "; did you mean '" : "",
                         closest ? closest : "", closest ? "'?" : "");
    }
    if (i < names->n)
        return scan_fail(scan, "no field '%s' (fields stand without spaces, in order)", names->names[i]);
    return scan_fail(scan, "no '}' behind field '%s'", names->names[names->n - 1]);
}

enum status scan_member(struct scan *scan, const struct scan_names *names, unsigned i)
{
    const char *begin = scan->at, *name = names->names[i];
    if (take(scan, i ? ",\"" : "{\"", 2) && take(scan, name, strlen(name)) && take(scan, "\":", 2))
        return STATUS_OK;
    scan->at = begin;
    return fail_member(scan, names, i);
}

enum status scan_close(struct scan *scan, const struct scan_names *names)
{
    return take(scan, "}", 1) ? STATUS_OK : fail_member(scan, names, names->n);
}

enum status scan_more(struct scan *scan, bool *more)
{
    *more = take(scan, ",", 1);
    if (*more || take(scan, "]", 1)) return STATUS_OK;
    return scan_fail(scan, "neither ',' nor ']'");
}

/* ---- values ---- */

enum status scan_u64(struct scan *scan, uint64_t largest, uint64_t *out)
{
    const char *begin = scan->at;
    uint64_t value = 0;
    for (; scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9'; scan->at++) {
        unsigned digit = (unsigned)(*scan->at - '0');
        if (value > (largest - digit) / 10 || digit > largest)
            return scan_fail(scan, "larger than %llu", (unsigned long long)largest);
        value = 10 * value + digit;
    }
    if (scan->at == begin) return scan_fail(scan, "no whole number");
    if (*begin == '0' && scan->at - begin > 1) return scan_fail(scan, "a number with a leading zero");
    *out = value;
    return STATUS_OK;
}

enum status scan_string(struct scan *scan, char *out, size_t capacity)
{
    TRY(scan_text(scan, "\""));
    for (size_t n = 0; scan->at < scan->end; n++) {
        char c = *scan->at++;
        if (c == '"') {
            out[n] = 0;
            return STATUS_OK;
        }
        if (c == '\\' && scan->at < scan->end) {
            c = *scan->at++;
            if (c != '"' && c != '\\') return scan_fail(scan, "an escape but \\\" and \\\\ in a string");
        } else if (c < ' ' || c > '~') {
            return scan_fail(scan, "a character in a string that is not printable ASCII");
        }
        if (n + 1 >= capacity) return scan_fail(scan, "a string of more than %zu characters", capacity - 1);
        out[n] = c;
    }
    return scan_fail(scan, "a string that does not end");
}

enum status scan_hash(struct scan *scan, struct hash *out)
{
    static const int8_t digits[256] = {
        ['0'] = 1, ['1'] = 2,  ['2'] = 3,  ['3'] = 4,  ['4'] = 5,  ['5'] = 6,  ['6'] = 7,  ['7'] = 8,
        ['8'] = 9, ['9'] = 10, ['a'] = 11, ['b'] = 12, ['c'] = 13, ['d'] = 14, ['e'] = 15, ['f'] = 16};
    enum { QUOTED = 2 * SHA256_BYTES + 2 };
    const uint8_t *at = (const uint8_t *)scan->at;
    if (scan->end - scan->at < QUOTED || at[0] != '"' || at[QUOTED - 1] != '"')
        return scan_fail(scan, "no SHA-256, 64 digits of lower-case hex in quotes");
    for (int i = 0; i < SHA256_BYTES; i++) {
        int high = digits[at[1 + 2 * i]], low = digits[at[2 + 2 * i]];
        if (!high || !low) return scan_fail(scan, "no SHA-256, 64 digits of lower-case hex in quotes");
        out->bytes[i] = (uint8_t)((high - 1) << 4 | (low - 1));
    }
    scan->at += QUOTED;
    return STATUS_OK;
}

enum status scan_bool(struct scan *scan, bool *out)
{
    *out = take(scan, "true", 4);
    return *out || take(scan, "false", 5) ? STATUS_OK : scan_fail(scan, "neither true nor false");
}

enum status scan_end(const struct scan *scan)
{
    return scan->at == scan->end ? STATUS_OK
                                 : scan_fail(scan, "%zu bytes left over", (size_t)(scan->end - scan->at));
}

/* ---- printing ---- */

void print_u64(struct text *out, uint64_t value)
{
    char digits[20];
    size_t n = 0;
    do digits[sizeof digits - ++n] = (char)('0' + value % 10);
    while (value /= 10);
    text_append_bytes(out, digits + sizeof digits - n, n);
}

void print_hash(struct text *out, const struct hash *hash)
{
    static const char digits[] = "0123456789abcdef";
    char hex[2 * SHA256_BYTES + 2];
    for (int i = 0; i < SHA256_BYTES; i++) {
        hex[1 + 2 * i] = digits[hash->bytes[i] >> 4];
        hex[2 + 2 * i] = digits[hash->bytes[i] & 15];
    }
    hex[0] = hex[sizeof hex - 1] = '"';
    text_append_bytes(out, hex, sizeof hex);
}

bool print_string(struct text *out, const char *string)
{
    text_append_bytes(out, "\"", 1);
    for (; *string; string++) {
        if (*string < ' ' || *string > '~') return false;
        if (*string == '"' || *string == '\\') text_append_bytes(out, "\\", 1);
        text_append_bytes(out, string, 1);
    }
    text_append_bytes(out, "\"", 1);
    return true;
}
