/* A manifest's "tensor_maps": views of operands for the copy engine, in the order in which kernels have them.
 */
#include <stdio.h>
#include <string.h>
#include "templates/manifest_reader.h"
#include "tuner/base/gpu_target.h"

enum { CLAUSE_BYTES = 64, FIRST_ARCHITECTURE = 900 };

/* NVIDIA's since Hopper have a copy engine that takes them. */
static enum status check_targets(const struct manifest_reader *reader)
{
    for (const char *const *name = reader->manifest->targets; *name; name++) {
        const struct gpu_target *target = gpu_target_find(*name);
        if (!target || target->vendor != GPU_VENDOR_NVIDIA || target->architecture < FIRST_ARCHITECTURE)
            return status_fail(
                STATUS_BAD_DATA,
                "%s: tensor_maps: target \"%s\" has no tensor maps; NVIDIA's since sm_90a have",
                reader->source.name, *name);
    }
    return STATUS_OK;
}

static enum status read_operand(struct manifest_reader *reader, const struct json_source *place,
                                const cJSON *object, unsigned index, struct manifest_map *map)
{
    const struct op *op = reader->manifest->op;
    const char *name;
    TRY(json_string(place, object, "operand", &name));
    if (op_operand_index(op, name) >= 0) return reader_keep(reader, name, &map->operand);
    struct text known = {0};
    for (unsigned i = 0; op->operand_names[i]; i++)
        text_format(&known, "%s%s", i ? ", " : "", op->operand_names[i]);
    enum status status =
        status_fail(STATUS_BAD_DATA, "%s: tensor_maps[%u].operand \"%s\" is none of %s's: %s",
                    reader->source.name, index, name, op->name, text_string(&known));
    text_free(&known);
    return status;
}

static enum status read_box(struct manifest_reader *reader, const cJSON *object, unsigned index,
                            struct manifest_map *map)
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(object, "box");
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (n != 2)
        return status_fail(STATUS_BAD_DATA,
                           "%s: tensor_maps[%u].box must list 2 expressions (elements along the contiguous "
                           "dimension, along the other), not %d",
                           reader->source.name, index, n);
    for (int i = 0; i < 2; i++) {
        char clause[CLAUSE_BYTES];
        snprintf(clause, sizeof clause, "tensor_maps[%u].box[%d]", index, i);
        TRY(reader_expression(reader, cJSON_GetArrayItem(list, i), clause, &map->box[i]));
    }
    return STATUS_OK;
}

static enum status read_map(struct manifest_reader *reader, const cJSON *object, unsigned index)
{
    static const char *const known[] = {"operand", "box", "swizzle", "when"};
    struct manifest_map *map = &reader->manifest->maps[index];
    char name[CLAUSE_BYTES + 1024], clause[CLAUSE_BYTES];
    if (!cJSON_IsObject(object))
        return status_fail(STATUS_BAD_DATA,
                           "%s: tensor_maps[%u] must be an object with \"operand\" and \"box\"",
                           reader->source.name, index);
    snprintf(name, sizeof name, "%s: tensor_maps[%u]", reader->source.name, index);
    const struct json_source place = {name};
    TRY(json_only(&place, object, known, sizeof known / sizeof known[0]));
    TRY(read_operand(reader, &place, object, index, map));
    TRY(read_box(reader, object, index, map));
    snprintf(clause, sizeof clause, "tensor_maps[%u].swizzle", index);
    TRY(reader_optional(reader, object, "swizzle", clause, "0", &map->swizzle));
    const cJSON *when = cJSON_GetObjectItemCaseSensitive(object, "when");
    map->has_when = when != NULL;
    snprintf(clause, sizeof clause, "tensor_maps[%u].when", index);
    return when ? reader_expression(reader, when, clause, &map->when) : STATUS_OK;
}

enum status manifest_read_maps(struct manifest_reader *reader, const cJSON *root)
{
    if (!cJSON_GetObjectItemCaseSensitive(root, "tensor_maps")) return STATUS_OK;
    const cJSON *list, *object;
    TRY(json_array(&reader->source, root, "tensor_maps", &list));
    int n = cJSON_GetArraySize(list);
    if (n > MANIFEST_MAPS_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: tensor_maps has %d maps; %d are the most",
                           reader->source.name, n, MANIFEST_MAPS_MAX);
    TRY(check_targets(reader));
    cJSON_ArrayForEach (object, list) TRY(read_map(reader, object, reader->manifest->n_maps++));
    return STATUS_OK;
}
