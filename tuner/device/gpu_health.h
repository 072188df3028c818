/* What the vendors' management libraries tell of a GPU at this moment: clock, temperature, power, and who
 * else is on it. Each is opened at run time, where it is. */
#ifndef TUNEBOOK_DEVICE_GPU_HEALTH_H
#define TUNEBOOK_DEVICE_GPU_HEALTH_H

#include "tuner/device/device.h"

struct gpu_health {
    const char *name; /* "NVML" */
    /* Of the GPU at this place on the bus ("0000:3b:00.0"). STATUS_UNAVAILABLE, with a line, without the
     * library or the GPU in it. */
    enum status (*look)(const char *bus_id, struct device_telemetry *out);
};
extern const struct gpu_health gpu_health_nvml, gpu_health_amd_smi, gpu_health_rocm_smi;

/* Ended by NULL: AMD's, the newer one first; NVIDIA's. */
extern const struct gpu_health *const gpu_health_amd[];
extern const struct gpu_health *const gpu_health_nvidia[];

/* What the first of them that can tells. The last one's line where none can. */
enum status gpu_health_look(const struct gpu_health *const *from, const char *bus_id,
                            struct device_telemetry *out);

/* "0000:3b:00.1" as AMD's libraries number it: domain << 32 | bus << 8 | device << 3 | function; false for
 * what is no such text. */
bool gpu_health_bus_number(const char *bus_id, uint64_t *number);

#endif
