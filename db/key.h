/* Record keys: readable, ordered text, at most 400 bytes.
 *
 *     HEAD @ CLASS / n=0000004096,k=0000004096,b=0000000001 / m=0000000016
 *
 * HEAD (types, layout, fusion, alignment) comes from the op. Sizes have ten digits and stand in the op's
 * order, the last behind its own slash, so that byte order is numeric order and neighbours in m are
 * neighbours in the book. */
#ifndef TUNEBOOK_DB_KEY_H
#define TUNEBOOK_DB_KEY_H

#include <stddef.h>
#include <stdint.h>
#include "tuner/base/status.h"

enum { KEY_BYTES_MAX = 400, KEY_SIZES_MAX = 8, KEY_DIGITS = 10 };
#define KEY_SIZE_LARGEST INT64_C(9999999999)

struct key_parts {
    char head[256];
    char device_class[64]; /* "x86-64-v4:2:38"; "x86-64-v4" alone: the default of a target, sizes all 0 */
    uint32_t n_sizes;
    char names[KEY_SIZES_MAX][12];
    int64_t sizes[KEY_SIZES_MAX]; /* 0..9999999999 */
};

/* STATUS_USAGE names the part that cannot be written. */
enum status key_format(const struct key_parts *parts, char out[KEY_BYTES_MAX + 1]);
/* STATUS_BAD_DATA unless the bytes are exactly what key_format writes for the parts. */
enum status key_parse(const char *key, size_t size, struct key_parts *out);
/* Exactly KEY_DIGITS digits, no terminator. */
void key_put_digits(char *at, int64_t value);

#endif
