#include "search/recording.h"

#include <stdlib.h>
#include <string.h>
#include "search/recording_build.h"

/* What Kernel Tuner appends to is closed when its run ends; a killed one leaves "{ ... "cache": { ..., " and
 * its own reader closes it like this, too. */
static void close_cache(struct text *text)
{
    while (text->size && strchr(" \t\r\n", text->data[text->size - 1])) text->size--;
    bool closed = (text->size >= 3 && memcmp(text->data + text->size - 3, "}}}", 3) == 0) ||
                  (text->size >= 3 && memcmp(text->data + text->size - 3, "}\n}", 3) == 0);
    if (closed) return;
    if (text->size && text->data[text->size - 1] == ',') text->size--;
    text_append(text, "}\n}");
}

static enum status parse(const struct json_source *source, const char *bytes, size_t size, cJSON **root)
{
    if (json_parse(source, bytes, size, root) == STATUS_OK) return STATUS_OK;
    struct text closed = {0};
    text_append_bytes(&closed, bytes, size);
    close_cache(&closed);
    enum status status = text_status(&closed);
    if (status == STATUS_OK && json_parse(source, closed.data, closed.size, root) != STATUS_OK)
        status = json_parse(source, bytes, size, root); /* the first complaint is about the file itself */
    text_free(&closed);
    return status;
}

static enum status read_any(struct recording_builder *builder, const char *bytes, size_t size)
{
    cJSON *root = NULL;
    TRY(parse(&builder->source, bytes, size, &root));
    enum status status;
    if (cJSON_HasObjectItem(root, "cache"))
        status = recording_read_kt(builder, root);
    else if (cJSON_HasObjectItem(root, "results"))
        status = recording_read_t4(builder, root);
    else
        status =
            status_fail(STATUS_BAD_DATA,
                        "%s: neither a Kernel Tuner cache (no member 'cache') nor T4 results (no 'results')",
                        builder->source.name);
    cJSON_Delete(root);
    return status;
}

enum status recording_begin(const char *name, struct recording_builder **out)
{
    struct recording *recording = calloc(1, sizeof *recording);
    struct recording_builder *builder = calloc(1, sizeof *builder);
    if (!recording || !builder || !(recording->name = arena_string(&recording->arena, name))) {
        recording_free(recording);
        free(builder);
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", name);
    }
    builder->recording = recording;
    builder->source.name = recording->name;
    *out = builder;
    return STATUS_OK;
}

enum status recording_end(struct recording_builder *builder, enum status status, struct recording **out)
{
    if (status == STATUS_OK) status = builder_finish(builder);
    if (status == STATUS_OK)
        *out = builder->recording;
    else
        recording_free(builder->recording);
    builder_free(builder);
    free(builder);
    return status;
}

enum status recording_read(const char *name, const char *bytes, size_t size, struct recording **out)
{
    struct recording_builder *builder;
    TRY(recording_begin(name, &builder));
    return recording_end(builder, read_any(builder, bytes, size), out);
}

void recording_free(struct recording *recording)
{
    if (!recording) return;
    space_free(recording->space);
    free(recording->entries);
    arena_free(&recording->arena);
    free(recording);
}

const struct recorded *recording_find(const struct recording *recording,
                                      const struct configuration *configuration)
{
    uint64_t i;
    return space_find(recording->space, configuration, &i) ? &recording->entries[i] : NULL;
}
