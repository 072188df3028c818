/* Growing a recording while a file is read: private to search/recording*.c. */
#ifndef TUNEBOOK_SEARCH_RECORDING_BUILD_H
#define TUNEBOOK_SEARCH_RECORDING_BUILD_H

#include "search/recording.h"
#include "tuner/base/json.h"

/* A value in the file: its text, and its number where it is one. */
struct recorded_value {
    const char *text;
    bool is_number;
    double number;
};

struct recording_builder {
    struct recording *recording;
    struct json_source source;
    uint32_t n_parameters;
    const char *names[SPACE_PARAMETERS_MAX];
    struct recorded_value *values[SPACE_PARAMETERS_MAX]; /* distinct, in order of appearance */
    uint32_t n_values[SPACE_PARAMETERS_MAX], value_capacity[SPACE_PARAMETERS_MAX];
    struct configuration *configurations; /* indices in order of appearance */
    struct recorded *entries;
    size_t n, capacity;
};

/* recording.c: a builder of an empty recording; and its end, which frees it and, unless `status` and
 * finishing are fine, the recording too. */
enum status recording_begin(const char *name, struct recording_builder **out);
enum status recording_end(struct recording_builder *builder, enum status status, struct recording **out);

enum status builder_parameter(struct recording_builder *builder, const char *name);
/* Adds one result; `values` is the object that holds a member for every parameter. `where` names it in
 * errors. */
enum status builder_add(struct recording_builder *builder, const char *where, const cJSON *values,
                        const struct recorded *result);
/* Sorts values and configurations, makes the space. */
enum status builder_finish(struct recording_builder *builder);
void builder_free(struct recording_builder *builder);

/* recording_kt.c, recording_t4.c */
enum status recording_read_kt(struct recording_builder *builder, const cJSON *root);
enum status recording_read_t4(struct recording_builder *builder, const cJSON *root);

#endif
