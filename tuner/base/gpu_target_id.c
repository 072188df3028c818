/* Targets with features behind them. */
#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/base/text.h"

enum { NAMES_MAX = 64, PART_BYTES = 32 };

/* Features that can be part of a target's name, and whose architectures have them as a choice: LLVM's AMDGPU
 * user guide, "AMDGPU Processors". */
static const struct feature {
    const char *name;
    size_t offset;
    uint32_t architectures[4];
} features[] = {
    {"sramecc", offsetof(struct gpu_target_id, sramecc), {0x90a, 0x942, 0x950}},
    {"xnack", offsetof(struct gpu_target_id, xnack), {0x90a, 0x942, 0x950}},
};
enum { N_FEATURES = sizeof features / sizeof features[0] };

static bool has_feature(const struct gpu_target *target, const struct feature *feature)
{
    if (target->vendor != GPU_VENDOR_AMD) return false;
    for (const uint32_t *architecture = feature->architectures; *architecture; architecture++)
        if (*architecture == target->architecture) return true;
    return false;
}

static enum status fail_target(const char *name)
{
    const char *names[NAMES_MAX];
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    if (n > NAMES_MAX) n = NAMES_MAX;
    for (size_t i = 0; i < n; i++) names[i] = targets[i].name;
    const char *closest = text_closest(name, names, n);
    if (closest)
        return status_fail(STATUS_USAGE, "unknown GPU target '%s'; did you mean '%s'?", name, closest);
    return status_fail(STATUS_USAGE, "unknown GPU target '%s'; targets are named like gfx942 or sm_90a",
                       name);
}

/* "xnack-": which feature, and how it is set. */
static enum status take_feature(const char *word, struct gpu_target_id *out)
{
    const char *target = out->target->name, *names[N_FEATURES];
    size_t length = strlen(word), n = 0;
    char sign = length ? word[length - 1] : 0, name[PART_BYTES];
    snprintf(name, sizeof name, "%.*s", (int)(length - (sign == '+' || sign == '-')), word);
    for (size_t i = 0; i < N_FEATURES; i++) {
        if (!has_feature(out->target, &features[i])) continue;
        names[n++] = features[i].name;
        if (strcmp(features[i].name, name) != 0) continue;
        enum gpu_setting *setting = (enum gpu_setting *)((char *)out + features[i].offset);
        if (sign != '+' && sign != '-')
            return status_fail(STATUS_USAGE, "feature '%s' of %s: on or off? %s+ or %s-", word, target, name,
                               name);
        if (*setting)
            return status_fail(STATUS_USAGE, "feature '%s' of %s is given twice", features[i].name, target);
        *setting = sign == '+' ? GPU_SETTING_ON : GPU_SETTING_OFF;
        return STATUS_OK;
    }
    if (!n)
        return status_fail(STATUS_USAGE, "%s has no features to choose, and no '%s'; say %s", target, word,
                           target);
    const char *closest = text_closest(name, names, n);
    return status_fail(STATUS_USAGE, "%s has no feature '%s'; %s %s+ or %s-", target, word,
                       closest ? "did you mean" : "such are", closest ? closest : names[0],
                       closest ? closest : names[0]);
}

enum status gpu_target_parse(const char *text, struct gpu_target_id *out)
{
    char part[PART_BYTES];
    size_t length = strcspn(text, ":");
    *out = (struct gpu_target_id){0};
    snprintf(part, sizeof part, "%.*s", (int)length, text);
    out->target = length < sizeof part ? gpu_target_find(part) : NULL;
    if (!out->target) return fail_target(part);
    for (text += length; *text; text += length) {
        length = strcspn(++text, ":");
        snprintf(part, sizeof part, "%.*s", (int)length, text);
        TRY(take_feature(part, out));
    }
    return STATUS_OK;
}
