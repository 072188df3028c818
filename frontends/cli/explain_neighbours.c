/* The records near the problem, and what they tell of an answer that is borrowed from one of them. */
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/explain.h"
#include "frontends/cli/regret.h"
#include "frontends/cli/talk.h"
#include "tuner/launch/problem_key.h"

/* "m=32 (x2), k=64 (x0.5)": what differs from the problem's sizes; "the same sizes". */
static void print_differences(const struct key_parts *own, const struct key_parts *parts, struct text *out)
{
    for (uint32_t i = 0; i < parts->n_sizes; i++)
        if (parts->sizes[i] != own->sizes[i])
            text_format(out, "%s%s=%lld (x%.3g)", out->size ? ", " : "", parts->names[i],
                        (long long)parts->sizes[i], (double)parts->sizes[i] / (double)own->sizes[i]);
    if (!out->size) text_append(out, "the same sizes");
}

static cJSON *neighbour_json(const struct explanation *explanation, const struct key_parts *own,
                             const struct neighbour *neighbour)
{
    struct text differs = {0};
    char problem[PROBLEM_TEXT_BYTES];
    cJSON *object = cJSON_CreateObject();
    book_key_text(neighbour->key, problem);
    print_differences(own, &neighbour->parts, &differs);
    cJSON_AddStringToObject(object, "book", book_path(neighbour->book));
    cJSON_AddStringToObject(object, "record", neighbour->key);
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "class", neighbour->parts.device_class);
    cJSON_AddBoolToObject(object, "sibling_class", neighbour->sibling);
    cJSON_AddBoolToObject(object, "less_alignment", neighbour->head > 0);
    cJSON_AddBoolToObject(object, "same_group", !neighbour->other_group);
    cJSON_AddStringToObject(object, "differs", text_string(&differs));
    cJSON_AddNumberToObject(object, "octaves", neighbour->octaves);
    cJSON *entries = cJSON_AddArrayToObject(object, "entries");
    int usable = 0;
    for (uint32_t i = 0; i < neighbour->record.n_entries; i++) {
        cJSON *entry = explain_entry(explanation, neighbour->book, &neighbour->record.entries[i]);
        usable += cJSON_IsTrue(cJSON_GetObjectItemCaseSensitive(entry, "usable"));
        cJSON_AddItemToArray(entries, entry);
    }
    cJSON_AddNumberToObject(object, "usable", usable);
    text_free(&differs);
    return object;
}

static cJSON *neighbours_json(const struct explanation *explanation, const struct neighbours *neighbours)
{
    struct key_parts own;
    const char *class_text = explanation->finder->place->info->class_text;
    if (problem_key_parts(explanation->problem, class_text, &own) != STATUS_OK) return cJSON_CreateNull();
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "near", (double)neighbours->seen);
    cJSON *records = cJSON_AddArrayToObject(object, "records");
    for (size_t i = 0; i < neighbours->n; i++)
        cJSON_AddItemToArray(records, neighbour_json(explanation, &own, neighbours->items[i]));
    return object;
}

/* ---- regret ---- */

static cJSON *sample_json(const struct regret_sample *sample)
{
    char problem[PROBLEM_TEXT_BYTES];
    cJSON *object = cJSON_CreateObject();
    book_key_text(sample->at->key, problem);
    cJSON_AddStringToObject(object, "problem", problem);
    book_key_text(sample->from->key, problem);
    cJSON_AddStringToObject(object, "answered_by", problem);
    cJSON_AddNumberToObject(object, "octaves", sample->octaves);
    cJSON_AddNumberToObject(object, "regret", sample->regret);
    cJSON_AddStringToObject(object, "measured_in", sample->from_trials ? "trials" : "finals");
    return object;
}

static cJSON *model_json(const struct explanation *explanation, const tb_explanation *answer)
{
    struct regret_model model;
    cJSON *object = cJSON_CreateObject();
    if (regret_by_model(explanation->settings, explanation->finder, explanation->problem, answer, &model) !=
        STATUS_OK) {
        json_add_text(object, "unknown", status_message());
        return object;
    }
    cJSON_AddNumberToObject(object, "regret", model.regret);
    cJSON_AddNumberToObject(object, "answer_ns", model.answer_ns);
    cJSON_AddNumberToObject(object, "best_ns", model.best_ns);
    cJSON_AddStringToObject(object, "best_template", model.template_name);
    cJSON_AddStringToObject(object, "best_configuration", model.configuration);
    return object;
}

static cJSON *regret_json(const struct explanation *explanation, const struct neighbours *neighbours,
                          const tb_explanation *answer)
{
    struct regret regret;
    cJSON *object = cJSON_CreateObject();
    regret_estimate(explanation->finder, neighbours, &regret);
    if (answer->match != TB_NEAR_SHAPE) {
        json_add_text(object, "unknown",
                      answer->match == TB_SIBLING_CLASS
                          ? "an answer of another device class; what neighbours tell is of one class"
                          : "a default, borrowed from no neighbour");
    } else if (!regret.n) {
        json_add_text(object, "unknown",
                      regret.answered ? "what neighbours would have been given without their own records was "
                                        "never measured on them"
                                      : "no neighbour has another that could stand in for it");
    } else {
        cJSON_AddNumberToObject(object, "median", regret.median);
        cJSON_AddNumberToObject(object, "low", regret.low);
        cJSON_AddNumberToObject(object, "high", regret.high);
    }
    cJSON_AddNumberToObject(object, "n_samples", (double)regret.n);
    cJSON_AddNumberToObject(object, "n_answered", (double)regret.answered);
    cJSON *samples = cJSON_AddArrayToObject(object, "samples");
    for (size_t i = 0; i < regret.n; i++) cJSON_AddItemToArray(samples, sample_json(&regret.samples[i]));
    cJSON_AddItemToObject(object, "by_model", model_json(explanation, answer));
    return object;
}

void explain_neighbours(const struct explanation *explanation, const tb_explanation *answer, cJSON *root)
{
    struct neighbours neighbours;
    if (answer && answer->match == TB_EXACT && !explanation->settings->all) {
        cJSON_AddNullToObject(root, "neighbours");
        cJSON_AddNullToObject(root, "regret");
        return;
    }
    if (neighbours_find(explanation->finder, explanation->problem, &neighbours) == STATUS_OK)
        cJSON_AddItemToObject(root, "neighbours", neighbours_json(explanation, &neighbours));
    else
        cJSON_AddNullToObject(root, "neighbours");
    if (answer && answer->match != TB_EXACT)
        cJSON_AddItemToObject(root, "regret", regret_json(explanation, &neighbours, answer));
    else
        cJSON_AddNullToObject(root, "regret");
    neighbours_free(&neighbours);
}
