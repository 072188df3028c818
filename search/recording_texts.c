/* Recordings of configurations that stand as text, as the trials of a book have them. */
#include <stdlib.h>
#include <string.h>
#include "search/recording_build.h"
#include "tuner/base/text.h"

/* "A=1,B=nt" as an object of numbers and strings; NULL for another text. */
static cJSON *parse(const char *configuration)
{
    char *copy = strdup(configuration);
    cJSON *values = cJSON_CreateObject();
    bool fine = copy && values && *configuration;
    for (char *save = NULL, *item = copy ? strtok_r(copy, ",", &save) : NULL; item && fine;
         item = strtok_r(NULL, ",", &save)) {
        char *value = strchr(item, '=');
        double number;
        fine = value && value != item && value[1];
        if (!fine) break;
        *value++ = '\0';
        fine = !cJSON_HasObjectItem(values, item) &&
               (text_parse_double(value, &number) ? cJSON_AddNumberToObject(values, item, number)
                                                  : cJSON_AddStringToObject(values, item, value));
    }
    free(copy);
    if (fine) return values;
    cJSON_Delete(values);
    return NULL;
}

static bool has_parameters(const struct recording_builder *builder, const cJSON *values)
{
    if (!values || (uint32_t)cJSON_GetArraySize(values) != builder->n_parameters) return false;
    for (uint32_t i = 0; i < builder->n_parameters; i++)
        if (!cJSON_GetObjectItemCaseSensitive(values, builder->names[i])) return false;
    return true;
}

static enum status add_text(struct recording_builder *builder, const struct recorded_text *item,
                            bool is_first, size_t *n_left_out)
{
    cJSON *values = parse(item->configuration);
    const cJSON *value;
    enum status status = STATUS_OK;
    if (is_first && values)
        cJSON_ArrayForEach (value, values)
            if (status == STATUS_OK) status = builder_parameter(builder, value->string);
    if (status == STATUS_OK && has_parameters(builder, values))
        status = builder_add(builder, item->configuration, values, &item->result);
    else
        ++*n_left_out;
    cJSON_Delete(values);
    return status;
}

static enum status add_all(struct recording_builder *builder, const char *kernel, const char *device,
                           const struct recorded_text *list, size_t n, size_t *n_left_out)
{
    struct recording *recording = builder->recording;
    recording->kernel = arena_string(&recording->arena, kernel);
    recording->device = arena_string(&recording->arena, device);
    if (!recording->kernel || !recording->device)
        return status_fail(STATUS_NO_MEMORY, "%s: out of memory", recording->name);
    for (size_t i = 0; i < n; i++) TRY(add_text(builder, &list[i], i == 0, n_left_out));
    return STATUS_OK;
}

enum status recording_from_texts(const char *name, const char *kernel, const char *device,
                                 const struct recorded_text *list, size_t n, struct recording **out,
                                 size_t *n_left_out)
{
    struct recording_builder *builder;
    *n_left_out = 0;
    TRY(recording_begin(name, &builder));
    return recording_end(builder, add_all(builder, kernel, device, list, n, n_left_out), out);
}
