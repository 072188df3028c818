/* The attention of a model: prompts of equal length side by side, and decoding from a paged cache. */
#include "templates/models_parts.h"

#include <stdio.h>
#include <string.h>

/* What the cache of all layers may take: beside a part of the model it is what large accelerators hold (an
 * H200 has 141 GB, an MI300X 192 GB). Batches whose caches are larger meet no kernel. */
static const double CACHE_BYTES_MOST = 128.0 * (1 << 30);

enum { PAGE_USUAL = 16 }; /* of most engines */

/* A member of "attention": layers of one kind. */
struct kind {
    const char *layer, *shard, *phase, *type;
    int64_t q_heads, kv_heads, d, dv, window, count;
    bool causal, sinks, softcap;
};

static bool is_set(const cJSON *object, const char *member)
{
    return cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(object, member));
}

static enum status read_kind(const struct model_search *search, const cJSON *object, struct kind *out)
{
    static const char *const known[] = {"layer",     "phase",      "type",   "q_heads", "kv_heads",
                                        "head_size", "value_size", "causal", "sinks",   "softcap",
                                        "window",    "shard",      "count"};
    const struct json_source *source = &search->source;
    struct kind kind = {.causal = is_set(object, "causal"),
                        .sinks = is_set(object, "sinks"),
                        .softcap = is_set(object, "softcap")};
    TRY(json_only(source, object, known, sizeof known / sizeof known[0]));
    TRY(json_string(source, search->model, "type", &kind.type));
    TRY(json_string(source, object, "layer", &kind.layer));
    TRY(json_string(source, object, "shard", &kind.shard));
    TRY(json_int64(source, object, "q_heads", &kind.q_heads));
    TRY(json_int64(source, object, "kv_heads", &kind.kv_heads));
    TRY(json_int64(source, object, "head_size", &kind.d));
    TRY(json_int64(source, object, "count", &kind.count));
    kind.dv = kind.d;
    TRY(model_size(search, object, "value_size", &kind.dv));
    TRY(model_size(search, object, "window", &kind.window));
    TRY(model_string(search, object, "phase", &kind.phase));
    TRY(model_string(search, object, "type", &kind.type));
    *out = kind;
    return STATUS_OK;
}

/* Among more parts than there are key heads, parts share one. */
static enum status shard(const struct model_search *search, struct kind *kind)
{
    int64_t parts = search->parts;
    bool divides = strcmp(kind->shard, "heads") == 0 && kind->q_heads % parts == 0 &&
                   (kind->kv_heads % parts == 0 || parts % kind->kv_heads == 0);
    if (!divides)
        return status_fail(STATUS_BAD_DATA, "%s: %s: cannot be divided by \"%s\" among %lld",
                           search->source.name, kind->layer, kind->shard, (long long)parts);
    kind->q_heads /= parts;
    kind->kv_heads = kind->kv_heads > parts ? kind->kv_heads / parts : 1;
    return STATUS_OK;
}

/* The type's words: the request's go first; an eight-bit float is that of the cache. */
static const char *type_words(const struct model_search *search, const struct kind *kind,
                              char out[MODEL_NAME_BYTES])
{
    const char *type = search->asked->dtype;
    if (!type) return kind->type;
    enum dtype parsed;
    bool narrow = dtype_parse(type, &parsed) && dtype_bytes(parsed) == 1 && dtype_epsilon(parsed) > 0;
    snprintf(out, MODEL_NAME_BYTES, narrow ? "bf16 kv=%.40s" : "%.40s", type);
    return out;
}

static enum status add(struct model_search *search, const struct kind *kind, const char *sizes)
{
    char text[PROBLEM_TEXT_BYTES], words[MODEL_NAME_BYTES], window[32] = "";
    if (kind->window) snprintf(window, sizeof window, " window=%lld", (long long)kind->window);
    snprintf(text, sizeof text, "attention %s%s%s%s d=%lld dv=%lld q_heads=%lld kv_heads=%lld%s %s",
             type_words(search, kind, words),
             kind->window   ? " sliding"
             : kind->causal ? " causal"
                            : "",
             kind->sinks ? " sinks" : "", kind->softcap ? " softcap" : "", (long long)kind->d,
             (long long)kind->dv, (long long)kind->q_heads, (long long)kind->kv_heads, window, sizes);
    struct model_problem found = {.calls = (double)kind->count};
    snprintf(found.layer, sizeof found.layer, "%.20s", kind->layer);
    enum status status = problem_parse(text, &found.problem);
    if (status != STATUS_OK) return status_prefix(status, "%s: %s", search->source.name, kind->layer);
    return model_append(search, &found);
}

/* So many tokens as one prompt, or as several of the same length that the list has. */
static enum status add_prefill(struct model_search *search, const struct kind *kind)
{
    int64_t tokens[MODEL_LIST_MAX];
    size_t n;
    TRY(model_list(search, "prefill", tokens, &n));
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++) {
            char sizes[64];
            if (tokens[j] > tokens[i] || tokens[i] % tokens[j] != 0) continue;
            snprintf(sizes, sizeof sizes, "batch=%lld q_len=%lld", (long long)(tokens[i] / tokens[j]),
                     (long long)tokens[j]);
            TRY(add(search, kind, sizes));
        }
    return STATUS_OK;
}

static double cache_bytes(const struct kind *kind, int64_t batch, int64_t keys)
{
    enum { ELEMENT_BYTES = 2 }; /* whatever the type, so that all types meet the same problems */
    return (double)batch * (double)keys * (double)kind->kv_heads * (double)(kind->d + kind->dv) *
           ELEMENT_BYTES * (double)kind->count;
}

static enum status add_decode(struct model_search *search, const struct kind *kind)
{
    int64_t batches[MODEL_LIST_MAX], keys[MODEL_LIST_MAX];
    size_t n_batches, n_keys;
    TRY(model_list(search, "decode", batches, &n_batches));
    TRY(model_list(search, "cache", keys, &n_keys));
    for (size_t b = 0; b < n_batches; b++)
        for (size_t k = 0; k < n_keys; k++) {
            char sizes[96];
            if (cache_bytes(kind, batches[b], keys[k]) > CACHE_BYTES_MOST) continue;
            snprintf(sizes, sizeof sizes, "page=%d batch=%lld q_len=1 kv_len=%lld", PAGE_USUAL,
                     (long long)batches[b], (long long)keys[k]);
            TRY(add(search, kind, sizes));
        }
    return STATUS_OK;
}

enum status model_add_attention(struct model_search *search)
{
    const cJSON *list, *object;
    TRY(json_array(&search->source, search->model, "attention", &list));
    cJSON_ArrayForEach (object, list) {
        struct kind kind;
        TRY(read_kind(search, object, &kind));
        TRY(shard(search, &kind));
        if (model_wants_phase(search, kind.phase, "decode")) TRY(add_decode(search, &kind));
        if (model_wants_phase(search, kind.phase, "prefill")) TRY(add_prefill(search, &kind));
    }
    return STATUS_OK;
}
