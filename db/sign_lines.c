#include <sodium.h>
#include <string.h>
#include "db/sign_internal.h"
#include "tuner/base/utf8.h"

const char sign_untrusted_prefix[] = "untrusted comment: ", sign_trusted_prefix[] = "trusted comment: ";

enum status sign_ready(void)
{
    return sodium_init() >= 0 ? STATUS_OK
                              : status_fail(STATUS_UNAVAILABLE, "libsodium cannot be used on this machine");
}

enum status sign_lines_split(const char *what, const char *bytes, size_t size, size_t most,
                             struct sign_lines *out)
{
    *out = (struct sign_lines){0};
    while (size) {
        const char *end = memchr(bytes, '\n', size);
        size_t length = end ? (size_t)(end - bytes) : size, whole = end ? length + 1 : length;
        if (out->n == most)
            return status_fail(STATUS_BAD_DATA, "%s: has more than its %zu lines", what, most);
        out->items[out->n].start = bytes;
        out->items[out->n++].size = length && bytes[length - 1] == '\r' ? length - 1 : length;
        bytes += whole;
        size -= whole;
    }
    return STATUS_OK;
}

/* libsodium 1.0.18 takes some bytes above 127 for letters: what does not come out again as it went in is
 * none. */
static bool decode(const char *line, size_t line_size, void *bytes, size_t size)
{
    char again[SIGN_BASE64_MAX];
    size_t n;
    bool same = sodium_base642bin(bytes, size, line, line_size, NULL, &n, NULL,
                                  sodium_base64_VARIANT_ORIGINAL) == 0 &&
                n == size &&
                sodium_bin2base64(again, sizeof again, bytes, size, sodium_base64_VARIANT_ORIGINAL) &&
                strlen(again) == line_size && sodium_memcmp(again, line, line_size) == 0;
    sodium_memzero(again, sizeof again);
    return same;
}

enum status sign_lines_decode(const char *what, const struct sign_lines *lines, size_t index, void *bytes,
                              size_t size)
{
    if (index >= lines->n)
        return status_fail(STATUS_BAD_DATA, "%s: cut off: line %zu is missing", what, index + 1);
    if (decode(lines->items[index].start, lines->items[index].size, bytes, size)) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "%s: line %zu is not %zu bytes in base64", what, index + 1, size);
}

enum status sign_lines_comment(const char *what, const struct sign_lines *lines, size_t index,
                               const char *prefix, const char **start, size_t *size)
{
    size_t length = strlen(prefix);
    if (index >= lines->n)
        return status_fail(STATUS_BAD_DATA, "%s: cut off: line %zu is missing", what, index + 1);
    if (lines->items[index].size < length || memcmp(lines->items[index].start, prefix, length) != 0)
        return status_fail(STATUS_BAD_DATA, "%s: line %zu does not begin with '%s'", what, index + 1, prefix);
    *start = lines->items[index].start + length;
    *size = lines->items[index].size - length;
    return STATUS_OK;
}

void sign_base64_append(struct text *out, const void *bytes, size_t size)
{
    char line[SIGN_BASE64_MAX];
    text_append(out, sodium_bin2base64(line, sizeof line, bytes, size, sodium_base64_VARIANT_ORIGINAL));
    text_append(out, "\n");
}

void sign_comment_clean(const char *comment, size_t size, char *out, size_t out_size)
{
    const unsigned char *p = (const unsigned char *)comment;
    size_t used = 0;
    while (size) {
        size_t n = utf8_length(p, size);
        /* U+0080 to U+009F are controls too. */
        bool control =
            (n == 1 && ((*p < ' ' && *p != '\t') || *p == 0x7f)) || (n == 2 && *p == 0xc2 && p[1] < 0xa0);
        if (used + (n ? n : 1) >= out_size) break;
        if (n && !control) {
            memcpy(out + used, p, n);
            used += n;
        } else {
            out[used++] = '?';
        }
        p += n ? n : 1;
        size -= n ? n : 1;
    }
    out[used] = 0;
}
