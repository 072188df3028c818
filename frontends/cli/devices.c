/* autotune devices: what stands behind each backend here. */
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/place.h"
#include "frontends/cli/talk.h"

static void add_rows(const struct places *places, struct table *table)
{
    for (size_t i = 0; i < places->n; i++) {
        const struct place *place = &places->items[i];
        const struct device_info *info = place->info;
        char memory[NUMBER_BYTES], cache[NUMBER_BYTES];
        table_add(table, "%s:%u", place->api->name, place->index);
        table_add(table, "%s", info->name);
        table_add(table, "%s", info->class_text);
        table_add(table, "%s",
                  info->device_class.nickname && *info->device_class.nickname ? info->device_class.nickname
                                                                              : "-");
        table_add(table, "%u", info->device_class.units);
        table_add(table, "%s", number_bytes((double)info->llc_bytes, cache));
        table_add(table, "%s", number_bytes((double)info->memory_bytes, memory));
    }
}

static cJSON *device_json(const struct place *place)
{
    const struct device_info *info = place->info;
    char name[64];
    cJSON *object = cJSON_CreateObject();
    snprintf(name, sizeof name, "%s:%u", place->api->name, place->index);
    cJSON_AddStringToObject(object, "device", name);
    cJSON_AddStringToObject(object, "name", info->name);
    cJSON_AddStringToObject(object, "class", info->class_text);
    json_add_text(object, "nickname", info->device_class.nickname);
    cJSON_AddStringToObject(object, "target", info->device_class.target);
    cJSON_AddNumberToObject(object, "memory_bytes", (double)info->memory_bytes);
    cJSON *facts = cJSON_AddObjectToObject(object, "facts");
#define FACT(fact, meaning) \
    cJSON_AddNumberToObject(facts, #fact, (double)info->facts.value[DEVICE_FACT_##fact]);
    DEVICE_FACT_TABLE(FACT)
#undef FACT
    cJSON *peaks = cJSON_AddObjectToObject(object, "peak_tflops");
    for (int type = 0; type < DTYPE_COUNT; type++)
        if (info->device_class.peak_tflops[type] > 0)
            cJSON_AddNumberToObject(peaks, dtype_name((enum dtype)type),
                                    info->device_class.peak_tflops[type]);
    return object;
}

/* Backends without a device, and why. */
static cJSON *backends_json(void)
{
    size_t n;
    const struct device_api *const *apis = device_table(&n);
    cJSON *array = cJSON_CreateArray();
    for (size_t i = 0; i < n; i++) {
        uint32_t count = 0;
        enum status status = apis[i]->count(&count);
        cJSON *object = cJSON_CreateObject();
        cJSON_AddStringToObject(object, "backend", apis[i]->name);
        cJSON_AddNumberToObject(object, "devices", status == STATUS_OK ? count : 0);
        json_add_text(object, "reason", status == STATUS_OK ? NULL : status_message());
        cJSON_AddItemToArray(array, object);
    }
    return array;
}

static enum status print_json(const struct places *places)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *devices = cJSON_AddArrayToObject(root, "devices");
    for (size_t i = 0; i < places->n; i++) cJSON_AddItemToArray(devices, device_json(&places->items[i]));
    cJSON_AddItemToObject(root, "backends", backends_json());
    return json_deliver(root);
}

static void print_text(const struct places *places)
{
    static const char *const headings[] = {"device", "name", "class", "nickname", "units", "cache", "memory"};
    struct table table = {.headings = headings, .align = "llllrrr", .n_columns = 7};
    size_t n;
    const struct device_api *const *apis = device_table(&n);
    add_rows(places, &table);
    table_print(&table);
    for (size_t i = 0; i < n; i++) {
        uint32_t count = 0;
        if (apis[i]->count(&count) != STATUS_OK) talk_note("%s: %s", apis[i]->name, status_message());
    }
}

enum status command_devices(const struct settings *settings)
{
    struct places places;
    if (settings->arguments.n)
        return status_fail(STATUS_USAGE, "%s: 'autotune devices' takes no argument",
                           settings->arguments.items[0]);
    TRY(places_open_all(settings, &places));
    enum status status = STATUS_OK;
    if (settings->json)
        status = print_json(&places);
    else
        print_text(&places);
    if (status == STATUS_OK && !places.n)
        status = status_fail(STATUS_UNAVAILABLE, "no device here; 'autotune doctor' says what is missing");
    places_close(&places);
    return status;
}
