/* Stands in the library, and not in autotune, for the files that tell what a GPU is doing: a tuner asks that
 * before it measures, an engine has no call for it. */
#include "tuner/device/amd_sysfs.h"
#include "tuner/device/gpu_health.h"

const struct gpu_health *const gpu_health_amd[] = {NULL};
const struct gpu_health *const gpu_health_nvidia[] = {NULL};

enum status gpu_health_look(const struct gpu_health *const *from, const char *bus_id,
                            struct device_telemetry *out)
{
    (void)from;
    (void)out;
    return status_fail(STATUS_UNAVAILABLE, "this library does not watch GPUs (%s)", bus_id);
}

uint32_t amd_foreign_permille(const char *root, const char *bus_id, int self)
{
    (void)root;
    (void)bus_id;
    (void)self;
    return 0;
}
