/* librocm_smi64.so for tests, with the structs of ROCm 5 or 6. Where AMD's rocm_smi.h is installed (Debian:
 * librocm-smi-dev), it is held to it. */
#include "tests/fakes/fake_smi.h"

#if __has_include(<rocm_smi/rocm_smi.h>)
#pragma GCC visibility push(default)
#include <rocm_smi/rocm_smi.h>
#pragma GCC visibility pop
#else
typedef unsigned rsmi_status_t;
typedef unsigned rsmi_temperature_metric_t;
typedef unsigned rsmi_clk_type_t;
typedef struct {
    uint32_t num_supported, current;
    uint64_t frequency[32];
} rsmi_frequencies_t;
FAKE_SMI_EXPORT rsmi_status_t rsmi_init(uint64_t flags);
FAKE_SMI_EXPORT rsmi_status_t rsmi_num_monitor_devices(uint32_t *n);
FAKE_SMI_EXPORT rsmi_status_t rsmi_dev_pci_id_get(uint32_t device, uint64_t *bdf);
FAKE_SMI_EXPORT rsmi_status_t rsmi_dev_temp_metric_get(uint32_t device, uint32_t sensor,
                                                       rsmi_temperature_metric_t metric, int64_t *milli);
FAKE_SMI_EXPORT rsmi_status_t rsmi_dev_power_ave_get(uint32_t device, uint32_t sensor, uint64_t *microwatts);
FAKE_SMI_EXPORT rsmi_status_t rsmi_dev_gpu_clk_freq_get(uint32_t device, rsmi_clk_type_t clock,
                                                        rsmi_frequencies_t *out);
#endif
/* Later than ROCm 5. */
FAKE_SMI_EXPORT rsmi_status_t rsmi_dev_current_socket_power_get(uint32_t device, uint64_t *microwatts);

enum { INVALID = 1, NOT_SUPPORTED = 2, OUT_OF_BOUNDS = 9, NO_INIT = 8, GPUS = 3 };

/* rsmi_frequencies_t since ROCm 6. */
struct frequencies6 {
    bool has_deep_sleep;
    uint32_t num_supported, current;
    uint64_t frequency[33];
};

static rsmi_status_t answer(uint32_t device, uint64_t value, uint64_t times, uint64_t *out)
{
    if (device >= GPUS) return (rsmi_status_t)OUT_OF_BOUNDS;
    *out = value * times;
    return (rsmi_status_t)(device == 1 && value ? 0 : NOT_SUPPORTED);
}

rsmi_status_t rsmi_init(uint64_t flags)
{
    return (rsmi_status_t)(flags || fake_smi_says("no_rocm_smi") ? NO_INIT : 0);
}

rsmi_status_t rsmi_num_monitor_devices(uint32_t *n)
{
    *n = GPUS;
    return (rsmi_status_t)0;
}

/* Number 1 is the fake driver's GPU, a part of one. */
rsmi_status_t rsmi_dev_pci_id_get(uint32_t device, uint64_t *bdf)
{
    static const uint64_t places[GPUS] = {0x300, 2ull << 28 | 0x100, 0x500};
    if (device >= GPUS) return (rsmi_status_t)OUT_OF_BOUNDS;
    *bdf = places[device];
    return (rsmi_status_t)0;
}

rsmi_status_t rsmi_dev_temp_metric_get(uint32_t device, uint32_t sensor, rsmi_temperature_metric_t metric,
                                       int64_t *milli)
{
    return sensor != 1 || metric ? (rsmi_status_t)INVALID
                                 : answer(device, fake_smi_number("temperature="), 1000, (uint64_t *)milli);
}

rsmi_status_t rsmi_dev_power_ave_get(uint32_t device, uint32_t sensor, uint64_t *microwatts)
{
    if (sensor || !fake_smi_says("average")) return (rsmi_status_t)NOT_SUPPORTED;
    return answer(device, fake_smi_number("power="), 1000000, microwatts);
}

rsmi_status_t rsmi_dev_current_socket_power_get(uint32_t device, uint64_t *microwatts)
{
    if (fake_smi_says("average")) return (rsmi_status_t)NOT_SUPPORTED;
    return answer(device, fake_smi_number("power="), 1000000, microwatts);
}

rsmi_status_t rsmi_dev_gpu_clk_freq_get(uint32_t device, rsmi_clk_type_t clock, rsmi_frequencies_t *out)
{
    uint64_t hz;
    rsmi_status_t status = answer(device, fake_smi_number("clock="), 1000000, &hz);
    if (status || clock) return status ? status : (rsmi_status_t)INVALID;
    if (fake_smi_number("rocm=") >= 6)
        *(struct frequencies6 *)(void *)out = (struct frequencies6){.has_deep_sleep = fake_smi_says("sleep"),
                                                                    .num_supported = 3,
                                                                    .current = 2,
                                                                    .frequency = {1, 2, hz}};
    else
        *out = (rsmi_frequencies_t){.num_supported = 2, .current = 1, .frequency = {500000000, hz}};
    return status;
}
