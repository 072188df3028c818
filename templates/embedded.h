/* What tools/embed.c puts into the program at build time: templates, kernel headers and models as text. */
#ifndef TUNEBOOK_TEMPLATES_EMBEDDED_H
#define TUNEBOOK_TEMPLATES_EMBEDDED_H

#include <stddef.h>

/* A file by its path below templates/ ("gemm/gemm_cpu.json"); `text` is terminated. */
struct embedded_file {
    const char *path;
    const char *text;
    size_t size;
};

struct embedded_template {
    struct embedded_file manifest;
    const char *source; /* flattened */
};

extern const struct embedded_template embedded_templates[];
extern const size_t n_embedded_templates;
extern const struct embedded_file embedded_headers[]; /* what a user's own kernel may include; device/ has
                                                       * flattened kernels too, that no template has */
extern const size_t n_embedded_headers;
extern const struct embedded_file embedded_models[]; /* by name: "llama-3-8b" */
extern const size_t n_embedded_models;

#endif
