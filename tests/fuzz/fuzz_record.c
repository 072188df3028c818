/* Any bytes as a record: refused, or decoded into what encodes and decodes again to the same. The checksum is
 * put right for the fuzzer, which would hardly find one. */
#include <stdlib.h>
#include <string.h>
#include "db/schema.h"
#include "tests/fuzz/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record value, again;
    struct text first = {0}, second = {0};
    struct sealed sealed = seal('R', 1, data, size);
    record_decode(data, size, &value);
    if (record_decode(sealed.bytes, sealed.size, &value) == STATUS_OK) {
        record_encode(&value, &first);
        if (record_decode(first.data, first.size, &again) != STATUS_OK) abort();
        record_encode(&again, &second);
        if (first.size != second.size || memcmp(first.data, second.data, first.size)) abort();
    }
    text_free(&first);
    text_free(&second);
    free(sealed.bytes);
    return 0;
}
