/* Little-endian fields of encoded values. Private to the codecs of db.
 *
 * A reader never moves past its end: the first field that does not fit sets `bad`, and everything read from
 * then on is 0 or empty, so that a decoder checks once, at the end. Every value is an envelope:
 *
 *     kind 'R' 'D' 'T' | format | body ... | CRC-32C of all before it
 *
 * Format 1 is everybody's; descriptors also have 2, in which steps have attributes and the steps are followed
 * by tensor maps. */
#ifndef TUNEBOOK_DB_BYTES_H
#define TUNEBOOK_DB_BYTES_H

#include <endian.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include "db/schema.h"

enum { VALUE_FORMAT = 1, DESCRIPTOR_FORMAT = 3, ENVELOPE_BYTES = 6, STRING_BYTES_MAX = 1 << 20 };

struct reader {
    const uint8_t *at, *end;
    uint8_t format; /* of the envelope */
    bool bad;
};

static inline const uint8_t *reader_take(struct reader *reader, size_t size)
{
    if (reader->bad || size > (size_t)(reader->end - reader->at)) {
        reader->bad = true;
        return NULL;
    }
    const uint8_t *bytes = reader->at;
    reader->at += size;
    return bytes;
}

static inline uint8_t reader_u8(struct reader *reader)
{
    const uint8_t *bytes = reader_take(reader, 1);
    return bytes ? *bytes : 0;
}

static inline uint16_t reader_u16(struct reader *reader)
{
    uint16_t value = 0;
    const uint8_t *bytes = reader_take(reader, sizeof value);
    if (bytes) memcpy(&value, bytes, sizeof value);
    return le16toh(value);
}

static inline uint32_t reader_u32(struct reader *reader)
{
    uint32_t value = 0;
    const uint8_t *bytes = reader_take(reader, sizeof value);
    if (bytes) memcpy(&value, bytes, sizeof value);
    return le32toh(value);
}

static inline uint64_t reader_u64(struct reader *reader)
{
    uint64_t value = 0;
    const uint8_t *bytes = reader_take(reader, sizeof value);
    if (bytes) memcpy(&value, bytes, sizeof value);
    return le64toh(value);
}

static inline void reader_hash(struct reader *reader, struct hash *hash)
{
    const uint8_t *bytes = reader_take(reader, sizeof hash->bytes);
    if (bytes) memcpy(hash->bytes, bytes, sizeof hash->bytes);
}

/* Length, bytes, terminator: usable in place. That none lies before the end is not asked: a shorter text
 * harms nobody, and asking costs a third of the decoding. */
const char *reader_string(struct reader *reader);
struct blob reader_blob(struct reader *reader);
void reader_blobs(struct reader *reader, struct blob *out, unsigned n);
void reader_timing(struct reader *reader, struct timing *timing);

/* Opens the envelope: length, checksum, kind and format, 1 to `newest`; *body stands on the first field.
 * `what` begins errors. */
enum status envelope_open(const char *what, char kind, uint8_t newest, const void *bytes, size_t size,
                          struct reader *body);
/* After the last field: nothing missing, nothing left over. */
enum status envelope_finish(const char *what, const struct reader *body);

#endif
