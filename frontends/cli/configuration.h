/* A configuration as the command line gives it: what it leaves out is the default's. */
#ifndef TUNEBOOK_CLI_CONFIGURATION_H
#define TUNEBOOK_CLI_CONFIGURATION_H

#include "templates/manifest.h"
#include "tuner/tuning.h"

/* The given values (NULL: none), and the default's for what they leave out; appended. */
enum status configuration_whole(const struct manifest *manifest, const char *given, struct text *out);
/* The same as the template prints it, in its own order. STATUS_USAGE names a parameter or value it lacks. */
enum status configuration_canonical(const struct manifest *manifest, const char *given, struct text *out);

/* In the space of one problem. STATUS_NOT_COVERED with the clause that keeps it out. */
enum status configuration_find(const struct tuning *tuning, const char *given, struct configuration *out);

#endif
