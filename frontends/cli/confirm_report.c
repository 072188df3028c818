#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/confirm.h"
#include "frontends/cli/talk.h"

static enum status grow(struct confirm_report *report)
{
    if (report->n < report->capacity) return STATUS_OK;
    size_t capacity = report->capacity ? 2 * report->capacity : 32;
    struct confirm_item *items = realloc(report->items, capacity * sizeof *items);
    if (!items) return status_fail(STATUS_NO_MEMORY, "no memory for the report");
    report->items = items;
    report->capacity = capacity;
    return STATUS_OK;
}

enum status confirm_report_add(struct confirm_report *report, const char *class_text,
                               const struct sweep_result *result)
{
    if (!result->n_confirmed) {
        report->up_to_date++;
        return STATUS_OK;
    }
    TRY(grow(report));
    struct confirm_item *item = &report->items[report->n];
    *item = (struct confirm_item){.result = *result};
    item->confirmed = malloc(result->n_confirmed * sizeof *item->confirmed);
    if (!item->confirmed) return status_fail(STATUS_NO_MEMORY, "no memory for the report");
    memcpy(item->confirmed, result->confirmed, result->n_confirmed * sizeof *item->confirmed);
    item->result.confirmed = item->confirmed;
    snprintf(item->class_text, sizeof item->class_text, "%s", class_text);
    report->n++;
    return STATUS_OK;
}

void confirm_report_free(struct confirm_report *report)
{
    for (size_t i = 0; i < report->n; i++) free(report->items[i].confirmed);
    free(report->items);
    report->items = NULL;
    report->n = report->capacity = 0;
}

/* ---- JSON ---- */

static cJSON *confirmed_json(const struct sweep_confirmed *confirmed)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "template", confirmed->template_name);
    cJSON_AddStringToObject(object, "configuration", confirmed->configuration);
    cJSON_AddStringToObject(object, "was", evidence_name(confirmed->evidence));
    json_add_ns(object, "before_ns", confirmed->before_ns);
    cJSON_AddNumberToObject(object, "rank_before", (double)confirmed->rank_before);
    cJSON_AddStringToObject(object, "verdict", verdict_name(confirmed->verdict));
    json_add_ns(object, "measured_ns", confirmed->measured_ns);
    cJSON_AddNumberToObject(object, "rank_after", (double)confirmed->rank_after);
    cJSON_AddBoolToObject(object, "kept", confirmed->kept);
    json_add_text(object, "detail", confirmed->detail);
    return object;
}

static cJSON *item_json(const struct confirm_item *item)
{
    const struct sweep_result *result = &item->result;
    char problem[PROBLEM_TEXT_BYTES];
    cJSON *object = cJSON_CreateObject();
    problem_print(&result->problem, problem);
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "class", item->class_text);
    json_add_text(object, "baseline", result->baseline_name);
    json_add_ns(object, "baseline_ns", result->baseline_ns);
    json_add_ns(object, "best_ns", result->has_best ? result->best.timing.median_ns : 0);
    cJSON *kernels = cJSON_AddArrayToObject(object, "kernels");
    for (size_t i = 0; i < result->n_confirmed; i++)
        cJSON_AddItemToArray(kernels, confirmed_json(&item->confirmed[i]));
    json_add_text(object, "note", result->note);
    return object;
}

static enum status print_json(const struct confirm_report *report)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *problems = cJSON_AddArrayToObject(root, "problems");
    for (size_t i = 0; i < report->n; i++) cJSON_AddItemToArray(problems, item_json(&report->items[i]));
    cJSON *summary = cJSON_AddObjectToObject(root, "summary");
    cJSON_AddNumberToObject(summary, "confirmed", (double)report->n);
    cJSON_AddNumberToObject(summary, "up_to_date", (double)report->up_to_date);
    cJSON_AddNumberToObject(summary, "trials", (double)report->summary.trials);
    cJSON_AddNumberToObject(summary, "seconds", (double)report->summary.total_ns / 1e9);
    cJSON_AddBoolToObject(summary, "interrupted", report->summary.interrupted);
    return json_deliver(root);
}

/* ---- text ---- */

static void rank_text(size_t rank, char out[24])
{
    if (rank)
        snprintf(out, 24, "%zu", rank);
    else
        snprintf(out, 24, "-");
}

static void add_row(struct table *table, const struct confirm_item *item,
                    const struct sweep_confirmed *confirmed)
{
    char text[PROBLEM_TEXT_BYTES], number[NUMBER_BYTES], before[24], after[24];
    problem_print(&item->result.problem, text);
    rank_text(confirmed->rank_before, before);
    rank_text(confirmed->rank_after, after);
    table_add(table, "%s", text);
    table_add(table, "%s", evidence_name(confirmed->evidence));
    table_add(table, "%s", number_time((double)confirmed->before_ns, number));
    table_add(table, "%s",
              confirmed->verdict == VERDICT_OK ? number_time((double)confirmed->measured_ns, number)
                                               : verdict_name(confirmed->verdict));
    table_add(table, "%s -> %s", before, after);
    table_add(table, "%s", confirmed->kept ? "kept" : "dropped");
    table_add(table, "%s %s", confirmed->template_name, confirmed->configuration);
}

static void add_vendor(struct table *table, const struct confirm_item *item)
{
    char text[PROBLEM_TEXT_BYTES], number[NUMBER_BYTES];
    if (!item->result.has_baseline) return;
    problem_print(&item->result.problem, text);
    table_add(table, "%s", text);
    table_add(table, "vendor library");
    table_add(table, "-");
    table_add(table, "%s", number_time((double)item->result.baseline_ns, number));
    table_add(table, "-");
    table_add(table, "-");
    table_add(table, "%s", item->result.baseline_name);
}

static void print_rows(const struct confirm_report *report)
{
    static const char *const headings[] = {"problem", "was", "said", "measured", "rank", "now", "kernel"};
    struct table table = {.headings = headings, .align = "llrrlll", .n_columns = 7};
    for (size_t i = 0; i < report->n; i++) {
        for (size_t k = 0; k < report->items[i].result.n_confirmed; k++)
            add_row(&table, &report->items[i], &report->items[i].confirmed[k]);
        add_vendor(&table, &report->items[i]);
    }
    table_print(&table);
}

/* How far predictions were off, and how often the first of them was the fastest. */
static void print_summary(const struct confirm_report *report)
{
    size_t n = 0, first = 0, failed = 0;
    double off = 0;
    for (size_t i = 0; i < report->n; i++)
        for (size_t k = 0; k < report->items[i].result.n_confirmed; k++) {
            const struct sweep_confirmed *confirmed = &report->items[i].confirmed[k];
            failed += confirmed->verdict != VERDICT_OK;
            if (confirmed->evidence == EVIDENCE_PREDICTED && confirmed->rank_before == 1)
                first += confirmed->rank_after == 1;
            if (confirmed->evidence != EVIDENCE_PREDICTED || !confirmed->before_ns || !confirmed->measured_ns)
                continue;
            off += log((double)confirmed->measured_ns / (double)confirmed->before_ns);
            n++;
        }
    printf("%zu problems confirmed in %.1f s, %llu were up to date; %llu trials\n", report->n,
           (double)report->summary.total_ns / 1e9, (unsigned long long)report->up_to_date,
           (unsigned long long)report->summary.trials);
    if (n)
        printf(
            "geomean of measured over predicted: %.2f (kernels: %zu); the first prediction was the fastest "
            "%zu times\n",
            exp(off / (double)n), n, first);
    if (failed) printf("%zu kernels did not pass on this device; --json says why\n", failed);
}

enum status confirm_report_print(const struct confirm_report *report, const struct settings *settings)
{
    const struct sweep_result *without = NULL;
    for (size_t i = 0; i < report->n && !without; i++)
        if (!report->items[i].result.has_best) without = &report->items[i].result;
    if (settings->json) {
        TRY(print_json(report));
    } else {
        if (report->n) print_rows(report);
        print_summary(report);
    }
    if (!without || report->summary.interrupted) return STATUS_OK;
    char problem[PROBLEM_TEXT_BYTES];
    problem_print(&without->problem, problem);
    return status_fail(STATUS_NOT_FOUND, "%s: no kernel: %s", problem, without->note);
}
