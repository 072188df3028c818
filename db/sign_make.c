#include <sodium.h>
#include <string.h>
#include <time.h>
#include "db/sign_signature.h"
#include "tuner/base/file.h"

enum status sign_comment_of(const char *path, struct text *out)
{
    char name[256];
    const char *slash = strrchr(path, '/');
    path = slash ? slash + 1 : path;
    sign_comment_clean(path, strlen(path), name, sizeof name);
    for (char *tab = name; (tab = strchr(tab, '\t'));) *tab = '?'; /* it parts the comment's fields */
    text_format(out, "timestamp:%lld\tfile:%s\thashed", (long long)time(NULL), name);
    return text_status(out);
}

static enum status check_comment(const char *comment)
{
    char clean[SIGN_TRUSTED_BYTES];
    sign_comment_clean(comment, strlen(comment), clean, sizeof clean);
    if (strcmp(clean, comment) == 0) return STATUS_OK;
    return status_fail(STATUS_USAGE, "trusted comment: longer than %d bytes, or not one line of plain text",
                       SIGN_TRUSTED_BYTES - 1);
}

enum status sign_make(const struct sign_secret *secret, const unsigned char hash[SIGN_HASH_BYTES],
                      const char *trusted_comment, struct text *out)
{
    struct signature_bytes bytes = {.algorithm = {'E', 'D'}};
    struct signature_signed whole;
    unsigned char global[64];
    size_t length = strlen(trusted_comment);
    TRY(check_comment(trusted_comment));
    memcpy(bytes.id, secret->id, sizeof bytes.id);
    crypto_sign_detached(bytes.signature, NULL, hash, SIGN_HASH_BYTES, secret->key);
    memcpy(whole.signature, bytes.signature, sizeof whole.signature);
    memcpy(whole.comment, trusted_comment, length);
    crypto_sign_detached(global, NULL, (const unsigned char *)&whole, sizeof whole.signature + length,
                         secret->key);
    text_append(out, sign_untrusted_prefix);
    text_append(out, "signature from a Tunebook secret key\n");
    sign_base64_append(out, &bytes, sizeof bytes);
    text_format(out, "%s%s\n", sign_trusted_prefix, trusted_comment);
    sign_base64_append(out, global, sizeof global);
    return text_status(out);
}

static enum status beside(const char *path, struct text *out)
{
    text_format(out, "%s.minisig", path);
    return text_status(out);
}

enum status sign_beside_read(const char *path, struct text *out)
{
    struct text name = {0};
    enum status status = beside(path, &name);
    if (status == STATUS_OK) status = file_read(text_string(&name), SIGN_FILE_BYTES_MAX, out);
    text_free(&name);
    return status;
}

enum status sign_beside_write(const char *path, const struct text *signature)
{
    struct text name = {0};
    enum status status = beside(path, &name);
    if (status == STATUS_OK) status = text_status(signature);
    if (status == STATUS_OK)
        status = file_publish(text_string(&name), text_string(signature), signature->size, 0644);
    text_free(&name);
    return status;
}
