#include <sodium.h>
#include <string.h>
#include "db/sign_internal.h"
#include "tuner/base/file.h"

static const char what[] = "public key";

struct public_bytes {
    char algorithm[2]; /* no terminator */
    unsigned char id[SIGN_ID_BYTES], key[32];
};

void sign_id_text(const unsigned char id[SIGN_ID_BYTES], char out[SIGN_ID_TEXT_BYTES])
{
    static const char digits[] = "0123456789ABCDEF"; /* of the number whose little end comes first */
    for (int i = 0; i < SIGN_ID_BYTES; i++) {
        out[2 * i] = digits[id[SIGN_ID_BYTES - 1 - i] >> 4];
        out[2 * i + 1] = digits[id[SIGN_ID_BYTES - 1 - i] & 15];
    }
    out[SIGN_ID_TEXT_BYTES - 1] = 0;
}

enum status sign_public_parse(const char *bytes, size_t size, struct sign_public *out)
{
    struct sign_lines lines;
    struct public_bytes key;
    const char *comment = "";
    size_t comment_size = 0;
    TRY(sign_ready());
    TRY(sign_lines_split(what, bytes, size, 2, &lines));
    if (lines.n == 2)
        TRY(sign_lines_comment(what, &lines, 0, sign_untrusted_prefix, &comment, &comment_size));
    TRY(sign_lines_decode(what, &lines, lines.n == 2, &key, sizeof key));
    if (memcmp(key.algorithm, "Ed", 2) != 0)
        return status_fail(STATUS_BAD_DATA, "%s: of another algorithm than minisign's Ed25519", what);
    memcpy(out->id, key.id, sizeof out->id);
    memcpy(out->key, key.key, sizeof out->key);
    sign_comment_clean(comment, comment_size, out->comment, sizeof out->comment);
    return STATUS_OK;
}

/* What somebody took for the public key, told by its first line. */
static bool is_secret(const char *bytes)
{
    return strstr(bytes, "secret key") && !strstr(bytes, "signature");
}

enum status sign_public_read(const char *file_or_key, struct sign_public *out)
{
    struct text bytes = {0};
    enum status status = file_read(file_or_key, SIGN_FILE_BYTES_MAX, &bytes);
    if (status == STATUS_NOT_FOUND) {
        if (sign_public_parse(file_or_key, strlen(file_or_key), out) == STATUS_OK) return STATUS_OK;
        status = status_fail(STATUS_NOT_FOUND, "%s: neither a file nor a public key", file_or_key);
    } else if (status == STATUS_OK) {
        status = sign_public_parse(text_string(&bytes), bytes.size, out);
        if (status != STATUS_OK && is_secret(text_string(&bytes)))
            status =
                status_fail(STATUS_BAD_DATA, "a secret key, which belongs to its owner alone; its public "
                                             "key is wanted (minisign -R makes it again)");
        if (status != STATUS_OK) status_prefix(status, "%s", file_or_key);
        sodium_memzero(bytes.data, bytes.size);
    }
    text_free(&bytes);
    return status;
}

enum status sign_public_print(const struct sign_public *key, struct text *out)
{
    struct public_bytes bytes = {.algorithm = "Ed"};
    char id[SIGN_ID_TEXT_BYTES];
    memcpy(bytes.id, key->id, sizeof bytes.id);
    memcpy(bytes.key, key->key, sizeof bytes.key);
    sign_id_text(key->id, id);
    text_append(out, sign_untrusted_prefix);
    if (*key->comment)
        text_append(out, key->comment);
    else
        text_format(out, "minisign public key %s", id);
    text_append(out, "\n");
    sign_base64_append(out, &bytes, sizeof bytes);
    return text_status(out);
}
