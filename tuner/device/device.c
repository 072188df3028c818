/* The table of backends. */
#include "tuner/device/device.h"

#include <string.h>

#define DEVICE(name)          extern const struct device_api device_##name;
#define DEVICE_OPTIONAL(name) extern const struct device_api device_##name __attribute__((weak));
#include "tuner/device/devices.def"
#undef DEVICE
#undef DEVICE_OPTIONAL

static const struct device_api *const devices[] = {
#define DEVICE(name) &device_##name,
#define DEVICE_OPTIONAL(name)
#include "tuner/device/devices.def"
#undef DEVICE
#undef DEVICE_OPTIONAL
};

static const struct device_api *const optional[] = {
#define DEVICE(name)
#define DEVICE_OPTIONAL(name) &device_##name,
#include "tuner/device/devices.def"
#undef DEVICE
#undef DEVICE_OPTIONAL
};

const struct device_api *const *device_table(size_t *n)
{
    *n = sizeof devices / sizeof devices[0];
    return devices;
}

const struct device_api *device_find(const char *name)
{
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (strcmp(devices[i]->name, name) == 0) return devices[i];
    for (size_t i = 0; i < sizeof optional / sizeof optional[0]; i++)
        if (optional[i] && strcmp(optional[i]->name, name) == 0) return optional[i];
    return NULL;
}
