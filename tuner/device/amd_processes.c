/* Who uses an AMD GPU: drivers/gpu/drm/amd/amdkfd (kfd_topology.c, kfd_process.c) in Linux's sources for what
 * is below /sys/class/kfd. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include "tuner/device/amd_sysfs.h"

enum { PATH_BYTES = 512, NODES_MAX = 256 };

struct node {
    unsigned long gpu_id, units;
};

/* One of the topology's nodes if it is the GPU. */
static bool read_node(const char *folder, unsigned long domain, unsigned long place, struct node *out,
                      bool *exact)
{
    char path[PATH_BYTES], line[128];
    unsigned long value, location = ~0ul, in_domain = 0, simds = 0, simds_per_unit = 0;
    *out = (struct node){0};
    snprintf(path, sizeof path, "%s/gpu_id", folder);
    if (!amd_line_read(path, line, sizeof line) || !(out->gpu_id = strtoul(line, NULL, 10))) return false;
    snprintf(path, sizeof path, "%s/properties", folder);
    FILE *file = fopen(path, "re");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "location_id %lu", &value) == 1) location = value;
        if (sscanf(line, "domain %lu", &value) == 1) in_domain = value;
        if (sscanf(line, "simd_count %lu", &value) == 1) simds = value;
        if (sscanf(line, "simd_per_cu %lu", &value) == 1) simds_per_unit = value;
    }
    if (file) fclose(file);
    /* Of a divided GPU the number of the part stands in bits 31 to 28, or in those of the function. */
    *exact = location == place;
    out->units = simds_per_unit ? simds / simds_per_unit : 0;
    return in_domain == domain && (location & 0xfff8) == (place & 0xfff8);
}

static bool find_node(const char *root, const char *bus_id, struct node *out)
{
    unsigned domain, bus, device, function, n = 0, n_exact = 0;
    if (sscanf(bus_id, "%8x:%2x:%2x.%1x", &domain, &bus, &device, &function) != 4) return false;
    for (unsigned i = 0; i < NODES_MAX; i++) {
        char folder[PATH_BYTES / 2];
        struct node node;
        bool exact = false;
        snprintf(folder, sizeof folder, "%.100s/sys/class/kfd/kfd/topology/nodes/%u", root, i);
        if (!read_node(folder, domain, bus << 8 | device << 3 | function, &node, &exact)) continue;
        if (!n++ || exact) *out = node;
        n_exact += exact;
    }
    return out->units && (n == 1 || (n_exact == 1 && function));
}

/* Units that a process has work on; false if it uses this GPU not at all. */
static bool units_of(const char *root, const char *process, unsigned long gpu_id, unsigned long *units)
{
    char path[PATH_BYTES], line[32];
    snprintf(path, sizeof path, "%.100s/sys/class/kfd/kfd/proc/%.32s/stats_%lu/cu_occupancy", root, process,
             gpu_id);
    if (!amd_line_read(path, line, sizeof line)) return false;
    *units = strtoul(line, NULL, 10);
    return true;
}

uint32_t amd_foreign_permille(const char *root, const char *bus_id, int self)
{
    struct node node = {0};
    char path[PATH_BYTES];
    if (!find_node(root, bus_id, &node)) return 0;
    snprintf(path, sizeof path, "%.100s/sys/class/kfd/kfd/proc", root);
    DIR *folder = opendir(path);
    bool ourselves = false;
    unsigned long foreign = 0, units;
    for (struct dirent *entry; folder && (entry = readdir(folder));) {
        if (!units_of(root, entry->d_name, node.gpu_id, &units)) continue;
        if (atoi(entry->d_name) == self)
            ourselves = true;
        else
            foreign += units;
    }
    if (folder) closedir(folder);
    if (!ourselves) return 0;
    return (uint32_t)(foreign >= node.units ? 1000 : foreign * 1000 / node.units);
}
