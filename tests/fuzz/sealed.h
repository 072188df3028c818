/* A body within a valid envelope, in a block of exactly its size. */
#ifndef TUNEBOOK_TESTS_FUZZ_SEALED_H
#define TUNEBOOK_TESTS_FUZZ_SEALED_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/base/crc32c.h"

struct sealed {
    uint8_t *bytes;
    size_t size;
};

static inline struct sealed seal(char kind, uint8_t format, const uint8_t *body, size_t size)
{
    struct sealed sealed = {.bytes = malloc(size + 6), .size = size + 6};
    sealed.bytes[0] = (uint8_t)kind;
    sealed.bytes[1] = format;
    if (size) memcpy(sealed.bytes + 2, body, size);
    uint32_t crc = crc32c(sealed.bytes, size + 2);
    for (int i = 0; i < 4; i++) sealed.bytes[size + 2 + (size_t)i] = (uint8_t)(crc >> 8 * i);
    return sealed;
}

#endif
