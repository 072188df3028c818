/* libnvidia-ml.so.1 for tests: what it says comes from $TUNEBOOK_FAKE_NVML, as
 * "clock=1755;temperature=41;power=350; foreign=30", the last being the share of another process in percent.
 * "fail" makes it of no use. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

struct utilization {
    unsigned pid;
    unsigned long long time_us;
    unsigned sm, memory, encoder, decoder;
};

EXPORT unsigned nvmlInit_v2(void);
EXPORT unsigned nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, void **device);
EXPORT unsigned nvmlDeviceGetClockInfo(void *device, unsigned type, unsigned *mhz);
EXPORT unsigned nvmlDeviceGetTemperature(void *device, unsigned sensor, unsigned *celsius);
EXPORT unsigned nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts);
EXPORT unsigned nvmlDeviceGetProcessUtilization(void *device, struct utilization *samples, unsigned *n,
                                                unsigned long long since_us);

enum { UNKNOWN = 999, NOT_FOUND = 6, NOT_SUPPORTED = 3 };

static unsigned number(const char *key, unsigned times, unsigned *out)
{
    const char *text = getenv("TUNEBOOK_FAKE_NVML"), *found = text ? strstr(text, key) : NULL;
    if (!found) return NOT_SUPPORTED;
    *out = (unsigned)strtoul(found + strlen(key), NULL, 10) * times;
    return 0;
}

unsigned nvmlInit_v2(void)
{
    const char *text = getenv("TUNEBOOK_FAKE_NVML");
    return text && strstr(text, "fail") ? UNKNOWN : 0;
}

unsigned nvmlDeviceGetHandleByPciBusId_v2(const char *bus_id, void **device)
{
    static char one;
    *device = &one;
    return strlen(bus_id) == strlen("0000:01:00.0") ? 0 : NOT_FOUND;
}

unsigned nvmlDeviceGetClockInfo(void *device, unsigned type, unsigned *mhz)
{
    (void)device;
    return type == 1 ? number("clock=", 1, mhz) : UNKNOWN;
}

unsigned nvmlDeviceGetTemperature(void *device, unsigned sensor, unsigned *celsius)
{
    (void)device;
    return sensor == 0 ? number("temperature=", 1, celsius) : UNKNOWN;
}

unsigned nvmlDeviceGetPowerUsage(void *device, unsigned *milliwatts)
{
    (void)device;
    return number("power=", 1000, milliwatts);
}

unsigned nvmlDeviceGetProcessUtilization(void *device, struct utilization *samples, unsigned *n,
                                         unsigned long long since_us)
{
    (void)device;
    if (*n < 2 || !since_us) return UNKNOWN;
    samples[0] = (struct utilization){.pid = (unsigned)getpid(), .sm = 60};
    samples[1] = (struct utilization){.pid = 1};
    *n = 2;
    return number("foreign=", 1, &samples[1].sm);
}
