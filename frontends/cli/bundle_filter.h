/* --filter of bundles: which records, and which of their entries. */
#ifndef TUNEBOOK_CLI_BUNDLE_FILTER_H
#define TUNEBOOK_CLI_BUNDLE_FILTER_H

#include "frontends/cli/options.h"

struct bundle_filter {
    struct bundle_clause *clauses; /* one of them must hold */
    size_t n;
};

/* "op=gemm,class=mi300x,model=llama-3-8b,evidence=measured": each of these, or fewer; all must hold. Errors
 * name what is known. bundle_filter_free even after a failure. */
enum status bundle_filter_parse(const struct words *words, struct bundle_filter *out);
void bundle_filter_free(struct bundle_filter *filter);
/* For bundle_export_options.select; the context is the filter. */
uint32_t bundle_filter_select(void *context, const char *key);

#endif
