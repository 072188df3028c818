/* A manifest's "model": the shape of its kernel, for search/model.c to judge. */
#include <stdio.h>
#include "templates/manifest_reader.h"

static const struct {
    const char *name, *otherwise; /* NULL: required */
} shape[MANIFEST_MODEL_MEMBERS] = {
#define MODEL_SHAPE(name, value, least, meaning) {#name, #value},
#include "search/model_kernel.def"
#undef MODEL_SHAPE
};

enum { REQUIRED = MANIFEST_MODEL_tile_k + 1 }; /* the first ones: tile_m, tile_n, tile_k */

enum status manifest_read_model(struct manifest_reader *reader, const cJSON *root)
{
    if (!cJSON_GetObjectItemCaseSensitive(root, "model")) return STATUS_OK;
    const char *names[MANIFEST_MODEL_MEMBERS];
    const cJSON *object;
    TRY(json_object(&reader->source, root, "model", &object));
    for (int i = 0; i < MANIFEST_MODEL_MEMBERS; i++) names[i] = shape[i].name;
    TRY(json_only(&reader->source, object, names, MANIFEST_MODEL_MEMBERS));
    for (int i = 0; i < MANIFEST_MODEL_MEMBERS; i++) {
        char clause[MANIFEST_NAME_BYTES + 8];
        if (i < REQUIRED && !cJSON_GetObjectItemCaseSensitive(object, names[i]))
            return status_fail(STATUS_BAD_DATA, "%s: model needs \"%s\"", reader->source.name, names[i]);
        snprintf(clause, sizeof clause, "model.%s", names[i]);
        TRY(reader_optional(reader, object, names[i], clause, shape[i].otherwise,
                            &reader->manifest->model[i]));
    }
    reader->manifest->has_model = true;
    return STATUS_OK;
}
