/* Any bytes as a record key: refused, or exactly what key_format writes for its parts. */
#include <stdlib.h>
#include <string.h>
#include "db/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key_parts parts;
    char key[KEY_BYTES_MAX + 1];
    if (key_parse((const char *)data, size, &parts) != STATUS_OK) return 0;
    if (key_format(&parts, key) != STATUS_OK || strlen(key) != size || memcmp(key, data, size)) abort();
    return 0;
}
