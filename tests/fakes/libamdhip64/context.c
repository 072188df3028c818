/* libamdhip64.so with the emulator behind it, held to AMD's own hip_runtime_api.h: a signature that is off
 * does not compile. Here: what the runtime and its devices are.
 *
 * Built twice: with FAKE_ROCM6 it has the functions that came later too, and the new properties. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/fakes/libamdhip64/face.h"

static _Thread_local int current;

static int check_device(int device)
{
    if (!fake_settings.devices) return FAKE_NO_DEVICE;
    return device < 0 || (unsigned)device >= fake_settings.devices ? FAKE_INVALID_DEVICE : FAKE_OK;
}

int hip_current(struct fake_device **device)
{
    int code = check_device(current);
    return code ? code : fake_use((unsigned)current, device);
}

static int set_int(int *out, uint64_t value)
{
    *out = (int)value;
    return FAKE_OK;
}

static int set_device(int device)
{
    int code = check_device(device);
    if (!code) current = device;
    return code;
}

/* A GPU with waves of 32 lanes is told in pairs of compute units. */
static int reported_units(void)
{
    const char *pairs = getenv("GPU_ENABLE_WGP_MODE");
    bool all = fake_settings.device_class.wave_size == 64 || (pairs && pairs[0] == '0');
    return (int)(all ? fake_settings.units : fake_settings.units / 2);
}

static int device_attribute(int *out, hipDeviceAttribute_t attribute, int device)
{
    const struct device_class *class = &fake_settings.device_class;
    int code = check_device(device);
    if (code) return code;
    switch (attribute) {
    case hipDeviceAttributeMultiprocessorCount: return set_int(out, reported_units());
    case hipDeviceAttributeWarpSize: return set_int(out, class->wave_size);
    case hipDeviceAttributeMaxThreadsPerBlock: return set_int(out, 1024);
    case hipDeviceAttributeMaxSharedMemoryPerBlock: return set_int(out, class->lds_bytes);
    case hipDeviceAttributeClockRate: return set_int(out, class->clock_mhz * 1000);
    case hipDeviceAttributeMemoryClockRate: return set_int(out, fake_settings.memory_clock_khz);
    case hipDeviceAttributeMemoryBusWidth: return set_int(out, fake_settings.bus_bits);
    case hipDeviceAttributeL2CacheSize: return set_int(out, class->l2_bytes);
#ifdef FAKE_ROCM6
    case hipDeviceAttributeMemoryPoolsSupported: return set_int(out, 1);
#endif
    default: return FAKE_INVALID_VALUE;
    }
}

static int device_name(char *name, int capacity, int device)
{
    int code = check_device(device);
    if (!code) snprintf(name, (size_t)capacity, "%s", fake_settings.name);
    return code;
}

static int total_memory(size_t *bytes, int device)
{
    int code = check_device(device);
    *bytes = fake_settings.memory_bytes;
    return code;
}

/* Of MI300X the runtime says "gfx942:sramecc+:xnack-"; of the Radeons nothing behind the name. */
static void write_arch(char arch[256])
{
    const char *target = fake_settings.device_class.target, *features = fake_settings.features;
    if (!*features && strncmp(target, "gfx9", 4) == 0) features = "sramecc+:xnack-";
    snprintf(arch, 256, "%s%s%s", target, *features ? ":" : "", features);
}

static int properties(hipDeviceProp_t *out, int device)
{
    int code = check_device(device);
    if (code) return code;
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", fake_settings.name);
    out->multiProcessorCount = reported_units();
    write_arch(out->gcnArchName);
    return FAKE_OK;
}

const char *hipGetErrorName(hipError_t code)
{
    const struct fake_code *known = fake_code_find((int)code);
    return known ? known->name : "hipErrorUnknown";
}

const char *hipGetErrorString(hipError_t code)
{
    const struct fake_code *known = fake_code_find((int)code);
    return known ? known->text : "unknown error";
}

hipError_t hipGetDeviceCount(int *count)
{
    CALL(fake_settings.devices ? set_int(count, fake_settings.devices) : FAKE_NO_DEVICE);
}

hipError_t hipGetDevice(int *device)
{
    CALL(set_int(device, (uint64_t)current));
}

hipError_t hipSetDevice(int device)
{
    CALL(set_device(device));
}

hipError_t hipDeviceGetName(char *name, int capacity, hipDevice_t device)
{
    CALL(device_name(name, capacity, device));
}

hipError_t hipDeviceGetAttribute(int *value, hipDeviceAttribute_t attribute, int device)
{
    CALL(device_attribute(value, attribute, device));
}

static int bus_id(char *text, int capacity, int device)
{
    int code = check_device(device);
    if (!code) snprintf(text, (size_t)capacity, "0000:%02x:00.0", device + 1);
    return code;
}

hipError_t hipDeviceGetPCIBusId(char *text, int capacity, int device)
{
    CALL(bus_id(text, capacity, device));
}

hipError_t hipDeviceTotalMem(size_t *bytes, hipDevice_t device)
{
    CALL(total_memory(bytes, device));
}

hipError_t hipGetDeviceProperties(hipDeviceProp_t *out, int device)
{
    CALL(properties(out, device));
}

hipError_t hipRuntimeGetVersion(int *version)
{
#ifdef FAKE_ROCM6
    CALL(set_int(version, 60443482));
#else
    CALL(set_int(version, HIP_VERSION));
#endif
}

#ifdef FAKE_ROCM6
/* hipDeviceProp_tR0600 of hip_runtime_api.h since ROCm 6.0: 1472 bytes, gcnArchName behind the first 1160. */
struct later_properties {
    char name[256], other[1160 - 256], arch[256], rest[1472 - 1160 - 256];
};
FAKE_EXPORT hipError_t hipGetDevicePropertiesR0600(struct later_properties *out, int device);

static int later(struct later_properties *out, int device)
{
    int code = check_device(device);
    if (code) return code;
    memset(out, 0, sizeof *out);
    snprintf(out->name, sizeof out->name, "%s", fake_settings.name);
    write_arch(out->arch);
    return FAKE_OK;
}

hipError_t hipGetDevicePropertiesR0600(struct later_properties *out, int device)
{
    CALL(later(out, device));
}
#endif
