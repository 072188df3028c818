/* The functions of librocm_smi64.so that are used, by hand: AMD's management library up to ROCm 7. Source:
 * rocm_smi.h of ROCm 5.2.3, 6.0 and 7.0; what came later is optional. */
#include <string.h>
#include "tuner/device/gpu.h"
#include "tuner/device/gpu_health.h"

enum {
    ROCM_SMI_JUNCTION = 1, /* RSMI_TEMP_TYPE_JUNCTION */
    ROCM_SMI_CURRENT = 0,  /* RSMI_TEMP_CURRENT */
    ROCM_SMI_CLOCK = 0,    /* RSMI_CLK_TYPE_SYS */
    FREQUENCIES_MAX = 33
};

/* FUNCTION(symbol, parameters): all return rsmi_status_t, 0 for success. */
#define ROCM_SMI_FUNCTIONS(FUNCTION, NEWER)                                                                 \
    FUNCTION(rsmi_init, (uint64_t flags))                                                                   \
    FUNCTION(rsmi_num_monitor_devices, (uint32_t * n))                                                      \
    FUNCTION(rsmi_dev_pci_id_get, (uint32_t device, uint64_t * bus_number))                                 \
    FUNCTION(rsmi_dev_temp_metric_get, (uint32_t device, uint32_t sensor, unsigned metric, int64_t *milli)) \
    FUNCTION(rsmi_dev_power_ave_get, (uint32_t device, uint32_t sensor, uint64_t * microwatts))             \
    FUNCTION(rsmi_dev_gpu_clk_freq_get, (uint32_t device, unsigned clock, void *frequencies))               \
    NEWER(rsmi_dev_current_socket_power_get, (uint32_t device, uint64_t * microwatts))

static struct {
#define FUNCTION(symbol, parameters) unsigned(*symbol) parameters;
    ROCM_SMI_FUNCTIONS(FUNCTION, FUNCTION)
#undef FUNCTION
} smi;

static const struct gpu_symbol symbols[] = {
#define FUNCTION(symbol, parameters) {#symbol, false},
#define NEWER(symbol, parameters)    {#symbol, true},
    ROCM_SMI_FUNCTIONS(FUNCTION, NEWER)
#undef FUNCTION
#undef NEWER
};

static const char *const names[] = {"librocm_smi64.so.7", "librocm_smi64.so.6", "librocm_smi64.so.5",
                                    "librocm_smi64.so.1", "librocm_smi64.so",   NULL};
static const char *const folders[] = {"/opt/rocm/lib",
                                      "$VIRTUAL_ENV/lib/python3*/site-packages/_rocm_sdk_core/lib", NULL};
static struct gpu_library library = {
    .names = names,
    .home = "ROCM_PATH",
    .folders = folders,
    .advice = "no AMD management library: install amd-smi-lib or rocm-smi-lib from repo.radeon.com, or "
              "Debian's librocm-smi64-1",
    .too_old = "it is too old; ROCm 5.0's or a newer one is needed",
    .symbols = symbols,
    .functions = (void **)&smi,
    .n_symbols = sizeof symbols / sizeof symbols[0],
    .mutex = PTHREAD_MUTEX_INITIALIZER,
};

static enum status open_smi(void)
{
    TRY(gpu_library_open(&library));
    TRY(gpu_library_claim(&library, "ROCm SMI"));
    unsigned code = smi.rsmi_init(0); /* counts: harmless the second time */
    return code ? status_fail(STATUS_UNAVAILABLE, "rsmi_init: error %u", code) : STATUS_OK;
}

/* A part of a divided GPU has its number in bits 31 to 28, which a place on the bus has not. */
static enum status find(const char *bus_id, uint32_t *out)
{
    const uint64_t part = 0xfull << 28;
    uint64_t wanted, number;
    uint32_t n = 0;
    if (!gpu_health_bus_number(bus_id, &wanted))
        return status_fail(STATUS_BAD_DATA, "'%s' is no place on a bus", bus_id);
    unsigned code = smi.rsmi_num_monitor_devices(&n);
    if (code) return status_fail(STATUS_UNAVAILABLE, "rsmi_num_monitor_devices: error %u", code);
    for (*out = 0; *out < n; ++*out)
        if (smi.rsmi_dev_pci_id_get(*out, &number) == 0 && (number & ~part) == wanted) return STATUS_OK;
    return status_fail(STATUS_UNAVAILABLE, "ROCm SMI has no GPU at %s", bus_id);
}

/* rsmi_frequencies_t: how many there are, which one is current, all of them in Hz; since ROCm 6 with a flag
 * in front. A flag in front is 0 or 1, and where it is 1 the number behind it is no index of one frequency.
 */
static uint32_t current_mhz(const uint32_t words[])
{
    for (unsigned flag = 0; flag < 2; flag++) {
        uint64_t hz;
        uint32_t n = words[flag], current = words[flag + 1];
        if (!n || n > FREQUENCIES_MAX || current >= n) continue;
        memcpy(&hz, (const char *)words + (flag ? 16 : 8) + 8 * (size_t)current, sizeof hz);
        return (uint32_t)(hz / 1000000);
    }
    return 0;
}

static uint32_t clock_mhz(uint32_t device)
{
    uint32_t words[256]; /* more than either struct */
    memset(words, 0, sizeof words);
    return smi.rsmi_dev_gpu_clk_freq_get(device, ROCM_SMI_CLOCK, words) == 0 ? current_mhz(words) : 0;
}

/* MI300 tells its power now, the others an average. */
static uint32_t power_w(uint32_t device)
{
    uint64_t microwatts = 0;
    if (smi.rsmi_dev_current_socket_power_get &&
        smi.rsmi_dev_current_socket_power_get(device, &microwatts) == 0 && microwatts)
        return (uint32_t)(microwatts / 1000000);
    microwatts = 0;
    return smi.rsmi_dev_power_ave_get(device, 0, &microwatts) == 0 ? (uint32_t)(microwatts / 1000000) : 0;
}

static enum status look(const char *bus_id, struct device_telemetry *out)
{
    uint32_t device = 0;
    int64_t milli = 0;
    TRY(open_smi());
    TRY(find(bus_id, &device));
    out->clock_mhz = clock_mhz(device);
    out->power_w = power_w(device);
    if (smi.rsmi_dev_temp_metric_get(device, ROCM_SMI_JUNCTION, ROCM_SMI_CURRENT, &milli) == 0 && milli > 0)
        out->temperature_c = (uint32_t)(milli / 1000);
    return STATUS_OK;
}

const struct gpu_health gpu_health_rocm_smi = {"ROCm SMI", look};
