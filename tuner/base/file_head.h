/* What a file is by its first bytes: enough to tell a reader's mistake, proof of nothing. */
#ifndef TUNEBOOK_BASE_FILE_HEAD_H
#define TUNEBOOK_BASE_FILE_HEAD_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { ZSTD_HEAD_BYTES = 4, LMDB_HEAD_BYTES = 20 };

/* A frame of zstd (RFC 8878, 3.1.1), as a bundle is one. */
static inline bool head_is_zstd(const void *head)
{
    static const uint8_t magic[ZSTD_HEAD_BYTES] = {0x28, 0xb5, 0x2f, 0xfd};
    return memcmp(head, magic, sizeof magic) == 0;
}

/* LMDB's first or second page, as a book begins: a page header of 16 bytes, then MDB_MAGIC in this machine's
 * byte order (mdb.c: MDB_page, MDB_meta). */
static inline bool head_is_lmdb(const void *head)
{
    const uint32_t magic = 0xBEEFC0DE;
    return memcmp((const uint8_t *)head + LMDB_HEAD_BYTES - sizeof magic, &magic, sizeof magic) == 0;
}

#endif
