/* What the parts of a model's reader share: the description as it was read, and the list that grows. */
#ifndef TUNEBOOK_TEMPLATES_MODELS_PARTS_H
#define TUNEBOOK_TEMPLATES_MODELS_PARTS_H

#include "templates/models.h"
#include "tuner/base/json.h"

enum { MODEL_NAME_BYTES = 64, MODEL_LIST_MAX = 32 };

/* What is asked for, taken apart, and what was found so far. */
struct model_search {
    const struct model_request *asked;
    struct json_source source;
    const cJSON *model;
    int64_t parts; /* tensor parallelism */
    struct model_problem *list;
    size_t n;
};

/* Members that may be missing: *out stays. */
enum status model_string(const struct model_search *search, const cJSON *object, const char *member,
                         const char **out);
enum status model_size(const struct model_search *search, const cJSON *object, const char *member,
                       int64_t *out);
/* The numbers of "tokens": {"decode": [...], "prefill": [...], "cache": [...]}. */
enum status model_list(const struct model_search *search, const char *member, int64_t out[MODEL_LIST_MAX],
                       size_t *n);
/* Is the phase asked for, of something that `only` (NULL: every phase) has? */
bool model_wants_phase(const struct model_search *search, const char *only, const char *phase);
enum status model_append(struct model_search *search, const struct model_problem *found);

enum status model_add_products(struct model_search *search);  /* models_products.c */
enum status model_add_attention(struct model_search *search); /* models_attention.c */

#endif
