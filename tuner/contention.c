/* Foreign load while something was measured, as Linux tells it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include "tuner/base/clock.h"
#include "tuner/measure.h"

enum { CONTENDED_PERMILLE = 20 };

/* Time that the threads of this process stood in run queues: the second number of each thread's schedstat
 * (Linux, Documentation/scheduler/sched-stats.rst). */
static uint64_t waited_ns(void)
{
    DIR *folder = opendir("/proc/self/task");
    uint64_t total = 0;
    struct dirent *entry;
    while (folder && (entry = readdir(folder))) {
        char path[300];
        snprintf(path, sizeof path, "/proc/self/task/%s/schedstat", entry->d_name);
        FILE *file = entry->d_name[0] == '.' ? NULL : fopen(path, "re");
        unsigned long long ran, waited;
        if (file && fscanf(file, "%llu %llu", &ran, &waited) == 2) total += waited;
        if (file) fclose(file);
    }
    if (folder) closedir(folder);
    return total;
}

/* "steal" of all CPUs: the eighth number of /proc/stat's first line. */
static uint64_t stolen_ticks(void)
{
    FILE *file = fopen("/proc/stat", "re");
    unsigned long long stolen = 0;
    if (file && fscanf(file, "cpu %*u %*u %*u %*u %*u %*u %*u %llu", &stolen) != 1) stolen = 0;
    if (file) fclose(file);
    return stolen;
}

void contention_begin(struct contention *contention)
{
    *contention = (struct contention){clock_ns(), waited_ns(), stolen_ticks()};
}

bool measure_contended(const struct stage *stage, const struct contention *contention, int64_t units)
{
    struct device_telemetry telemetry;
    if (!stage->own_memory) return contention_seen(contention, (uint32_t)units);
    return stage->api->telemetry && stage->api->telemetry(stage->device, &telemetry) == STATUS_OK &&
           telemetry.foreign_load_permille > CONTENDED_PERMILLE;
}

bool contention_seen(const struct contention *contention, uint32_t threads)
{
    uint64_t wall = (clock_ns() - contention->begin_ns) * threads;
    uint64_t waited = waited_ns() - contention->waited_ns;
    uint64_t stolen = (stolen_ticks() - contention->stolen_ticks) * 10000000u; /* 100 ticks a second */
    return (waited + stolen) * 1000 > wall * CONTENDED_PERMILLE;
}
