/* autotune templates: what can be tuned, with which parameters, and how large that space is for a problem
 * here. */
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/place.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "tuner/tuning.h"

struct space_size {
    bool asked, covered;
    uint64_t count;
    bool exact;
    double raw;
    char reason[512]; /* why the template does not cover the problem */
};

static double raw_count(const struct manifest *manifest)
{
    double product = 1;
    for (uint32_t i = 0; i < manifest->n_parameters; i++) product *= manifest->parameters[i].n_values;
    return product;
}

static void append_targets(const struct manifest *manifest, struct text *out)
{
    for (const char *const *target = manifest->targets; *target; target++)
        text_format(out, "%s%s", target == manifest->targets ? "" : " ", *target);
}

static void append_value(const struct manifest_parameter *parameter, uint32_t i, struct text *out)
{
    if (parameter->words)
        text_append(out, parameter->words[i]);
    else
        text_format(out, "%lld", (long long)parameter->values[i]);
}

static void append_default(const struct manifest *manifest, struct text *out)
{
    int64_t slots[SLOT_COUNT] = {0};
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        slots[manifest->parameters[i].slot] = manifest->defaults[i];
    manifest_print_configuration(manifest, slots, out);
}

static enum status list_text(const struct template_set *set)
{
    static const char *const headings[] = {"template",     "op",      "parameters",
                                           "combinations", "targets", "origin"};
    struct table table = {.headings = headings, .align = "llrrll", .n_columns = 6};
    for (size_t i = 0; i < set->n; i++) {
        const struct manifest *manifest = set->items[i];
        struct text targets = {0};
        char number[NUMBER_BYTES];
        append_targets(manifest, &targets);
        table_add(&table, "%s", manifest->name);
        table_add(&table, "%s", manifest->op->name);
        table_add(&table, "%u", manifest->n_parameters);
        table_add(&table, "%s", number_count(raw_count(manifest), number));
        table_add(&table, "%s", text_string(&targets));
        table_add(&table, "%s", manifest->origin);
        text_free(&targets);
    }
    table_print(&table);
    return STATUS_OK;
}

static cJSON *parameter_json(const struct manifest_parameter *parameter)
{
    cJSON *array = cJSON_CreateArray();
    for (uint32_t i = 0; i < parameter->n_values; i++)
        cJSON_AddItemToArray(array, parameter->words ? cJSON_CreateString(parameter->words[i])
                                                     : cJSON_CreateNumber((double)parameter->values[i]));
    return array;
}

static cJSON *clauses_json(const struct manifest_clause *clauses, uint32_t n)
{
    cJSON *array = cJSON_CreateArray();
    for (uint32_t i = 0; i < n; i++) cJSON_AddItemToArray(array, cJSON_CreateString(clauses[i].text));
    return array;
}

static cJSON *space_json(const struct space_size *space)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddBoolToObject(object, "covered", space->covered);
    if (space->covered) {
        cJSON_AddNumberToObject(object, "configurations", (double)space->count);
        cJSON_AddBoolToObject(object, "exact", space->exact);
        cJSON_AddNumberToObject(object, "combinations", space->raw);
    }
    json_add_text(object, "reason", space->reason);
    return object;
}

static cJSON *manifest_json(const struct manifest *manifest, const struct space_size *space)
{
    struct text text = {0};
    char hex[SHA256_HEX_BYTES];
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", manifest->name);
    cJSON_AddStringToObject(object, "op", manifest->op->name);
    cJSON_AddStringToObject(object, "origin", manifest->origin);
    text_hex(manifest->hash.bytes, sizeof manifest->hash.bytes, hex);
    cJSON_AddStringToObject(object, "hash", hex);
    cJSON *targets = cJSON_AddArrayToObject(object, "targets");
    for (const char *const *target = manifest->targets; *target; target++)
        cJSON_AddItemToArray(targets, cJSON_CreateString(*target));
    cJSON_AddItemToObject(object, "accepts", clauses_json(manifest->accepts, manifest->n_accepts));
    cJSON *parameters = cJSON_AddObjectToObject(object, "parameters");
    for (uint32_t i = 0; i < manifest->n_parameters; i++)
        cJSON_AddItemToObject(parameters, manifest->parameters[i].name,
                              parameter_json(&manifest->parameters[i]));
    cJSON_AddItemToObject(object, "where", clauses_json(manifest->where, manifest->n_where));
    append_default(manifest, &text);
    cJSON_AddStringToObject(object, "default", text_string(&text));
    cJSON_AddNumberToObject(object, "combinations", raw_count(manifest));
    if (space->asked) cJSON_AddItemToObject(object, "space", space_json(space));
    text_free(&text);
    return object;
}

static enum status list_json(const struct template_set *set)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *array = cJSON_AddArrayToObject(root, "templates");
    const struct space_size none = {0};
    for (size_t i = 0; i < set->n; i++) cJSON_AddItemToArray(array, manifest_json(set->items[i], &none));
    return json_deliver(root);
}

static void print_clauses(const char *title, const struct manifest_clause *clauses, uint32_t n)
{
    if (n) printf("\n%s\n", title);
    for (uint32_t i = 0; i < n; i++) printf("  %s\n", clauses[i].text);
}

static void print_manifest(const struct manifest *manifest, const struct space_size *space)
{
    struct text text = {0};
    char number[NUMBER_BYTES], raw[NUMBER_BYTES];
    append_targets(manifest, &text);
    printf("template  %s (%s)\nop        %s\ntargets   %s\n", manifest->name, manifest->origin,
           manifest->op->name, text_string(&text));
    text_clear(&text);
    append_default(manifest, &text);
    printf("default   %s\n", text_string(&text));
    print_clauses("accepts", manifest->accepts, manifest->n_accepts);
    printf("\nparameters\n");
    for (uint32_t i = 0; i < manifest->n_parameters; i++) {
        const struct manifest_parameter *parameter = &manifest->parameters[i];
        text_clear(&text);
        for (uint32_t v = 0; v < parameter->n_values; v++) {
            text_append(&text, " ");
            append_value(parameter, v, &text);
        }
        printf("  %-12s%s\n", parameter->name, text_string(&text));
    }
    print_clauses("where", manifest->where, manifest->n_where);
    printf("\n%s combinations", number_count(raw_count(manifest), raw));
    if (space->covered)
        printf(", %s%s valid for this problem here", space->exact ? "" : "about ",
               number_count((double)space->count, number));
    printf("\n");
    text_free(&text);
}

/* How much of the space is valid for the problem on the device here. */
static enum status measure_space(const struct settings *settings, const struct manifest *manifest,
                                 struct space_size *out)
{
    struct problem problem;
    struct place place;
    struct tuning tuning;
    TRY(problems_one(&settings->arguments, 1, &problem));
    TRY(place_open(settings, &place));
    struct tuning_scene scene = {
        .problem = &problem, .facts = &place.info->facts, .target = place.info->device_class.target};
    enum status status = tuning_open(&scene, manifest, &tuning);
    out->asked = true;
    if (status == STATUS_OK) {
        out->covered = true;
        out->count = space_count(tuning.space, &out->exact);
        out->raw = space_raw_count(tuning.space);
    } else if (status == STATUS_NOT_COVERED) {
        snprintf(out->reason, sizeof out->reason, "%s", status_message());
        status = STATUS_OK;
    }
    tuning_close(&tuning);
    place_close(&place);
    return status;
}

static enum status describe(const struct settings *settings, const struct template_set *set)
{
    const struct manifest *manifest;
    struct space_size space = {0};
    TRY(template_set_find(set, settings->arguments.items[0], &manifest));
    if (settings->arguments.n > 1) TRY(measure_space(settings, manifest, &space));
    if (settings->json)
        TRY(json_deliver(manifest_json(manifest, &space)));
    else
        print_manifest(manifest, &space);
    return space.asked && !space.covered ? status_fail(STATUS_NOT_COVERED, "%s", space.reason) : STATUS_OK;
}

enum status command_templates(const struct settings *settings)
{
    struct template_set set;
    TRY(template_set_load(settings->templates, &set));
    enum status status;
    if (settings->arguments.n)
        status = describe(settings, &set);
    else
        status = settings->json ? list_json(&set) : list_text(&set);
    template_set_free(&set);
    return status;
}
