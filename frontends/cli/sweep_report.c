#include "frontends/cli/sweep_report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/talk.h"
#include "frontends/cli/vendor_note.h"

void sweep_report_device(struct sweep_report *report, const char *backend, const struct device_info *info)
{
    report->backend = backend;
    report->first = report->n;
    memcpy(report->class_text, info->class_text, sizeof report->class_text);
}

void sweep_report_add(struct sweep_report *report, const struct sweep_result *result)
{
    if (report->n == report->capacity) {
        size_t capacity = report->capacity ? 2 * report->capacity : 16;
        struct sweep_finding *items = realloc(report->items, capacity * sizeof *items);
        if (!items) {
            report->failed = true;
            return;
        }
        report->items = items;
        report->capacity = capacity;
    }
    size_t at = report->n++;
    while (at > report->first && report->items[at - 1].result.index > result->index) {
        report->items[at] = report->items[at - 1];
        at--;
    }
    struct sweep_finding *item = &report->items[at];
    item->result = *result;
    memcpy(item->class_text, report->class_text, sizeof item->class_text);
}

void sweep_report_summary(struct sweep_report *report, const struct sweep_summary *summary)
{
    struct sweep_summary *all = &report->summary;
    all->problems += summary->problems;
    all->tuned += summary->tuned;
    all->trials += summary->trials;
    all->compiled += summary->compiled;
    all->compile_hits += summary->compile_hits;
    all->compile_ns += summary->compile_ns;
    all->trial_ns += summary->trial_ns;
    all->total_ns += summary->total_ns;
    all->busy_ns += summary->busy_ns;
    race_saving_add(&all->racing, &summary->racing);
    all->interrupted |= summary->interrupted;
}

void sweep_report_free(struct sweep_report *report)
{
    free(report->items);
    *report = (struct sweep_report){0};
}

double sweep_gflops(const struct problem *problem, uint64_t ns)
{
    struct op_work work;
    problem->op->work(problem, &work);
    return ns ? work.flops / (double)ns : 0;
}

double sweep_gbps(const struct problem *problem, uint64_t ns)
{
    struct op_work work;
    problem->op->work(problem, &work);
    return ns ? work.bytes / (double)ns : 0;
}

void sweep_report_means(const struct sweep_report *report, struct sweep_means *out)
{
    *out = (struct sweep_means){0};
    double log_default = 0, log_baseline = 0;
    for (size_t i = 0; i < report->n; i++) {
        const struct sweep_result *result = &report->items[i].result;
        double over_default = result->best_against_default.median,
               over_baseline = result->best_against_baseline.median;
        if (!result->has_best) continue;
        if (result->has_default && over_default > 0) {
            log_default += log(over_default);
            out->n_default++;
        }
        if (!result->has_baseline || over_baseline <= 0) continue;
        log_baseline += log(over_baseline);
        if (!out->n_baseline || over_baseline < out->worst_over_baseline)
            out->worst_over_baseline = over_baseline;
        out->n_baseline++;
        out->baseline_name = result->baseline_name;
    }
    if (out->n_default) out->over_default = exp(log_default / (double)out->n_default);
    if (out->n_baseline) out->over_baseline = exp(log_baseline / (double)out->n_baseline);
}

void sweep_report_rates(const struct sweep_summary *summary, struct sweep_rates *out)
{
    *out = (struct sweep_rates){0};
    if (summary->compile_ns)
        out->compiles_per_s = (double)summary->compiled / ((double)summary->compile_ns / 1e9);
    if (!summary->total_ns) return;
    out->measuring_share = (double)summary->trial_ns / (double)summary->total_ns;
    out->busy_share = (double)summary->busy_ns / (double)summary->total_ns;
    out->trials_per_minute = (double)summary->trials / ((double)summary->total_ns / 60e9);
}

/* "31 ok, 3 slow, 1 wrong" */
static void count_verdicts(const struct sweep_result *result, char *out, size_t size)
{
    out[0] = 0;
    for (int v = 0; v < VERDICT_COUNT; v++) {
        size_t used = strlen(out);
        if (result->n_verdicts[v])
            snprintf(out + used, size - used, "%s%llu %s", used ? ", " : "",
                     (unsigned long long)result->n_verdicts[v], verdict_name((enum verdict)v));
    }
    if (!out[0]) snprintf(out, size, "none");
}

void sweep_report_line(const struct sweep_result *result, struct text *out)
{
    char problem[PROBLEM_TEXT_BYTES], time[NUMBER_BYTES], verdicts[256];
    problem_print(&result->problem, problem);
    if (!result->has_best) {
        text_format(out, "%s: %s", problem, *result->note ? result->note : "no winner");
        return;
    }
    count_verdicts(result, verdicts, sizeof verdicts);
    text_format(out, "%s: %s", problem, number_time((double)result->best.timing.median_ns, time));
    if (result->has_default && result->best_against_default.median > 0)
        text_format(out, ", %.2fx the default", result->best_against_default.median);
    if (result->has_baseline && result->best_against_baseline.median > 0)
        text_format(out, ", %.2fx %s", result->best_against_baseline.median, result->baseline_name);
    text_format(out, " (%s)", verdicts);
    if (result->ended_by_itself) text_format(out, "; ended: %s", result->ended);
}

static const char *ratio_text(bool has, const struct trial_ratio *ratio, char *out)
{
    return number_ratio(has ? ratio->median : 0, ratio->q1, ratio->q3, out);
}

static void print_rows(const struct sweep_report *report)
{
    struct sweep_means means;
    char over_baseline[64] = "over vendor library";
    sweep_report_means(report, &means);
    if (means.n_baseline) snprintf(over_baseline, sizeof over_baseline, "over %s", means.baseline_name);
    const char *const headings[] = {"problem",      "time",        "GFLOP/s", "GB/s",
                                    "over default", over_baseline, "trials"};
    struct table table = {.headings = headings, .align = "lrrrlll", .n_columns = 7};
    for (size_t i = 0; i < report->n; i++) {
        const struct sweep_result *result = &report->items[i].result;
        char problem[PROBLEM_TEXT_BYTES], number[NUMBER_BYTES], verdicts[256];
        problem_print(&result->problem, problem);
        count_verdicts(result, verdicts, sizeof verdicts);
        table_add(&table, "%s", problem);
        if (result->has_best) {
            uint64_t ns = result->best.timing.median_ns;
            table_add(&table, "%s", number_time((double)ns, number));
            table_add(&table, "%.3g", sweep_gflops(&result->problem, ns));
            table_add(&table, "%.3g", sweep_gbps(&result->problem, ns));
        } else {
            table_add(&table, "-");
            table_add(&table, "-");
            table_add(&table, "-");
        }
        table_add(&table, "%s",
                  ratio_text(result->has_best && result->has_default, &result->best_against_default, number));
        table_add(
            &table, "%s",
            ratio_text(result->has_best && result->has_baseline, &result->best_against_baseline, number));
        table_add(&table, "%s", verdicts);
    }
    table_print(&table);
}

static void print_dry(const struct sweep_report *report)
{
    static const char *const headings[] = {"problem", "configurations", "raw combinations", "note"};
    struct table table = {.headings = headings, .align = "lrrl", .n_columns = 4};
    for (size_t i = 0; i < report->n; i++) {
        const struct sweep_result *result = &report->items[i].result;
        char problem[PROBLEM_TEXT_BYTES], number[NUMBER_BYTES];
        problem_print(&result->problem, problem);
        table_add(&table, "%s", problem);
        table_add(&table, "%s", number_count(result->space_valid, number));
        table_add(&table, "%s", number_count(result->space_raw, number));
        table_add(&table, "%s", result->note);
    }
    table_print(&table);
}

static void print_means(const struct sweep_report *report)
{
    struct sweep_means means;
    struct text vendor = {0};
    sweep_report_means(report, &means);
    if (means.n_default)
        printf("geomean over the default: %.2f (problems: %zu)\n", means.over_default, means.n_default);
    if (means.n_baseline)
        printf("geomean over %s: %.2f (problems: %zu, worst %.2f)\n", means.baseline_name,
               means.over_baseline, means.n_baseline, means.worst_over_baseline);
    else if (report->backend && vendor_note(report->backend, 0, &vendor))
        printf("%s does none of these problems\n", text_string(&vendor));
    else if (report->backend)
        printf("%s\n", text_string(&vendor));
    text_free(&vendor);
}

static void print_racing(const struct race_saving *racing)
{
    char time[NUMBER_BYTES], samples[NUMBER_BYTES];
    if (!racing->stopped) return;
    printf("%llu trials lost their race and stopped early", (unsigned long long)racing->stopped);
    if (racing->ns)
        printf("; about %s and %s samples saved", number_time((double)racing->ns, time),
               number_count((double)racing->samples, samples));
    printf("\n");
}

static void print_summary(const struct sweep_report *report)
{
    struct sweep_rates rates;
    const struct sweep_summary *summary = &report->summary;
    sweep_report_rates(summary, &rates);
    if (report->n) print_means(report);
    printf("%llu trials in %.1f s: %.0f a minute, %.0f %% of the time measuring; %llu kernels compiled, %.1f "
           "a second, "
           "%llu more from the cache\n",
           (unsigned long long)summary->trials, (double)summary->total_ns / 1e9, rates.trials_per_minute,
           100 * rates.measuring_share, (unsigned long long)summary->compiled, rates.compiles_per_s,
           (unsigned long long)summary->compile_hits);
    if (summary->busy_ns) printf("the device was busy %.0f %% of the time\n", 100 * rates.busy_share);
    print_racing(&summary->racing);
}

static enum status judge(const struct sweep_report *report, bool dry_run)
{
    size_t n_without = 0;
    const struct sweep_result *first = NULL;
    for (size_t i = 0; i < report->n; i++) {
        const struct sweep_result *result = &report->items[i].result;
        if (dry_run ? result->space_valid > 0 : result->has_best) continue;
        if (!n_without++) first = result;
    }
    if (report->failed)
        return status_fail(STATUS_NO_MEMORY, "no memory for the report; the book has everything");
    if (!n_without) return STATUS_OK;
    char problem[PROBLEM_TEXT_BYTES];
    problem_print(&first->problem, problem);
    return status_fail(STATUS_NOT_FOUND, "%s: no kernel: %s%s", problem,
                       *first->note ? first->note : "no trial came out ok",
                       n_without > 1 ? " (and others)" : "");
}

enum status sweep_report_print(const struct sweep_report *report, const struct settings *settings)
{
    if (settings->json)
        TRY(sweep_report_json(report));
    else if (settings->dry_run)
        print_dry(report);
    else if (report->n)
        print_rows(report);
    if (!settings->json && !settings->dry_run) print_summary(report);
    return report->summary.interrupted ? STATUS_OK : judge(report, settings->dry_run);
}
