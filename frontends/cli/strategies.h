/* The names that --strategy takes. */
#ifndef TUNEBOOK_CLI_STRATEGIES_H
#define TUNEBOOK_CLI_STRATEGIES_H

#include "tuner/base/status.h"

/* STATUS_USAGE for a name that no strategy has, with the closest or all of them. NULL, the default, is fine.
 */
enum status check_strategy(const char *name);

#endif
