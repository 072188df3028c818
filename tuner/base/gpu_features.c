#include "tuner/base/gpu_features.h"

#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"

/* The LLVM AMDGPU user guide, tables "AMDGPU Processors" and "AMDGPU Target Features": which targets have a
 * feature that a process may find on or off; code made without a word of it runs with either. The sign is the
 * one that data centre parts report when nobody changed it. */
static const struct {
    const char *target, *feature;
    char usual;
} features[] = {{"gfx90a", "sramecc", '+'}, {"gfx90a", "xnack", '-'},   {"gfx942", "sramecc", '+'},
                {"gfx942", "xnack", '-'},   {"gfx950", "sramecc", '+'}, {"gfx950", "xnack", '-'}};
enum { N_FEATURES = sizeof features / sizeof *features };

static enum status fail_feature(const char *target, const char *word, size_t length)
{
    char known[64] = "none";
    for (int i = 0, n = 0; i < N_FEATURES; i++) {
        if (strcmp(features[i].target, target) != 0) continue;
        size_t used = n++ ? strlen(known) : 0;
        snprintf(known + used, sizeof known - used, "%s%s+ or -", used ? ", " : "", features[i].feature);
    }
    return status_fail(STATUS_USAGE, "'%.*s' is no feature of %s that can be on (+) or off (-); it has %s",
                       (int)length, word, target, known);
}

static enum status check_feature(const char *target, const char *word, size_t length,
                                 char otherwise[GPU_FEATURE_BYTES])
{
    char sign = length ? word[length - 1] : 0;
    for (int i = 0; i < N_FEATURES && (sign == '+' || sign == '-'); i++) {
        if (strcmp(features[i].target, target) != 0) continue;
        if (strlen(features[i].feature) != length - 1 || strncmp(features[i].feature, word, length - 1) != 0)
            continue;
        if (sign != features[i].usual && !*otherwise)
            snprintf(otherwise, GPU_FEATURE_BYTES, "%.*s", (int)length, word);
        return STATUS_OK;
    }
    return fail_feature(target, word, length);
}

enum status gpu_features_split(const char *text, char *target, size_t capacity,
                               char otherwise[GPU_FEATURE_BYTES])
{
    size_t length = strcspn(text, ":");
    otherwise[0] = 0;
    snprintf(target, capacity, "%.*s", (int)length, text);
    if (!text[length] || !gpu_target_find(target)) {
        snprintf(target, capacity, "%s", text);
        return STATUS_OK;
    }
    for (const char *word = text + length; *word == ':';) {
        size_t size = strcspn(++word, ":");
        TRY(check_feature(target, word, size, otherwise));
        word += size;
    }
    return STATUS_OK;
}
