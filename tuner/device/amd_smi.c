/* The functions of libamd_smi.so that are used, by hand: AMD's management library since ROCm 6. Source:
 * amdsmi.h of ROCm 6.0 to 7.0 and later. Its structs have changed from one to the other; what is read here is
 * where all of them have it. */
#include <string.h>
#include "tuner/device/gpu.h"
#include "tuner/device/gpu_health.h"

enum {
    AMD_SMI_GPUS = 2,     /* AMDSMI_INIT_AMD_GPUS */
    AMD_SMI_HOTSPOT = 1,  /* AMDSMI_TEMPERATURE_TYPE_HOTSPOT; JUNCTION in 6.0 */
    AMD_SMI_CURRENT = 0,  /* AMDSMI_TEMP_CURRENT */
    AMD_SMI_GFX_CLOCK = 0 /* AMDSMI_CLK_TYPE_GFX */
};

/* FUNCTION(symbol, parameters): all return amdsmi_status_t, 0 for success. The place on the bus is a union of
 * 64 bits, which is passed as they are. */
#define AMD_SMI_FUNCTIONS(FUNCTION)                                                                   \
    FUNCTION(amdsmi_init, (uint64_t flags))                                                           \
    FUNCTION(amdsmi_get_processor_handle_from_bdf, (uint64_t bus_number, void **processor))           \
    FUNCTION(amdsmi_get_temp_metric, (void *processor, unsigned sensor, unsigned metric, int64_t *c)) \
    FUNCTION(amdsmi_get_clock_info, (void *processor, unsigned type, void *info))                     \
    FUNCTION(amdsmi_get_power_info, (void *processor, void *info))

static struct {
#define FUNCTION(symbol, parameters) unsigned(*symbol) parameters;
    AMD_SMI_FUNCTIONS(FUNCTION)
#undef FUNCTION
} smi;

static const struct gpu_symbol symbols[] = {
#define FUNCTION(symbol, parameters) {#symbol, false},
    AMD_SMI_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static const char *const names[] = {"libamd_smi.so.27",
                                    "libamd_smi.so.26",
                                    "libamd_smi.so.25",
                                    "libamd_smi.so.24",
                                    "libamd_smi.so.23",
                                    "libamd_smi.so",
                                    NULL};
static const char *const folders[] = {"/opt/rocm/lib", "$VIRTUAL_ENV/lib/python3*/site-packages/amdsmi",
                                      "$VIRTUAL_ENV/lib/python3*/site-packages/_rocm_sdk_core/lib", NULL};
static struct gpu_library library = {
    .names = names,
    .home = "ROCM_PATH",
    .folders = folders,
    .advice = "no AMD SMI library: install amd-smi-lib from repo.radeon.com",
    .too_old = "another version of ROCm is needed",
    .symbols = symbols,
    .functions = (void **)&smi,
    .n_symbols = sizeof symbols / sizeof symbols[0],
    .mutex = PTHREAD_MUTEX_INITIALIZER,
};

static enum status open_smi(void)
{
    TRY(gpu_library_open(&library));
    TRY(gpu_library_claim(&library, "AMD SMI"));
    unsigned code = smi.amdsmi_init(AMD_SMI_GPUS); /* counts: harmless the second time */
    return code ? status_fail(STATUS_UNAVAILABLE, "amdsmi_init: error %u", code) : STATUS_OK;
}

/* What a library has no number for it gives as all ones, of 16 bits or 32. */
static bool is_told(uint32_t value)
{
    return value && value != 0xffff && value != UINT32_MAX;
}

/* ROCm 6: the socket's power now in 32 bits, which MI300 has, then its average, which the others have. ROCm
 * 7: one of them in 64 bits. */
static uint32_t power_w(void *processor)
{
    uint32_t info[128]; /* more than amdsmi_power_info_t is long */
    memset(info, 0, sizeof info);
    if (smi.amdsmi_get_power_info(processor, info) != 0) return 0;
    return is_told(info[0]) ? info[0] : is_told(info[1]) ? info[1] : 0;
}

static uint32_t clock_mhz(void *processor)
{
    uint32_t info[128]; /* more than amdsmi_clk_info_t, whose first is the clock */
    memset(info, 0, sizeof info);
    if (smi.amdsmi_get_clock_info(processor, AMD_SMI_GFX_CLOCK, info) != 0) return 0;
    return is_told(info[0]) ? info[0] : 0;
}

static enum status look(const char *bus_id, struct device_telemetry *out)
{
    uint64_t number;
    void *processor = NULL;
    int64_t celsius = 0;
    TRY(open_smi());
    if (!gpu_health_bus_number(bus_id, &number))
        return status_fail(STATUS_BAD_DATA, "'%s' is no place on a bus", bus_id);
    /* amdsmi_bdf_t: function 3 bits, device 5, bus 8, domain 48. */
    number = (number >> 32) << 16 | (number & 0xffff);
    unsigned code = smi.amdsmi_get_processor_handle_from_bdf(number, &processor);
    if (code)
        return status_fail(STATUS_UNAVAILABLE, "amdsmi_get_processor_handle_from_bdf of %s: error %u", bus_id,
                           code);
    out->clock_mhz = clock_mhz(processor);
    out->power_w = power_w(processor);
    if (smi.amdsmi_get_temp_metric(processor, AMD_SMI_HOTSPOT, AMD_SMI_CURRENT, &celsius) == 0 && celsius > 0)
        out->temperature_c = (uint32_t)celsius;
    return STATUS_OK;
}

const struct gpu_health gpu_health_amd_smi = {"AMD SMI", look};
