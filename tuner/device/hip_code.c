/* Whom a code object says it is for. A driver that gets another GPU's code answers with an error that names
 * neither, and old ones end the process. */
#include <elf.h>
#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/device/hip_driver.h"

/* LLVM's AMDGPU user guide, "ELF Code Object": e_machine, e_flags ("AMDGPU ELF Header e_flags for Code Object
 * V4 and After") and EF_AMDGPU_MACH values. */
enum {
    MACHINE_AMDGPU = 224,
    MACHINE_CUDA = 190,
    ABI_V4 = 2,
    FLAGS_MACH = 0xff,
    FLAGS_XNACK_SHIFT = 8,
    FLAGS_SRAMECC_SHIFT = 10,
    FLAGS_FEATURE = 3, /* 0 has none, 1 any, 2 off, 3 on */
    FEATURE_OFF = 2,
    FEATURE_ON = 3
};

static const struct {
    uint8_t mach;
    const char *target;
} machs[] = {
    {0x2c, "gfx900"},  {0x2f, "gfx906"},  {0x30, "gfx908"},  {0x3f, "gfx90a"},  {0x4c, "gfx942"},
    {0x4f, "gfx950"},  {0x33, "gfx1010"}, {0x36, "gfx1030"}, {0x37, "gfx1031"}, {0x38, "gfx1032"},
    {0x41, "gfx1100"}, {0x46, "gfx1101"}, {0x47, "gfx1102"}, {0x44, "gfx1103"}, {0x4a, "gfx1151"},
    {0x48, "gfx1200"}, {0x4e, "gfx1201"}, {0x49, "gfx1250"},
};

/* NULL for what is not in the table: newer ones and the generic ones, of which the driver knows more. */
static const char *target_of(unsigned mach)
{
    for (size_t i = 0; i < sizeof machs / sizeof machs[0]; i++)
        if (machs[i].mach == mach) return machs[i].target;
    return NULL;
}

/* The first runtime that loads each version: ROCm/rocMLIR pull request 647 (5), LLVM pull request 130963 (6).
 */
static const struct {
    uint8_t abi;
    int version, since_major, since_minor;
} abis[] = {{3, 5, 5, 3}, {4, 6, 6, 3}};

static enum status check_version(const struct device *device, unsigned abi)
{
    int runtime = device->runtime_version;
    for (size_t i = 0; i < sizeof abis / sizeof abis[0]; i++)
        if (abis[i].abi == abi && runtime &&
            runtime < abis[i].since_major * 10000000 + abis[i].since_minor * 100000)
            return status_fail(STATUS_UNAVAILABLE,
                               "code object version %d needs ROCm %d.%d; this runtime is HIP %d.%d: a newer "
                               "ROCm, or its own hiprtc as compiler",
                               abis[i].version, abis[i].since_major, abis[i].since_minor, runtime / 10000000,
                               runtime / 100000 % 100);
    return STATUS_OK;
}

static enum status check_feature(const struct device *device, const char *name, unsigned wanted,
                                 enum gpu_setting set)
{
    if ((wanted != FEATURE_ON || set != GPU_SETTING_OFF) && (wanted != FEATURE_OFF || set != GPU_SETTING_ON))
        return STATUS_OK;
    return status_fail(
        STATUS_BAD_DATA,
        "the code object is for %s%c, and %s (%s) is set to %s%c; code compiled for the target "
        "alone runs under both",
        name, wanted == FEATURE_ON ? '+' : '-', device->info.name, device->info.device_class.target, name,
        set == GPU_SETTING_ON ? '+' : '-');
}

static enum status check_features(const struct device *device, uint32_t flags)
{
    struct gpu_target_id id;
    char text[64];
    snprintf(text, sizeof text, "%s:%s", device->info.device_class.target, device->features);
    if (!*device->features || gpu_target_parse(text, &id) != STATUS_OK) return STATUS_OK;
    TRY(check_feature(device, "xnack", flags >> FLAGS_XNACK_SHIFT & FLAGS_FEATURE, id.xnack));
    return check_feature(device, "sramecc", flags >> FLAGS_SRAMECC_SHIFT & FLAGS_FEATURE, id.sramecc);
}

enum status hip_check_code(const struct device *device, const void *code, size_t bytes)
{
    const char *here = device->info.device_class.target;
    Elf64_Ehdr header;
    if (bytes < sizeof header) return STATUS_OK; /* no code object, as the driver will say */
    memcpy(&header, code, sizeof header);
    if (memcmp(header.e_ident, ELFMAG, SELFMAG) != 0 || header.e_ident[EI_CLASS] != ELFCLASS64)
        return STATUS_OK;
    if (header.e_machine == MACHINE_CUDA)
        return status_fail(STATUS_BAD_DATA, "the code object is for an NVIDIA GPU; %s is %s",
                           device->info.name, here);
    if (header.e_machine != MACHINE_AMDGPU) return STATUS_OK;
    const char *target = target_of(header.e_flags & FLAGS_MACH);
    if (target && strcmp(target, here) != 0)
        return status_fail(STATUS_BAD_DATA, "the code object is for %s; %s is %s", target, device->info.name,
                           here);
    TRY(check_version(device, header.e_ident[EI_ABIVERSION]));
    return header.e_ident[EI_ABIVERSION] >= ABI_V4 ? check_features(device, header.e_flags) : STATUS_OK;
}
