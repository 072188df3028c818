/* Any bytes as a descriptor: refused, or decoded into what encodes and decodes again to the same. The
 * checksum is put right for the fuzzer, which would hardly find one. */
#include <stdlib.h>
#include <string.h>
#include "db/schema.h"
#include "tests/fuzz/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_as(uint8_t format, const uint8_t *data, size_t size)
{
    static struct descriptor value, again;
    struct text first = {0}, second = {0};
    struct sealed sealed = seal('D', format, data, size);
    if (descriptor_decode(sealed.bytes, sealed.size, &value) == STATUS_OK) {
        descriptor_encode(&value, &first);
        if (descriptor_decode(first.data, first.size, &again) != STATUS_OK) abort();
        descriptor_encode(&again, &second);
        if (first.size != second.size || memcmp(first.data, second.data, first.size)) abort();
    }
    text_free(&first);
    text_free(&second);
    free(sealed.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct descriptor value;
    descriptor_decode(data, size, &value);
    read_as(1, data, size);
    read_as(2, data, size);
    read_as(3, data, size);
    return 0;
}
