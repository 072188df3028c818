/* Any bytes as a secret key's file, whose password is not known: refused, or a key that signs. */
#include <stdlib.h>
#include "db/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum status no_password(void *context, const char *path, char *out, size_t size)
{
    (void)context, (void)path, (void)out, (void)size;
    return status_fail(STATUS_UNAVAILABLE, "no password");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const unsigned char hash[SIGN_HASH_BYTES] = {1};
    struct sign_secret *secret;
    struct sign_public key;
    struct sign_verdict verdict;
    struct text text = {0};
    if (sign_secret_parse("fuzz", (const char *)data, size, no_password, NULL, &secret) != STATUS_OK)
        return 0;
    sign_secret_public(secret, &key);
    if (sign_make(secret, hash, "x", &text) != STATUS_OK) abort();
    if (sign_check(text_string(&text), text.size, hash, &key, 1, &verdict) != STATUS_OK) abort();
    sign_secret_free(secret);
    text_free(&text);
    return 0;
}
