/* What one turn of the main loop takes on a compute unit that holds as many blocks as fit: the busiest of its
 * units says how long a turn takes at least, and the matrix units' share of that is how well they can be fed.
 *
 * It is a bound and no time: latencies, barriers and what lies behind the first cache are not in it
 * (docs/occupancy-and-cycles.md). */
#ifndef TUNEBOOK_CODE_CYCLES_H
#define TUNEBOOK_CODE_CYCLES_H

#include "tuner/code/conflicts.h"
#include "tuner/code/main_loop.h"
#include "tuner/code/occupancy.h"

enum cycle_unit { CYCLES_MATRIX, CYCLES_LDS, CYCLES_MEMORY, CYCLES_ISSUE, CYCLE_UNITS };

struct cycle_sum {
    double cycles[CYCLE_UNITS]; /* of a compute unit, for one turn of all its waves */
    double lds_read, lds_write; /* parts of CYCLES_LDS, conflicts counted */
    double lds_conflicts;       /* as much of it is conflicts */
    enum cycle_unit binds;
    double share; /* matrix cycles over those of what binds */
};

/* `conflicts` NULL: none are counted. STATUS_NOT_COVERED where no block fits. */
enum status cycles_sum(const struct main_loop *loop, const struct occupancy *occupancy,
                       const struct conflicts *conflicts, struct cycle_sum *out);

const char *cycle_unit_name(enum cycle_unit unit); /* "matrix", "LDS", "memory", "issue" */

#endif
