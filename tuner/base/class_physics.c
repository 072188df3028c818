#include "tuner/base/class_physics.h"

#include <string.h>

#define CLASS_PHYSICS(nickname, dies, pipes, lds, l2, unit, llc_gbps, latency_ns, near_ns, launch_ns, \
                      power_16, power_8)                                                              \
    {nickname, dies, pipes, lds, l2, unit, llc_gbps, latency_ns, near_ns, launch_ns, power_16, power_8},

static const struct class_physics rows[] = {
#include "tuner/base/class_physics.def"
};
enum { N_ROWS = sizeof rows / sizeof *rows };

const struct class_physics *class_physics_find(const struct device_class *device_class)
{
    for (int i = 0; i < N_ROWS; i++)
        if (strcmp(rows[i].nickname, device_class->nickname) == 0) return &rows[i];
    for (int i = 0; i < N_ROWS; i++) {
        const struct device_class *known = class_find(rows[i].nickname);
        if (known && strcmp(known->target, device_class->target) == 0) return &rows[i];
    }
    return NULL;
}
