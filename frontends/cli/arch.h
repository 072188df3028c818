/* --arch as drivers spell it: "gfx942:sramecc+:xnack-". */
#ifndef TUNEBOOK_CLI_ARCH_H
#define TUNEBOOK_CLI_ARCH_H

#include "frontends/cli/options.h"

/* Leaves the bare target in settings->arch. A feature that a compiler would make other code for is said on
 * stderr; one that the target does not have is STATUS_USAGE. */
enum status arch_settle(struct settings *settings);

#endif
