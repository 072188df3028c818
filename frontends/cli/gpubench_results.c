/* The results file of `autotune gpubench`. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include "frontends/cli/gpubench.h"
#include "frontends/cli/talk.h"
#include "templates/gemm/gemm.h"
#include "tuner/base/file.h"
#include "tuner/base/json.h"
#include "tuner/vendor/vendor.h"

enum { LIMIT_BYTES = 64 << 20, SKINNY_M = 16 };

/* --- the file --- */

static void set(cJSON *object, const char *name, cJSON *value)
{
    cJSON_DeleteItemFromObject(object, name);
    cJSON_AddItemToObject(object, name, value);
}

/* The value of one of the backend's "name=value" lines; "" without one. */
static void take_line(const char *lines, const char *name, char out[64])
{
    size_t length = strlen(name);
    out[0] = 0;
    for (const char *line = lines; *line; line += strcspn(line, "\n"), line += *line == '\n')
        if (strncmp(line, name, length) == 0 && line[length] == '=')
            snprintf(out, 64, "%.*s", (int)strcspn(line + length + 1, "\n"), line + length + 1);
}

static void add_driver(cJSON *root, const struct place *place)
{
    char lines[2048] = "", driver[64], api[64], text[160];
    if (place->api->environment && place->api->environment(place->device, lines, sizeof lines) != STATUS_OK)
        lines[0] = 0;
    take_line(lines, "nvidia_driver", driver);
    take_line(lines, "cuda_driver", api);
    snprintf(text, sizeof text, "%s%s%s", driver, *driver ? ", CUDA " : "CUDA ", *api ? api : "unknown");
    cJSON_AddStringToObject(root, "driver", text);
}

static cJSON *make_head(const struct place *place)
{
    char vendor[VENDOR_NAME_BYTES] = "";
    const struct vendor_api *library = vendor_find(place->api->name);
    if (!library || library->open(0, vendor, sizeof vendor) != STATUS_OK) vendor[0] = 0;
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "gpu", place->info->name);
    cJSON_AddStringToObject(root, "class", place->info->class_text);
    add_driver(root, place);
    cJSON_AddStringToObject(root, "vendor", vendor);
    cJSON_AddStringToObject(root, "tunebook", TUNEBOOK_VERSION);
    return root;
}

/* How this program was called, for those who want to do it again. */
static void add_command(cJSON *root)
{
    char line[1024] = "";
    size_t used = 0;
    FILE *file = fopen("/proc/self/cmdline", "re");
    for (int c; file && (c = fgetc(file)) != EOF && used + 1 < sizeof line;) line[used++] = c ? (char)c : ' ';
    if (file) fclose(file);
    const char *program = strstr(line, "autotune ");
    while (used && line[used - 1] == ' ') line[--used] = 0;
    set(root, "command", cJSON_CreateString(program ? program : line));
}

/* Rows are comparable where all of these are the same. */
static enum status check_head(const char *path, const cJSON *old, const cJSON *new)
{
    static const char *const members[] = {"gpu", "class", "driver", "vendor", "tunebook"};
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        const char *was = cJSON_GetStringValue(cJSON_GetObjectItem(old, members[i]));
        const char *is = cJSON_GetStringValue(cJSON_GetObjectItem(new, members[i]));
        if (was && is && strcmp(was, is) == 0) continue;
        return status_fail(STATUS_USAGE, "%s: its %s is '%s', here it is '%s'; name another folder with -o",
                           path, members[i], was ? was : "", is ? is : "");
    }
    return STATUS_OK;
}

static enum status read_results(const char *path, cJSON **out)
{
    struct text bytes = {0};
    struct json_source source = {path};
    *out = NULL;
    enum status status = file_read(path, LIMIT_BYTES, &bytes);
    if (status == STATUS_OK) status = json_parse(&source, bytes.data, bytes.size, out);
    text_free(&bytes);
    return status == STATUS_NOT_FOUND ? STATUS_OK : status;
}

enum status gpubench_results_open(const char *folder, const struct place *place, struct gpubench_results *out)
{
    cJSON *old = NULL, *head = NULL;
    *out = (struct gpubench_results){0};
    TRY(file_make_folders(folder));
    snprintf(out->path, sizeof out->path, "%s/gpu-bench.json", folder);
    TRY(read_results(out->path, &old));
    head = make_head(place);
    enum status status = old ? check_head(out->path, old, head) : STATUS_OK;
    if (old && status == STATUS_OK) {
        out->root = old;
        cJSON_Delete(head);
    } else {
        out->root = head;
        cJSON_Delete(old);
    }
    add_command(out->root);
    static const char *const arrays[] = {"tuned", "rates", "rows"};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        if (!cJSON_IsArray(cJSON_GetObjectItem(out->root, arrays[i])))
            cJSON_AddArrayToObject(out->root, arrays[i]);
    return status;
}

void gpubench_results_close(struct gpubench_results *results)
{
    cJSON_Delete(results->root);
    results->root = NULL;
}

static const cJSON *list(const struct gpubench_results *results, const char *name)
{
    return cJSON_GetObjectItem(results->root, name);
}

static double number(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItem(object, name);
    return cJSON_IsNumber(item) ? item->valuedouble : 0;
}

static const char *word(const cJSON *object, const char *name)
{
    const char *text = cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
    return text ? text : "";
}

/* Over the rows whose ratio is known, fp8 apart: they are held to numbers of their own. */
static double geomean(const struct gpubench_results *results, const char *ratio)
{
    double sum = 0;
    size_t n = 0;
    const cJSON *row;
    cJSON_ArrayForEach (row, list(results, "rows")) {
        double median = number(cJSON_GetObjectItem(row, ratio), "median");
        if (median <= 0 || strcmp(word(row, "group"), "fp8") == 0) continue;
        sum += log(median);
        n++;
    }
    return n ? exp(sum / (double)n) : 0;
}

enum status gpubench_results_save(struct gpubench_results *results)
{
    char date[32];
    time_t now = time(NULL);
    struct tm utc;
    struct text text = {0};
    strftime(date, sizeof date, "%Y-%m-%d", gmtime_r(&now, &utc));
    set(results->root, "date", cJSON_CreateString(date));
    set(results->root, "geomean_first", cJSON_CreateNumber(geomean(results, "over_first")));
    set(results->root, "geomean_best8", cJSON_CreateNumber(geomean(results, "over_best8")));
    json_print(results->root, true, &text);
    enum status status = text_status(&text);
    if (status == STATUS_OK) status = file_publish(results->path, text.data, text.size, 0666);
    text_free(&text);
    return status;
}

/* --- rows --- */

static void problem_name(const struct problem *problem, char out[PROBLEM_TEXT_BYTES])
{
    problem_print(problem, out);
}

const cJSON *gpubench_row(const struct gpubench_results *results, const struct problem *problem)
{
    char name[PROBLEM_TEXT_BYTES];
    const cJSON *row;
    problem_name(problem, name);
    cJSON_ArrayForEach (row, list(results, "rows"))
        if (strcmp(word(row, "problem"), name) == 0) return row;
    return NULL;
}

static void add_ratio(cJSON *row, const char *name, const struct trial_ratio *ratio)
{
    if (ratio->median <= 0) return;
    cJSON *object = cJSON_AddObjectToObject(row, name);
    cJSON_AddNumberToObject(object, "median", ratio->median);
    cJSON_AddNumberToObject(object, "q1", ratio->q1);
    cJSON_AddNumberToObject(object, "q3", ratio->q3);
}

static void add_ours(cJSON *row, const struct gpubench_results *results, const struct problem *problem,
                     double ns)
{
    struct op_work work;
    problem->op->work(problem, &work);
    double roofline = gpubench_roofline_ns(results, problem), skinny = gpubench_skinny_ns(results, problem);
    cJSON_AddNumberToObject(row, "tflops", work.flops / ns / 1e3);
    cJSON_AddNumberToObject(row, "gbps", work.bytes / ns);
    if (roofline > 0) cJSON_AddNumberToObject(row, "roofline_share", roofline / ns);
    if (skinny <= 0) return;
    cJSON_AddNumberToObject(row, "skinny_limit_ns", skinny);
    cJSON_AddBoolToObject(row, "skinny_ok", ns <= skinny);
}

enum status gpubench_row_put(struct gpubench_results *results, const struct gpubench_problem *item,
                             const tb_explanation *answer, const struct duel_result *result)
{
    static const char *const times[] = {"ours_ns", "first_ns", "best8_ns"};
    char name[PROBLEM_TEXT_BYTES];
    cJSON *row = cJSON_CreateObject(), *rows = cJSON_GetObjectItem(results->root, "rows");
    const cJSON *old = gpubench_row(results, &item->problem);
    if (!row) return status_fail(STATUS_NO_MEMORY, "no memory for a row");
    problem_name(&item->problem, name);
    cJSON_AddStringToObject(row, "problem", name);
    cJSON_AddStringToObject(row, "group", item->group);
    json_add_text(row, "layer", item->layer);
    for (int side = 0; side < DUEL_SIDES; side++)
        json_add_ns(row, times[side], result->timing[side].median_ns);
    add_ratio(row, "over_first", &result->over_first);
    add_ratio(row, "over_best8", &result->over_best);
    double ns = (double)result->timing[DUEL_OURS].median_ns;
    if (ns > 0) add_ours(row, results, &item->problem, ns);
    if (answer) {
        cJSON_AddStringToObject(row, "template", answer->template_name);
        cJSON_AddStringToObject(row, "configuration", answer->configuration);
        cJSON_AddStringToObject(row, "match", match_text(answer->match));
    }
    json_add_text(row, "library", result->vendor);
    cJSON_AddNumberToObject(row, "proposals", result->ways);
    cJSON_AddNumberToObject(row, "best_proposal", result->best_way);
    cJSON_AddNumberToObject(row, "samples", result->timing[DUEL_FIRST].samples);
    cJSON_AddNumberToObject(row, "weight_copies", result->copies);
    cJSON_AddNumberToObject(row, "difference", result->difference);
    json_add_text(row, "note", *result->note ? result->note : result->vendor_note);
    if (old)
        cJSON_ReplaceItemViaPointer(rows, (cJSON *)(uintptr_t)old, row);
    else
        cJSON_AddItemToArray(rows, row);
    return STATUS_OK;
}

/* --- tuned, peaks, rates --- */

bool gpubench_tuned(const struct gpubench_results *results, const char *group)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, list(results, "tuned"))
        if (strcmp(word(item, "group"), group) == 0) return true;
    return false;
}

enum status gpubench_tuned_put(struct gpubench_results *results, const char *group, double seconds,
                               uint64_t trials)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "group", group);
    cJSON_AddNumberToObject(item, "seconds", seconds);
    cJSON_AddNumberToObject(item, "trials", (double)trials);
    cJSON_AddItemToArray(cJSON_GetObjectItem(results->root, "tuned"), item);
    return gpubench_results_save(results);
}

bool gpubench_peaks(const struct gpubench_results *results, struct peaks *out)
{
    const cJSON *peaks = list(results, "peaks");
    *out = (struct peaks){number(peaks, "read_gbps"), number(peaks, "copy_gbps"), number(peaks, "empty_ns")};
    return out->read_gbps > 0;
}

enum status gpubench_peaks_put(struct gpubench_results *results, const struct peaks *peaks)
{
    cJSON *object = cJSON_CreateObject();
    cJSON_AddNumberToObject(object, "read_gbps", peaks->read_gbps);
    cJSON_AddNumberToObject(object, "copy_gbps", peaks->copy_gbps);
    cJSON_AddNumberToObject(object, "empty_ns", peaks->empty_ns);
    set(results->root, "peaks", object);
    return gpubench_results_save(results);
}

double gpubench_rate(const struct gpubench_results *results, const char *type)
{
    const cJSON *item;
    cJSON_ArrayForEach (item, list(results, "rates"))
        if (strcmp(word(item, "type"), type) == 0) return number(item, "gflops");
    return 0;
}

enum status gpubench_rate_put(struct gpubench_results *results, const char *type, double gflops)
{
    cJSON *item = cJSON_CreateObject();
    cJSON_AddStringToObject(item, "type", type);
    cJSON_AddNumberToObject(item, "gflops", gflops);
    cJSON_AddItemToArray(cJSON_GetObjectItem(results->root, "rates"), item);
    return gpubench_results_save(results);
}

/* --- the ruler --- */

const char *gpubench_type(const struct problem *problem)
{
    return dtype_name((enum dtype)problem->value[GEMM_A_TYPE]);
}

double gpubench_roofline_ns(const struct gpubench_results *results, const struct problem *problem)
{
    struct op_work work;
    struct peaks peaks;
    double gflops = gpubench_rate(results, gpubench_type(problem));
    if (!gpubench_peaks(results, &peaks) || gflops <= 0) return 0;
    problem->op->work(problem, &work);
    return fmax(work.flops / gflops, work.bytes / peaks.copy_gbps);
}

double gpubench_skinny_ns(const struct gpubench_results *results, const struct problem *problem)
{
    struct op_work work;
    struct peaks peaks;
    if (problem->value[GEMM_M] > SKINNY_M || !gpubench_peaks(results, &peaks)) return 0;
    problem->op->work(problem, &work);
    return work.bytes / (0.85 * peaks.read_gbps) + peaks.empty_ns;
}
