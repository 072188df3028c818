#include <string.h>
#include "db/lookup_search.h"

static bool append(struct lookup_key *key, const char *text)
{
    size_t length = strlen(text);
    if (length > KEY_BYTES_MAX - key->size) return false;
    memcpy(key->text + key->size, text, length);
    key->size += length;
    return true;
}

/* As key_format writes it, without its checks: this stands on the path of every first lookup. */
bool lookup_key(const struct lookup_request *request, const char *head, const char *device_class,
                bool zero_sizes, struct lookup_key *out)
{
    uint32_t n = request->n_sizes;
    out->size = 0;
    if (n < 1 || n > KEY_SIZES_MAX || !append(out, head) || !append(out, "@") || !append(out, device_class))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        int64_t size = zero_sizes ? 0 : request->sizes[i];
        if (size < 0 || size > KEY_SIZE_LARGEST) return false;
        if (!append(out, i == 0 || i == n - 1 ? "/" : ",") || !append(out, request->size_names[i]) ||
            !append(out, "=") || KEY_DIGITS > KEY_BYTES_MAX - out->size)
            return false;
        out->digits[i] = out->size;
        key_put_digits(out->text + out->size, size);
        out->size += KEY_DIGITS;
    }
    return true;
}
