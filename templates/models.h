/* A model's problems: every GEMM and attention shape by tensor parallelism, with call counts per token step. */
#ifndef TUNEBOOK_TEMPLATES_MODELS_H
#define TUNEBOOK_TEMPLATES_MODELS_H

#include "templates/op.h"

struct model_problem {
    struct problem problem;
    double calls;      /* of one forward pass of the whole model */
    const char *layer; /* "qkv", "gate_up", ... */
};

struct model_request {
    const char *name; /* "llama-3-8b" or "llama-3-8b@tp2" */
    const char *phase; /* "prefill", "decode" or NULL for both */
    const char *dtype; /* NULL: the model's own */
    const char *op;    /* NULL: all ops known to this build */
};

/* The list is the caller's (free). Unknown model, tp that does not divide, unknown phase: STATUS_USAGE with those known. */
enum status model_problems(const struct model_request *request, struct model_problem **out, size_t *n);
size_t model_names(const char **names, size_t capacity);

#endif
