/* Physical constants of device classes beyond what the class table has: for models of time. */
#ifndef TUNEBOOK_BASE_CLASS_PHYSICS_H
#define TUNEBOOK_BASE_CLASS_PHYSICS_H

#include <stdint.h>
#include "tuner/base/classes.h"

struct class_physics {
    const char *nickname;
    uint32_t dies, pipes;
    double lds_bytes_per_cycle, l2_bytes_per_cycle, unit_bytes_per_cycle;
    double llc_gbps;
    double memory_latency_ns, near_latency_ns;
    double launch_ns;
    double power_percent_16, power_percent_8; /* of the peak rate, with all matrix units busy */
};

/* Of this class; where the table has none of that name, of the first one of its target. NULL: no such. */
const struct class_physics *class_physics_find(const struct device_class *device_class);

#endif
