/* Flattening of kernel sources: one text that compiles alone, wherever it travels. */
#ifndef TUNEBOOK_TEMPLATES_SOURCE_H
#define TUNEBOOK_TEMPLATES_SOURCE_H

#include "templates/embedded.h"
#include "tuner/base/text.h"

/* As source_flatten (manifest.h); a local include that `root` does not hold is looked for among `headers`, so
 * that a kernel outside the source tree may include "device/cpu.h" or "gemm_args.h". */
enum status source_flatten_with(const char *root, const char *path, const struct embedded_file *headers,
                                size_t n_headers, struct text *out);

#endif
