/* The lines of environments.jsonl and records.jsonl. */
#include <string.h>
#include "db/bundle_format.h"
#include "tuner/base/json.h"

static const char *const record_names[] = {"key", "baseline", "baseline_ns", "default_ns", "entries"};
static const char *const entry_names[] = {"kernel",  "environment", "evidence", "verified",     "median_ns",
                                          "q1_ns",   "q3_ns",       "low_ns",   "high_ns",      "min_ns",
                                          "samples", "launches",    "flags",    "measured_at_s"};
static const char *const environment_names[] = {"environment", "facts"};
static const struct scan_names record_fields = {record_names, 5}, entry_fields = {entry_names, 14},
                               environment_fields = {environment_names, 2};
enum { FIRST_NUMBER = 4, N_NUMBERS = 10 };

/* The numbers of an entry in their order; each with its largest value. */
struct numbers {
    uint64_t value[N_NUMBERS];
};
static const uint64_t number_largest[N_NUMBERS] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
                                                   UINT64_MAX, UINT64_MAX, UINT32_MAX, UINT32_MAX,
                                                   UINT32_MAX, UINT64_MAX};

static struct numbers numbers_of(const struct record_entry *entry)
{
    const struct timing *timing = &entry->timing;
    return (struct numbers){{timing->median_ns, timing->q1_ns, timing->q3_ns, timing->low_ns, timing->high_ns,
                             timing->min_ns, timing->samples, timing->launches_per_sample, timing->flags,
                             entry->measured_at_s}};
}

static void set_numbers(struct record_entry *entry, const struct numbers *numbers)
{
    const uint64_t *value = numbers->value;
    entry->timing = (struct timing){.median_ns = value[0],
                                    .q1_ns = value[1],
                                    .q3_ns = value[2],
                                    .low_ns = value[3],
                                    .high_ns = value[4],
                                    .min_ns = value[5],
                                    .samples = (uint32_t)value[6],
                                    .launches_per_sample = (uint32_t)value[7],
                                    .flags = (uint32_t)value[8]};
    entry->measured_at_s = value[9];
}

static bool is_none(const struct hash *hash)
{
    static const struct hash none;
    return memcmp(hash->bytes, none.bytes, sizeof none.bytes) == 0;
}

/* ---- printing ---- */

static void print_name(struct text *out, const struct scan_names *names, unsigned i)
{
    text_append(out, i ? ",\"" : "{\"");
    text_append(out, names->names[i]);
    text_append(out, "\":");
}

static void print_entry(const struct record_entry *entry, struct text *out)
{
    struct numbers numbers = numbers_of(entry);
    print_name(out, &entry_fields, 0);
    print_hash(out, &entry->kernel);
    print_name(out, &entry_fields, 1);
    if (is_none(&entry->environment))
        text_append(out, "null");
    else
        print_hash(out, &entry->environment);
    print_name(out, &entry_fields, 2);
    print_string(out, evidence_name(entry->evidence));
    print_name(out, &entry_fields, 3);
    text_append(out, entry->verified ? "true" : "false");
    for (unsigned i = 0; i < N_NUMBERS; i++) {
        print_name(out, &entry_fields, FIRST_NUMBER + i);
        print_u64(out, numbers.value[i]);
    }
    text_append(out, "}");
}

bool bundle_record_print(const char *key, const struct record *record, struct text *out)
{
    print_name(out, &record_fields, 0);
    if (!print_string(out, key)) return false;
    print_name(out, &record_fields, 1);
    if (!print_string(out, record->baseline_name)) return false;
    print_name(out, &record_fields, 2);
    print_u64(out, record->baseline_ns);
    print_name(out, &record_fields, 3);
    print_u64(out, record->default_ns);
    print_name(out, &record_fields, 4);
    for (uint32_t i = 0; i < record->n_entries; i++) {
        text_append(out, i ? "," : "[");
        print_entry(&record->entries[i], out);
    }
    text_append(out, record->n_entries ? "]}\n" : "[]}\n");
    return true;
}

void bundle_environment_print(const struct hash *hash, const void *json, size_t size, struct text *out)
{
    print_name(out, &environment_fields, 0);
    print_hash(out, hash);
    print_name(out, &environment_fields, 1);
    text_append_bytes(out, json, size);
    text_append(out, "}\n");
}

/* ---- parsing ---- */

static enum status parse_evidence(struct scan *scan, uint8_t *out)
{
    char name[16];
    struct scan before = *scan;
    TRY(scan_string(scan, name, sizeof name));
    for (unsigned i = 0; i < EVIDENCE_COUNT; i++)
        if (strcmp(name, evidence_name((enum evidence)i)) == 0) {
            *out = (uint8_t)i;
            return STATUS_OK;
        }
    return scan_fail(&before, "unknown evidence '%s'", name);
}

static enum status parse_entry(struct scan *scan, struct record_entry *out)
{
    bool verified;
    struct numbers numbers;
    memset(out, 0, sizeof *out);
    TRY(scan_member(scan, &entry_fields, 0));
    TRY(scan_hash(scan, &out->kernel));
    TRY(scan_member(scan, &entry_fields, 1));
    if (scan->at < scan->end && *scan->at == 'n') {
        TRY(scan_text(scan, "null"));
    } else {
        TRY(scan_hash(scan, &out->environment));
        if (is_none(&out->environment)) return scan_fail(scan, "no environment is null, not zeros");
    }
    TRY(scan_member(scan, &entry_fields, 2));
    TRY(parse_evidence(scan, &out->evidence));
    TRY(scan_member(scan, &entry_fields, 3));
    TRY(scan_bool(scan, &verified));
    for (unsigned i = 0; i < N_NUMBERS; i++) {
        TRY(scan_member(scan, &entry_fields, FIRST_NUMBER + i));
        TRY(scan_u64(scan, number_largest[i], &numbers.value[i]));
    }
    TRY(scan_close(scan, &entry_fields));
    out->verified = verified;
    set_numbers(out, &numbers);
    return STATUS_OK;
}

static enum status parse_entries(struct scan *scan, struct record *out)
{
    bool more = true;
    TRY(scan_text(scan, "["));
    if (scan->at < scan->end && *scan->at == ']') TRY(scan_more(scan, &more));
    while (more) {
        if (out->n_entries == RECORD_ENTRIES_MAX)
            return scan_fail(scan, "more than %d entries", RECORD_ENTRIES_MAX);
        struct record_entry *entry = &out->entries[out->n_entries];
        TRY(parse_entry(scan, entry));
        if (out->n_entries && record_entry_compare(entry - 1, entry) >= 0)
            return scan_fail(scan, "entry %u does not rank behind the one before it", out->n_entries + 1);
        out->n_entries++;
        TRY(scan_more(scan, &more));
    }
    return STATUS_OK;
}

enum status bundle_record_parse(struct scan *scan, char key[KEY_BYTES_MAX + 1], struct record *out)
{
    struct key_parts parts;
    out->n_entries = 0;
    memset(out->baseline_name, 0, sizeof out->baseline_name);
    TRY(scan_member(scan, &record_fields, 0));
    struct scan at_key = *scan;
    TRY(scan_string(scan, key, KEY_BYTES_MAX + 1));
    if (key_parse(key, strlen(key), &parts) != STATUS_OK) return scan_fail(&at_key, "%s", status_message());
    TRY(scan_member(scan, &record_fields, 1));
    TRY(scan_string(scan, out->baseline_name, sizeof out->baseline_name));
    TRY(scan_member(scan, &record_fields, 2));
    TRY(scan_u64(scan, UINT64_MAX, &out->baseline_ns));
    TRY(scan_member(scan, &record_fields, 3));
    TRY(scan_u64(scan, UINT64_MAX, &out->default_ns));
    TRY(scan_member(scan, &record_fields, 4));
    TRY(parse_entries(scan, out));
    TRY(scan_close(scan, &record_fields));
    return scan_end(scan);
}

enum status bundle_environment_parse(struct scan *scan, struct hash *hash, const char **facts, size_t *size)
{
    TRY(scan_member(scan, &environment_fields, 0));
    TRY(scan_hash(scan, hash));
    TRY(scan_member(scan, &environment_fields, 1));
    if (scan->end - scan->at < 3 || *scan->at != '{' || scan->end[-1] != '}')
        return scan_fail(scan, "no object");
    *facts = scan->at;
    *size = (size_t)(scan->end - scan->at) - 1;
    struct hash real = sha256_of(*facts, *size);
    if (memcmp(real.bytes, hash->bytes, sizeof real.bytes))
        return scan_fail(scan, "facts with another SHA-256 than the environment's name");
    struct json_source source = {scan->where};
    cJSON *root = NULL;
    TRY(json_parse(&source, *facts, *size, &root));
    cJSON_Delete(root);
    return STATUS_OK;
}
