/* Any bytes as a signature of "hello\n" by a key whose one signature of it is in the corpus: only that one is
 * taken, whatever its untrusted comment says. */
#include <stdlib.h>
#include <string.h>
#include "db/sign.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char key_line[] = "RWQb8wU2bG2tm2xA/2Qf84ebWdM6DdjJz3WBfl1wnjMIkSyUhrwLIW7e";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct sign_public key;
    static unsigned char hash[SIGN_HASH_BYTES];
    if (!*key.key) {
        struct sign_hash state;
        if (sign_public_parse(key_line, strlen(key_line), &key) != STATUS_OK) abort();
        if (sign_hash_begin(&state) != STATUS_OK) abort();
        sign_hash_add(&state, "hello\n", 6);
        sign_hash_end(&state, hash);
    }
    struct sign_verdict verdict;
    enum status status = sign_check((const char *)data, size, hash, &key, 1, &verdict);
    if ((status == STATUS_OK) != (verdict.key == &key)) abort();
    if (status == STATUS_OK && strcmp(verdict.trusted_comment, "timestamp:1795392173\tfile:f\thashed") != 0)
        abort();
    if (status != STATUS_OK && *verdict.trusted_comment) abort();
    return 0;
}
