/* autotune explain: why this kernel. */
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/command.h"
#include "frontends/cli/explain.h"
#include "frontends/cli/paper_place.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/timing_json.h"
#include "tuner/base/clock.h"

enum { CANDIDATES_MAX = 32 };

static void add_answer(cJSON *root, const tb_explanation *answer)
{
    json_add_text(root, "match", match_text(answer->match));
    json_add_text(root, "evidence", evidence_text(answer->evidence));
    json_add_text(root, "template", answer->template_name);
    json_add_text(root, "configuration", answer->configuration);
    json_add_ns(root, "expected_ns", answer->expected_ns);
    json_add_ns(root, "baseline_ns", answer->baseline_ns);
    json_add_text(root, "book", answer->book);
    json_add_text(root, "record", answer->record);
    json_add_text(root, "reason", answer->reason);
}

/* What is known of the compiled kernel without running it; null where the device's compiler does not tell. */
static cJSON *kernel_json(const struct found_entry *entry)
{
    const struct descriptor *descriptor = &entry->descriptor;
    char hex[SHA256_HEX_BYTES];
    cJSON *object = cJSON_CreateObject();
    text_hex(entry->record.entries[entry->index].kernel.bytes, SHA256_BYTES, hex);
    cJSON_AddStringToObject(object, "hash", hex);
    cJSON_AddStringToObject(object, "target", descriptor->target);
    cJSON_AddStringToObject(object, "compiler", descriptor->compiler);
    cJSON_AddBoolToObject(object, "deterministic", descriptor->deterministic);
    cJSON_AddNumberToObject(object, "launch_steps", descriptor->n_steps);
    cJSON_AddNumberToObject(object, "code_bytes", descriptor->code_bytes);
    json_add_ns(object, "registers", descriptor->resources.registers);
    json_add_ns(object, "shared_bytes", descriptor->resources.shared_bytes);
    json_add_ns(object, "spill_bytes", descriptor->resources.spill_bytes);
    cJSON *clauses = cJSON_AddArrayToObject(object, "covers");
    for (uint32_t i = 0; i < descriptor->n_clauses; i++)
        cJSON_AddItemToArray(clauses, cJSON_CreateString(descriptor->clause_texts[i]));
    return object;
}

static cJSON *measurement_json(const struct found_entry *entry)
{
    const struct record_entry *measured = &entry->record.entries[entry->index];
    char when[21];
    if (!measured->timing.samples) return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    timing_json_add(object, &measured->timing);
    cJSON_AddBoolToObject(object, "verified", measured->verified);
    clock_format_utc(measured->measured_at_s, when);
    json_add_text(object, "measured_at", measured->measured_at_s ? when : NULL);
    json_add_ns(object, "default_ns", entry->record.default_ns);
    json_add_text(object, "baseline", entry->record.baseline_name);
    json_add_ns(object, "baseline_ns", entry->record.baseline_ns);
    return object;
}

static cJSON *candidates_json(struct finder *finder, const struct problem *problem)
{
    tb_explanation answers[CANDIDATES_MAX];
    size_t n = CANDIDATES_MAX;
    cJSON *array = cJSON_CreateArray();
    if (finder_ask_all(finder, problem, answers, &n) != STATUS_OK) return array;
    for (size_t i = 0; i < n; i++) {
        cJSON *object = cJSON_CreateObject();
        add_answer(object, &answers[i]);
        cJSON_AddItemToArray(array, object);
    }
    return array;
}

static void add_details(cJSON *root, struct finder *finder, const struct problem *problem,
                        const tb_explanation *answer)
{
    struct found_entry *entry = calloc(1, sizeof *entry);
    if (entry && finder_entry(finder, answer, entry) == STATUS_OK) {
        cJSON_AddItemToObject(root, "measurement", measurement_json(entry));
        cJSON_AddItemToObject(root, "environment", explain_environment(finder, problem, entry));
        cJSON_AddItemToObject(root, "kernel", kernel_json(entry));
        cJSON_AddItemToObject(root, "code", explain_entry_code(finder, problem, entry));
    }
    if (entry) found_entry_free(entry);
    free(entry);
    bool same_shape = answer->match == TB_EXACT;
    cJSON_AddItemToObject(
        root, "roofline",
        explain_roofline(finder->place->info, problem, same_shape ? answer->expected_ns : 0));
    cJSON_AddItemToObject(root, "usable", candidates_json(finder, problem));
}

static enum status deliver(const struct settings *settings, cJSON *root)
{
    if (settings->json) return json_deliver(root);
    explain_print(root);
    cJSON_Delete(root);
    return STATUS_OK;
}

static enum status explain(const struct settings *settings, struct finder *finder,
                           const struct problem *problem)
{
    struct explanation explanation = {.settings = settings, .finder = finder, .problem = problem};
    tb_explanation answer;
    char text[PROBLEM_TEXT_BYTES], reason[1024] = "";
    cJSON *root = cJSON_CreateObject();
    problem_print(problem, text);
    cJSON_AddStringToObject(root, "problem", text);
    cJSON_AddStringToObject(root, "class", finder->place->info->class_text);
    cJSON_AddBoolToObject(root, "device_here", !place_is_paper(finder->place));
    explanation.knows_present = explain_present(finder, problem, &explanation.present);
    enum status status = finder_ask(finder, problem, &answer);
    if (status == STATUS_NOT_FOUND) {
        snprintf(reason, sizeof reason, "%s", status_message());
        cJSON_AddNullToObject(root, "match");
        json_add_text(root, "reason", reason);
    } else if (status == STATUS_OK) {
        struct pin pin;
        add_answer(root, &answer);
        cJSON_AddItemToObject(root, "pin", pin_json(finder_pin(finder, &answer, &pin) ? &pin : NULL));
        add_details(root, finder, problem, &answer);
    } else {
        cJSON_Delete(root);
        return status;
    }
    explain_neighbours(&explanation, status == STATUS_OK ? &answer : NULL, root);
    cJSON_AddItemToObject(root, "layers", explain_layers(&explanation));
    cJSON_AddItemToObject(root, "improve", explain_improve(root));
    TRY(deliver(settings, root));
    return status == STATUS_OK ? STATUS_OK : status_fail(status, "%s", reason);
}

enum status command_explain(const struct settings *settings)
{
    struct problem problem;
    struct place place;
    struct finder finder;
    TRY(problems_one(&settings->arguments, 0, &problem));
    if (settings->template_name) return explain_configuration(settings, &problem);
    if (settings->configuration)
        return status_fail(STATUS_USAGE, "--configuration=%s: of which template? say --template, too",
                           settings->configuration);
    TRY(place_open_or_paper(settings, &place));
    enum status status = finder_open(settings, &place, &finder);
    if (status == STATUS_OK) status = explain(settings, &finder, &problem);
    finder_close(&finder);
    place_close(&place);
    return status;
}
