#include "frontends/cli/place.h"
#include "frontends/cli/talk.h"

#include <stdio.h>
#include <string.h>
#include "tuner/base/gpu_target.h"
#include "tuner/base/text.h"

enum { NAMES_MAX = 96, FOUND_BYTES = 512 };

static bool is_cpu(const struct device_api *api)
{
    return strcmp(api->name, "cpu") == 0;
}

void place_close(struct place *place)
{
    if (place->device) place->api->close(place->device);
    *place = (struct place){0};
}

void places_close(struct places *places)
{
    for (size_t i = 0; i < places->n; i++) place_close(&places->items[i]);
    places->n = 0;
}

static enum status open_one(const struct settings *settings, const struct device_api *api, uint32_t index,
                            struct place *out)
{
    struct device_options options = {.threads = (uint32_t)settings->threads, .measure_class = true};
    struct place place = {.api = api, .index = index};
    TRY(api->open(index, &options, &place.device));
    place.info = api->info(place.device);
    *out = place;
    return STATUS_OK;
}

/* What is wrong with one GPU is no reason to do without the others, or the CPU. */
static void leave_out(struct places *places, const struct device_api *api, uint32_t index)
{
    char line[sizeof places->unopened];
    snprintf(line, sizeof line, "%s:%u: %.200s", api->name, index, status_message());
    talk_note("%s; left out", line);
    if (!*places->unopened) memcpy(places->unopened, line, sizeof line);
}

static enum status open_backend(const struct settings *settings, const struct device_api *api,
                                struct places *places)
{
    uint32_t n = 0;
    if (api->count(&n) != STATUS_OK) return STATUS_OK;
    for (uint32_t i = 0; i < n && places->n < PLACES_MAX; i++) {
        enum status status = open_one(settings, api, i, &places->items[places->n]);
        if (is_cpu(api)) TRY(status);
        if (status == STATUS_OK)
            places->n++;
        else
            leave_out(places, api, i);
    }
    return STATUS_OK;
}

enum status places_open_all(const struct settings *settings, struct places *out)
{
    size_t n;
    const struct device_api *const *apis = device_table(&n);
    *out = (struct places){0};
    for (int cpu = 0; cpu < 2; cpu++) {
        for (size_t i = 0; i < n; i++) {
            if (is_cpu(apis[i]) != (cpu == 1)) continue;
            enum status status = open_backend(settings, apis[i], out);
            if (status == STATUS_OK) continue;
            places_close(out);
            return status;
        }
    }
    return STATUS_OK;
}

/* "cpu:0 (x86-64-v4:2:38)", ... */
static void list_found(const struct places *places, char out[FOUND_BYTES])
{
    out[0] = 0;
    for (size_t i = 0; i < places->n; i++) {
        const struct place *place = &places->items[i];
        size_t used = strlen(out);
        snprintf(out + used, FOUND_BYTES - used, "%s%s:%u (%s)", i ? ", " : "", place->api->name,
                 place->index, place->info->class_text);
    }
    if (!places->n) snprintf(out, FOUND_BYTES, "none");
}

static const char gpu_advice[] = " (without one, 'autotune --predict' fills a book for it, and 'autotune "
                                 "verify --emulate' checks its kernels)";

static enum status fail_absent(const struct places *places, const char *what, const char *name,
                               const char *advice)
{
    char found[FOUND_BYTES];
    list_found(places, found);
    if (*places->unopened)
        return status_fail(STATUS_UNAVAILABLE, "--%s=%s: no such device here that can be used; found: %s; %s",
                           what, name, found, places->unopened);
    return status_fail(STATUS_UNAVAILABLE, "--%s=%s: no such device here; found: %s%s", what, name, found,
                       advice);
}

static const char *const cpu_targets[] = {"x86-64-v2", "x86-64-v3", "x86-64-v4", "armv8-a"};

static enum status fail_arch(const struct places *places, const char *arch)
{
    char target[32];
    uint32_t units, gbps;
    if (class_parse(arch, target, &units, &gbps) == STATUS_OK)
        return status_fail(STATUS_USAGE, "--arch=%s: a device class, not a target; --class=%s or --arch=%s",
                           arch, arch, target);
    const char *names[NAMES_MAX];
    size_t n_cpu = sizeof cpu_targets / sizeof *cpu_targets;
    for (size_t i = 0; i < n_cpu; i++) names[i] = cpu_targets[i];
    size_t n = n_cpu + class_targets(names + n_cpu, NAMES_MAX - n_cpu), n_gpu;
    const struct gpu_target *gpu = gpu_target_table(&n_gpu);
    for (size_t i = 0; i < n_gpu && n < NAMES_MAX; i++) names[n++] = gpu[i].name;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(names[i], arch) != 0) continue;
        const struct device_class *device_class = class_find(arch);
        if (device_class)
            return status_fail(STATUS_USAGE,
                               "--arch=%s: a device class, not a target; --class=%s or --arch=%s", arch, arch,
                               device_class->target);
        return fail_absent(places, "arch", arch, gpu_target_find(arch) ? gpu_advice : "");
    }
    char found[FOUND_BYTES];
    list_found(places, found);
    const char *closest = text_closest(arch, names, n);
    if (closest)
        return status_fail(STATUS_USAGE, "--arch=%s: unknown target; did you mean '%s'? found here: %s", arch,
                           closest, found);
    return status_fail(STATUS_USAGE, "--arch=%s: unknown target; found here: %s", arch, found);
}

static enum status fail_class(const struct places *places, const char *text)
{
    char target[32];
    uint32_t units, gbps;
    if (class_find(text) || class_parse(text, target, &units, &gbps) == STATUS_OK)
        return fail_absent(places, "class", text, gpu_advice);
    size_t n_classes, n = 0;
    const struct device_class *classes = class_table(&n_classes);
    const char *names[NAMES_MAX];
    for (size_t i = 0; i < n_classes && n < NAMES_MAX; i++) names[n++] = classes[i].nickname;
    const char *closest = text_closest(text, names, n);
    return status_fail(
        STATUS_USAGE,
        "--class=%s: unknown device class; %s%s%sa class is a name such as mi300x or target:units:GB/s", text,
        closest ? "did you mean '" : "", closest ? closest : "", closest ? "'? " : "");
}

/* "cpu", "cuda:1": which devices it names, or why none. */
static enum status check_device(const struct places *places, const char *text)
{
    char backend[32];
    size_t length = strcspn(text, ":");
    snprintf(backend, sizeof backend, "%.*s", (int)length, text);
    const struct device_api *api = device_find(backend);
    if (!api) {
        size_t n;
        const struct device_api *const *apis = device_table(&n);
        const char *names[NAMES_MAX];
        for (size_t i = 0; i < n; i++) names[i] = apis[i]->name;
        const char *closest = text_closest(backend, names, n);
        return status_fail(STATUS_USAGE, "--device=%s: unknown backend '%s'; %s '%s'", text, backend,
                           closest ? "did you mean" : "one is", closest ? closest : names[0]);
    }
    int64_t index;
    if (text[length] && (!text_parse_int64(text + length + 1, &index) || index < 0))
        return status_fail(STATUS_USAGE, "--device=%s: '%s' is no device number; %s:0 is the first", text,
                           text + length + 1, backend);
    uint32_t count = 0;
    TRY(api->count(&count)); /* its line says what is missing */
    return fail_absent(places, "device", text, "");
}

static bool has_class(const struct place *place, const char *text)
{
    const struct device_class *known = class_find(text);
    char canonical[CLASS_TEXT_BYTES];
    if (known) {
        class_format(known, canonical);
        text = canonical;
    }
    return strcmp(place->info->class_text, text) == 0;
}

static bool has_device(const struct place *place, const char *text)
{
    char full[64];
    if (strcmp(place->api->name, text) == 0) return true;
    snprintf(full, sizeof full, "%s:%u", place->api->name, place->index);
    return strcmp(full, text) == 0;
}

static bool is_meant(const struct settings *settings, const struct place *place, bool gpu_here)
{
    if (settings->arch && strcmp(place->info->device_class.target, settings->arch) != 0) return false;
    if (settings->device && !has_device(place, settings->device)) return false;
    if (settings->device_class && !has_class(place, settings->device_class)) return false;
    if (settings->arch || settings->device || settings->device_class) return true;
    return !is_cpu(place->api) || !gpu_here;
}

static enum status fail_meant(const struct settings *settings, const struct places *all)
{
    bool arch = false, device = false;
    for (size_t i = 0; i < all->n; i++) {
        const struct place *place = &all->items[i];
        if (settings->arch && strcmp(place->info->device_class.target, settings->arch) == 0) arch = true;
        if (settings->device && has_device(place, settings->device)) device = true;
    }
    if (settings->arch && !arch) return fail_arch(all, settings->arch);
    if (settings->device && !device) return check_device(all, settings->device);
    if (settings->device_class) return fail_class(all, settings->device_class);
    return status_fail(STATUS_UNAVAILABLE, "no device here is both --arch=%s and --device=%s", settings->arch,
                       settings->device);
}

enum status places_open(const struct settings *settings, struct places *out)
{
    struct places all;
    TRY(places_open_all(settings, &all));
    bool gpu_here = false;
    for (size_t i = 0; i < all.n; i++) {
        const struct device_api *api = all.items[i].api;
        if (!is_cpu(api)) gpu_here = true;
    }
    struct places chosen = {0};
    bool meant[PLACES_MAX];
    for (size_t i = 0; i < all.n; i++) {
        meant[i] = is_meant(settings, &all.items[i], gpu_here);
        if (meant[i]) chosen.items[chosen.n++] = all.items[i];
    }
    if (!chosen.n) {
        enum status status =
            all.n || settings->arch || settings->device || settings->device_class
                ? fail_meant(settings, &all)
                : status_fail(STATUS_UNAVAILABLE, "no device here; 'autotune doctor' says what is missing");
        places_close(&all);
        return status;
    }
    for (size_t i = 0; i < all.n; i++)
        if (!meant[i]) place_close(&all.items[i]);
    *out = chosen;
    return STATUS_OK;
}

enum status places_open_gpus(const struct settings *settings, struct places *out)
{
    struct places all;
    if (strcmp(settings->gpus, "all") != 0)
        return status_fail(STATUS_USAGE, "--gpus=%s: only 'all' is known; --device=cuda:1 names one",
                           settings->gpus);
    if (settings->device || settings->arch || settings->device_class)
        return status_fail(STATUS_USAGE, "--gpus=all: goes without --device, --arch and --class");
    TRY(places_open_all(settings, &all));
    *out = (struct places){0};
    for (size_t i = 0; i < all.n; i++) {
        if (is_cpu(all.items[i].api))
            place_close(&all.items[i]);
        else
            out->items[out->n++] = all.items[i];
    }
    if (out->n) return STATUS_OK;
    return status_fail(STATUS_UNAVAILABLE,
                       "--gpus=all: no GPU here that can be used%s%s; 'autotune doctor' says what "
                       "is missing",
                       *all.unopened ? ": " : "", all.unopened);
}

enum status place_open(const struct settings *settings, struct place *out)
{
    struct places places;
    TRY(places_open(settings, &places));
    *out = places.items[0];
    for (size_t i = 1; i < places.n; i++) place_close(&places.items[i]);
    return STATUS_OK;
}
