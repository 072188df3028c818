/* What a device cannot exceed, whatever the kernel: one place for sweeps, books and other tools' tables.
 *
 * Figures come from the class tables (tuner/base/device_classes.def, class_physics.def); for a CPU from what
 * was measured of it, or, by its class alone, from what any core of its instructions could do. */
#ifndef TUNEBOOK_PHYSICS_H
#define TUNEBOOK_PHYSICS_H

#include "templates/op.h"
#include "tuner/base/classes.h"

struct physics {
    double peak_tflops[DTYPE_COUNT]; /* 0: unknown */
    double memory_gbps;              /* 0: unknown */
    double cache_bytes; /* what can have stayed on the chip from the launch before; < 0: unknown */
    double launch_ns;   /* of a kernel behind another one, as it usually is; 0: unknown */
    bool is_nominal;    /* of a data sheet: nothing but a clock's boost exceeds it */
};

void physics_of_class(const struct device_class *device_class, struct physics *out);

/* By a class's text or nickname. false where not even its target is known, and *out then forbids nothing. */
bool physics_of_name(const char *name, struct physics *out);

/* All that a part may be of which only target and units are said (0: not even those): the best of each
 * figure. */
bool physics_of_target(const char *target, uint32_t units, struct physics *out);

/* Bytes that must cross the memory bus in a launch. With cold weights, as sweeps measure, weights come from
 * memory: their copies together exceed twice the last-level cache, so at most half of them can have stayed.
 */
double physics_memory_bytes(const struct physics *physics, const struct problem *problem, bool cold_weights);

struct device_info;
/* A line when no kernel could be that fast on this device, else NULL: the errors of lint_time. */
const char *physics_objection(const struct problem *problem, const struct device_info *info,
                              uint64_t median_ns);

#endif
