#include "db/key.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const int64_t SIZE_MAX_VALUE = 9999999999;

static bool text_is_clean(const char *text, size_t length, size_t capacity, const char *refused)
{
    if (length == 0 || length >= capacity) return false;
    for (size_t i = 0; i < length; i++)
        if (text[i] <= ' ' || text[i] > '~' || strchr(refused, text[i])) return false;
    return true;
}

static enum status check_parts(const struct key_parts *parts)
{
    size_t capacity = sizeof parts->names[0];
    if (!text_is_clean(parts->head, strnlen(parts->head, sizeof parts->head), sizeof parts->head, "@"))
        return status_fail(STATUS_USAGE, "record key: the head '%.255s' is empty or holds '@' or a space",
                           parts->head);
    if (!text_is_clean(parts->device_class, strnlen(parts->device_class, sizeof parts->device_class),
                       sizeof parts->device_class, "@/"))
        return status_fail(STATUS_USAGE,
                           "record key: the device class '%.63s' is empty or holds '@', '/' or a space",
                           parts->device_class);
    if (parts->n_sizes < 1 || parts->n_sizes > KEY_SIZES_MAX)
        return status_fail(STATUS_USAGE, "record key: %u sizes, 1 to %d can be written", parts->n_sizes,
                           KEY_SIZES_MAX);
    for (uint32_t i = 0; i < parts->n_sizes; i++) {
        const char *name = parts->names[i];
        if (!text_is_clean(name, strnlen(name, capacity), capacity, "@/=,"))
            return status_fail(STATUS_USAGE,
                               "record key: the size name '%.11s' is empty or holds one of '@/=,'", name);
        if (parts->sizes[i] < 0 || parts->sizes[i] > SIZE_MAX_VALUE)
            return status_fail(STATUS_USAGE, "record key: %s=%lld is outside 0..9999999999", name,
                               (long long)parts->sizes[i]);
    }
    return STATUS_OK;
}

void key_put_digits(char *at, int64_t value)
{
    for (int i = KEY_DIGITS; i-- > 0; value /= 10) at[i] = (char)('0' + value % 10);
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
