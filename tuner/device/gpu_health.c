#include "tuner/device/gpu_health.h"

#include <stdio.h>

const struct gpu_health *const gpu_health_amd[] = {&gpu_health_amd_smi, &gpu_health_rocm_smi, NULL};
const struct gpu_health *const gpu_health_nvidia[] = {&gpu_health_nvml, NULL};

enum status gpu_health_look(const struct gpu_health *const *from, const char *bus_id,
                            struct device_telemetry *out)
{
    enum status status = STATUS_UNAVAILABLE;
    for (; *from && status != STATUS_OK; from++) {
        *out = (struct device_telemetry){0};
        status = (*from)->look(bus_id, out);
    }
    return status;
}

bool gpu_health_bus_number(const char *bus_id, uint64_t *number)
{
    unsigned domain, bus, device, function;
    char more;
    if (sscanf(bus_id, "%8x:%2x:%2x.%1x%c", &domain, &bus, &device, &function, &more) != 4) return false;
    *number = (uint64_t)domain << 32 | bus << 8 | device << 3 | function;
    return true;
}
