/* libcuda.so.1 with the emulator behind it, held to NVIDIA's own cuda.h: a signature that is off does not
 * compile. Here: initialization, devices and contexts. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tests/fakes/libcuda/face.h"

/* --- contexts --- */

struct CUctx_st {
    struct fake_object object;
    unsigned ordinal;
};
enum { STACK_MAX = 16 };

static bool ready; /* cuInit was called */
static CUcontext primary[FAKE_DEVICES_MAX];
static unsigned retained[FAKE_DEVICES_MAX];
static _Thread_local CUcontext stack[STACK_MAX];
static _Thread_local unsigned depth;

int cuda_initialized(void)
{
    return ready ? FAKE_OK : FAKE_NOT_INITIALIZED;
}

int cuda_current(struct fake_device **device)
{
    if (!ready) return FAKE_NOT_INITIALIZED;
    if (!depth || !fake_get(FAKE_CONTEXT, stack[depth - 1])) return FAKE_INVALID_CONTEXT;
    return fake_use(stack[depth - 1]->ordinal, device);
}

static int check_device(CUdevice device)
{
    return device < 0 || (unsigned)device >= fake_settings.devices ? FAKE_INVALID_DEVICE : FAKE_OK;
}

static int context_make(CUcontext *context, CUdevice device)
{
    struct fake_device *used;
    int code = check_device(device);
    if (!code) code = fake_use((unsigned)device, &used);
    if (code) return code;
    *context = fake_make(FAKE_CONTEXT, used, sizeof **context);
    (*context)->ordinal = (unsigned)device;
    return FAKE_OK;
}

static int context_retain(CUcontext *context, CUdevice device)
{
    int code = check_device(device);
    if (!code && !primary[device]) code = context_make(&primary[device], device);
    if (code) return code;
    retained[device]++;
    *context = primary[device];
    return FAKE_OK;
}

static int context_release(CUdevice device)
{
    if (check_device(device) || !retained[device]) return FAKE_INVALID_CONTEXT;
    if (--retained[device]) return FAKE_OK;
    fake_drop(primary[device]);
    primary[device] = NULL;
    return FAKE_OK;
}

static int context_push(CUcontext context)
{
    if (!fake_get(FAKE_CONTEXT, context) || depth == STACK_MAX) return FAKE_INVALID_CONTEXT;
    stack[depth++] = context;
    return FAKE_OK;
}

static int context_pop(CUcontext *context)
{
    if (!depth) return FAKE_INVALID_CONTEXT;
    *context = stack[--depth];
    return FAKE_OK;
}

static int context_create(CUcontext *context, CUdevice device)
{
    int code = context_make(context, device);
    return code ? code : context_push(*context);
}

static int context_destroy(CUcontext context)
{
    if (!fake_get(FAKE_CONTEXT, context)) return FAKE_INVALID_CONTEXT;
    if (depth && stack[depth - 1] == context) depth--;
    fake_drop(context);
    return FAKE_OK;
}

static int context_current(CUcontext *context)
{
    *context = depth ? stack[depth - 1] : NULL;
    return FAKE_OK;
}

static int context_device(CUdevice *device)
{
    if (!depth) return FAKE_INVALID_CONTEXT;
    *device = (CUdevice)stack[depth - 1]->ordinal;
    return FAKE_OK;
}

/* "0,2": as many as it names; "" and "-1": none (CUDA C++ Programming Guide, environment variables). */
static void hide_devices(void)
{
    const char *visible = getenv("CUDA_VISIBLE_DEVICES");
    uint32_t n = 0;
    if (!visible) return;
    for (; *visible && *visible != '-'; visible += *visible == ',') {
        n++;
        visible += strcspn(visible, ",");
    }
    if (n < fake_settings.devices) fake_settings.devices = n;
}

CUresult cuInit(unsigned flags)
{
    int code = fake_begin(__func__);
    hide_devices();
    if (!code && flags) code = FAKE_INVALID_VALUE;
    if (!code && !fake_settings.devices) code = FAKE_NO_DEVICE;
    if (!code) ready = true;
    return (CUresult)fake_end(code);
}

CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice device)
{
    CALL(context_retain(context, device));
}

CUresult cuDevicePrimaryCtxRelease_v2(CUdevice device)
{
    CALL(context_release(device));
}

CUresult cuCtxCreate_v2(CUcontext *context, unsigned flags, CUdevice device)
{
    CALL(flags ? FAKE_INVALID_VALUE : context_create(context, device));
}

CUresult cuCtxDestroy_v2(CUcontext context)
{
    CALL(context_destroy(context));
}

CUresult cuCtxGetCurrent(CUcontext *context)
{
    CALL(context_current(context));
}

CUresult cuCtxGetDevice(CUdevice *device)
{
    CALL(context_device(device));
}

CUresult cuCtxPushCurrent_v2(CUcontext context)
{
    CALL(context_push(context));
}

CUresult cuCtxPopCurrent_v2(CUcontext *context)
{
    CALL(context_pop(context));
}

/* --- what the driver and its devices are --- */

static int code_text(CUresult code, bool name, const char **out)
{
    const struct fake_code *known = fake_code_find((int)code);
    *out = !known ? NULL : name ? known->name : known->text;
    return known ? FAKE_OK : FAKE_INVALID_VALUE;
}

static int set_int(int *out, uint64_t value)
{
    *out = (int)value;
    return FAKE_OK;
}

static int device_attribute(int *out, CUdevice_attribute attribute, CUdevice device)
{
    const struct device_class *class = &fake_settings.device_class;
    unsigned capability = 0;
    if (check_device(device)) return FAKE_INVALID_DEVICE;
    sscanf(class->target, "sm_%u", &capability);
    switch (attribute) {
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR: return set_int(out, capability / 10);
    case CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR: return set_int(out, capability % 10);
    case CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT: return set_int(out, fake_settings.units);
    case CU_DEVICE_ATTRIBUTE_WARP_SIZE: return set_int(out, class->wave_size);
    case CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK: return set_int(out, 1024);
    case CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN: return set_int(out, class->lds_bytes);
    case CU_DEVICE_ATTRIBUTE_CLOCK_RATE: return set_int(out, class->clock_mhz * 1000);
    case CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE: return set_int(out, fake_settings.memory_clock_khz);
    case CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH: return set_int(out, fake_settings.bus_bits);
    case CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE: return set_int(out, fake_settings.l2_bytes);
    case CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED: return set_int(out, 1);
    default: return FAKE_INVALID_VALUE;
    }
}

static int device_name(char *name, int capacity, CUdevice device)
{
    if (check_device(device)) return FAKE_INVALID_DEVICE;
    snprintf(name, (size_t)capacity, "%s", fake_settings.name);
    return FAKE_OK;
}

static int total_memory(size_t *bytes, CUdevice device)
{
    if (check_device(device)) return FAKE_INVALID_DEVICE;
    *bytes = fake_settings.memory_bytes;
    return FAKE_OK;
}

CUresult cuGetErrorName(CUresult code, const char **name)
{
    return (CUresult)code_text(code, true, name);
}

CUresult cuGetErrorString(CUresult code, const char **text)
{
    return (CUresult)code_text(code, false, text);
}

CUresult cuDriverGetVersion(int *version)
{
    int code = fake_begin(__func__);
    *version = fake_settings.driver;
    return (CUresult)fake_end(code);
}

CUresult cuDeviceGetCount(int *count)
{
    CALL(set_int(count, fake_settings.devices));
}

CUresult cuDeviceGet(CUdevice *device, int ordinal)
{
    CALL(check_device(ordinal) ? FAKE_INVALID_DEVICE : set_int(device, (uint64_t)ordinal));
}

CUresult cuDeviceGetName(char *name, int capacity, CUdevice device)
{
    CALL(device_name(name, capacity, device));
}

CUresult cuDeviceGetPCIBusId(char *text, int capacity, CUdevice device)
{
    CALL(check_device(device) || snprintf(text, (size_t)capacity, "0000:%02x:00.0", device + 1) >= capacity
             ? FAKE_INVALID_VALUE
             : FAKE_OK);
}

CUresult cuDeviceGetAttribute(int *value, CUdevice_attribute attribute, CUdevice device)
{
    CALL(device_attribute(value, attribute, device));
}

CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice device)
{
    CALL(total_memory(bytes, device));
}
