/* The emulated device that --emulate with --arch or --class asks for. */
#ifndef TUNEBOOK_CLI_EMULATED_H
#define TUNEBOOK_CLI_EMULATED_H

#include "frontends/cli/place.h"
#include "tuner/base/text.h"
#include "tuner/compile/compiler.h"

/* What the command line calls the GPU. */
const char *emulated_name(const struct settings *settings);

/* Opens it, for what is known of that GPU; no compiler is needed. STATUS_USAGE for one that nobody knows. */
enum status emulated_place(const struct settings *settings, struct place *out);

/* Opens it and finds the compiler that makes code for it. STATUS_USAGE for a GPU that nobody knows;
 * STATUS_UNAVAILABLE without a compiler. */
enum status emulated_open(const struct settings *settings, struct place *out,
                          const struct compiler_api **compiler, struct text *identity);

#endif
