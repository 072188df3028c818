#include <stdio.h>
#include <string.h>
#include "frontends/cli/predict.h"
#include "frontends/cli/talk.h"
#include "tuner/base/gpu_target.h"

enum { NAMES_MAX = 96 };

static enum status fail_unknown(const char *option, const char *text, const char *what, const char *word,
                                const char *const *names, size_t n)
{
    const char *closest = text_closest(word, names, n);
    return status_fail(
        STATUS_USAGE, "--%s=%s: unknown %s; %s%s%sa class is a name such as mi300x or target:units:GB/s",
        option, text, what, closest ? "did you mean '" : "", closest ? closest : "", closest ? "'? " : "");
}

static enum status check_target(const char *target, const char *option, const char *text)
{
    const char *names[NAMES_MAX];
    size_t n, n_names = class_targets(names, NAMES_MAX);
    const struct gpu_target *table = gpu_target_table(&n);
    if (gpu_target_find(target)) return STATUS_OK;
    if (text_starts_with(target, "x86-64") || text_starts_with(target, "armv8"))
        return status_fail(STATUS_USAGE, "--%s=%s: --predict is for GPUs; a CPU is tuned where it is", option,
                           text);
    for (size_t i = 0; i < n && n_names < NAMES_MAX; i++) names[n_names++] = table[i].name;
    return fail_unknown(option, text, "target", target, names, n_names);
}

/* By name or by text; a text may be of a part that no table knows. */
static enum status class_of_text(const char *text, char out[CLASS_TEXT_BYTES])
{
    const struct device_class *known = class_find(text);
    char target[32];
    uint32_t units, gbps;
    if (known) {
        class_format(known, out);
        return STATUS_OK;
    }
    if (class_parse(text, target, &units, &gbps) != STATUS_OK) {
        size_t n_classes, n = 0;
        const char *names[NAMES_MAX];
        const struct device_class *classes = class_table(&n_classes);
        for (size_t i = 0; i < n_classes && n < NAMES_MAX; i++) names[n++] = classes[i].nickname;
        return fail_unknown("class", text, "device class", text, names, n);
    }
    TRY(check_target(target, "class", text));
    snprintf(out, CLASS_TEXT_BYTES, "%s", text);
    return STATUS_OK;
}

/* The classes of a target, each once: several products may share one. */
static enum status class_of_target(const char *target, char out[CLASS_TEXT_BYTES])
{
    size_t n, found = 0;
    const struct device_class *classes = class_table(&n);
    struct text list = {0};
    for (size_t i = 0; i < n; i++) {
        char text[CLASS_TEXT_BYTES];
        if (strcmp(classes[i].target, target) != 0) continue;
        class_format(&classes[i], text);
        if (class_find(text) != &classes[i]) continue; /* shares the class of one before it */
        text_format(&list, "%s%s (%s)", found++ ? ", " : "", classes[i].nickname, classes[i].product);
        snprintf(out, CLASS_TEXT_BYTES, "%s", text);
    }
    enum status status = STATUS_OK;
    if (!found)
        status =
            status_fail(STATUS_USAGE, "--arch=%s: no product with it is known; say --class=%s:UNITS:GB/s",
                        target, target);
    if (found > 1)
        status = status_fail(STATUS_USAGE, "--arch=%s: which GPU? say --class with one of %s", target,
                             text_string(&list));
    if (found == 1) talk_note("--arch=%s: taken for %s", target, text_string(&list));
    text_free(&list);
    return status;
}

enum status predict_class(const struct settings *settings, char out[CLASS_TEXT_BYTES])
{
    const char *arch = settings->arch;
    char target[32];
    uint32_t units, gbps;
    if (!arch && !settings->device_class)
        return status_fail(STATUS_USAGE, "--predict: for which GPU? say --class=mi300x, or --arch=gfx942");
    if (arch && class_find(arch))
        return status_fail(STATUS_USAGE, "--arch=%s: a device class, not a target; --class=%s or --arch=%s",
                           arch, arch, class_find(arch)->target);
    if (arch) TRY(check_target(arch, "arch", arch));
    if (!settings->device_class) return class_of_target(arch, out);
    TRY(class_of_text(settings->device_class, out));
    TRY(class_parse(out, target, &units, &gbps));
    if (!arch || strcmp(arch, target) == 0) return STATUS_OK;
    return status_fail(STATUS_USAGE, "--class=%s is of target %s, not of --arch=%s", settings->device_class,
                       target, arch);
}
