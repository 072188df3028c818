#include "tuner/device/hip_driver.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hip_functions hip;

static const struct gpu_symbol symbols[] = {
#define HIP(symbol, result, parameters)       {#symbol, false},
#define HIP_NEWER(symbol, result, parameters) {#symbol, true},
    HIP_FUNCTIONS(HIP, HIP_NEWER)
#undef HIP
#undef HIP_NEWER
};
enum { N_SYMBOLS = sizeof symbols / sizeof symbols[0] };
_Static_assert(sizeof hip == N_SYMBOLS * sizeof(void *), "a function pointer is a pointer here");

/* A later version than those we know has most likely kept what we use. */
static const char *const names[] = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5",
                                    "libamdhip64.so", NULL};
/* AMD's packages; PyTorch's wheels and AMD's own, which bring a runtime with them. */
static const char *const folders[] = {"/opt/rocm/lib",
                                      "/opt/rocm-*/lib",
                                      "$VIRTUAL_ENV/lib/python3*/site-packages/_rocm_sdk_core/lib",
                                      "$VIRTUAL_ENV/lib/python3*/site-packages/torch/lib",
                                      "$CONDA_PREFIX/lib/python3*/site-packages/_rocm_sdk_core/lib",
                                      "$CONDA_PREFIX/lib/python3*/site-packages/torch/lib",
                                      "$HOME/.local/lib/python3*/site-packages/_rocm_sdk_core/lib",
                                      "$HOME/.local/lib/python3*/site-packages/torch/lib",
                                      NULL};
static struct gpu_library library = {
    .names = names,
    .home = "ROCM_PATH",
    .folders = folders,
    .advice = "no ROCm runtime: install hip-runtime-amd from repo.radeon.com, or Debian's libamdhip64-5",
    .too_old = "it is too old; ROCm 5.0's or a newer one is needed",
    .symbols = symbols,
    .functions = (void **)&hip,
    .n_symbols = N_SYMBOLS,
    .mutex = PTHREAD_MUTEX_INITIALIZER,
};

enum status hip_open(void)
{
    TRY(gpu_library_open(&library));
    return gpu_library_claim(&library, "HIP");
}

/* ROCm 6 gave the function with a new struct a new name and kept the old ones for old programs; which struct
 * the old name fills in later versions is not worth a guess, since both have the name of an architecture in
 * it. */
static bool take_arch(const char *name, struct hip_arch *out)
{
    size_t length = strnlen(name, HIP_ARCH_BYTES), target = strcspn(name, ":");
    if (strncmp(name, "gfx", 3) != 0 || length == HIP_ARCH_BYTES || target >= sizeof out->target)
        return false;
    memcpy(out->target, name, target);
    out->target[target] = 0;
    snprintf(out->features, sizeof out->features, "%s", name + target + (name[target] == ':'));
    return true;
}

unsigned hip_arch(int ordinal, struct hip_arch *out)
{
    static const size_t places[] = {HIP_ARCH_R0600, HIP_ARCH_R0000};
    char *properties = calloc(1, HIP_PROPERTIES_BYTES);
    *out = (struct hip_arch){0};
    if (!properties) return 2; /* hipErrorOutOfMemory */
    unsigned code = hip.hipGetDevicePropertiesR0600
                        ? hip.hipGetDevicePropertiesR0600((struct hipDeviceProp_tR0600 *)properties, ordinal)
                        : hip.hipGetDeviceProperties((struct hipDeviceProp_t *)properties, ordinal);
    for (size_t i = 0; !code && i < 2; i++)
        if (take_arch(properties + places[i], out)) break;
    free(properties);
    return code;
}
