#include <string.h>
#include "frontends/cli/emulated.h"
#include "frontends/cli/explain.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "tuner/tuning.h"

enum { COMPILE_MS = 120000 };

/* What a command about one configuration holds. */
struct asked {
    const struct settings *settings;
    const struct problem *problem;
    struct template_set templates;
    const struct manifest *manifest;
    struct place place;
    const struct compiler_api *compiler;
    struct text identity;
    struct tuning_scene scene;
    struct tuning tuning;
    struct candidate candidate;
    struct code_report report;
};

/* The given values, and the default's for what they leave out. */
static enum status whole_configuration(const struct manifest *manifest, const char *given, struct text *out)
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

/* STATUS_NOT_COVERED with the clause that keeps it out of the space. */
static enum status find_configuration(struct asked *asked, struct configuration *out)
{
    struct text text = {0};
    int64_t slots[SLOT_COUNT], value;
    const struct manifest *manifest = asked->manifest;
    memcpy(slots, asked->tuning.slots, sizeof slots);
    enum status status = whole_configuration(manifest, asked->settings->configuration, &text);
    if (status == STATUS_OK) status = manifest_parse_configuration(manifest, text_string(&text), slots);
    if (status == STATUS_OK && !tuning_configuration(&asked->tuning, text_string(&text), out)) {
        const char *clause = "what the space allows";
        for (uint32_t i = manifest->n_where; i-- > 0;)
            if (expr_eval(&manifest->where[i].expr, slots, &value) != EXPR_FINE || !value)
                clause = manifest->where[i].text;
        status = status_fail(STATUS_NOT_COVERED, "%s %s: not for this problem on %s: %s", manifest->name,
                             text_string(&text), asked->scene.target, clause);
    }
    text_free(&text);
    return status;
}

static enum status open_place(struct asked *asked)
{
    if (emulated_name(asked->settings)) return emulated_place(asked->settings, &asked->place);
    return place_open(asked->settings, &asked->place);
}

static enum status compile(struct asked *asked, const struct configuration *configuration)
{
    TRY(candidate_prepare(&asked->tuning, configuration, &asked->candidate));
    TRY(compile_run(&asked->candidate.job, 1, 1, COMPILE_MS, NULL));
    if (asked->candidate.job.verdict != VERDICT_OK)
        return status_fail(STATUS_BAD_DATA, "%s: %s: %s", candidate_name(&asked->candidate),
                           verdict_name(asked->candidate.job.verdict), asked->candidate.job.detail);
    candidate_compiled(&asked->candidate);
    return STATUS_OK;
}

static enum status report(struct asked *asked)
{
    const char *name = emulated_name(asked->settings);
    struct explained_kernel kernel = {.descriptor = &asked->candidate.descriptor,
                                      .code = asked->candidate.job.code.data,
                                      .code_bytes = asked->candidate.job.code.size,
                                      .problem = asked->problem,
                                      .info = asked->place.info,
                                      .manifest = asked->manifest,
                                      .gpu = name ? name : asked->scene.target};
    return explain_report(&kernel, &asked->report);
}

static enum status prepare(struct asked *asked)
{
    struct configuration configuration;
    TRY(template_set_load(asked->settings->templates, &asked->templates));
    TRY(template_set_find(&asked->templates, asked->settings->template_name, &asked->manifest));
    TRY(open_place(asked));
    const struct device_info *info = asked->place.info;
    TRY(compiler_for_target(info->device_class.target, &asked->compiler, &asked->identity));
    asked->scene = (struct tuning_scene){asked->problem, &info->facts, info->device_class.target,
                                         asked->compiler, text_string(&asked->identity)};
    TRY(tuning_open(&asked->scene, asked->manifest, &asked->tuning));
    TRY(find_configuration(asked, &configuration));
    TRY(compile(asked, &configuration));
    return report(asked);
}

static enum status deliver(struct asked *asked)
{
    char text[PROBLEM_TEXT_BYTES];
    cJSON *root = cJSON_CreateObject();
    problem_print(asked->problem, text);
    cJSON_AddStringToObject(root, "problem", text);
    cJSON_AddStringToObject(root, "target", asked->scene.target);
    cJSON_AddStringToObject(root, "template", asked->manifest->name);
    cJSON_AddStringToObject(root, "configuration", asked->candidate.descriptor.configuration);
    cJSON_AddStringToObject(root, "compiler", text_string(&asked->identity));
    cJSON_AddItemToObject(root, "code", explain_code(&asked->report));
    if (asked->settings->json) return json_deliver(root);
    printf("%-15s%s for %s\n%-15s%s\n%-15s%s\n", "problem", text, asked->scene.target, "template",
           asked->manifest->name, "configuration", asked->candidate.descriptor.configuration);
    explain_print_code(cJSON_GetObjectItemCaseSensitive(root, "code"));
    cJSON_Delete(root);
    return STATUS_OK;
}

enum status explain_configuration(const struct settings *settings, const struct problem *problem)
{
    struct asked asked = {.settings = settings, .problem = problem};
    enum status status = prepare(&asked);
    if (status == STATUS_OK) status = deliver(&asked);
    candidate_free(&asked.candidate);
    tuning_close(&asked.tuning);
    place_close(&asked.place);
    template_set_free(&asked.templates);
    text_free(&asked.identity);
    return status;
}
