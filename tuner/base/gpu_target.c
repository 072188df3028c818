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

static const struct device_class *first_product(const char *target)
{
    size_t n;
    const struct device_class *classes = class_table(&n);
    for (size_t i = 0; i < n; i++)
        if (strcmp(classes[i].target, target) == 0) return &classes[i];
    return NULL;
}

void gpu_target_facts(const struct gpu_target *target, const struct device_class *product,
                      struct device_facts *out)
{
    *out = (struct device_facts){0};
    out->value[DEVICE_FACT_architecture] = target->architecture;
    out->value[DEVICE_FACT_wave_size] = target->wave_size;
    out->value[DEVICE_FACT_lds_bytes] = target->lds_bytes;
    out->value[DEVICE_FACT_max_block_threads] = GPU_BLOCK_THREADS_MAX;
    if (!product) product = first_product(target->name);
    if (!product) return;
    out->value[DEVICE_FACT_units] = product->units;
    out->value[DEVICE_FACT_bandwidth_gbps] = product->bandwidth_gbps;
    out->value[DEVICE_FACT_l2_bytes] = (int64_t)product->l2_bytes;
    out->value[DEVICE_FACT_llc_bytes] = (int64_t)product->llc_bytes;
}
