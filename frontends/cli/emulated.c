#include "frontends/cli/emulated.h"

#include <string.h>
#include "tuner/base/gpu_target.h"

enum { NAMES_MAX = 64 };

const char *emulated_name(const struct settings *settings)
{
    return settings->device_class ? settings->device_class : settings->arch;
}

static enum status check_arch(const char *arch)
{
    const char *names[NAMES_MAX];
    size_t n;
    const struct gpu_target *targets = gpu_target_table(&n);
    if (gpu_target_find(arch)) return STATUS_OK;
    if (n > NAMES_MAX) n = NAMES_MAX;
    struct text all = {0};
    for (size_t i = 0; i < n; i++) {
        names[i] = targets[i].name;
        text_format(&all, "%s%s", i ? ", " : "", targets[i].name);
    }
    const char *closest = text_closest(arch, names, n);
    enum status status =
        closest ? status_fail(STATUS_USAGE, "--arch=%s: no GPU that can be emulated; did you mean '%s'?",
                              arch, closest)
                : status_fail(STATUS_USAGE, "--arch=%s: no GPU that can be emulated; these are: %s", arch,
                              text_string(&all));
    text_free(&all);
    return status;
}

enum status emulated_place(const struct settings *settings, struct place *out)
{
    if (settings->arch && settings->device_class)
        return status_fail(STATUS_USAGE, "--arch or --class, not both: each names a GPU that is not here");
    if (settings->arch) TRY(check_arch(settings->arch));
    struct device_options options = {.threads = 1, .target = emulated_name(settings)};
    struct place place = {.api = device_find("emu")};
    if (!place.api)
        return status_fail(STATUS_UNAVAILABLE, "--emulate: this program was built without the emulator");
    TRY(place.api->open(0, &options, &place.device));
    place.info = place.api->info(place.device);
    *out = place;
    return STATUS_OK;
}

enum status emulated_open(const struct settings *settings, struct place *out,
                          const struct compiler_api **compiler, struct text *identity)
{
    if (!emulated_name(settings))
        return status_fail(STATUS_USAGE, "--emulate: which GPU? say --arch=gfx942, or --class=mi300x");
    if (settings->arch && settings->device_class)
        return status_fail(STATUS_USAGE, "--emulate: --arch or --class, not both");
    *compiler = compiler_find("emu");
    if (!*compiler)
        return status_fail(STATUS_UNAVAILABLE, "--emulate: this program was built without the emulator");
    TRY(emulated_place(settings, out));
    return (*compiler)->identify(out->info->device_class.target, identity);
}
