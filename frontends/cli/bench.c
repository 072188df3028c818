/* autotune bench: winners against the defaults and the vendor library. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/bench.h"
#include "frontends/cli/command.h"
#include "frontends/cli/problems.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/sweep_report.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/vendor_note.h"
#include "tuner/base/progress.h"

enum { TOTAL_MS = 1000 };

struct means {
    double log_sum, worst;
    size_t n;
};

static void add_mean(struct means *means, double ratio)
{
    if (ratio <= 0) return;
    if (!means->n || ratio < means->worst) means->worst = ratio;
    means->log_sum += log(ratio);
    means->n++;
}

static double geomean(const struct means *means)
{
    return means->n ? exp(means->log_sum / (double)means->n) : 0;
}

static bool is_pinned(const struct bench_result *result)
{
    return result->measured && strncmp(result->answer.reason, "pinned ", 7) == 0;
}

static void add_row(cJSON *rows, const struct bench_result *result, const char *against,
                    const struct trial_ratio *ratio)
{
    char problem[PROBLEM_TEXT_BYTES];
    if (ratio->median <= 0) return;
    problem_print(&result->problem, problem);
    cJSON *row = cJSON_CreateObject();
    cJSON_AddStringToObject(row, "name", problem);
    cJSON_AddNumberToObject(row, "value", (double)result->timing.median_ns);
    cJSON_AddStringToObject(row, "unit", "ns");
    cJSON_AddStringToObject(row, "against", against);
    cJSON_AddNumberToObject(row, "ratio_median", ratio->median);
    cJSON_AddNumberToObject(row, "ratio_q1", ratio->q1);
    cJSON_AddNumberToObject(row, "ratio_q3", ratio->q3);
    if (is_pinned(result)) cJSON_AddTrueToObject(row, "pinned");
    cJSON_AddItemToArray(rows, row);
}

static cJSON *mean_json(const char *against, const struct means *means)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddStringToObject(object, "against", against);
    cJSON_AddNumberToObject(object, "problems", (double)means->n);
    cJSON_AddNumberToObject(object, "geomean", geomean(means));
    cJSON_AddNumberToObject(object, "worst", means->worst);
    return object;
}

struct bench_report {
    struct bench_result *results;
    size_t n;
    struct means over_default, over_baseline;
    const char *baseline_name;
    size_t n_missing;
    const struct bench_result *first_missing;
};

static void summarize(struct bench_report *report)
{
    for (size_t i = 0; i < report->n; i++) {
        const struct bench_result *result = &report->results[i];
        if (!result->measured) {
            if (!report->n_missing++) report->first_missing = result;
            continue;
        }
        if (result->has_default) add_mean(&report->over_default, result->over_default.median);
        if (!*result->baseline_name) continue;
        add_mean(&report->over_baseline, result->over_baseline.median);
        report->baseline_name = result->baseline_name;
    }
}

static enum status print_json(const struct bench_report *report)
{
    cJSON *root = cJSON_CreateObject();
    cJSON *rows = cJSON_AddArrayToObject(root, "rows"), *missing = cJSON_CreateArray(),
          *means = cJSON_CreateArray();
    for (size_t i = 0; i < report->n; i++) {
        const struct bench_result *result = &report->results[i];
        if (!result->measured) {
            char problem[PROBLEM_TEXT_BYTES];
            problem_print(&result->problem, problem);
            cJSON *object = cJSON_CreateObject();
            cJSON_AddStringToObject(object, "name", problem);
            cJSON_AddStringToObject(object, "reason", result->note);
            cJSON_AddItemToArray(missing, object);
            continue;
        }
        if (result->has_default) add_row(rows, result, "default", &result->over_default);
        if (*result->baseline_name) add_row(rows, result, result->baseline_name, &result->over_baseline);
    }
    if (report->over_default.n) cJSON_AddItemToArray(means, mean_json("default", &report->over_default));
    if (report->over_baseline.n)
        cJSON_AddItemToArray(means, mean_json(report->baseline_name, &report->over_baseline));
    cJSON_AddItemToObject(root, "geomeans", means);
    cJSON_AddItemToObject(root, "not_measured", missing);
    return json_deliver(root);
}

static void print_text(const struct bench_report *report, const char *backend, uint32_t threads)
{
    char over_baseline[64] = "over vendor library";
    if (report->over_baseline.n)
        snprintf(over_baseline, sizeof over_baseline, "over %s", report->baseline_name);
    const char *const headings[] = {"problem", "time", "GFLOP/s", "over default", over_baseline, "match"};
    struct table table = {.headings = headings, .align = "lrrlll", .n_columns = 6};
    for (size_t i = 0; i < report->n; i++) {
        const struct bench_result *result = &report->results[i];
        char problem[PROBLEM_TEXT_BYTES], number[NUMBER_BYTES];
        const struct trial_ratio *ratio = &result->over_default;
        problem_print(&result->problem, problem);
        table_add(&table, "%s", problem);
        table_add(&table, "%s", number_time((double)result->timing.median_ns, number));
        table_add(&table, "%.3g", sweep_gflops(&result->problem, result->timing.median_ns));
        table_add(&table, "%s",
                  number_ratio(result->has_default ? ratio->median : 0, ratio->q1, ratio->q3, number));
        ratio = &result->over_baseline;
        table_add(&table, "%s",
                  number_ratio(*result->baseline_name ? ratio->median : 0, ratio->q1, ratio->q3, number));
        table_add(&table, "%s%s", result->measured ? match_text(result->answer.match) : result->note,
                  is_pinned(result) ? ", pinned" : "");
    }
    table_print(&table);
    if (report->over_default.n)
        printf("geomean over the default: %.2f (problems: %zu, worst %.2f)\n", geomean(&report->over_default),
               report->over_default.n, report->over_default.worst);
    if (report->over_baseline.n) {
        printf("geomean over %s: %.2f (problems: %zu, worst %.2f)\n", report->baseline_name,
               geomean(&report->over_baseline), report->over_baseline.n, report->over_baseline.worst);
        return;
    }
    struct text vendor = {0};
    bool here = vendor_note(backend, threads, &vendor);
    printf("%s%s\n", text_string(&vendor), here ? " does none of these problems" : "");
    text_free(&vendor);
}

static enum status measure_all(const struct bench *bench, const struct problem_list *problems,
                               struct bench_report *report)
{
    struct progress progress;
    enum status status = STATUS_OK;
    progress_begin(&progress);
    for (size_t i = 0; i < problems->n && status == STATUS_OK; i++) {
        char problem[PROBLEM_TEXT_BYTES];
        if (*bench->stop) status = status_fail(STATUS_INTERRUPTED, "interrupted");
        if (status != STATUS_OK) break;
        problem_print(&problems->items[i].problem, problem);
        progress_show(&progress, (double)i / (double)problems->n, "[%zu/%zu] %s", i + 1, problems->n,
                      problem);
        status = bench_measure(bench, &problems->items[i].problem, &report->results[i]);
        report->n += status == STATUS_OK;
    }
    progress_end(&progress);
    return status;
}

static enum status deliver(const struct settings *settings, const struct bench *bench,
                           struct bench_report *report)
{
    summarize(report);
    if (settings->json)
        TRY(print_json(report));
    else if (report->n)
        print_text(report, bench->finder->place->api->name, bench->threads);
    if (!report->n_missing) return STATUS_OK;
    char problem[PROBLEM_TEXT_BYTES];
    problem_print(&report->first_missing->problem, problem);
    return status_fail(STATUS_NOT_FOUND, "%s: not measured: %s%s", problem, report->first_missing->note,
                       report->n_missing > 1 ? " (and others)" : "");
}

static enum status run(const struct settings *settings, struct finder *finder,
                       const struct problem_list *problems)
{
    struct template_set templates;
    struct bench_report report = {.results = calloc(problems->n, sizeof *report.results)};
    if (!report.results) return status_fail(STATUS_NO_MEMORY, "no memory for %zu results", problems->n);
    enum status status = template_set_load(settings->templates, &templates);
    if (status == STATUS_OK) {
        struct bench bench = {.finder = finder,
                              .templates = &templates,
                              .seed = (uint64_t)settings->seed,
                              .threads = (uint32_t)settings->threads,
                              .total_ms = TOTAL_MS,
                              .stop = stop_flag()};
        stop_watch();
        status = measure_all(&bench, problems, &report);
        if (status == STATUS_OK) {
            status = deliver(settings, &bench, &report);
        } else if (status == STATUS_INTERRUPTED && report.n) {
            char line[1024];
            snprintf(line, sizeof line, "%s", status_message());
            deliver(settings, &bench, &report); /* what was measured counts */
            status_fail(status, "%s", line);
        }
        template_set_free(&templates);
    }
    free(report.results);
    return status;
}

enum status command_bench(const struct settings *settings)
{
    struct problem_list problems;
    struct place place = {0};
    struct finder finder = {0};
    enum status status = problems_gather(settings, &problems);
    if (status == STATUS_OK && !problems.n)
        status =
            status_fail(STATUS_USAGE, "nothing to measure: name a PROBLEM, --model=NAME or --shapes=FILE");
    if (status == STATUS_OK) status = place_open(settings, &place);
    if (status == STATUS_OK) status = finder_open(settings, &place, &finder);
    if (status == STATUS_OK) status = run(settings, &finder, &problems);
    finder_close(&finder);
    place_close(&place);
    problems_free(&problems);
    return status;
}
