/* NVIDIA's management library, where it is: clocks, temperature, power, and who else is on the GPU. */
#ifndef TUNEBOOK_DEVICE_NVML_H
#define TUNEBOOK_DEVICE_NVML_H

#include "tuner/device/device.h"

/* Of the GPU at this place on the bus ("0000:3b:00.0"). STATUS_UNAVAILABLE, with a line, without the library.
 */
enum status nvml_telemetry(const char *bus_id, struct device_telemetry *out);

#endif
