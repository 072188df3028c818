/* A recording replayed on a whole space: that of a T1 definition, recorded in part. */
#ifndef TUNEBOOK_SEARCH_RECORDING_T1_H
#define TUNEBOOK_SEARCH_RECORDING_T1_H

#include "search/recording.h"
#include "search/t1.h"

enum { RECORDING_DEFINED_MAX = 1 << 26 };

struct recording_fit {
    size_t n_absent;   /* configurations of the space that are not recorded */
    size_t n_left_out; /* recorded ones that did not run and that the definition forbids as well */
};

/* Makes a recording whose space is that of `t1`, which must outlive it. What is not recorded answers as
 * invalid, at the median cost of what is. A parameter that only one of the two has must have a single value.
 *
 * STATUS_BAD_DATA for a configuration that ran although the definition forbids it: the two contradict each
 * other; and for a space that cannot be counted or has more than RECORDING_DEFINED_MAX configurations. */
enum status recording_define(const struct recording *recorded, const struct t1 *t1, struct recording **out,
                             struct recording_fit *fit);

#endif
