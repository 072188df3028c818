#include "db/bytes.h"
#include "tuner/base/crc32c.h"

enum status envelope_open(const char *what, char kind, uint8_t newest, const void *bytes, size_t size,
                          struct reader *body)
{
    const uint8_t *at = bytes;
    if (size < ENVELOPE_BYTES) return status_fail(STATUS_BAD_DATA, "%s: %zu bytes are too short", what, size);
    uint32_t stored;
    memcpy(&stored, at + size - sizeof stored, sizeof stored);
    if (le32toh(stored) != crc32c(at, size - sizeof stored))
        return status_fail(STATUS_BAD_DATA, "%s: the checksum differs, the value is damaged", what);
    if (at[0] != (uint8_t)kind)
        return status_fail(STATUS_BAD_DATA, "%s: kind 0x%02x where 0x%02x belongs", what, at[0],
                           (uint8_t)kind);
    if (at[1] < 1 || at[1] > newest)
        return status_fail(STATUS_BAD_DATA, "%s: format %u, this program reads %s%u", what, at[1],
                           newest > 1 ? "1 to " : "", newest);
    *body = (struct reader){.at = at + 2, .end = at + size - sizeof stored, .format = at[1]};
    return STATUS_OK;
}

enum status envelope_finish(const char *what, const struct reader *body)
{
    if (body->bad) return status_fail(STATUS_BAD_DATA, "%s: a field reaches past the end", what);
    if (body->at != body->end)
        return status_fail(STATUS_BAD_DATA, "%s: %zu bytes left over", what, (size_t)(body->end - body->at));
    return STATUS_OK;
}

const char *reader_string(struct reader *reader)
{
    uint32_t length = reader_u32(reader);
    if (length > STRING_BYTES_MAX) reader->bad = true;
    const uint8_t *bytes = reader_take(reader, (size_t)length + 1);
    if (bytes && bytes[length] == 0) return (const char *)bytes;
    reader->bad = true;
    return "";
}

struct blob reader_blob(struct reader *reader)
{
    uint32_t size = reader_u16(reader);
    const uint8_t *bytes = reader_take(reader, size);
    return (struct blob){.bytes = bytes, .size = bytes ? size : 0};
}

void reader_blobs(struct reader *reader, struct blob *out, unsigned n)
{
    for (unsigned i = 0; i < n; i++) out[i] = reader_blob(reader);
}

void reader_timing(struct reader *reader, struct timing *timing)
{
    timing->median_ns = reader_u64(reader);
    timing->q1_ns = reader_u64(reader);
    timing->q3_ns = reader_u64(reader);
    timing->low_ns = reader_u64(reader);
    timing->high_ns = reader_u64(reader);
    timing->min_ns = reader_u64(reader);
    timing->samples = reader_u32(reader);
    timing->launches_per_sample = reader_u32(reader);
    timing->flags = reader_u32(reader);
}
