/* Any bytes as what a compaction left: refused, or decoded into what encodes to the same. The checksum is put
 * right for the fuzzer, and so is the number of rows, which it would hardly guess. */
#include <stdlib.h>
#include <string.h>
#include "db/compacted.h"
#include "tests/fuzz/sealed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(const uint8_t *body, size_t size)
{
    struct sealed sealed = seal('C', 1, body, size);
    struct compacted list;
    struct text again = {0};
    if (compacted_decode(sealed.bytes, sealed.size, &list) == STATUS_OK) {
        compacted_encode(&list, &again);
        if (again.size != sealed.size || memcmp(again.data, sealed.bytes, again.size)) abort();
        for (size_t i = 0; i < list.n; i++)
            if (compacted_find(&list, list.items[i].id) != &list.items[i]) abort();
    }
    compacted_free(&list);
    text_free(&again);
    free(sealed.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { ROW = 40 };
    struct compacted list;
    compacted_decode(data, size, &list);
    compacted_free(&list);
    take(data, size);
    uint8_t *counted = malloc(size + 8);
    for (int i = 0; i < 8; i++) counted[i] = (uint8_t)((uint64_t)(size / ROW) >> 8 * i);
    if (size) memcpy(counted + 8, data, size);
    take(counted, 8 + size / ROW * ROW);
    free(counted);
    return 0;
}
