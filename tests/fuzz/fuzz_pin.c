/* Any bytes as a pin: refused, or decoded into what encodes and decodes again to the same. The checksum is
 * put right for the fuzzer, which would hardly find one. */
#include <stdlib.h>
#include <string.h>
#include "db/pin.h"
#include "tests/fuzz/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct pin value, again;
    struct text first = {0}, second = {0};
    struct sealed sealed = seal('P', 1, data, size);
    pin_decode(data, size, &value);
    if (pin_decode(sealed.bytes, sealed.size, &value) == STATUS_OK) {
        pin_encode(&value, &first);
        if (pin_decode(first.data, first.size, &again) != STATUS_OK) abort();
        pin_encode(&again, &second);
        if (first.size != second.size || memcmp(first.data, second.data, first.size)) abort();
    }
    text_free(&first);
    text_free(&second);
    free(sealed.bytes);
    return 0;
}
