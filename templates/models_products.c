/* The matrix products of a model. */
#include "templates/models_parts.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* A member of "gemm": one matrix product of the model. */
struct product {
    const char *layer, *shard, *tokens, *phase, *type, *epilogue;
    int64_t n, k, batch, count, experts, active;
};

static enum status read_product(const struct model_search *search, const cJSON *object, struct product *out)
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
    TRY(model_size(search, object, "batch", &p.batch));
    TRY(model_size(search, object, "experts", &p.experts));
    TRY(model_size(search, object, "active", &p.active));
    TRY(model_string(search, object, "tokens", &p.tokens));
    TRY(model_string(search, object, "phase", &p.phase));
    TRY(model_string(search, object, "type", &p.type));
    TRY(model_string(search, object, "epilogue", &p.epilogue));
    *out = p;
    return STATUS_OK;
}

/* Divides what the sharding rule names among the parts. */
static enum status shard(const struct model_search *search, struct product *p)
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

/* The type's words: the request's go first; eight-bit floats are multiplied into bf16. */
static const char *type_words(const struct model_search *search, const struct product *p,
                              char out[MODEL_NAME_BYTES])
{
    const char *type = search->asked->dtype;
    if (!type) return p->type;
    enum dtype parsed;
    bool narrow = dtype_parse(type, &parsed) && dtype_bytes(parsed) == 1 && dtype_epsilon(parsed) > 0;
    snprintf(out, MODEL_NAME_BYTES, "%.40s%s", type, narrow ? " d=bf16" : "");
    return out;
}

static enum status add_tokens(struct model_search *search, const struct product *p, int64_t tokens)
{
    /* Even routing; with experts == active == 1 this is one product of all tokens. */
    double busy =
        (double)p->experts *
        (p->experts > p->active ? 1 - pow(1 - (double)p->active / (double)p->experts, (double)tokens) : 1);
    double rows = (double)tokens * (double)p->active / busy;
    char text[PROBLEM_TEXT_BYTES], words[MODEL_NAME_BYTES];
    snprintf(text, sizeof text, "gemm %s nt %s m=%lld n=%lld k=%lld batch=%lld", type_words(search, p, words),
             p->epilogue, (long long)fmax(1, floor(rows + 0.5)), (long long)p->n, (long long)p->k,
             (long long)p->batch);
    struct model_problem found = {.calls = busy * (double)p->count};
    snprintf(found.layer, sizeof found.layer, "%.20s", p->layer);
    enum status status = problem_parse(text, &found.problem);
    if (status != STATUS_OK) return status_prefix(status, "%s: %s", search->source.name, p->layer);
    return model_append(search, &found);
}

static enum status add_phase(struct model_search *search, const struct product *p, const char *phase)
{
    if (!model_wants_phase(search, p->phase, phase)) return STATUS_OK;
    /* of a prompt only the last token's logits are wanted */
    if (strcmp(p->tokens, "last") == 0 && strcmp(phase, "prefill") == 0) return add_tokens(search, p, 1);
    int64_t tokens[MODEL_LIST_MAX];
    size_t n;
    TRY(model_list(search, phase, tokens, &n));
    for (size_t i = 0; i < n; i++) TRY(add_tokens(search, p, tokens[i]));
    return STATUS_OK;
}

enum status model_add_products(struct model_search *search)
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
