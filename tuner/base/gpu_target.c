#include "tuner/base/gpu_target.h"

#include <string.h>

static const struct gpu_target targets[] = {
#define GPU_TARGET(name, vendor, architecture, wave, lds_kib) \
    {name, GPU_VENDOR_##vendor, architecture, wave, (lds_kib)*1024u},
#include "tuner/base/gpu_targets.def"
#undef GPU_TARGET
};

enum { N_TARGETS = sizeof targets / sizeof targets[0] };

const struct gpu_target *gpu_target_table(size_t *n)
{
    *n = N_TARGETS;
    return targets;
}

const struct gpu_target *gpu_target_find(const char *name)
{
    for (size_t i = 0; i < N_TARGETS; i++)
        if (strcmp(targets[i].name, name) == 0) return &targets[i];
    return NULL;
}
