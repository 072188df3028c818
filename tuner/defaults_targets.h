/* Which targets get defaults, and what a device of each has. */
#ifndef TUNEBOOK_DEFAULTS_TARGETS_H
#define TUNEBOOK_DEFAULTS_TARGETS_H

#include "templates/manifest.h"
#include "tuner/base/facts.h"

/* Targets of the templates that a compiler here makes: every CPU's, and those of the GPUs in this machine.
 * Code for a GPU takes minutes to make, and is of no use where that GPU is not. Returns how many were
 * written. */
size_t defaults_targets(struct manifest *const *templates, size_t n_templates, const char **out,
                        size_t capacity);

/* Expressions about the device are evaluated again at every lookup; here they only must not refuse for want
 * of a device. For a GPU a usual product of the target serves, for a CPU the local one. */
void defaults_facts(const char *target, struct device_facts *facts);
/* The same for a class of the target: its product's facts where it is a known one, its own units and
 * bandwidth in any case. */
void defaults_class_facts(const char *class_text, const char *target, struct device_facts *facts);

#endif
