/* Racing: a candidate that is clearly slower than the best so far loses the samples it has not taken yet.
 *
 * The candidate's blocks are held against a bar: the upper end of the rival's interval, and a margin for what
 * differs between two trials of one kernel. It has lost when its median lies above the bar with high
 * confidence, or when the first few blocks lie far above. docs/measurement.md has the error rates. */
#ifndef TUNEBOOK_RACING_H
#define TUNEBOOK_RACING_H

#include <stdbool.h>
#include <stddef.h>
#include "db/schema.h"

/* From so many blocks on the order statistics decide; before, from the second number on, all blocks must lie
 * far above. */
enum { RACE_BLOCKS = 8, RACE_FAR_BLOCKS = 3 };

/* A block above the first is slower than the rival by more than noise; above the second by far. */
#define RACE_MARGIN 1.10
#define RACE_FAR    1.50

/* `sorted`: the samples so far in ascending order; `rival_ns`: upper end of the interval of the rival's
 * median, 0: nobody to race against. Meant to be asked at growing n. */
bool race_is_lost(const double *sorted, size_t n, double rival_ns);

/* What racing spared: an estimate. */
struct race_saving {
    uint64_t stopped; /* candidates that lost their race */
    uint64_t samples; /* blocks not measured */
    uint64_t ns;      /* time not spent on them */
};

/* What trials took that ran to the end, and those that did not. */
struct race_account {
    uint64_t finished, stopped, finished_samples, stopped_samples;
    double finished_ns, stopped_ns;
};

/* `timing` is of a trial that ended as ok or slow. */
void race_count(struct race_account *account, enum verdict verdict, const struct timing *timing);

/* What those that were stopped would have taken at the mean of those that ran to the end, less what they
 * took; 0 blocks and time where nobody ran to the end. */
void race_saved(const struct race_account *account, struct race_saving *out);
void race_saving_add(struct race_saving *sum, const struct race_saving *more);

#endif
