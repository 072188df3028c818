/* LMDB's on-disk format, version 1 (mdb.c: MDB_page, MDB_node, MDB_db), for those who read pages without
 * LMDB. Private to db. */
#ifndef TUNEBOOK_DB_BOOK_PAGES_H
#define TUNEBOOK_DB_BOOK_PAGES_H

#include <string.h>
#include "db/book_internal.h"

enum {
    PAGE_HEAD = 16,
    PAGE_BRANCH = 1,
    PAGE_LEAF = 2,
    PAGE_OVERFLOW = 4,
    NODE_HEAD = 8,
    NODE_BIG = 1,
    NODE_TREE = 2,
    NODE_DUPLICATES = 4,
    TREE_BYTES = 48,
    TREE_ROOT = 40,
    DEPTH_MAX = 32
};
static const uint64_t NO_PAGE = UINT64_MAX;

/* Low and high half in the machine's order: books are native to little-endian machines with 8-byte words. */
struct node {
    uint64_t low; /* branch: the child's page; leaf: bytes of the value */
    uint16_t flags, key_bytes;
    const uint8_t *key;
};

static inline uint16_t get_u16(const uint8_t *at)
{
    uint16_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

static inline uint64_t get_u64(const uint8_t *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

/* false: the entry's head or key reaches past the page. */
static inline bool read_node(const uint8_t *page, uint64_t page_bytes, uint64_t at, struct node *node)
{
    if (at < PAGE_HEAD || at + NODE_HEAD > page_bytes) return false;
    uint64_t low = get_u16(page + at), high = get_u16(page + at + 2);
    node->low = low | high << 16;
    node->flags = get_u16(page + at + 4);
    node->key_bytes = get_u16(page + at + 6);
    node->key = page + at + NODE_HEAD;
    return at + NODE_HEAD + node->key_bytes <= page_bytes;
}

#endif
