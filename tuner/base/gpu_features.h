/* What may stand behind the name of a GPU's target: "gfx942:sramecc+:xnack-". */
#ifndef TUNEBOOK_BASE_GPU_FEATURES_H
#define TUNEBOOK_BASE_GPU_FEATURES_H

#include <stdbool.h>
#include <stddef.h>
#include "tuner/base/status.h"

/* "gfx942" of "gfx942:sramecc+:xnack-". Code here is made for either setting of each feature, so that they
 * make no difference; *otherwise becomes the first that a compiler told of it would make other code for (""
 * if there is none: what the drivers report as a rule). STATUS_USAGE for a feature that the target does not
 * have. A text without ':' and one that is no known target before it come back whole. */
enum { GPU_FEATURE_BYTES = 16 };
enum status gpu_features_split(const char *text, char *target, size_t capacity,
                               char otherwise[GPU_FEATURE_BYTES]);

#endif
