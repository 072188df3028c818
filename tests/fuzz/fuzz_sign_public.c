/* Any bytes as a public key's file: refused, or a key that is the same after writing and reading it again. */
#include <stdlib.h>
#include <string.h>
#include "db/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct sign_public key, again;
    struct text text = {0};
    if (sign_public_parse((const char *)data, size, &key) != STATUS_OK) return 0;
    if (sign_public_print(&key, &text) != STATUS_OK) abort();
    if (sign_public_parse(text_string(&text), text.size, &again) != STATUS_OK) abort();
    if (memcmp(again.id, key.id, sizeof key.id) || memcmp(again.key, key.key, sizeof key.key)) abort();
    if (*key.comment && strcmp(again.comment, key.comment) != 0) abort();
    text_free(&text);
    return 0;
}
