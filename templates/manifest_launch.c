/* A manifest's "launch": kernels and zeroings, in order. */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include "templates/manifest_reader.h"

enum { CLAUSE_BYTES = 64 };

/* A C identifier. */
static bool is_entry(const char *name)
{
    size_t size = strlen(name);
    if (size == 0 || size >= MANIFEST_NAME_BYTES || isdigit((unsigned char)name[0])) return false;
    for (size_t i = 0; i < size; i++)
        if (!isalnum((unsigned char)name[i]) && name[i] != '_') return false;
    return true;
}

/* Three expressions; where the member is missing and may be, 1, 1, 1. */
static enum status read_extent(struct manifest_reader *reader, const cJSON *step, unsigned index,
                               const char *member, bool optional, struct expr out[3])
{
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(step, member);
    int n = cJSON_IsArray(list) ? cJSON_GetArraySize(list) : 0;
    if (n != 3 && (list || !optional))
        return status_fail(STATUS_BAD_DATA, "%s: launch[%u].%s must list 3 expressions, not %d",
                           reader->source.name, index, member, n);
    for (int i = 0; i < 3; i++) {
        char clause[CLAUSE_BYTES];
        snprintf(clause, sizeof clause, "launch[%u].%s[%d]", index, member, i);
        const cJSON *item = cJSON_GetArrayItem(list, i);
        static const cJSON one = {.type = cJSON_Number, .valueint = 1, .valuedouble = 1};
        TRY(reader_expression(reader, item ? item : &one, clause, &out[i]));
    }
    return STATUS_OK;
}

static enum status read_kernel(struct manifest_reader *reader, const struct json_source *place,
                               const cJSON *object, unsigned index, struct manifest_step *step)
{
    static const char *const known[] = {"when",  "entry",        "grid",        "cluster",
                                        "block", "shared_bytes", "cooperative", "programmatic"};
    TRY(json_only(place, object, known, sizeof known / sizeof known[0]));
    const char *entry;
    char clause[CLAUSE_BYTES];
    TRY(json_string(place, object, "entry", &entry));
    if (!is_entry(entry))
        return status_fail(STATUS_BAD_DATA, "%s: launch[%u].entry \"%s\" is no name of a C function",
                           reader->source.name, index, entry);
    TRY(reader_keep(reader, entry, &step->entry));
    TRY(read_extent(reader, object, index, "grid", false, step->grid));
    TRY(read_extent(reader, object, index, "cluster", true, step->cluster));
    TRY(read_extent(reader, object, index, "block", true, step->block));
    snprintf(clause, sizeof clause, "launch[%u].shared_bytes", index);
    TRY(reader_optional(reader, object, "shared_bytes", clause, "0", &step->shared_bytes));
    snprintf(clause, sizeof clause, "launch[%u].cooperative", index);
    TRY(reader_optional(reader, object, "cooperative", clause, "0", &step->cooperative));
    snprintf(clause, sizeof clause, "launch[%u].programmatic", index);
    return reader_optional(reader, object, "programmatic", clause, "0", &step->programmatic);
}

static enum status read_zero(struct manifest_reader *reader, const struct json_source *place,
                             const cJSON *object, unsigned index, struct manifest_step *step)
{
    static const char *const known[] = {"when", "zero"}, *const range[] = {"offset", "bytes"};
    const cJSON *zero;
    char clause[CLAUSE_BYTES];
    TRY(json_only(place, object, known, 2));
    TRY(json_object(place, object, "zero", &zero));
    TRY(json_only(place, zero, range, 2));
    const cJSON *bytes = cJSON_GetObjectItemCaseSensitive(zero, "bytes");
    if (!bytes)
        return status_fail(STATUS_BAD_DATA,
                           "%s: launch[%u].zero needs \"bytes\" (and \"offset\" where it is not 0)",
                           reader->source.name, index);
    snprintf(clause, sizeof clause, "launch[%u].zero.offset", index);
    TRY(reader_optional(reader, zero, "offset", clause, "0", &step->zero_offset));
    snprintf(clause, sizeof clause, "launch[%u].zero.bytes", index);
    return reader_expression(reader, bytes, clause, &step->zero_bytes);
}

static enum status read_step(struct manifest_reader *reader, const cJSON *object, unsigned index)
{
    struct manifest_step *step = &reader->manifest->steps[index];
    if (!cJSON_IsObject(object))
        return status_fail(STATUS_BAD_DATA, "%s: launch[%u] must be an object with \"entry\" or \"zero\"",
                           reader->source.name, index);
    const cJSON *when = cJSON_GetObjectItemCaseSensitive(object, "when");
    if (when) {
        char clause[CLAUSE_BYTES];
        snprintf(clause, sizeof clause, "launch[%u].when", index);
        TRY(reader_expression(reader, when, clause, &step->when));
        step->has_when = true;
    }
    bool zero = cJSON_GetObjectItemCaseSensitive(object, "zero") != NULL;
    char name[CLAUSE_BYTES + 1024]; /* what is wrong in a step is said of the step */
    snprintf(name, sizeof name, "%s: launch[%u]", reader->source.name, index);
    const struct json_source place = {name};
    return zero ? read_zero(reader, &place, object, index, step)
                : read_kernel(reader, &place, object, index, step);
}

enum status manifest_read_launch(struct manifest_reader *reader, const cJSON *root)
{
    const cJSON *list, *object;
    TRY(json_array(&reader->source, root, "launch", &list));
    int n = cJSON_GetArraySize(list);
    if (n > MANIFEST_STEPS_MAX)
        return status_fail(STATUS_BAD_DATA, "%s: launch has %d steps; %d are the most", reader->source.name,
                           n, MANIFEST_STEPS_MAX);
    struct manifest *manifest = reader->manifest;
    bool kernel = false;
    cJSON_ArrayForEach (object, list) {
        TRY(read_step(reader, object, manifest->n_steps));
        kernel |= manifest->steps[manifest->n_steps++].entry != NULL;
    }
    if (!kernel) return status_fail(STATUS_BAD_DATA, "%s: launch has no kernel to run", reader->source.name);
    return STATUS_OK;
}
