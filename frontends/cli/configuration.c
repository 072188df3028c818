#include "frontends/cli/configuration.h"

#include <string.h>

enum status configuration_whole(const struct manifest *manifest, const char *given, struct text *out)
{
    text_append(out, given ? given : "");
    int64_t slots[SLOT_COUNT] = {0};
    struct text defaults = {0};
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        slots[manifest->parameters[i].slot] = manifest->defaults[i];
    manifest_print_configuration(manifest, slots, &defaults);
    for (const char *at = text_string(&defaults); *at;) {
        size_t name = strcspn(at, "=") + 1, size = strcspn(at, ",");
        const char *found = given;
        while (found && strncmp(found, at, name) != 0)
            found = (found = strchr(found, ',')) ? found + 1 : NULL;
        if (!found) {
            text_append(out, out->size ? "," : "");
            text_append_bytes(out, at, size);
        }
        at += size + (at[size] == ',');
    }
    text_free(&defaults);
    return text_status(out);
}

enum status configuration_canonical(const struct manifest *manifest, const char *given, struct text *out)
{
    struct text whole = {0};
    int64_t slots[SLOT_COUNT] = {0};
    enum status status = configuration_whole(manifest, given, &whole);
    if (status == STATUS_OK) status = manifest_parse_configuration(manifest, text_string(&whole), slots);
    if (status == STATUS_OK) manifest_print_configuration(manifest, slots, out);
    text_free(&whole);
    return status == STATUS_OK ? text_status(out) : status;
}

enum status configuration_find(const struct tuning *tuning, const char *given, struct configuration *out)
{
    struct text text = {0};
    int64_t slots[SLOT_COUNT], value;
    const struct manifest *manifest = tuning->manifest;
    memcpy(slots, tuning->slots, sizeof slots);
    enum status status = configuration_whole(manifest, given, &text);
    if (status == STATUS_OK) status = manifest_parse_configuration(manifest, text_string(&text), slots);
    if (status == STATUS_OK && !tuning_configuration(tuning, text_string(&text), out)) {
        const char *clause = "what the space allows";
        for (uint32_t i = manifest->n_where; i-- > 0;)
            if (expr_eval(&manifest->where[i].expr, slots, &value) != EXPR_FINE || !value)
                clause = manifest->where[i].text;
        status = status_fail(STATUS_NOT_COVERED, "%s %s: not for this problem on %s: %s", manifest->name,
                             text_string(&text), tuning->scene->target, clause);
    }
    text_free(&text);
    return status;
}
