/* Definitions of spaces as commands read them. */
#ifndef TUNEBOOK_CLI_DEFINITION_H
#define TUNEBOOK_CLI_DEFINITION_H

#include "search/recording.h"
#include "search/t1.h"

/* Reads a T1 file, plain or compressed by zstd. */
enum status definition_read(const char *path, struct t1 **out);

/* Puts a recording over the whole space of the definition in place of *recording; what is not recorded, or
 * left out, is said on stderr. *recording is there to be freed in any case. */
enum status definition_apply(const struct t1 *definition, struct recording **recording);

#endif
