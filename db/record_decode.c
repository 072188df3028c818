#include "db/bytes.h"

enum { ENTRY_BYTES = 2 * SHA256_BYTES + 2 + 6 * 8 + 3 * 4 + 8, RECORD_HEAD_BYTES = 1 + 8 + 8 + 32 };

static enum status entry_decode(struct reader *reader, struct record_entry *entry)
{
    reader_hash(reader, &entry->kernel);
    reader_hash(reader, &entry->environment);
    entry->evidence = reader_u8(reader);
    entry->verified = reader_u8(reader);
    reader_timing(reader, &entry->timing);
    entry->measured_at_s = reader_u64(reader);
    if (entry->evidence >= EVIDENCE_COUNT)
        return status_fail(STATUS_BAD_DATA, "record: evidence %u is unknown", entry->evidence);
    if (entry->verified > 1)
        return status_fail(STATUS_BAD_DATA, "record: verified is %u, neither 0 nor 1", entry->verified);
    return STATUS_OK;
}

/* The name ends inside its field and nothing hides behind the end: one text, one encoding. */
static bool name_is_clean(const char *name, size_t size)
{
    size_t length = strnlen(name, size);
    if (length == size) return false;
    for (size_t i = length; i < size; i++)
        if (name[i]) return false;
    return true;
}

enum status record_decode(const void *bytes, size_t size, struct record *out)
{
    struct reader reader;
    TRY(envelope_open("record", 'R', VALUE_FORMAT, bytes, size, &reader));
    uint8_t n_entries = reader_u8(&reader);
    uint64_t baseline_ns = reader_u64(&reader), default_ns = reader_u64(&reader);
    const uint8_t *name = reader_take(&reader, sizeof out->baseline_name);
    if (n_entries > RECORD_ENTRIES_MAX)
        return status_fail(STATUS_BAD_DATA, "record: %u entries, at most %d fit", n_entries,
                           RECORD_ENTRIES_MAX);
    if (!name || (size_t)(reader.end - reader.at) != (size_t)n_entries * ENTRY_BYTES)
        return status_fail(STATUS_BAD_DATA, "record: %zu bytes do not hold %u entries", size, n_entries);
    if (!name_is_clean((const char *)name, sizeof out->baseline_name))
        return status_fail(STATUS_BAD_DATA, "record: the baseline's name is not terminated");

    struct record_entry entries[RECORD_ENTRIES_MAX];
    for (unsigned i = 0; i < n_entries; i++) {
        TRY(entry_decode(&reader, &entries[i]));
        if (i && record_entry_compare(&entries[i - 1], &entries[i]) >= 0)
            return status_fail(STATUS_BAD_DATA, "record: entry %u is not behind entry %u", i, i - 1);
    }
    TRY(envelope_finish("record", &reader));
    out->baseline_ns = baseline_ns;
    out->default_ns = default_ns;
    memcpy(out->baseline_name, name, sizeof out->baseline_name);
    out->n_entries = n_entries;
    memcpy(out->entries, entries, n_entries * sizeof *entries);
    return STATUS_OK;
}
