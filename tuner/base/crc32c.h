/* CRC-32C (Castagnoli, RFC 3720 B.4) of `size` bytes: the record's guard against torn writes. */
#ifndef TUNEBOOK_BASE_CRC32C_H
#define TUNEBOOK_BASE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *bytes, size_t size);

#endif
