/* Files of Linux's amdgpu: Documentation/gpu/amdgpu in its sources. */
#include "tuner/device/amd_sysfs.h"

#include <stdio.h>
#include <string.h>

enum { PATH_BYTES = 512 };

bool amd_line_read(const char *path, char *out, size_t size)
{
    FILE *file = fopen(path, "re");
    bool read = file && fgets(out, (int)size, file);
    if (file) fclose(file);
    if (read) out[strcspn(out, "\n")] = 0;
    return read;
}

bool amd_partition_read(const char *root, const char *bus_id, struct amd_partition *out)
{
    char path[PATH_BYTES];
    *out = (struct amd_partition){0};
    snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/current_compute_partition", root, bus_id);
    if (!amd_line_read(path, out->compute, sizeof out->compute)) return false;
    snprintf(path, sizeof path, "%s/sys/bus/pci/devices/%s/current_memory_partition", root, bus_id);
    if (!amd_line_read(path, out->memory, sizeof out->memory)) return true;
    if (sscanf(out->memory, "NPS%u", &out->memory_parts) != 1) out->memory_parts = 0;
    return true;
}
