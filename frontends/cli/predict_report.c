#include <stdio.h>
#include <stdlib.h>
#include "frontends/cli/predict.h"
#include "frontends/cli/talk.h"

enum status predict_report_add(struct predict_report *report, const struct predict_result *result)
{
    if (report->n == report->capacity) {
        size_t capacity = report->capacity ? 2 * report->capacity : 32;
        struct predict_result *items = realloc(report->items, capacity * sizeof *items);
        if (!items) return status_fail(STATUS_NO_MEMORY, "no memory for the report");
        report->items = items;
        report->capacity = capacity;
    }
    report->items[report->n++] = *result;
    return STATUS_OK;
}

void predict_report_free(struct predict_report *report)
{
    free(report->items);
    report->items = NULL;
    report->n = report->capacity = 0;
}

/* ---- JSON ---- */

static cJSON *choice_json(const struct predict_choice *choice)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "template", choice->template_name);
    cJSON_AddStringToObject(object, "configuration", choice->configuration);
    cJSON_AddNumberToObject(object, "predicted_ns", choice->predicted_ns);
    json_add_text(object, "bound", choice->bound);
    cJSON_AddNumberToObject(object, "registers", choice->registers);
    cJSON_AddNumberToObject(object, "shared_bytes", choice->shared_bytes);
    cJSON_AddNumberToObject(object, "spill_bytes", choice->spill_bytes);
    return object;
}

static cJSON *result_json(const struct predict_result *result)
{
    char problem[PROBLEM_TEXT_BYTES];
    cJSON *object = cJSON_CreateObject();
    problem_print(&result->problem, problem);
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddNumberToObject(object, "calls", result->calls);
    cJSON *choices = cJSON_AddArrayToObject(object, "choices");
    for (size_t i = 0; i < result->n; i++) cJSON_AddItemToArray(choices, choice_json(&result->choices[i]));
    cJSON_AddNumberToObject(object, "looked_at", (double)result->looked_at);
    cJSON_AddNumberToObject(object, "compiled", (double)result->n_fronts);
    cJSON_AddNumberToObject(object, "rejected", (double)result->n_rejected);
    json_add_text(object, "note", result->note);
    return object;
}

static enum status print_json(const struct predict_report *report)
{
    const struct predict_summary *summary = &report->summary;
    const struct {
        const char *name;
        double value;
    } numbers[] = {{"problems", (double)summary->problems},
                   {"predicted", (double)summary->predicted},
                   {"entries", (double)summary->entries},
                   {"looked_at", (double)summary->looked_at},
                   {"kernels", (double)summary->kernels},
                   {"compiled", (double)summary->compiled},
                   {"compile_hits", (double)summary->compile_hits},
                   {"emulated", (double)summary->verified},
                   {"emulated_earlier", (double)summary->recalled},
                   {"failed", (double)summary->failed},
                   {"ranking_seconds", (double)summary->rank_ns / 1e9},
                   {"compiling_seconds", (double)summary->compile_ns / 1e9},
                   {"emulating_seconds", (double)summary->verify_ns / 1e9},
                   {"seconds", (double)summary->total_ns / 1e9}};
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "class", report->class_text);
    cJSON_AddStringToObject(root, "evidence", "predicted");
    cJSON *problems = cJSON_AddArrayToObject(root, "problems");
    for (size_t i = 0; i < report->n; i++) cJSON_AddItemToArray(problems, result_json(&report->items[i]));
    cJSON *object = cJSON_AddObjectToObject(root, "summary");
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        cJSON_AddNumberToObject(object, numbers[i].name, numbers[i].value);
    cJSON_AddBoolToObject(object, "interrupted", report->interrupted);
    return json_deliver(root);
}

/* ---- text ---- */

static void print_rows(const struct predict_report *report)
{
    static const char *const headings[] = {"problem", "predicted", "bound by", "kernels", "best"};
    struct table table = {.headings = headings, .align = "lrlrl", .n_columns = 5};
    for (size_t i = 0; i < report->n; i++) {
        const struct predict_result *result = &report->items[i];
        const struct predict_choice *best = result->n ? &result->choices[0] : NULL;
        char problem[PROBLEM_TEXT_BYTES], time[NUMBER_BYTES];
        problem_print(&result->problem, problem);
        table_add(&table, "%s", problem);
        table_add(&table, "%s", number_time(best ? best->predicted_ns : 0, time));
        table_add(&table, "%s", best ? best->bound : "-");
        table_add(&table, "%zu", result->n);
        if (best)
            table_add(&table, "%s %s", best->template_name, best->configuration);
        else
            table_add(&table, "%s", result->note);
    }
    table_print(&table);
}

static void print_summary(const struct predict_report *report)
{
    const struct predict_summary *summary = &report->summary;
    char count[NUMBER_BYTES];
    printf("%llu problems for %s in %.1f s: the model was asked about %s configurations; %llu kernels, of "
           "which %llu compiled now and %llu emulated now\n",
           (unsigned long long)summary->problems, report->class_text, (double)summary->total_ns / 1e9,
           number_count((double)summary->looked_at, count), (unsigned long long)summary->kernels,
           (unsigned long long)summary->compiled, (unsigned long long)summary->verified);
    if (summary->failed) {
        printf("%llu kernels did not compile or did not pass, and are not in the book\n",
               (unsigned long long)summary->failed);
        for (size_t i = 0, shown = 0; i < report->n && shown < 4; i++) {
            const struct predict_result *result = &report->items[i];
            if (!result->n_rejected) continue;
            printf("  %s\n", result->note);
            shown++;
        }
    }
    printf("times are predicted, none was measured; where the GPU is: autotune --confirm --book=FILE\n");
}

static enum status judge(const struct predict_report *report)
{
    size_t n = 0;
    const struct predict_result *first = NULL;
    for (size_t i = 0; i < report->n; i++)
        if (!report->items[i].n && !n++) first = &report->items[i];
    if (!n) return STATUS_OK;
    char problem[PROBLEM_TEXT_BYTES];
    problem_print(&first->problem, problem);
    return status_fail(STATUS_NOT_FOUND, "%s: no kernel: %s%s", problem, first->note,
                       n > 1 ? " (and others)" : "");
}

enum status predict_report_print(const struct predict_report *report, const struct settings *settings)
{
    if (settings->json) {
        TRY(print_json(report));
    } else {
        if (report->n) print_rows(report);
        print_summary(report);
    }
    return report->interrupted ? STATUS_OK : judge(report);
}
