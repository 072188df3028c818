/* What a GPU driver's numbers mean for us. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/device/gpu.h"

/* CUDA driver API, enum CUresult (cuda.h); hip_runtime_api.h's hipError_t has the same numbers. What is said
 * there to leave the process "in an inconsistent state" is fatal. */
static const struct gpu_error errors[] = {
    {2, STATUS_NO_MEMORY, DEVICE_FAULT_NONE, false},               /* OUT_OF_MEMORY */
    {3, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false},             /* NOT_INITIALIZED */
    {35, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false},            /* HIP: InsufficientDriver */
    {46, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false},            /* DEVICE_UNAVAILABLE */
    {GPU_NO_DEVICE, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false}, /* NO_DEVICE */
    {101, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false},           /* INVALID_DEVICE */
    {GPU_NO_BINARY, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false},
    {214, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, true}, /* ECC_UNCORRECTABLE */
    {220, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, true}, /* NVLINK_UNCORRECTABLE */
    {GPU_UNSUPPORTED_PTX, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false},
    {700, STATUS_BAD_DATA, DEVICE_FAULT_OUT_OF_BOUNDS, true}, /* ILLEGAL_ADDRESS */
    {702, STATUS_BAD_DATA, DEVICE_FAULT_OTHER, true},         /* LAUNCH_TIMEOUT */
    {709, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, true},       /* CONTEXT_IS_DESTROYED */
    {710, STATUS_BAD_DATA, DEVICE_FAULT_OTHER, true},         /* ASSERT */
    {714, STATUS_BAD_DATA, DEVICE_FAULT_OTHER, true},         /* HARDWARE_STACK_ERROR */
    {715, STATUS_BAD_DATA, DEVICE_FAULT_OTHER, true},         /* ILLEGAL_INSTRUCTION */
    {716, STATUS_BAD_DATA, DEVICE_FAULT_MISALIGNED, true},    /* MISALIGNED_ADDRESS */
    {717, STATUS_BAD_DATA, DEVICE_FAULT_OUT_OF_BOUNDS, true}, /* INVALID_ADDRESS_SPACE */
    {718, STATUS_BAD_DATA, DEVICE_FAULT_OTHER, true},         /* INVALID_PC */
    {719, STATUS_BAD_DATA, DEVICE_FAULT_OTHER, true},         /* LAUNCH_FAILED */
    {GPU_NOT_SUPPORTED, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false},
    {802, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false}, /* SYSTEM_NOT_READY */
    {803, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false}, /* SYSTEM_DRIVER_MISMATCH */
    {804, STATUS_UNAVAILABLE, DEVICE_FAULT_NONE, false}, /* COMPAT_NOT_SUPPORTED_ON_DEVICE */
};

const struct gpu_error *gpu_error_find(unsigned code)
{
    static const struct gpu_error other = {0, STATUS_BAD_DATA, DEVICE_FAULT_NONE, false};
    for (size_t i = 0; i < sizeof errors / sizeof errors[0]; i++)
        if (errors[i].code == code) return &errors[i];
    return &other;
}

static const char *or_number(const char *words, unsigned code, char number[24])
{
    if (words) return words;
    snprintf(number, 24, "error %u", code);
    return number;
}

/* Variables that make GPUs invisible to programs: the driver does not say that one of them did. */
static bool tell_hidden(char *out, size_t capacity)
{
    static const char *const variables[] = {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES",
                                            "ROCR_VISIBLE_DEVICES"};
    for (size_t i = 0; i < sizeof variables / sizeof variables[0]; i++) {
        const char *value = getenv(variables[i]);
        if (!value) continue;
        snprintf(out, capacity, "; %s='%.60s' leaves no GPU that this driver can use", variables[i], value);
        return true;
    }
    return false;
}

/* Why there is no device, behind a semicolon. */
static void tell_none(const struct gpu_driver *driver, char *out, size_t capacity)
{
    char why[448] = "";
    if (tell_hidden(out, capacity)) return;
    if (driver->why_none) driver->why_none(why, sizeof why);
    snprintf(out, capacity, "; %s", *why ? why : "there is no GPU here that this driver can use");
}

/* HIP has names for texts here and there. */
static enum status fail(const struct gpu_driver *driver, unsigned code, const char *call, const char *detail)
{
    char number[24];
    const char *name = or_number(driver->error_name(code), code, number);
    const char *text = driver->error_text(code);
    bool told = text && strcmp(text, name) != 0;
    const char *also = "";
    char none[456];
    if (code == GPU_NO_DEVICE) {
        tell_none(driver, none, sizeof none);
        also = none;
    }
    if (code == GPU_NO_BINARY || code == GPU_UNSUPPORTED_PTX)
        also = "; the compiler may be newer than the driver: install a newer driver, or an older compiler";
    return status_fail(gpu_error_find(code)->status, "%s%s%s: %s%s%s%s%s", call, *detail ? " " : "", detail,
                       name, told ? " (" : "", told ? text : "", told ? ")" : "", also);
}

enum status gpu_fail_without(const struct gpu_driver *driver, unsigned code, const char *call)
{
    return fail(driver, code, call, "");
}

/* The call stands before the number, so that who sees the one sees the other. */
static void remember(struct device *device, unsigned code, const char *call)
{
    const char *nobody = NULL;
    unsigned none = 0;
    atomic_compare_exchange_strong(&device->lost_in, &nobody, call);
    atomic_compare_exchange_strong(&device->lost, &none, code);
}

enum status gpu_fail(struct device *device, unsigned code, const char *call)
{
    if (gpu_error_find(code)->fatal) remember(device, code, call);
    return fail(device->driver, code, call, "");
}

enum status gpu_fail_of(struct device *device, unsigned code, const char *call, const char *detail, ...)
{
    char words[256];
    va_list arguments;
    va_start(arguments, detail);
    vsnprintf(words, sizeof words, detail, arguments);
    va_end(arguments);
    if (gpu_error_find(code)->fatal) remember(device, code, call);
    return fail(device->driver, code, call, words);
}

enum status gpu_check(struct device *device)
{
    unsigned code = atomic_load(&device->lost);
    if (!code) return STATUS_OK;
    char number[24];
    return status_fail(STATUS_UNAVAILABLE,
                       "%s: the device's context is lost since %s: %s; only another process can use it again",
                       device->info.name, atomic_load(&device->lost_in),
                       or_number(device->driver->error_name(code), code, number));
}
