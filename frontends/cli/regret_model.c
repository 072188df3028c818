#include <math.h>
#include <string.h>
#include "frontends/cli/regret.h"
#include "frontends/cli/template_set.h"
#include "tuner/tuning.h"

enum { LOOKED_AT_MOST = 20000 }; /* of a template's space: a second at most */

/* The template's best, and of the answer's own template its configuration. False: the model knows nothing of
 * it. */
static bool consider(const struct tuning_scene *scene, const struct device_class *device_class,
                     const struct manifest *manifest, const tb_explanation *answer, struct regret_model *out)
{
    struct tuning tuning;
    struct ranked best;
    struct model_estimate estimate;
    struct configuration configuration;
    if (tuning_open(scene, manifest, &tuning) != STATUS_OK) return false;
    tuning_rank(&tuning, device_class);
    bool known = tuning.ranking && ranking_best(tuning.ranking, 1, LOOKED_AT_MOST, 0, &best, NULL) == 1;
    if (known && (out->best_ns == 0 || best.estimate.ns < out->best_ns)) {
        struct text text = {0};
        int64_t slots[SLOT_COUNT] = {0};
        for (uint32_t p = 0; p < manifest->n_parameters; p++)
            slots[manifest->parameters[p].slot] = tuning.parameters[p].values[best.configuration.index[p]];
        manifest_print_configuration(manifest, slots, &text);
        out->best_ns = best.estimate.ns;
        snprintf(out->template_name, sizeof out->template_name, "%s", manifest->name);
        snprintf(out->configuration, sizeof out->configuration, "%s", text_string(&text));
        text_free(&text);
    }
    bool is_its = strcmp(manifest->name, answer->template_name) == 0;
    if (known && is_its && tuning_configuration(&tuning, answer->configuration, &configuration) &&
        ranking_estimate(tuning.ranking, &configuration, NULL, &estimate))
        out->answer_ns = estimate.ns;
    tuning_close(&tuning);
    return known;
}

enum status regret_by_model(const struct settings *settings, const struct finder *finder,
                            const struct problem *problem, const tb_explanation *answer,
                            struct regret_model *out)
{
    const struct device_info *info = finder->place->info;
    struct tuning_scene scene = {
        .problem = problem, .facts = &info->facts, .target = info->device_class.target};
    struct template_set set;
    bool any = false;
    *out = (struct regret_model){0};
    TRY(template_set_load(settings->templates, &set));
    for (size_t i = 0; i < set.n; i++)
        if (set.items[i]->op == problem->op)
            any |= consider(&scene, &info->device_class, set.items[i], answer, out);
    template_set_free(&set);
    if (!any) return status_fail(STATUS_NOT_COVERED, "the model covers no template here for this problem");
    if (!(out->answer_ns > 0))
        return status_fail(STATUS_NOT_COVERED, "the model does not cover %s %s", answer->template_name,
                           answer->configuration);
    out->regret = fmax(0, out->answer_ns / out->best_ns - 1);
    return STATUS_OK;
}
