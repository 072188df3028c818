/* NVIDIA's management library: the functions of libnvidia-ml.so.1 that are used, by hand. Source: NVML API
 * reference (docs.nvidia.com/deploy/nvml-api), nvmlDeviceQueries, nvmlGridQueries and device enums. */
#include <time.h>
#include <unistd.h>
#include "tuner/device/gpu.h"
#include "tuner/device/gpu_health.h"

enum { NVML_SM_CLOCK = 1, NVML_GPU_TEMPERATURE = 0, PROCESSES_MAX = 128, WINDOW_US = 1000000 };

struct nvmlDevice_st;

/* nvmlProcessUtilizationSample_t */
struct utilization {
    unsigned pid;
    unsigned long long time_us;
    unsigned sm_percent, memory_percent, encoder_percent, decoder_percent;
};

/* FUNCTION(symbol, parameters): all return nvmlReturn_t, 0 for success. */
#define NVML_FUNCTIONS(FUNCTION)                                                                            \
    FUNCTION(nvmlInit_v2, (void))                                                                           \
    FUNCTION(nvmlDeviceGetHandleByPciBusId_v2, (const char *bus_id, struct nvmlDevice_st **device))         \
    FUNCTION(nvmlDeviceGetClockInfo, (struct nvmlDevice_st * device, unsigned type, unsigned *mhz))         \
    FUNCTION(nvmlDeviceGetTemperature, (struct nvmlDevice_st * device, unsigned sensor, unsigned *celsius)) \
    FUNCTION(nvmlDeviceGetPowerUsage, (struct nvmlDevice_st * device, unsigned *milliwatts))                \
    FUNCTION(nvmlDeviceGetProcessUtilization, (struct nvmlDevice_st * device, struct utilization * samples, \
                                               unsigned *n, unsigned long long since_us))

static struct {
#define FUNCTION(symbol, parameters) unsigned(*symbol) parameters;
    NVML_FUNCTIONS(FUNCTION)
#undef FUNCTION
} nvml;

static const struct gpu_symbol symbols[] = {
#define FUNCTION(symbol, parameters) {#symbol, false},
    NVML_FUNCTIONS(FUNCTION)
#undef FUNCTION
};

static const char *const names[] = {"libnvidia-ml.so.1", NULL};
static struct gpu_library library = {
    .names = names,
    .advice = "no NVML: it comes with the NVIDIA driver (Debian: libnvidia-ml1)",
    .too_old = "the NVIDIA driver is too old",
    .symbols = symbols,
    .functions = (void **)&nvml,
    .n_symbols = sizeof symbols / sizeof symbols[0],
    .mutex = PTHREAD_MUTEX_INITIALIZER,
};

static enum status open_nvml(void)
{
    TRY(gpu_library_open(&library));
    TRY(gpu_library_claim(&library, "NVML"));
    unsigned code = nvml.nvmlInit_v2(); /* counts: harmless the second time */
    return code ? status_fail(STATUS_UNAVAILABLE, "nvmlInit: error %u", code) : STATUS_OK;
}

/* What other processes took of the last second. In a container NVML tells process ids of the host, among
 * which we do not find ourselves: then nothing can be said. */
static uint32_t foreign_permille(struct nvmlDevice_st *device)
{
    struct utilization samples[PROCESSES_MAX];
    struct timespec now;
    unsigned n = PROCESSES_MAX;
    uint32_t percent = 0;
    bool ourselves = false;
    clock_gettime(CLOCK_REALTIME, &now);
    unsigned long long now_us =
        (unsigned long long)now.tv_sec * 1000000u + (unsigned long long)now.tv_nsec / 1000u;
    if (nvml.nvmlDeviceGetProcessUtilization(device, samples, &n, now_us - WINDOW_US) != 0) return 0;
    for (unsigned i = 0; i < n && i < PROCESSES_MAX; i++) {
        if (samples[i].pid == (unsigned)getpid())
            ourselves = true;
        else
            percent += samples[i].sm_percent;
    }
    return !ourselves ? 0 : percent > 100 ? 1000 : percent * 10;
}

static enum status look(const char *bus_id, struct device_telemetry *out)
{
    struct nvmlDevice_st *device;
    unsigned milliwatts = 0;
    TRY(open_nvml());
    unsigned code = nvml.nvmlDeviceGetHandleByPciBusId_v2(bus_id, &device);
    if (code)
        return status_fail(STATUS_UNAVAILABLE, "nvmlDeviceGetHandleByPciBusId of %s: error %u", bus_id, code);
    /* What one of them cannot tell stays 0. */
    nvml.nvmlDeviceGetClockInfo(device, NVML_SM_CLOCK, &out->clock_mhz);
    nvml.nvmlDeviceGetTemperature(device, NVML_GPU_TEMPERATURE, &out->temperature_c);
    nvml.nvmlDeviceGetPowerUsage(device, &milliwatts);
    out->power_w = milliwatts / 1000;
    out->foreign_load_permille = foreign_permille(device);
    return STATUS_OK;
}

const struct gpu_health gpu_health_nvml = {"NVML", look};
