#include "db/key.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* What may not stand in a part, besides spaces and what is not printable. */
enum { IN_HEAD = 1, IN_CLASS = 2, IN_NAME = 4 };

static unsigned refused_in(unsigned char c)
{
    if (c <= ' ' || c > '~' || c == '@') return IN_HEAD | IN_CLASS | IN_NAME;
    if (c == '/') return IN_CLASS | IN_NAME;
    return c == '=' || c == ',' ? IN_NAME : 0;
}

/* Its length; 0 when empty, not terminated within `capacity`, or holding what is refused. */
static size_t clean_length(const char *text, size_t capacity, unsigned part)
{
    size_t length = 0;
    for (; length < capacity && text[length]; length++)
        if (refused_in((unsigned char)text[length]) & part) return 0;
    return length < capacity ? length : 0;
}

static enum status bad_part(const char *what, const char *text, int capacity, const char *refused)
{
    return status_fail(STATUS_USAGE, "record key: the %s '%.*s' is empty or holds %s", what, capacity - 1,
                       text, refused);
}

static enum status check_parts(const struct key_parts *parts)
{
    if (!clean_length(parts->head, sizeof parts->head, IN_HEAD))
        return bad_part("head", parts->head, sizeof parts->head, "'@' or a space");
    if (!clean_length(parts->device_class, sizeof parts->device_class, IN_CLASS))
        return bad_part("device class", parts->device_class, sizeof parts->device_class,
                        "'@', '/' or a space");
    if (parts->n_sizes < 1 || parts->n_sizes > KEY_SIZES_MAX)
        return status_fail(STATUS_USAGE, "record key: %u sizes, 1 to %d can be written", parts->n_sizes,
                           KEY_SIZES_MAX);
    for (uint32_t i = 0; i < parts->n_sizes; i++) {
        if (!clean_length(parts->names[i], sizeof parts->names[i], IN_NAME))
            return bad_part("size name", parts->names[i], sizeof parts->names[i], "one of '@/=,'");
        if (parts->sizes[i] < 0 || parts->sizes[i] > KEY_SIZE_LARGEST)
            return status_fail(STATUS_USAGE, "record key: %s=%lld is outside 0..9999999999", parts->names[i],
                               (long long)parts->sizes[i]);
    }
    return STATUS_OK;
}

void key_put_digits(char *at, int64_t value)
{
    memset(at, '0', KEY_DIGITS);
    for (int i = KEY_DIGITS; i-- > 0 && value > 0; value /= 10) at[i] = (char)('0' + value % 10);
}

enum status key_format(const struct key_parts *parts, char out[KEY_BYTES_MAX + 1])
{
    TRY(check_parts(parts));
    char key[sizeof parts->head + sizeof parts->device_class + KEY_SIZES_MAX * (sizeof parts->names[0] + 12) +
             4];
    char *at = stpcpy(key, parts->head);
    *at++ = '@';
    at = stpcpy(at, parts->device_class);
    for (uint32_t i = 0; i < parts->n_sizes; i++) {
        *at++ = i == 0 || i == parts->n_sizes - 1 ? '/' : ',';
        at = stpcpy(at, parts->names[i]);
        *at++ = '=';
        key_put_digits(at, parts->sizes[i]);
        at += KEY_DIGITS;
    }
    *at = 0;
    if (at - key > KEY_BYTES_MAX)
        return status_fail(STATUS_USAGE, "record key: %zu bytes, at most %d are possible: %.80s...",
                           (size_t)(at - key), KEY_BYTES_MAX, key);
    memcpy(out, key, (size_t)(at - key) + 1);
    return STATUS_OK;
}

static enum status bad_key(const char *key, size_t size, const char *why)
{
    return status_fail(STATUS_BAD_DATA, "record key '%.*s': %s",
                       (int)(size < KEY_BYTES_MAX ? size : KEY_BYTES_MAX), key, why);
}

/* "name=0123456789" at *at; moves *at behind it. */
static bool parse_size(const char **at, const char *end, char name[12], int64_t *value)
{
    const char *equals = memchr(*at, '=', (size_t)(end - *at));
    if (!equals || equals - *at > 11 || end - equals <= KEY_DIGITS) return false;
    *value = 0;
    for (int i = 1; i <= KEY_DIGITS; i++) {
        if (equals[i] < '0' || equals[i] > '9') return false;
        *value = *value * 10 + (equals[i] - '0');
    }
    memcpy(name, *at, (size_t)(equals - *at));
    *at = equals + KEY_DIGITS + 1;
    return true;
}

enum status key_parse(const char *key, size_t size, struct key_parts *out)
{
    if (size > KEY_BYTES_MAX) return bad_key(key, size, "too long");
    const char *end = key + size, *sign = memchr(key, '@', size);
    if (!sign) return bad_key(key, size, "no '@' between head and device class");
    const char *slash = memchr(sign, '/', (size_t)(end - sign));
    if (!slash) return bad_key(key, size, "no '/' behind the device class");
    struct key_parts parts = {0};
    if ((size_t)(sign - key) >= sizeof parts.head || (size_t)(slash - sign) > sizeof parts.device_class)
        return bad_key(key, size, "head or device class too long");
    memcpy(parts.head, key, (size_t)(sign - key));
    memcpy(parts.device_class, sign + 1, (size_t)(slash - sign - 1));
    const char *at = slash;
    while (at < end) {
        at++;
        if (parts.n_sizes == KEY_SIZES_MAX) return bad_key(key, size, "more than 8 sizes");
        uint32_t i = parts.n_sizes++;
        if (!parse_size(&at, end, parts.names[i], &parts.sizes[i]))
            return bad_key(key, size, "a size is not NAME=0123456789, ten digits");
    }
    /* What key_format would write is the only spelling: separators, clean names, nothing behind. */
    char canonical[KEY_BYTES_MAX + 1];
    if (key_format(&parts, canonical) != STATUS_OK || strlen(canonical) != size ||
        memcmp(canonical, key, size))
        return bad_key(key, size, "not HEAD@CLASS/NAME=...,NAME=.../NAME=...");
    *out = parts;
    return STATUS_OK;
}
