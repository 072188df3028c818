/* Any bytes as a line of records, as one of environments and as a manifest: refused, or printed again as the
 * same bytes, for there is one spelling. */
#include <stdlib.h>
#include <string.h>
#include "db/bundle_format.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void compare(struct text *printed, const char *bytes, size_t size)
{
    if (printed->size != size || memcmp(printed->data, bytes, size)) abort();
    text_free(printed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record record;
    char key[KEY_BYTES_MAX + 1];
    struct hash hash;
    const char *facts;
    size_t facts_size;
    struct text printed = {0};
    struct bundle_manifest manifest;
    char *bytes = malloc(size + 1); /* of exactly its size, and the line break that the caller cut off */
    if (size) memcpy(bytes, data, size);
    bytes[size] = '\n';
    const struct scan begin = {.where = "fuzz", .line = 1, .begin = bytes, .at = bytes, .end = bytes + size};
    struct scan scan = begin;
    if (!memchr(bytes, '\n', size)) {
        if (bundle_record_parse(&scan, key, &record) == STATUS_OK) {
            if (!bundle_record_print(key, &record, &printed)) abort();
            compare(&printed, bytes, size + 1);
        }
        scan = begin;
        if (bundle_environment_parse(&scan, &hash, &facts, &facts_size) == STATUS_OK) {
            bundle_environment_print(&hash, facts, facts_size, &printed);
            compare(&printed, bytes, size + 1);
        }
    }
    if (bundle_manifest_parse("fuzz", bytes, size + 1, &manifest) == STATUS_OK) {
        bundle_manifest_print(&manifest, &printed);
        compare(&printed, bytes, size + 1);
        bundle_manifest_free(&manifest);
    }
    free(bytes);
    return 0;
}
