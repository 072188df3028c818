/* Models: from their description to the problems of one tensor-parallel part. */
#include "templates/models_parts.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/embedded.h"

enum { MODELS_MAX = 64, PROBLEMS_MAX = 100000 };

size_t model_names(const char **names, size_t capacity)
{
    size_t n = 0;
    for (; n < n_embedded_models && n < capacity; n++) names[n] = embedded_models[n].path;
    return n;
}

/* ---- the request ---- */

static void list_words(const char *const *words, size_t n, char *out, size_t size)
{
    size_t used = 0;
    out[0] = '\0';
    for (size_t i = 0; i < n && used < size; i++)
        used += (size_t)snprintf(out + used, size - used, "%s%s", i ? ", " : "", words[i]);
}

static enum status find_model(const char *name, const struct embedded_file **out)
{
    const char *names[MODELS_MAX];
    size_t n = model_names(names, MODELS_MAX);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], name) != 0) continue;
        *out = &embedded_models[i];
        return STATUS_OK;
    }
    char list[512];
    list_words(names, n, list, sizeof list);
    const char *closest = text_closest(name, names, n);
    return closest ? status_fail(STATUS_USAGE, "unknown model '%s'; did you mean '%s'?", name, closest)
                   : status_fail(STATUS_USAGE, "unknown model '%s'; there are %s", name, list);
}

/* "llama-3-8b@tp2" -> "llama-3-8b", 2 */
static enum status split_name(const char *text, char name[MODEL_NAME_BYTES], int64_t *parts)
{
    size_t size = strcspn(text, "@");
    *parts = 1;
    if (text[size] == '@' &&
        (!text_starts_with(text + size, "@tp") || !text_parse_int64(text + size + 3, parts)))
        return status_fail(STATUS_USAGE, "model '%.64s': what follows '@' is tpN, such as @tp2", text);
    snprintf(name, MODEL_NAME_BYTES, "%.*s", (int)(size < MODEL_NAME_BYTES ? size : MODEL_NAME_BYTES - 1),
             text);
    return STATUS_OK;
}

static enum status check_parts(const struct model_search *search)
{
    const cJSON *list, *item;
    char known[128] = "";
    size_t used = 0;
    TRY(json_array(&search->source, search->model, "tensor_parallel", &list));
    cJSON_ArrayForEach (item, list) {
        if (cJSON_IsNumber(item) && item->valuedouble == (double)search->parts) return STATUS_OK;
        if (cJSON_IsNumber(item) && used < sizeof known)
            used += (size_t)snprintf(known + used, sizeof known - used, " @tp%d", item->valueint);
    }
    return status_fail(STATUS_USAGE, "model '%.64s': tp%lld does not divide it; there are%s",
                       search->asked->name, (long long)search->parts, known);
}

static enum status check_request(const struct model_request *asked)
{
    if (asked->phase && strcmp(asked->phase, "prefill") != 0 && strcmp(asked->phase, "decode") != 0)
        return status_fail(STATUS_USAGE, "unknown phase '%s'; it is prefill or decode", asked->phase);
    if (asked->op && !op_find(asked->op))
        return status_fail(STATUS_USAGE, "op '%s' is not known to this build", asked->op);
    return STATUS_OK;
}

/* ---- reading ---- */

enum status model_string(const struct model_search *search, const cJSON *object, const char *member,
                         const char **out)
{
    return cJSON_GetObjectItemCaseSensitive(object, member)
               ? json_string(&search->source, object, member, out)
               : STATUS_OK;
}

enum status model_size(const struct model_search *search, const cJSON *object, const char *member,
                       int64_t *out)
{
    return cJSON_GetObjectItemCaseSensitive(object, member) ? json_int64(&search->source, object, member, out)
                                                            : STATUS_OK;
}

enum status model_list(const struct model_search *search, const char *member, int64_t out[MODEL_LIST_MAX],
                       size_t *n)
{
    const cJSON *tokens, *list, *item;
    *n = 0;
    TRY(json_object(&search->source, search->model, "tokens", &tokens));
    TRY(json_array(&search->source, tokens, member, &list));
    cJSON_ArrayForEach (item, list) {
        bool good = cJSON_IsNumber(item) && item->valuedouble >= 1 && item->valuedouble <= INT32_MAX;
        if (!good || *n == MODEL_LIST_MAX)
            return status_fail(STATUS_BAD_DATA, "%s: tokens of %s are up to %d whole numbers from 1 on",
                               search->source.name, member, MODEL_LIST_MAX);
        out[(*n)++] = (int64_t)item->valuedouble;
    }
    return STATUS_OK;
}

bool model_wants_phase(const struct model_search *search, const char *only, const char *phase)
{
    return (!search->asked->phase || strcmp(search->asked->phase, phase) == 0) &&
           (!only || strcmp(only, phase) == 0);
}

/* ---- problems ---- */

enum status model_append(struct model_search *search, const struct model_problem *found)
{
    for (size_t i = 0; i < search->n; i++) {
        struct model_problem *other = &search->list[i];
        if (strcmp(other->layer, found->layer) != 0 ||
            memcmp(&other->problem, &found->problem, sizeof found->problem) != 0)
            continue;
        other->calls = fmax(other->calls, found->calls);
        return STATUS_OK;
    }
    struct model_problem *list = NULL;
    if (search->n < PROBLEMS_MAX) list = realloc(search->list, (search->n + 1) * sizeof *list);
    if (!list) return status_fail(STATUS_NO_MEMORY, "%s: no memory for its problems", search->source.name);
    list[search->n++] = *found;
    search->list = list;
    return STATUS_OK;
}

/* Those of one op, where it is asked for. */
static enum status add_op(struct model_search *search, const char *op,
                          enum status (*add)(struct model_search *search))
{
    return search->asked->op && strcmp(search->asked->op, op) != 0 ? STATUS_OK : add(search);
}

enum status model_problems(const struct model_request *request, struct model_problem **out, size_t *n)
{
    char name[MODEL_NAME_BYTES];
    const struct embedded_file *file = NULL;
    struct model_search search = {.asked = request};
    TRY(split_name(request->name, name, &search.parts));
    TRY(find_model(name, &file));
    TRY(check_request(request));
    search.source.name = file->path;
    cJSON *model;
    TRY(json_parse(&search.source, file->text, file->size, &model));
    search.model = model;
    enum status status = check_parts(&search);
    if (status == STATUS_OK) status = add_op(&search, "gemm", model_add_products);
    if (status == STATUS_OK) status = add_op(&search, "attention", model_add_attention);
    cJSON_Delete(model);
    if (status == STATUS_OK && !search.n)
        status = status_fail(STATUS_USAGE, "model '%.64s' has no problem of op %s%s%s", request->name,
                             request->op ? request->op : "any", request->phase ? " in " : "",
                             request->phase ? request->phase : "");
    if (status != STATUS_OK) {
        free(search.list);
        return status;
    }
    *out = search.list;
    *n = search.n;
    return STATUS_OK;
}
