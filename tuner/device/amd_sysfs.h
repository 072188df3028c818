/* What Linux's amdgpu driver tells of a GPU in files, for which no library is needed. `root` stands before
 * "/sys"; "" is this machine. */
#ifndef TUNEBOOK_DEVICE_AMD_SYSFS_H
#define TUNEBOOK_DEVICE_AMD_SYSFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The first line of a file; false where there is none. */
bool amd_line_read(const char *path, char *out, size_t size);

/* How the GPU at this place on the bus is divided (current_compute_partition, current_memory_partition). */
struct amd_partition {
    char compute[8];       /* "SPX", "DPX", "TPX", "QPX", "CPX" */
    char memory[8];        /* "NPS1", "NPS4"; "" where it is not told */
    uint32_t memory_parts; /* 1, 4; 0 */
};
/* False where the GPU cannot be divided, or there is no such one. */
bool amd_partition_read(const char *root, const char *bus_id, struct amd_partition *out);

/* amd_processes.c: the share of the GPU's compute units that processes other than this one have work on, now.
 * 0 where nothing can be said: in a container the kernel tells process ids of the host, among which we do not
 * find ourselves; several partitions of one GPU may have the same place on the bus. */
uint32_t amd_foreign_permille(const char *root, const char *bus_id, int self);

#endif
