/* libamd_smi.so for tests, with the structs of ROCm 6 or 7. */
#include "tests/fakes/fake_smi.h"

enum { INVALID = 1, NOT_SUPPORTED = 2, NOT_FOUND = 31, NOT_INITIALIZED = 32, GPUS = 2 };

/* amdsmi_power_info_t of ROCm 6: what a GPU does not tell is all ones. */
struct power6 {
    uint32_t current_w, average_w, voltages_mv[3], limit_w, reserved[11];
};
struct power7 {
    uint64_t socket_w;
    uint32_t current_w, average_w;
    uint64_t voltages_mv[3];
    uint32_t limit_w;
    uint64_t reserved[18];
};
struct clocks {
    uint32_t now_mhz, least_mhz, most_mhz;
    uint8_t locked, asleep;
    uint32_t reserved[4];
};

FAKE_SMI_EXPORT unsigned amdsmi_init(uint64_t flags);
FAKE_SMI_EXPORT unsigned amdsmi_get_processor_handle_from_bdf(uint64_t bdf, void **processor);
FAKE_SMI_EXPORT unsigned amdsmi_get_temp_metric(void *processor, unsigned sensor, unsigned metric,
                                                int64_t *celsius);
FAKE_SMI_EXPORT unsigned amdsmi_get_clock_info(void *processor, unsigned type, struct clocks *out);
FAKE_SMI_EXPORT unsigned amdsmi_get_power_info(void *processor, void *out);

static char gpu;

unsigned amdsmi_init(uint64_t flags)
{
    if (fake_smi_says("no_amd_smi")) return NOT_INITIALIZED;
    return flags == GPUS ? 0 : INVALID;
}

unsigned amdsmi_get_processor_handle_from_bdf(uint64_t bdf, void **processor)
{
    *processor = &gpu;
    return bdf == 1u << 8 ? 0 : NOT_FOUND;
}

unsigned amdsmi_get_temp_metric(void *processor, unsigned sensor, unsigned metric, int64_t *celsius)
{
    if (processor != &gpu || metric) return INVALID;
    if (sensor != 1) return NOT_SUPPORTED; /* MI300 has no edge */
    *celsius = fake_smi_number("temperature=");
    return *celsius ? 0 : NOT_SUPPORTED;
}

unsigned amdsmi_get_clock_info(void *processor, unsigned type, struct clocks *out)
{
    if (processor != &gpu || type) return INVALID;
    *out = (struct clocks){.now_mhz = fake_smi_number("clock="), .most_mhz = 2100};
    return out->now_mhz ? 0 : NOT_SUPPORTED;
}

unsigned amdsmi_get_power_info(void *processor, void *out)
{
    uint32_t watts = fake_smi_number("power=");
    bool average = fake_smi_says("average");
    if (processor != &gpu || !watts) return processor != &gpu ? INVALID : NOT_SUPPORTED;
    if (fake_smi_number("rocm=") >= 7)
        *(struct power7 *)out = (struct power7){.socket_w = watts,
                                                .current_w = average ? UINT32_MAX : watts,
                                                .average_w = average ? watts : UINT32_MAX};
    else
        *(struct power6 *)out =
            (struct power6){.current_w = average ? 0xffff : watts, .average_w = average ? watts : UINT32_MAX};
    return 0;
}
