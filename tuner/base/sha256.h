/* SHA-256 (FIPS 180-4): the names of code objects, sources and configurations. Our own so that the runtime
 * library needs nothing but libc and liblmdb. */
#ifndef TUNEBOOK_BASE_SHA256_H
#define TUNEBOOK_BASE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { SHA256_BYTES = 32, SHA256_HEX_BYTES = 65 };

struct sha256 {
    uint32_t state[8];
    uint64_t n_bytes;
    uint8_t block[64];
};

struct hash {
    uint8_t bytes[SHA256_BYTES];
};

void sha256_begin(struct sha256 *sha);
void sha256_add(struct sha256 *sha, const void *bytes, size_t size);
/* Adds a string with its length in front, so that ("ab","c") and ("a","bc") differ. */
void sha256_add_field(struct sha256 *sha, const char *string);
struct hash sha256_end(struct sha256 *sha);
struct hash sha256_of(const void *bytes, size_t size);

#endif
