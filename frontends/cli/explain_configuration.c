#include "frontends/cli/configuration.h"
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
    TRY(configuration_find(&asked->tuning, asked->settings->configuration, &configuration));
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
