#include "tuner/defaults_targets.h"

#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/compile/compiler.h"
#include "tuner/device/device.h"

static bool device_has_target(const struct device_api *api, uint32_t index, const char *target)
{
    struct device *device;
    struct device_options options = {.threads = 1};
    if (api->open(index, &options, &device) != STATUS_OK) return false;
    bool has = strcmp(api->info(device)->device_class.target, target) == 0;
    api->close(device);
    return has;
}

static bool is_in_this_machine(const char *target)
{
    size_t n;
    const struct device_api *const *apis = device_table(&n);
    for (size_t i = 0; i < n; i++) {
        uint32_t count = 0;
        if (apis[i]->count(&count) != STATUS_OK) continue;
        for (uint32_t index = 0; index < count; index++)
            if (device_has_target(apis[i], index, target)) return true;
    }
    return false;
}

static bool can_make(const char *target)
{
    const struct compiler_api *compiler;
    struct text identity = {0};
    bool can = compiler_for_target(target, &compiler, &identity) == STATUS_OK;
    text_free(&identity);
    return can;
}

size_t defaults_targets(struct manifest *const *templates, size_t n_templates, const char **out,
                        size_t capacity)
{
    size_t n = 0;
    for (size_t i = 0; i < n_templates; i++)
        for (const char *const *target = templates[i]->targets; *target; target++) {
            bool known = false;
            for (size_t j = 0; j < n; j++) known = known || strcmp(out[j], *target) == 0;
            if (known || n == capacity || (gpu_target_find(*target) && !is_in_this_machine(*target)))
                continue;
            if (can_make(*target)) out[n++] = *target;
        }
    return n;
}

static void local_facts(struct device_facts *facts)
{
    const struct device_api *api = device_find("cpu");
    struct device_options options = {.threads = 1};
    struct device *device;
    if (!api || api->open(0, &options, &device) != STATUS_OK) return;
    *facts = api->info(device)->facts;
    api->close(device);
}

void defaults_facts(const char *target, struct device_facts *facts)
{
    const struct gpu_target *gpu = gpu_target_find(target);
    memset(facts, 0, sizeof *facts);
    if (gpu)
        gpu_target_facts(gpu, NULL, facts);
    else
        local_facts(facts);
}

void defaults_class_facts(const char *class_text, const char *target, struct device_facts *facts)
{
    const struct gpu_target *gpu = gpu_target_find(target);
    char parsed[32];
    uint32_t units = 0, gbps = 0;
    if (gpu)
        gpu_target_facts(gpu, class_find(class_text), facts);
    else
        defaults_facts(target, facts);
    if (class_parse(class_text, parsed, &units, &gbps) != STATUS_OK) return;
    facts->value[DEVICE_FACT_units] = units;
    facts->value[DEVICE_FACT_bandwidth_gbps] = gbps;
}
