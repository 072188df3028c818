/* Models: from their description to the problems of one tensor-parallel part. */
#include "templates/models.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "templates/embedded.h"
#include "tuner/base/json.h"

enum { NAME_BYTES = 64, MODELS_MAX = 64, PROBLEMS_MAX = 100000 };

/* What is asked for, taken apart, and what was found so far. */
struct search {
    const struct model_request *asked;
    struct json_source source;
    const cJSON *model;
    int64_t parts; /* tensor parallelism */
    struct model_problem *list;
    size_t n;
};

/* A member of "gemm": one matrix product of the model. */
struct product {
    const char *layer, *shard, *tokens, *phase, *type, *epilogue;
    int64_t n, k, batch, count, experts, active;
};

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
static enum status split_name(const char *text, char name[NAME_BYTES], int64_t *parts)
{
    size_t size = strcspn(text, "@");
    *parts = 1;
    if (text[size] == '@' &&
        (!text_starts_with(text + size, "@tp") || !text_parse_int64(text + size + 3, parts)))
        return status_fail(STATUS_USAGE, "model '%.64s': what follows '@' is tpN, such as @tp2", text);
    snprintf(name, NAME_BYTES, "%.*s", (int)(size < NAME_BYTES ? size : NAME_BYTES - 1), text);
    return STATUS_OK;
}

static enum status check_parts(const struct search *search)
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

static enum status optional_string(const struct search *search, const cJSON *object, const char *member,
                                   const char **out)
{
    return cJSON_GetObjectItemCaseSensitive(object, member)
               ? json_string(&search->source, object, member, out)
               : STATUS_OK;
}

static enum status optional_size(const struct search *search, const cJSON *object, const char *member,
                                 int64_t *out)
{
    return cJSON_GetObjectItemCaseSensitive(object, member) ? json_int64(&search->source, object, member, out)
                                                            : STATUS_OK;
}

static enum status read_product(const struct search *search, const cJSON *object, struct product *out)
{
    static const char *const known[] = {"layer",  "n",     "k",    "batch",    "shard",   "count",
                                        "tokens", "phase", "type", "epilogue", "experts", "active"};
    const struct json_source *source = &search->source;
    struct product p = {.tokens = "each", .epilogue = "none", .batch = 1, .experts = 1, .active = 1};
    TRY(json_only(source, object, known, sizeof known / sizeof known[0]));
    TRY(json_string(source, search->model, "type", &p.type));
    TRY(json_string(source, object, "layer", &p.layer));
    TRY(json_string(source, object, "shard", &p.shard));
    TRY(json_int64(source, object, "n", &p.n));
    TRY(json_int64(source, object, "k", &p.k));
    TRY(json_int64(source, object, "count", &p.count));
    TRY(optional_size(search, object, "batch", &p.batch));
    TRY(optional_size(search, object, "experts", &p.experts));
    TRY(optional_size(search, object, "active", &p.active));
    TRY(optional_string(search, object, "tokens", &p.tokens));
    TRY(optional_string(search, object, "phase", &p.phase));
    TRY(optional_string(search, object, "type", &p.type));
    TRY(optional_string(search, object, "epilogue", &p.epilogue));
    *out = p;
    return STATUS_OK;
}

/* Divides what the sharding rule names among the parts. */
static enum status shard(const struct search *search, struct product *p)
{
    int64_t none = search->parts;
    int64_t *divided = strcmp(p->shard, "n") == 0       ? &p->n
                       : strcmp(p->shard, "k") == 0     ? &p->k
                       : strcmp(p->shard, "batch") == 0 ? &p->batch
                       : strcmp(p->shard, "none") == 0  ? &none
                                                        : NULL;
    if (!divided || *divided % search->parts != 0)
        return status_fail(STATUS_BAD_DATA, "%s: %s: cannot be divided by \"%s\" among %lld",
                           search->source.name, p->layer, p->shard, (long long)search->parts);
    *divided /= search->parts;
    return STATUS_OK;
}

/* ---- problems ---- */

static enum status append(struct search *search, const struct model_problem *found)
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

/* The type's words: the request's go first; eight-bit floats are multiplied into bf16. */
static const char *type_words(const struct search *search, const struct product *p, char out[NAME_BYTES])
{
    const char *type = search->asked->dtype;
    if (!type) return p->type;
    enum dtype parsed;
    bool narrow = dtype_parse(type, &parsed) && dtype_bytes(parsed) == 1 && dtype_epsilon(parsed) > 0;
    snprintf(out, NAME_BYTES, "%.40s%s", type, narrow ? " d=bf16" : "");
    return out;
}

static enum status add_tokens(struct search *search, const struct product *p, int64_t tokens)
{
    /* Even routing; with experts == active == 1 this is one product of all tokens. */
    double busy =
        (double)p->experts *
        (p->experts > p->active ? 1 - pow(1 - (double)p->active / (double)p->experts, (double)tokens) : 1);
    double rows = (double)tokens * (double)p->active / busy;
    char text[PROBLEM_TEXT_BYTES], words[NAME_BYTES];
    snprintf(text, sizeof text, "gemm %s nt %s m=%lld n=%lld k=%lld batch=%lld", type_words(search, p, words),
             p->epilogue, (long long)fmax(1, floor(rows + 0.5)), (long long)p->n, (long long)p->k,
             (long long)p->batch);
    struct model_problem found = {.calls = busy * (double)p->count};
    snprintf(found.layer, sizeof found.layer, "%.20s", p->layer);
    enum status status = problem_parse(text, &found.problem);
    if (status != STATUS_OK) return status_prefix(status, "%s: %s", search->source.name, p->layer);
    return append(search, &found);
}

static enum status add_phase(struct search *search, const struct product *p, const char *phase)
{
    if (search->asked->phase && strcmp(search->asked->phase, phase) != 0) return STATUS_OK;
    if (p->phase && strcmp(p->phase, phase) != 0) return STATUS_OK;
    /* of a prompt only the last token's logits are wanted */
    if (strcmp(p->tokens, "last") == 0 && strcmp(phase, "prefill") == 0) return add_tokens(search, p, 1);
    const cJSON *tokens, *list, *item;
    TRY(json_object(&search->source, search->model, "tokens", &tokens));
    TRY(json_array(&search->source, tokens, phase, &list));
    cJSON_ArrayForEach (item, list) {
        if (!cJSON_IsNumber(item) || !(item->valuedouble >= 1 && item->valuedouble <= INT32_MAX))
            return status_fail(STATUS_BAD_DATA, "%s: tokens of %s are whole numbers from 1 on",
                               search->source.name, phase);
        TRY(add_tokens(search, p, (int64_t)item->valuedouble));
    }
    return STATUS_OK;
}

static enum status add_products(struct search *search)
{
    const cJSON *list, *object;
    TRY(json_array(&search->source, search->model, "gemm", &list));
    cJSON_ArrayForEach (object, list) {
        struct product p;
        TRY(read_product(search, object, &p));
        TRY(shard(search, &p));
        TRY(add_phase(search, &p, "decode"));
        TRY(add_phase(search, &p, "prefill"));
    }
    return STATUS_OK;
}

enum status model_problems(const struct model_request *request, struct model_problem **out, size_t *n)
{
    char name[NAME_BYTES];
    const struct embedded_file *file = NULL;
    struct search search = {.asked = request};
    TRY(split_name(request->name, name, &search.parts));
    TRY(find_model(name, &file));
    TRY(check_request(request));
    search.source.name = file->path;
    cJSON *model;
    TRY(json_parse(&search.source, file->text, file->size, &model));
    search.model = model;
    enum status status = check_parts(&search);
    /* "attention" in the description waits for its op */
    if (status == STATUS_OK && (!request->op || strcmp(request->op, "gemm") == 0))
        status = add_products(&search);
    cJSON_Delete(model);
    if (status != STATUS_OK) {
        free(search.list);
        return status;
    }
    *out = search.list;
    *n = search.n;
    return STATUS_OK;
}
