/* The table of backends. */
#include "tuner/device/device.h"

#include <string.h>

#define DEVICE(name) extern const struct device_api device_##name;
#include "tuner/device/devices.def"
#undef DEVICE

static const struct device_api *const devices[] = {
#define DEVICE(name) &device_##name,
#include "tuner/device/devices.def"
#undef DEVICE
};

static const struct device_api *emulator; /* NULL in programs without one */

void device_offer_emulator(const struct device_api *api)
{
    emulator = api;
}

const struct device_api *const *device_table(size_t *n)
{
    *n = sizeof devices / sizeof devices[0];
    return devices;
}

const struct device_api *device_find(const char *name)
{
    for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++)
        if (strcmp(devices[i]->name, name) == 0) return devices[i];
    if (emulator && strcmp(emulator->name, name) == 0) return emulator;
    return NULL;
}
