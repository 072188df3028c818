/* The first day's answers: every template's default configuration, compiled for targets that the
 * compilers here make, as records with evidence `default`. */
#ifndef TUNEBOOK_DEFAULTS_H
#define TUNEBOOK_DEFAULTS_H

#include "db/book.h"
#include "templates/manifest.h"

struct defaults_options {
    struct book *book; /* BOOK_WRITE */
    struct manifest *const *templates;
    size_t n_templates;
    const char *const *targets; /* NULL: those of defaults_targets.h */
    size_t n_targets;
    unsigned jobs; /* 0: all CPUs */
    const volatile int *stop;
    void (*progress)(void *context, double fraction, const char *line); /* may be NULL */
    void *context;
};

struct defaults_summary {
    uint64_t kernels, records, compile_hits, failed;
    char first_failure[512];
};

/* For each template and target, each combination of types, layout and fusion that the template accepts and
 * the op calls usual (struct op, is_usual: for gemm one type throughout, nn and nt with every epilogue, tn
 * and tt plain, and bf16 with an f32 result in nn and nt, with or without bias) gets its default kernel and
 * an entry in the record of the target's defaults (key class = the bare target, sizes 0). More specific
 * templates (more `accepts` clauses) stand first in it. Sizes that kinds of problems differ in, such as
 * attention's head sizes, are those that the op names (usual_sizes). */
enum status defaults_build(const struct defaults_options *options, struct defaults_summary *summary);

#endif
