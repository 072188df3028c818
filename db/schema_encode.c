#include <endian.h>
#include <string.h>
#include "db/bytes.h"
#include "db/pin.h"
#include "tuner/base/crc32c.h"

static void put_u8(struct text *out, uint8_t value)
{
    text_append_bytes(out, &value, sizeof value);
}

static void put_u16(struct text *out, uint32_t value)
{
    /* A count or code too long for the format must not wrap silently. */
    if (value > UINT16_MAX) out->failed = true;
    uint16_t little = htole16((uint16_t)value);
    text_append_bytes(out, &little, sizeof little);
}

static void put_u32(struct text *out, uint32_t value)
{
    value = htole32(value);
    text_append_bytes(out, &value, sizeof value);
}

static void put_u64(struct text *out, uint64_t value)
{
    value = htole64(value);
    text_append_bytes(out, &value, sizeof value);
}

static void put_hash(struct text *out, const struct hash *hash)
{
    text_append_bytes(out, hash->bytes, sizeof hash->bytes);
}

static void put_string(struct text *out, const char *string)
{
    if (!string) string = "";
    size_t length = strlen(string);
    if (length > STRING_BYTES_MAX) out->failed = true;
    put_u32(out, (uint32_t)length);
    text_append_bytes(out, string, length + 1);
}

static void put_blob(struct text *out, const struct blob *blob)
{
    put_u16(out, blob->size);
    text_append_bytes(out, blob->bytes, blob->size);
}

static void put_timing(struct text *out, const struct timing *timing)
{
    put_u64(out, timing->median_ns);
    put_u64(out, timing->q1_ns);
    put_u64(out, timing->q3_ns);
    put_u64(out, timing->low_ns);
    put_u64(out, timing->high_ns);
    put_u64(out, timing->min_ns);
    put_u32(out, timing->samples);
    put_u32(out, timing->launches_per_sample);
    put_u32(out, timing->flags);
}

static size_t envelope_begin(struct text *out, char kind, uint8_t format)
{
    size_t start = out->size;
    put_u8(out, (uint8_t)kind);
    put_u8(out, format);
    return start;
}

static void envelope_end(struct text *out, size_t start)
{
    if (!out->failed) put_u32(out, crc32c(out->data + start, out->size - start));
}

void record_encode(const struct record *record, struct text *out)
{
    size_t start = envelope_begin(out, 'R', VALUE_FORMAT);
    char name[sizeof record->baseline_name] = {0};
    memcpy(name, record->baseline_name, strnlen(record->baseline_name, sizeof name - 1));
    put_u8(out, (uint8_t)record->n_entries);
    put_u64(out, record->baseline_ns);
    put_u64(out, record->default_ns);
    text_append_bytes(out, name, sizeof name);
    for (uint32_t i = 0; i < record->n_entries; i++) {
        const struct record_entry *entry = &record->entries[i];
        put_hash(out, &entry->kernel);
        put_hash(out, &entry->environment);
        put_u8(out, entry->evidence);
        put_u8(out, entry->verified);
        put_timing(out, &entry->timing);
        put_u64(out, entry->measured_at_s);
    }
    envelope_end(out, start);
}

void pin_encode(const struct pin *pin, struct text *out)
{
    struct text record = {0};
    size_t start = envelope_begin(out, 'P', VALUE_FORMAT);
    record_encode(&pin->record, &record);
    put_string(out, pin->line);
    put_blob(out, &(struct blob){(const uint8_t *)text_string(&record), (uint32_t)record.size});
    put_string(out, pin->who);
    put_string(out, pin->because);
    put_u64(out, pin->pinned_at_s);
    if (record.failed) out->failed = true;
    envelope_end(out, start);
    text_free(&record);
}

static void put_step(struct text *out, const struct descriptor_step *step, uint8_t format)
{
    put_u8(out, step->entry != NULL);
    put_blob(out, &step->when);
    if (!step->entry) {
        put_blob(out, &step->zero_offset);
        put_blob(out, &step->zero_bytes);
        return;
    }
    put_string(out, step->entry);
    for (int i = 0; i < 3; i++) put_blob(out, &step->grid[i]);
    for (int i = 0; i < 3; i++) put_blob(out, &step->cluster[i]);
    for (int i = 0; i < 3; i++) put_blob(out, &step->block[i]);
    put_blob(out, &step->shared_bytes);
    if (format < 2) return;
    put_blob(out, &step->cooperative);
    put_blob(out, &step->programmatic);
}

static void put_map(struct text *out, const struct descriptor_map *map)
{
    put_string(out, map->operand);
    put_blob(out, &map->when);
    for (int i = 0; i < 2; i++) put_blob(out, &map->box[i]);
    put_blob(out, &map->swizzle);
}

static bool has_more_resources(const struct code_resources *resources)
{
    return resources->accumulators || resources->scalar_registers || resources->scalar_spills ||
           resources->private_bytes || resources->wave_size || resources->max_block_threads;
}

/* What the head does not have. */
static void put_resources(struct text *out, const struct code_resources *resources)
{
    put_u32(out, resources->accumulators);
    put_u32(out, resources->scalar_registers);
    put_u32(out, resources->scalar_spills);
    put_u32(out, resources->private_bytes);
    put_u32(out, resources->wave_size);
    put_u32(out, resources->max_block_threads);
}

static uint8_t format_of(const struct descriptor *descriptor)
{
    bool newer = descriptor->n_maps > 0;
    for (uint32_t i = 0; i < descriptor->n_steps; i++) {
        const struct descriptor_step *step = &descriptor->steps[i];
        newer |= step->entry && (step->cooperative.size || step->programmatic.size);
    }
    if (has_more_resources(&descriptor->resources)) return 3;
    return newer ? 2 : 1;
}

static void put_head(struct text *out, const struct descriptor *descriptor)
{
    put_hash(out, &descriptor->code);
    put_hash(out, &descriptor->source);
    put_u32(out, descriptor->args_abi);
    put_u32(out, descriptor->code_bytes);
    put_u32(out, descriptor->resources.registers);
    put_u32(out, descriptor->resources.shared_bytes);
    put_u32(out, descriptor->resources.spill_bytes);
    put_u8(out, descriptor->deterministic);
    put_string(out, descriptor->op);
    put_string(out, descriptor->template_name);
    put_string(out, descriptor->configuration);
    put_string(out, descriptor->definitions);
    put_string(out, descriptor->target);
    put_string(out, descriptor->compiler);
}

void descriptor_encode(const struct descriptor *descriptor, struct text *out)
{
    uint8_t format = format_of(descriptor);
    size_t start = envelope_begin(out, 'D', format);
    put_head(out, descriptor);
    put_u16(out, descriptor->n_names);
    for (uint32_t i = 0; i < descriptor->n_names; i++) {
        put_string(out, descriptor->names[i]);
        put_u8(out, descriptor->is_parameter[i]);
        if (descriptor->is_parameter[i]) put_u64(out, (uint64_t)descriptor->parameter_values[i]);
    }
    put_u16(out, descriptor->n_clauses);
    for (uint32_t i = 0; i < descriptor->n_clauses; i++) {
        put_blob(out, &descriptor->clauses[i]);
        put_string(out, descriptor->clause_texts[i]);
    }
    put_blob(out, &descriptor->workspace_bytes);
    put_u8(out, (uint8_t)descriptor->n_steps);
    for (uint32_t i = 0; i < descriptor->n_steps; i++) put_step(out, &descriptor->steps[i], format);
    if (format >= 2) {
        put_u8(out, (uint8_t)descriptor->n_maps);
        for (uint32_t i = 0; i < descriptor->n_maps; i++) put_map(out, &descriptor->maps[i]);
    }
    if (format >= 3) put_resources(out, &descriptor->resources);
    envelope_end(out, start);
}

void trial_encode(const struct trial *trial, struct text *out)
{
    size_t start = envelope_begin(out, 'T', VALUE_FORMAT);
    put_u8(out, trial->verdict);
    put_u8(out, trial->attempts);
    put_hash(out, &trial->kernel);
    put_hash(out, &trial->environment);
    put_timing(out, &trial->timing);
    put_u64(out, trial->compile_ns);
    put_u64(out, trial->finished_at_s);
    put_u64(out, trial->owner);
    put_string(out, trial->configuration);
    put_string(out, trial->detail);
    envelope_end(out, start);
}
