#include "frontends/cli/sweep_report.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/timing_json.h"

static cJSON *choice_json(bool has, const struct sweep_choice *choice)
{
    if (!has) return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "template", choice->template_name);
    cJSON_AddStringToObject(object, "configuration", choice->configuration);
    timing_json_add(object, &choice->timing);
    return object;
}

static cJSON *baseline_json(const struct sweep_result *result)
{
    if (!result->has_baseline) return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "name", result->baseline_name);
    cJSON_AddNumberToObject(object, "median_ns", (double)result->baseline_ns);
    return object;
}

static cJSON *ratio_json(bool has, const struct trial_ratio *ratio)
{
    if (!has || ratio->median <= 0) return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "median", ratio->median);
    cJSON_AddNumberToObject(object, "q1", ratio->q1);
    cJSON_AddNumberToObject(object, "q3", ratio->q3);
    return object;
}

static void add_racing(cJSON *object, const struct race_saving *racing)
{
    cJSON *saving = cJSON_AddObjectToObject(object, "racing");
    cJSON_AddNumberToObject(saving, "stopped", (double)racing->stopped);
    cJSON_AddNumberToObject(saving, "saved_samples", (double)racing->samples);
    cJSON_AddNumberToObject(saving, "saved_seconds", (double)racing->ns / 1e9);
}

/* Where the seconds went; what is left of them is the search's own. */
static void add_phases(cJSON *object, const struct sweep_result *result)
{
    cJSON *phases = cJSON_AddObjectToObject(object, "phases");
    cJSON_AddNumberToObject(phases, "opening_seconds", (double)result->open_ns / 1e9);
    cJSON_AddNumberToObject(phases, "compiling_seconds", (double)result->compile_ns / 1e9);
    cJSON_AddNumberToObject(phases, "trying_seconds", (double)result->trial_ns / 1e9);
    cJSON_AddNumberToObject(phases, "finals_seconds", (double)result->finals_ns / 1e9);
}

/* Arithmetic and least traffic per time: one of them bounds the problem. */
static void add_rates(cJSON *object, const struct sweep_result *result)
{
    uint64_t ns = result->best.timing.median_ns;
    cJSON_AddItemToObject(object, "gflops",
                          result->has_best ? cJSON_CreateNumber(sweep_gflops(&result->problem, ns))
                                           : cJSON_CreateNull());
    cJSON_AddItemToObject(object, "gbps",
                          result->has_best ? cJSON_CreateNumber(sweep_gbps(&result->problem, ns))
                                           : cJSON_CreateNull());
}

static cJSON *problem_json(const struct sweep_finding *finding)
{
    const struct sweep_result *result = &finding->result;
    char problem[PROBLEM_TEXT_BYTES];
    problem_print(&result->problem, problem);
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "class", finding->class_text);
    cJSON_AddNumberToObject(object, "calls", result->calls);
    cJSON_AddItemToObject(object, "best", choice_json(result->has_best, &result->best));
    cJSON_AddItemToObject(object, "default", choice_json(result->has_default, &result->fallback));
    cJSON_AddItemToObject(object, "baseline", baseline_json(result));
    bool compared = result->has_best;
    cJSON_AddItemToObject(object, "over_default",
                          ratio_json(compared && result->has_default, &result->best_against_default));
    cJSON_AddItemToObject(object, "over_baseline",
                          ratio_json(compared && result->has_baseline, &result->best_against_baseline));
    add_rates(object, result);
    cJSON *trials = cJSON_AddObjectToObject(object, "trials");
    for (int v = 0; v < VERDICT_COUNT; v++)
        if (result->n_verdicts[v])
            cJSON_AddNumberToObject(trials, verdict_name((enum verdict)v), (double)result->n_verdicts[v]);
    cJSON_AddNumberToObject(object, "recalled", (double)result->recalled);
    add_racing(object, &result->racing);
    cJSON *space = cJSON_AddObjectToObject(object, "space");
    cJSON_AddNumberToObject(space, "configurations", result->space_valid);
    cJSON_AddNumberToObject(space, "combinations", result->space_raw);
    cJSON_AddNumberToObject(object, "seconds", (double)result->total_ns / 1e9);
    add_phases(object, result);
    json_add_text(object, "ended", result->ended);
    json_add_text(object, "note", result->note);
    return object;
}

static void add_summary(cJSON *root, const struct sweep_report *report)
{
    const struct sweep_summary *summary = &report->summary;
    struct sweep_means means;
    struct sweep_rates rates;
    sweep_report_means(report, &means);
    sweep_report_rates(summary, &rates);
    cJSON *object = cJSON_AddObjectToObject(root, "summary");
    cJSON_AddNumberToObject(object, "problems", (double)summary->problems);
    cJSON_AddNumberToObject(object, "tuned", (double)summary->tuned);
    cJSON_AddNumberToObject(object, "trials", (double)summary->trials);
    cJSON_AddNumberToObject(object, "compiled", (double)summary->compiled);
    cJSON_AddNumberToObject(object, "compile_hits", (double)summary->compile_hits);
    cJSON_AddNumberToObject(object, "compiles_per_second", rates.compiles_per_s);
    cJSON_AddNumberToObject(object, "measuring_share", rates.measuring_share);
    if (summary->busy_ns) cJSON_AddNumberToObject(object, "device_busy_share", rates.busy_share);
    cJSON_AddNumberToObject(object, "trials_per_minute", rates.trials_per_minute);
    add_racing(object, &summary->racing);
    cJSON_AddNumberToObject(object, "seconds", (double)summary->total_ns / 1e9);
    cJSON_AddBoolToObject(object, "interrupted", summary->interrupted);
    if (means.n_default) cJSON_AddNumberToObject(object, "geomean_over_default", means.over_default);
    if (!means.n_baseline) return;
    cJSON_AddStringToObject(object, "baseline", means.baseline_name);
    cJSON_AddNumberToObject(object, "geomean_over_baseline", means.over_baseline);
    cJSON_AddNumberToObject(object, "worst_over_baseline", means.worst_over_baseline);
}

enum status sweep_report_json(const struct sweep_report *report)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *problems = cJSON_AddArrayToObject(root, "problems");
    for (size_t i = 0; i < report->n; i++) cJSON_AddItemToArray(problems, problem_json(&report->items[i]));
    add_summary(root, report);
    return json_deliver(root);
}
