/* `autotune pin --list`: what is pinned, in every book that programs here read. */
#ifndef TUNEBOOK_CLI_PIN_LIST_H
#define TUNEBOOK_CLI_PIN_LIST_H

#include "frontends/cli/options.h"

enum status pin_list(const struct settings *settings);

#endif
