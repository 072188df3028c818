/* Bundles as commands write and read them (db/bundle.h). */
#ifndef TUNEBOOK_CLI_BUNDLES_H
#define TUNEBOOK_CLI_BUNDLES_H

#include "db/book.h"
#include "frontends/cli/options.h"

/* `autotune export` without a format. */
enum status bundle_export_command(const struct settings *settings, struct book *book);
/* `autotune import FILE` */
enum status bundle_import_command(const struct settings *settings, const char *path);

#endif
