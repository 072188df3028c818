/* autotune gpubench: tune on a GPU under a stated budget, then measure the winners and the vendor library in
 * turns. Every finished step is kept in the results file, and a later run goes on from there. */
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/gpubench.h"
#include "frontends/cli/books.h"
#include "frontends/cli/command.h"
#include "frontends/cli/stop.h"
#include "frontends/cli/talk.h"
#include "frontends/cli/template_set.h"
#include "templates/gemm/gemm.h"
#include "tuner/base/file.h"
#include "tuner/base/progress.h"
#include "tuner/compile/compiler.h"
#include "tuner/sweep.h"

enum { ROW_MS = 400, PEAK_SIZE = 8192, PATH_BYTES = 4096 };
static const char usual_budget[] = "15m", usual_folder[] = "gpu-bench-out";

struct gpubench {
    const struct settings *settings;
    const char *folder;
    char book[PATH_BYTES];
    struct place place;
    struct gpubench_list problems;
    struct sweep_budget budget; /* of all problems together */
    struct template_set templates;
    struct gpubench_results results;
    struct duel_host *host;
    struct progress progress;
};

static const char *const page_name = "gpu-bench.md";

/* --- the ruler --- */

static enum status measure_peaks(struct gpubench *bench)
{
    const char *target = bench->place.info->device_class.target;
    const struct compiler_api *compiler;
    struct text identity = {0}, code = {0};
    struct peaks peaks;
    if (gpubench_peaks(&bench->results, &peaks)) return STATUS_OK;
    progress_show(&bench->progress, 0, "memory: reading, copying");
    enum status status = compiler_for_target(target, &compiler, &identity);
    if (status == STATUS_OK)
        status = peaks_compile(compiler, text_string(&identity), target, stop_flag(), &code);
    if (status == STATUS_OK) {
        struct peaks_setting setting = {
            .code = code.data, .code_bytes = code.size, .bytes = (uint64_t)bench->settings->peak_bytes};
        status = duel_host_peaks(bench->host, &setting, &peaks);
    }
    if (status == STATUS_OK) status = gpubench_peaks_put(&bench->results, &peaks);
    text_free(&identity);
    text_free(&code);
    return status;
}

/* A large cube of the row's types: what the library reaches there is what arithmetic can give. */
static enum status measure_rate(struct gpubench *bench, const struct problem *like)
{
    const char *type = gpubench_type(like);
    struct duel_result result;
    struct op_work work;
    if (gpubench_rate(&bench->results, type) > 0) return STATUS_OK;
    struct duel_setting setting = {.problem = *like, .total_ms = ROW_MS, .seed = 1};
    int64_t size = bench->settings->peak_size ? bench->settings->peak_size : PEAK_SIZE;
    int64_t *value = setting.problem.value;
    value[GEMM_M] = value[GEMM_N] = value[GEMM_K] = size;
    value[GEMM_BATCH] = 1;
    value[GEMM_ACT] = GEMM_NONE;
    value[GEMM_BIAS] = 0;
    progress_show(&bench->progress, 0, "the library's rate in %s", type);
    TRY(duel_host_run(bench->host, &setting, NULL, &result));
    double ns = (double)result.timing[DUEL_BEST].median_ns;
    if (ns <= 0) {
        talk_note("no roofline for %s: %s", type, result.vendor_note);
        return STATUS_OK;
    }
    setting.problem.op->work(&setting.problem, &work);
    return gpubench_rate_put(&bench->results, type, work.flops / ns);
}

/* --- tuning --- */

static void on_progress(void *context, double fraction, const char *line)
{
    struct gpubench *bench = context;
    progress_show(&bench->progress, fraction, "%s", line);
}

/* Time goes where calls times time can shrink most; shapes count alike here, the small ones too. */
static double weight_of(const struct gpubench *bench, const struct problem *problem)
{
    struct op_work work;
    double ns = gpubench_roofline_ns(&bench->results, problem);
    problem->op->work(problem, &work);
    return 1e6 / (ns > 0 ? ns : work.bytes / 1e3);
}

static enum status run_sweep(struct gpubench *bench, const struct sweep_problem *problems, size_t n,
                             struct sweep_summary *summary)
{
    struct book *book;
    struct sweep_options options = {.budget = bench->budget,
                                    .seed = (uint64_t)bench->settings->seed,
                                    .jobs = (unsigned)bench->settings->jobs,
                                    .backend = bench->place.api->name,
                                    .device = bench->place.index,
                                    .templates = bench->templates.items,
                                    .n_templates = bench->templates.n,
                                    .stop = stop_flag(),
                                    .stop_now = stop_now_flag(),
                                    .progress = on_progress,
                                    .context = bench};
    options.budget.time_ns =
        (uint64_t)((double)options.budget.time_ns * (double)n / (double)bench->problems.n);
    TRY(book_open_writable(bench->book, &book));
    options.book = book;
    enum status status = sweep_run(&options, problems, n, summary);
    char line[1024] = "";
    if (status != STATUS_OK) strncat(line, status_message(), sizeof line - 1);
    enum status closed = book_close(book);
    return status != STATUS_OK ? status_fail(status, "%s", line) : closed;
}

/* The group's problems that have no row yet, side by side, for their share of the budget. */
static enum status tune_group(struct gpubench *bench, const char *group)
{
    struct sweep_summary summary = {0};
    size_t n = 0;
    if (bench->settings->no_tuning || gpubench_tuned(&bench->results, group)) return STATUS_OK;
    struct sweep_problem *problems = calloc(bench->problems.n, sizeof *problems);
    if (!problems) return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", bench->problems.n);
    for (size_t i = 0; i < bench->problems.n; i++) {
        const struct gpubench_problem *item = &bench->problems.items[i];
        if (strcmp(item->group, group) == 0 && !gpubench_row(&bench->results, &item->problem))
            problems[n++] =
                (struct sweep_problem){.problem = item->problem, .calls = weight_of(bench, &item->problem)};
    }
    enum status status = n ? run_sweep(bench, problems, n, &summary) : STATUS_OK;
    free(problems);
    TRY(status);
    return gpubench_tuned_put(&bench->results, group, (double)summary.total_ns / 1e9, summary.trials);
}

/* --- rows --- */

/* The kernel that a program would get. STATUS_NOT_FOUND: the library runs alone. */
static enum status find_kernel(struct finder *finder, const struct problem *problem, tb_explanation *answer,
                               struct found_entry *entry, struct value *code)
{
    TRY(finder_ask(finder, problem, answer));
    TRY(finder_entry(finder, answer, entry));
    return book_get_code(entry->book, &entry->descriptor.code, code);
}

static enum status measure_row(struct gpubench *bench, struct finder *finder,
                               const struct gpubench_problem *item)
{
    struct duel_setting setting = {
        .problem = item->problem, .seed = (uint64_t)bench->settings->seed + 1, .total_ms = ROW_MS};
    struct found_entry entry = {0};
    struct value code = {0};
    tb_explanation answer;
    struct duel_result result;
    char why[256] = "";
    if (bench->settings->measure_ms) setting.total_ms = (uint32_t)bench->settings->measure_ms;
    enum status found = find_kernel(finder, &item->problem, &answer, &entry, &code);
    if (found != STATUS_OK) strncat(why, status_message(), sizeof why - 1);
    struct trial_candidate kernel = {&entry.descriptor, code.bytes, code.size};
    enum status status = STATUS_OK;
    if (found == STATUS_OK || found == STATUS_NOT_FOUND)
        status = duel_host_run(bench->host, &setting, found == STATUS_OK ? &kernel : NULL, &result);
    else
        status = status_fail(found, "%s", why);
    if (status == STATUS_BAD_DATA) { /* the child's end is this row's */
        result = (struct duel_result){.difference = -1};
        snprintf(result.note, sizeof result.note, "%.255s", status_message());
        status = STATUS_OK;
    }
    if (status == STATUS_OK && found != STATUS_OK) memcpy(result.note, why, sizeof result.note);
    if (status == STATUS_OK)
        status = gpubench_row_put(&bench->results, item, found == STATUS_OK ? &answer : NULL, &result);
    if (status == STATUS_OK) status = gpubench_results_save(&bench->results);
    value_free(&code);
    found_entry_free(&entry);
    return status;
}

static enum status measure_rows(struct gpubench *bench, const char *group, struct finder *finder)
{
    for (size_t i = 0; i < bench->problems.n; i++) {
        const struct gpubench_problem *item = &bench->problems.items[i];
        char problem[PROBLEM_TEXT_BYTES];
        if (strcmp(item->group, group) != 0) continue;
        if (!bench->settings->fresh && gpubench_row(&bench->results, &item->problem)) continue;
        if (*stop_flag()) return status_fail(STATUS_INTERRUPTED, "interrupted");
        problem_print(&item->problem, problem);
        progress_show(&bench->progress, (double)i / (double)bench->problems.n, "[%zu/%zu] %s", i + 1,
                      bench->problems.n, problem);
        TRY(measure_rate(bench, &item->problem));
        TRY(measure_row(bench, finder, item));
    }
    return STATUS_OK;
}

static enum status compare_group(struct gpubench *bench, const char *group)
{
    struct settings settings = *bench->settings;
    struct finder finder = {0};
    settings.book = bench->book;
    enum status status = finder_open(&settings, &bench->place, &finder);
    if (status == STATUS_OK) status = measure_rows(bench, group, &finder);
    finder_close(&finder);
    return status;
}

/* --- the whole --- */

static bool is_first_of_group(const struct gpubench *bench, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(bench->problems.items[j].group, bench->problems.items[i].group) == 0) return false;
    return true;
}

static enum status run_groups(struct gpubench *bench)
{
    TRY(measure_peaks(bench));
    for (size_t i = 0; i < bench->problems.n; i++)
        if (is_first_of_group(bench, i)) {
            TRY(measure_rate(bench, &bench->problems.items[i].problem));
            TRY(tune_group(bench, bench->problems.items[i].group));
            TRY(compare_group(bench, bench->problems.items[i].group));
        }
    return STATUS_OK;
}

static enum status prepare(struct gpubench *bench)
{
    const struct settings *settings = bench->settings;
    const char *budget = settings->budget ? settings->budget : usual_budget;
    bench->folder = settings->output ? settings->output : usual_folder;
    TRY(status_prefix(sweep_budget_parse(budget, &bench->budget), "--budget=%s", budget));
    TRY(gpubench_problems(settings, &bench->problems));
    TRY(template_set_load(settings->templates, &bench->templates));
    TRY(place_open(settings, &bench->place));
    if (!bench->place.api->graph_begin)
        return status_fail(STATUS_UNAVAILABLE, "gpubench: needs a GPU; here is %s (%s)",
                           bench->place.info->name, bench->place.api->name);
    TRY(gpubench_results_open(bench->folder, &bench->place, &bench->results));
    if (settings->book)
        snprintf(bench->book, sizeof bench->book, "%s", settings->book);
    else
        snprintf(bench->book, sizeof bench->book, "%s/gpu.book", bench->folder);
    return duel_host_create(bench->place.api->name, bench->place.index, stop_flag(), &bench->host);
}

static enum status deliver(struct gpubench *bench)
{
    char path[PATH_BYTES + 32];
    snprintf(path, sizeof path, "%s/%s", bench->folder, page_name);
    TRY(gpubench_results_save(&bench->results));
    TRY(gpubench_page(&bench->results, path));
    if (bench->settings->json) return json_deliver(cJSON_Duplicate(bench->results.root, true));
    gpubench_print(&bench->results);
    return STATUS_OK;
}

enum status command_gpubench(const struct settings *settings)
{
    struct gpubench bench = {.settings = settings};
    enum status status = prepare(&bench);
    if (status == STATUS_OK) {
        char line[1024] = "";
        stop_watch();
        progress_begin(&bench.progress);
        status = run_groups(&bench);
        if (status != STATUS_OK) strncat(line, status_message(), sizeof line - 1);
        progress_end(&bench.progress);
        enum status delivered = deliver(&bench); /* what is finished counts */
        status = status != STATUS_OK ? status_fail(status, "%s", line) : delivered;
    }
    duel_host_free(bench.host);
    gpubench_results_close(&bench.results);
    place_close(&bench.place);
    template_set_free(&bench.templates);
    gpubench_list_free(&bench.problems);
    return status;
}
