#include <string.h>
#include "frontends/cli/doctor.h"
#include "frontends/cli/place.h"
#include "frontends/cli/template_set.h"
#include "frontends/cli/vendor_note.h"
#include "tuner/compile/compiler.h"

static void check_backends(struct findings *findings)
{
    size_t n;
    const struct device_api *const *apis = device_table(&n);
    for (size_t i = 0; i < n; i++) {
        uint32_t count = 0;
        if (apis[i]->count(&count) != STATUS_OK)
            finding_add(findings, "backend", FINDING_ADVICE, "", "%s: %s", apis[i]->name, status_message());
        else if (!count)
            finding_add(findings, "backend", FINDING_ADVICE, "", "%s: no device", apis[i]->name);
    }
}

/* Of a GPU: its driver's version, and what it tells of the moment. */
static void check_driver(const struct place *place, struct findings *findings)
{
    char lines[1024] = "";
    struct device_telemetry now;
    if (!place->api->own_memory) return;
    if (place->api->environment && place->api->environment(place->device, lines, sizeof lines) == STATUS_OK) {
        for (char *c = lines; *c; c++)
            if (*c == '\n') *c = c[1] ? ',' : 0;
        bool replays = strstr(lines, "xnack+") != NULL;
        finding_add(findings, "driver", replays ? FINDING_ADVICE : FINDING_OK,
                    replays ? "page faults may be replayed (xnack+): kernels are slower than under xnack-; "
                              "unset HSA_XNACK unless the engine runs so too"
                            : "",
                    "%s:%u %s", place->api->name, place->index, lines);
    }
    if (!place->api->telemetry) return;
    if (place->api->telemetry(place->device, &now) != STATUS_OK) {
        finding_add(findings, "telemetry", FINDING_ADVICE,
                    "only noticing that others are on the GPU needs it", "%s:%u %s", place->api->name,
                    place->index, status_message());
        return;
    }
    bool busy = now.foreign_load_permille > 20;
    finding_add(findings, "telemetry", busy ? FINDING_ADVICE : FINDING_OK,
                busy ? "others are on it; what is measured meanwhile is marked as contended" : "",
                "%s:%u %u MHz, %u C, %u W, others take %.1f %%", place->api->name, place->index,
                now.clock_mhz, now.temperature_c, now.power_w, now.foreign_load_permille / 10.0);
}

static void check_device(const struct place *place, struct findings *findings)
{
    const struct device_info *info = place->info;
    unsigned bandwidth_gbps = (unsigned)info->facts.value[DEVICE_FACT_bandwidth_gbps];
    bool measured = bandwidth_gbps > 0;
    finding_add(findings, "device", measured ? FINDING_OK : FINDING_ADVICE,
                measured
                    ? ""
                    : "its bandwidth is unknown; make the cache folder writable, so that it is measured once",
                "%s:%u %s, class %s (%u GB/s), last cache %llu KiB", place->api->name, place->index,
                info->name, info->class_text, bandwidth_gbps, (unsigned long long)info->llc_bytes / 1024);
    check_driver(place, findings);
    const struct compiler_api *compiler;
    struct text identity = {0};
    const char *target = info->device_class.target;
    if (compiler_for_target(target, &compiler, &identity) == STATUS_OK)
        finding_add(findings, "compiler", FINDING_OK, "", "%s: %.*s, makes %s", compiler->name,
                    (int)identity_name_length(text_string(&identity)), text_string(&identity), target);
    else
        finding_add(findings, "compiler", FINDING_MISSING,
                    place->api->own_memory ? "" : "a C compiler makes the candidates: apt-get install gcc",
                    "%s", status_message());
    text_free(&identity);
    struct text vendor = {0};
    bool here = vendor_note(place->api->name, 0, &vendor);
    finding_add(findings, "vendor library", here ? FINDING_OK : FINDING_ADVICE,
                here ? "" : "only comparisons need it", "%s", text_string(&vendor));
    text_free(&vendor);
}

static void check_templates(struct findings *findings)
{
    struct template_set set;
    if (template_set_load(NULL, &set) != STATUS_OK) {
        finding_add(findings, "templates", FINDING_MISSING, "the program was built wrongly; build it again",
                    "%s", status_message());
        return;
    }
    finding_add(findings, "templates", FINDING_OK, "", "%zu built in", set.n);
    template_set_free(&set);
}

void doctor_check_tools(const struct settings *settings, struct findings *findings)
{
    struct places places;
    check_backends(findings);
    if (places_open_all(settings, &places) != STATUS_OK) {
        finding_add(findings, "device", FINDING_MISSING, "", "%s", status_message());
    } else {
        if (!places.n) finding_add(findings, "device", FINDING_MISSING, "", "no device of any backend");
        for (size_t i = 0; i < places.n; i++) check_device(&places.items[i], findings);
        places_close(&places);
    }
    check_templates(findings);
}
