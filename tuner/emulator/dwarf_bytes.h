/* Reading untrusted bytes in order: a read beyond the end answers 0 and is remembered. */
#ifndef TUNEBOOK_EMULATOR_DWARF_BYTES_H
#define TUNEBOOK_EMULATOR_DWARF_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct dwarf_bytes {
    const uint8_t *at, *end;
    bool failed;
};

static inline struct dwarf_bytes dwarf_bytes_of(const void *data, size_t size)
{
    return (struct dwarf_bytes){data, size ? (const uint8_t *)data + size : data, false};
}

static inline size_t dwarf_left(const struct dwarf_bytes *bytes)
{
    return (size_t)(bytes->end - bytes->at);
}

/* The next `size` bytes (NULL if there are not so many), which are then behind. */
static inline const uint8_t *dwarf_take(struct dwarf_bytes *bytes, uint64_t size)
{
    if (size > dwarf_left(bytes)) {
        bytes->failed = true;
        bytes->at = bytes->end;
        return NULL;
    }
    const uint8_t *taken = bytes->at;
    bytes->at += size;
    return taken;
}

/* A little-endian number of 1, 2, 4 or 8 bytes. */
static inline uint64_t dwarf_number(struct dwarf_bytes *bytes, unsigned size)
{
    const uint8_t *taken = dwarf_take(bytes, size);
    uint64_t value = 0;
    for (unsigned i = 0; taken && i < size; i++) value |= (uint64_t)taken[i] << (8 * i);
    return value;
}

static inline uint8_t dwarf_byte(struct dwarf_bytes *bytes)
{
    if (bytes->at < bytes->end) return *bytes->at++;
    bytes->failed = true;
    return 0;
}

/* DWARF 4 and 5, 7.6 "Variable Length Data". Bits above the 64th are dropped. */
static inline uint64_t dwarf_uleb(struct dwarf_bytes *bytes)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = dwarf_byte(bytes);
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        shift += shift < 64 ? 7 : 0;
    } while (byte & 0x80);
    return value;
}

static inline int64_t dwarf_sleb(struct dwarf_bytes *bytes)
{
    uint64_t value = 0;
    unsigned shift = 0;
    uint8_t byte;
    do {
        byte = dwarf_byte(bytes);
        if (shift < 64) value |= (uint64_t)(byte & 0x7f) << shift;
        shift += shift < 64 ? 7 : 0;
    } while (byte & 0x80);
    if (shift < 64 && (byte & 0x40)) value |= ~0ull << shift;
    return (int64_t)value;
}

/* A string with its terminator; NULL if it has none. */
static inline const char *dwarf_string(struct dwarf_bytes *bytes)
{
    size_t left = dwarf_left(bytes);
    const uint8_t *end = left ? memchr(bytes->at, 0, left) : NULL;
    return (const char *)dwarf_take(bytes, end ? (size_t)(end - bytes->at) + 1 : left + (uint64_t)1);
}

#endif
