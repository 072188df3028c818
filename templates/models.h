/* A model's problems: every GEMM and attention shape by tensor parallelism, with call counts per token step.
 *
 * templates/models/NAME.json describes a model: per matrix product its n and k, what tensor parallelism
 * divides ("n": column parallel, "k": row parallel, "batch", "none"), how often it runs in a forward pass,
 * and the usual numbers of tokens; per kind of attention its heads, their sizes, window and sinks. */
#ifndef TUNEBOOK_TEMPLATES_MODELS_H
#define TUNEBOOK_TEMPLATES_MODELS_H

#include "templates/op.h"

struct model_problem {
    struct problem problem;
    double calls;   /* of one forward pass of the whole model */
    char layer[24]; /* "qkv", "gate_up", ... */
};

struct model_request {
    const char *name;  /* "llama-3-8b" or "llama-3-8b@tp2" */
    const char *phase; /* "prefill", "decode" or NULL for both */
    const char *dtype; /* NULL: the model's own */
    const char *op;    /* NULL: all ops */
};

/* Routed experts get the m that even routing gives them: of E experts, E * (1 - (1 - active / E)^tokens) are
 * busy on average and share tokens * active rows; `calls` counts the busy ones. A problem that several
 * numbers of tokens have in common stands there once, with its largest `calls`.
 *
 * Attention's heads are divided; parts that outnumber key heads share one. Its prefill is the usual numbers
 * of tokens as one prompt and as several of one length; its decoding every usual batch with every usual
 * length of the cache, in pages, where the caches of all layers fit into 128 GiB.
 *
 * The list is the caller's (free). Unknown model, tp that does not divide, unknown phase, a phase without
 * such problems: STATUS_USAGE. */
enum status model_problems(const struct model_request *request, struct model_problem **out, size_t *n);
size_t model_names(const char **names, size_t capacity);

#endif
