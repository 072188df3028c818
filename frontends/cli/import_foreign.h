/* `autotune import --format=FORMAT FILE`: other tools' files. */
#ifndef TUNEBOOK_CLI_IMPORT_FOREIGN_H
#define TUNEBOOK_CLI_IMPORT_FOREIGN_H

#include "frontends/cli/options.h"

/* Problems to tune into -o SHAPES, times beside those of our books on stdout, findings of the lint. Nothing
 * is written into a book. */
enum status import_foreign(const struct settings *settings);

#endif
