#include <string.h>
#include "frontends/cli/explain.h"
#include "frontends/cli/paper_place.h"
#include "frontends/cli/talk.h"
#include "tuner/base/json.h"
#include "tuner/compile/compiler.h"
#include "tuner/trial.h"

/* The environment a measurement would have now, with the compiler that is here. */
static enum status environment_now(const struct finder *finder, const struct problem *problem,
                                   struct text *json)
{
    const struct place *place = finder->place;
    const struct compiler_api *compiler;
    struct text identity = {0};
    if (place_is_paper(place))
        return status_fail(STATUS_UNAVAILABLE, "the device is not here, so its environment is not known");
    struct trial_setting setting = {.backend = place->api->name,
                                    .device = place->index,
                                    .threads = place->info->device_class.units,
                                    .problem = *problem};
    enum status status = compiler_for_target(place->info->device_class.target, &compiler, &identity);
    if (status == STATUS_OK || status == STATUS_UNAVAILABLE) /* no compiler now is a difference too */
        status = trial_environment(&setting, text_string(&identity), json);
    text_free(&identity);
    return status;
}

static cJSON *parse(const char *name, const char *bytes, size_t size)
{
    struct json_source source = {name};
    cJSON *root;
    return json_parse(&source, bytes, size, &root) == STATUS_OK ? root : NULL;
}

static void add_difference(cJSON *array, const char *name, const cJSON *then, const cJSON *now)
{
    struct text text = {0};
    text_format(&text, "%s: ", name);
    if (then)
        json_print(then, false, &text);
    else
        text_append(&text, "unknown");
    text_append(&text, " then, ");
    if (now)
        json_print(now, false, &text);
    else
        text_append(&text, "nothing");
    text_append(&text, " now");
    cJSON_AddItemToArray(array, cJSON_CreateString(text_string(&text)));
    text_free(&text);
}

/* Members that differ, by name; nested objects as a whole. */
static cJSON *differences(const cJSON *then, const cJSON *now)
{
    cJSON *array = cJSON_CreateArray();
    const cJSON *member;
    cJSON_ArrayForEach (member, then) {
        const cJSON *other = cJSON_GetObjectItemCaseSensitive(now, member->string);
        if (!other || !cJSON_Compare(member, other, true))
            add_difference(array, member->string, member, other);
    }
    cJSON_ArrayForEach (member, now) {
        if (!cJSON_GetObjectItemCaseSensitive(then, member->string))
            add_difference(array, member->string, NULL, member);
    }
    return array;
}

bool explain_present(const struct finder *finder, const struct problem *problem, struct hash *out)
{
    struct text json = {0};
    bool known = environment_now(finder, problem, &json) == STATUS_OK;
    if (known) *out = sha256_of(json.data, json.size);
    text_free(&json);
    return known;
}

cJSON *explain_environment(struct finder *finder, const struct problem *problem,
                           const struct found_entry *entry)
{
    static const struct hash none;
    const struct hash *id = &entry->record.entries[entry->index].environment;
    struct value stored = {0};
    struct text now_text = {0};
    if (memcmp(id, &none, sizeof none) == 0) return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    cJSON *then = NULL, *now = NULL;
    if (book_get_environment(entry->book, id, &stored) == STATUS_OK)
        then = parse("environment of the measurement", stored.bytes, stored.size);
    if (environment_now(finder, problem, &now_text) == STATUS_OK)
        now = parse("environment", now_text.data, now_text.size);
    if (then && now) {
        cJSON *changes = differences(then, now);
        cJSON_AddBoolToObject(object, "stale", cJSON_GetArraySize(changes) > 0);
        cJSON_AddItemToObject(object, "changes", changes);
    } else {
        json_add_text(object, "unknown", status_message());
    }
    if (then) cJSON_AddItemToObject(object, "measured_in", then);
    cJSON_Delete(now);
    value_free(&stored);
    text_free(&now_text);
    return object;
}
