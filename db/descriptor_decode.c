#include "db/bytes.h"

static enum status check_count(const char *what, uint32_t n, uint32_t n_max)
{
    if (n <= n_max) return STATUS_OK;
    return status_fail(STATUS_BAD_DATA, "descriptor: %u %s, at most %u fit", n, what, n_max);
}

static enum status flag_decode(struct reader *reader, const char *what, uint8_t *out)
{
    uint8_t flag = reader_u8(reader);
    if (flag > 1) return status_fail(STATUS_BAD_DATA, "descriptor: %s is %u, neither 0 nor 1", what, flag);
    *out = flag;
    return STATUS_OK;
}

static enum status names_decode(struct reader *reader, struct descriptor *out)
{
    out->n_names = reader_u16(reader);
    TRY(check_count("names", out->n_names, DESCRIPTOR_NAMES_MAX));
    for (uint32_t i = 0; i < out->n_names; i++) {
        out->names[i] = reader_string(reader);
        TRY(flag_decode(reader, "is_parameter", &out->is_parameter[i]));
        out->parameter_values[i] = out->is_parameter[i] ? (int64_t)reader_u64(reader) : 0;
    }
    return STATUS_OK;
}

static enum status clauses_decode(struct reader *reader, struct descriptor *out)
{
    out->n_clauses = reader_u16(reader);
    TRY(check_count("clauses", out->n_clauses, DESCRIPTOR_CLAUSES_MAX));
    for (uint32_t i = 0; i < out->n_clauses; i++) {
        out->clauses[i] = reader_blob(reader);
        out->clause_texts[i] = reader_string(reader);
    }
    return STATUS_OK;
}

static enum status step_decode(struct reader *reader, struct descriptor_step *step)
{
    uint8_t is_kernel = 0;
    TRY(flag_decode(reader, "a step's kind", &is_kernel));
    *step = (struct descriptor_step){.when = reader_blob(reader)};
    if (!is_kernel) {
        step->zero_offset = reader_blob(reader);
        step->zero_bytes = reader_blob(reader);
        return STATUS_OK;
    }
    step->entry = reader_string(reader);
    reader_blobs(reader, step->grid, 3);
    reader_blobs(reader, step->cluster, 3);
    reader_blobs(reader, step->block, 3);
    step->shared_bytes = reader_blob(reader);
    if (reader->format < 2) return STATUS_OK;
    step->cooperative = reader_blob(reader);
    step->programmatic = reader_blob(reader);
    return STATUS_OK;
}

static enum status steps_decode(struct reader *reader, struct descriptor *out)
{
    out->n_steps = reader_u8(reader);
    TRY(check_count("steps", out->n_steps, DESCRIPTOR_STEPS_MAX));
    for (uint32_t i = 0; i < out->n_steps; i++) TRY(step_decode(reader, &out->steps[i]));
    return STATUS_OK;
}

static enum status maps_decode(struct reader *reader, struct descriptor *out)
{
    out->n_maps = reader->format < 2 ? 0 : reader_u8(reader);
    TRY(check_count("tensor maps", out->n_maps, DESCRIPTOR_MAPS_MAX));
    for (uint32_t i = 0; i < out->n_maps; i++) {
        struct descriptor_map *map = &out->maps[i];
        *map = (struct descriptor_map){.operand = reader_string(reader)};
        map->when = reader_blob(reader);
        reader_blobs(reader, map->box, 2);
        map->swizzle = reader_blob(reader);
    }
    return STATUS_OK;
}

/* What the head does not have. */
static void resources_decode(struct reader *reader, struct code_resources *out)
{
    out->accumulators = reader_u32(reader);
    out->scalar_registers = reader_u32(reader);
    out->scalar_spills = reader_u32(reader);
    out->private_bytes = reader_u32(reader);
    out->wave_size = reader_u32(reader);
    out->max_block_threads = reader_u32(reader);
}

#define COPY(array, n) memcpy(out->array, from->array, (n) * sizeof *from->array)

void descriptor_copy(const struct descriptor *from, struct descriptor *out)
{
    out->code = from->code;
    out->source = from->source;
    out->op = from->op;
    out->template_name = from->template_name;
    out->configuration = from->configuration;
    out->definitions = from->definitions;
    out->target = from->target;
    out->compiler = from->compiler;
    out->args_abi = from->args_abi;
    out->n_names = from->n_names;
    COPY(names, from->n_names);
    COPY(is_parameter, from->n_names);
    COPY(parameter_values, from->n_names);
    out->n_clauses = from->n_clauses;
    COPY(clauses, from->n_clauses);
    COPY(clause_texts, from->n_clauses);
    out->workspace_bytes = from->workspace_bytes;
    out->deterministic = from->deterministic;
    out->n_steps = from->n_steps;
    COPY(steps, from->n_steps);
    out->n_maps = from->n_maps;
    COPY(maps, from->n_maps);
    out->code_bytes = from->code_bytes;
    out->resources = from->resources;
}

enum status descriptor_decode(const void *bytes, size_t size, struct descriptor *out)
{
    struct reader reader;
    TRY(envelope_open("descriptor", 'D', DESCRIPTOR_FORMAT, bytes, size, &reader));
    reader_hash(&reader, &out->code);
    reader_hash(&reader, &out->source);
    out->args_abi = reader_u32(&reader);
    out->code_bytes = reader_u32(&reader);
    out->resources = (struct code_resources){.registers = reader_u32(&reader)};
    out->resources.shared_bytes = reader_u32(&reader);
    out->resources.spill_bytes = reader_u32(&reader);
    TRY(flag_decode(&reader, "deterministic", &out->deterministic));
    out->op = reader_string(&reader);
    out->template_name = reader_string(&reader);
    out->configuration = reader_string(&reader);
    out->definitions = reader_string(&reader);
    out->target = reader_string(&reader);
    out->compiler = reader_string(&reader);
    TRY(names_decode(&reader, out));
    TRY(clauses_decode(&reader, out));
    out->workspace_bytes = reader_blob(&reader);
    TRY(steps_decode(&reader, out));
    TRY(maps_decode(&reader, out));
    if (reader.format >= 3) resources_decode(&reader, &out->resources);
    return envelope_finish("descriptor", &reader);
}
