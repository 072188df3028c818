/* What a device is, from what HIP tells of it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/device/amd_sysfs.h"
#include "tuner/device/hip_driver.h"

enum { UNITS, WAVE, THREADS, SHARED, CLOCK, MEMORY_CLOCK, BUS, L2, N_ATTRIBUTES };

static enum status ask_attributes(struct device *device, int value[N_ATTRIBUTES])
{
    static const uint8_t attributes[N_ATTRIBUTES] = {
        [UNITS] = HIP_ATTRIBUTE_UNITS,
        [WAVE] = HIP_ATTRIBUTE_WAVE_SIZE,
        [THREADS] = HIP_ATTRIBUTE_MAX_BLOCK_THREADS,
        [SHARED] = HIP_ATTRIBUTE_SHARED_BYTES,
        [CLOCK] = HIP_ATTRIBUTE_CLOCK_KHZ,
        [MEMORY_CLOCK] = HIP_ATTRIBUTE_MEMORY_CLOCK_KHZ,
        [BUS] = HIP_ATTRIBUTE_MEMORY_BUS_BITS,
        [L2] = HIP_ATTRIBUTE_L2_BYTES,
    };
    int pools = 0;
    for (size_t i = 0; i < N_ATTRIBUTES; i++) {
        unsigned code = hip.hipDeviceGetAttribute(&value[i], attributes[i], device->ordinal);
        if (code) return gpu_fail_of(device, code, "hipDeviceGetAttribute", "%u", attributes[i]);
    }
    unsigned code = hip.hipDeviceGetAttribute(&pools, HIP_ATTRIBUTE_MEMORY_POOLS, device->ordinal);
    if (code && code != GPU_INVALID_VALUE) /* a runtime that does not know the question has none */
        return gpu_fail_of(device, code, "hipDeviceGetAttribute", "%u", HIP_ATTRIBUTE_MEMORY_POOLS);
    device->orders_memory = !code && pools && hip.hipMallocAsync && hip.hipFreeAsync;
    return STATUS_OK;
}

static enum status ask_target(struct device *device, struct gpu_properties *gpu)
{
    struct hip_arch arch;
    unsigned code = hip_arch(device->ordinal, &arch);
    if (code) return gpu_fail_of(device, code, "hipGetDeviceProperties", "of device %d", device->ordinal);
    if (!arch.target[0])
        return status_fail(
            STATUS_UNAVAILABLE,
            "hipGetDeviceProperties of device %d names no gfx architecture; this version of ROCm "
            "has another struct than ROCm 5 to 7",
            device->ordinal);
    memcpy(gpu->target, arch.target, sizeof gpu->target);
    memcpy(device->features, arch.features, sizeof device->features);
    return STATUS_OK;
}

/* Whether it is a whole GPU or a part of one, the kernel tells; where it does not, the numbers have to. */
static void ask_partition(struct device *device, struct gpu_properties *gpu)
{
    struct amd_partition partition;
    char bus_id[32];
    gpu->may_be_part = true;
    if (hip.hipDeviceGetPCIBusId(bus_id, sizeof bus_id, device->ordinal) != GPU_OK ||
        !amd_partition_read("", bus_id, &partition))
        return;
    gpu->memory_parts = partition.memory_parts;
    snprintf(device->partition, sizeof device->partition, "%s%s%s", partition.compute,
             *partition.memory ? "/" : "", partition.memory);
}

static bool is_radeon(const char *target)
{
    return strncmp(target, "gfx10", 5) == 0 || strncmp(target, "gfx11", 5) == 0 ||
           strncmp(target, "gfx120", 6) == 0;
}

/* How many bits a pin carries in a cycle of the memory clock that HIP tells: 2 with HBM2E, 4 with HBM3, 16
 * with GDDR6 (MI300X: 1300 MHz, 8192 bits, 5325 GB/s; RX 7900 XTX: 1249 MHz, 384 bits, 959 GB/s). */
static uint32_t bits_per_cycle(const char *target)
{
    if (strcmp(target, "gfx942") == 0 || strcmp(target, "gfx950") == 0) return 4;
    return is_radeon(target) ? 16 : 2;
}

/* On Radeons a block runs on a pair of compute units (WGP), and HIP counts those, unless it was told not to
 * make pairs (ROCm/hip issue 3767). Compute units are what AMD's tables, and our classes, count. */
static uint32_t compute_units(const char *target, int reported)
{
    const char *pairs = getenv("GPU_ENABLE_WGP_MODE");
    bool in_pairs = is_radeon(target) && !(pairs && strcmp(pairs, "0") == 0);
    return (uint32_t)reported * (in_pairs ? 2 : 1);
}

enum status hip_describe(struct device *device)
{
    int value[N_ATTRIBUTES] = {0};
    size_t memory_bytes = 0;
    TRY(ask_attributes(device, value));
    struct gpu_properties gpu = {
        .wave_size = (uint32_t)value[WAVE],
        .max_block_threads = (uint32_t)value[THREADS],
        .lds_bytes = (uint32_t)value[SHARED],
        .clock_mhz = (uint32_t)value[CLOCK] / 1000,
        .l2_bytes = (uint64_t)value[L2],
    };
    TRY(ask_target(device, &gpu));
    gpu.units = compute_units(gpu.target, value[UNITS]);
    unsigned code = hip.hipDeviceGetName(gpu.name, sizeof gpu.name, device->ordinal);
    if (code) return gpu_fail_of(device, code, "hipDeviceGetName", "of device %d", device->ordinal);
    code = hip.hipDeviceTotalMem(&memory_bytes, device->ordinal);
    if (code) return gpu_fail_of(device, code, "hipDeviceTotalMem", "of device %d", device->ordinal);
    code = hip.hipRuntimeGetVersion(&device->runtime_version);
    if (code) return gpu_fail(device, code, "hipRuntimeGetVersion");
    gpu.memory_bytes = memory_bytes;
    gpu.bandwidth_gbps =
        (uint32_t)((double)bits_per_cycle(gpu.target) * value[MEMORY_CLOCK] * value[BUS] / 8e6 + 0.5);
    ask_partition(device, &gpu);
    gpu_describe(&gpu, &device->info);
    return STATUS_OK;
}
