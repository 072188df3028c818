/* Where a measurement was made: everything that may change its result, as canonical JSON (members sorted, no
 * blanks), so that the same environment has the same hash. */
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include "tuner/base/json.h"
#include "tuner/device/device.h"
#include "tuner/trial.h"
#include "tuner/vendor/vendor.h"

#ifndef TUNEBOOK_VERSION
#define TUNEBOOK_VERSION "unknown"
#endif

/* The first line of a file that holds one, or the value behind "NAME :" in one that has many. "" where there
 * is none. */
static void read_value(const char *path, const char *name, char *out, size_t capacity)
{
    char line[512] = "";
    FILE *file = fopen(path, "re");
    *out = '\0';
    while (file && !*out && fgets(line, sizeof line, file)) {
        const char *value = line;
        if (name) {
            if (strncmp(line, name, strlen(name)) != 0) continue;
            value += strcspn(line, ":");
            value += *value == ':';
        }
        value += strspn(value, " \t");
        size_t size = strcspn(value, "\n");
        if (size >= capacity) size = capacity - 1;
        memcpy(out, value, size);
        out[size] = '\0';
        if (!name) break;
    }
    if (file) fclose(file);
}

/* Facts that the host's files tell: member, file, name in it. */
static const struct {
    const char *member, *path, *name;
} host_facts[] = {
    {"cpu_governor", "/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor", NULL},
    {"cpu_microcode", "/proc/cpuinfo", "microcode"},
    {"cpu_model", "/proc/cpuinfo", "model name"},
    {"cpu_boost", "/sys/devices/system/cpu/cpufreq/boost", NULL},
    {"huge_pages", "/sys/kernel/mm/transparent_hugepage/enabled", NULL},
};

static void add_host(cJSON *object)
{
    struct utsname name;
    if (uname(&name) == 0) {
        cJSON_AddStringToObject(object, "kernel", name.release);
        cJSON_AddStringToObject(object, "machine", name.machine);
    }
    for (size_t i = 0; i < sizeof host_facts / sizeof host_facts[0]; i++) {
        char value[128];
        read_value(host_facts[i].path, host_facts[i].name, value, sizeof value);
        if (*value) cJSON_AddStringToObject(object, host_facts[i].member, value);
    }
}

/* "name=value" lines of the backend. */
static void add_device_lines(cJSON *object, char *lines)
{
    for (char *line = lines; *line;) {
        size_t size = strcspn(line, "\n");
        char *next = line + size + (line[size] == '\n'), *equals = memchr(line, '=', size);
        line[size] = '\0';
        if (equals) {
            *equals = '\0';
            cJSON_AddStringToObject(object, line, equals + 1);
        }
        line = next;
    }
}

static enum status add_device(const struct trial_setting *setting, cJSON *object)
{
    const struct device_api *api = device_find(setting->backend);
    if (!api) return status_fail(STATUS_USAGE, "unknown device backend '%s'", setting->backend);
    struct device_options options = {.threads = setting->threads, .measure_class = true};
    struct device *device;
    char lines[2048] = "";
    TRY(api->open(setting->device, &options, &device));
    const struct device_info *info = api->info(device);
    cJSON_AddStringToObject(object, "backend", setting->backend);
    cJSON_AddStringToObject(object, "device", info->name);
    cJSON_AddStringToObject(object, "device_class", info->class_text);
    enum status status = api->environment ? api->environment(device, lines, sizeof lines) : STATUS_OK;
    if (status == STATUS_OK) add_device_lines(object, lines);
    uint32_t threads = (uint32_t)info->facts.value[DEVICE_FACT_units];
    api->close(device);
    const struct vendor_api *vendor = vendor_find(setting->backend);
    char name[64];
    if (vendor && vendor->open(threads, name, sizeof name) == STATUS_OK)
        cJSON_AddStringToObject(object, "vendor_library", name);
    return status;
}

/* The member with the least name goes first, then the least of the rest, ... */
static void sort_members(cJSON *object)
{
    cJSON *sorted = cJSON_CreateObject(), *item;
    if (!sorted) return;
    while (object->child) {
        cJSON *least = object->child;
        cJSON_ArrayForEach (item, object)
            if (strcmp(item->string, least->string) < 0) least = item;
        cJSON_AddItemToArray(sorted, cJSON_DetachItemViaPointer(object, least));
    }
    object->child = sorted->child;
    sorted->child = NULL;
    cJSON_Delete(sorted);
}

enum status trial_environment(const struct trial_setting *setting, const char *compiler_identity,
                              struct text *json)
{
    cJSON *object = cJSON_CreateObject();
    if (!object) return status_fail(STATUS_NO_MEMORY, "no memory for the environment");
    cJSON_AddStringToObject(object, "tunebook", TUNEBOOK_VERSION);
    cJSON_AddStringToObject(object, "compiler", compiler_identity);
    add_host(object);
    enum status status = add_device(setting, object);
    sort_members(object);
    if (status == STATUS_OK) {
        json_print(object, false, json);
        status = text_status(json);
    }
    cJSON_Delete(object);
    return status;
}
