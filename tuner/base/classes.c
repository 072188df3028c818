#include "tuner/base/classes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PEAKS(...)  \
    {               \
        __VA_ARGS__ \
    }
#define DEVICE_CLASS(nickname, product, target, units, gbps, mhz, wave, lds_kib, l2_kib, llc_mib, ...) \
    {nickname,                                                                                         \
     product,                                                                                          \
     target,                                                                                           \
     units,                                                                                            \
     gbps,                                                                                             \
     mhz,                                                                                              \
     wave,                                                                                             \
     (lds_kib)*1024,                                                                                   \
     (uint64_t)(l2_kib)*1024,                                                                          \
     (uint64_t)(llc_mib)*1048576,                                                                      \
     __VA_ARGS__},

static const struct device_class classes[] = {
#include "tuner/base/device_classes.def"
};
enum { N_CLASSES = sizeof classes / sizeof *classes };

void class_format(const struct device_class *device_class, char out[CLASS_TEXT_BYTES])
{
    snprintf(out, CLASS_TEXT_BYTES, "%s:%u:%u", device_class->target, device_class->units,
             device_class->bandwidth_gbps);
}

/* Digits up to `end`, a positive number without leading zeros: one class has one text. */
static bool parse_count(const char *digits, char end, uint32_t *value)
{
    size_t n = strspn(digits, "0123456789");
    if (!n || n > 9 || digits[0] == '0' || digits[n] != end) return false;
    *value = (uint32_t)strtoul(digits, NULL, 10);
    return true;
}

enum status class_parse(const char *text, char target[32], uint32_t *units, uint32_t *bandwidth_gbps)
{
    size_t n = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_-.+");
    uint32_t parsed_units, parsed_gbps;
    const char *second = text[n] == ':' ? strchr(text + n + 1, ':') : NULL;
    if (!n || n >= 32 || !second || !parse_count(text + n + 1, ':', &parsed_units) ||
        !parse_count(second + 1, 0, &parsed_gbps))
        return status_fail(STATUS_USAGE,
                           "device class \"%s\" is not of the form target:units:GB/s, e.g. gfx942:304:5300",
                           text);
    memcpy(target, text, n);
    target[n] = 0;
    *units = parsed_units;
    *bandwidth_gbps = parsed_gbps;
    return STATUS_OK;
}

const struct device_class *class_find(const char *name)
{
    char text[CLASS_TEXT_BYTES];
    for (int i = 0; i < N_CLASSES; i++) {
        class_format(&classes[i], text);
        if (strcmp(name, classes[i].nickname) == 0 || strcmp(name, text) == 0) return &classes[i];
    }
    return NULL;
}

const struct device_class *class_table(size_t *n)
{
    *n = N_CLASSES;
    return classes;
}

size_t class_targets(const char **names, size_t capacity)
{
    size_t n = 0;
    for (int i = 0; i < N_CLASSES && n < capacity; i++) names[n++] = classes[i].nickname;
    for (int i = 0; i < N_CLASSES && n < capacity; i++) {
        bool seen = false;
        for (int j = 0; j < i && !seen; j++) seen = strcmp(classes[i].target, classes[j].target) == 0;
        if (!seen) names[n++] = classes[i].target;
    }
    return n;
}
