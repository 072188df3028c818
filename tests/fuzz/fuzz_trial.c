/* Any bytes as a trial: refused, or decoded into what encodes and decodes again to the same. The checksum is
 * put right for the fuzzer, which would hardly find one. */
#include <stdlib.h>
#include <string.h>
#include "db/schema.h"
#include "tests/fuzz/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct trial value, again;
    struct text first = {0}, second = {0};
    struct sealed sealed = seal('T', 1, data, size);
    trial_decode(data, size, &value);
    if (trial_decode(sealed.bytes, sealed.size, &value) == STATUS_OK) {
        trial_encode(&value, &first);
        if (trial_decode(first.data, first.size, &again) != STATUS_OK) abort();
        trial_encode(&again, &second);
        if (first.size != second.size || memcmp(first.data, second.data, first.size)) abort();
    }
    text_free(&first);
    text_free(&second);
    free(sealed.bytes);
    return 0;
}
