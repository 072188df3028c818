/* The results of `autotune gpubench` for people: a table, and a page. */
#include <math.h>
#include <stdio.h>
#include <string.h>
#include "frontends/cli/gpubench.h"
#include "frontends/cli/talk.h"
#include "tuner/base/file.h"
#include "tuner/base/text.h"

enum { COLUMNS = 11, CELL_BYTES = 96 };

static const char *const headings[COLUMNS] = {"problem",    "ours us",    "first us", "best8 us",
                                              "over first", "over best8", "TFLOP/s",  "GB/s",
                                              "roofline",   "m<=16",      "kernel"};
static const char align[COLUMNS + 1] = "lrrrllrrrll";

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

static void cell_number(const char *format, double value, char out[CELL_BYTES])
{
    if (value > 0)
        snprintf(out, CELL_BYTES, format, value);
    else
        snprintf(out, CELL_BYTES, "-");
}

static void cell_ratio(const cJSON *row, const char *name, char out[CELL_BYTES])
{
    const cJSON *ratio = cJSON_GetObjectItem(row, name);
    char text[NUMBER_BYTES];
    number_ratio(number(ratio, "median"), number(ratio, "q1"), number(ratio, "q3"), text);
    snprintf(out, CELL_BYTES, "%s", text);
}

/* Time over what is allowed, and whether it is. */
static void cell_skinny(const cJSON *row, char out[CELL_BYTES])
{
    double limit = number(row, "skinny_limit_ns"), ours = number(row, "ours_ns");
    out[0] = 0;
    if (limit > 0 && ours > 0)
        snprintf(out, CELL_BYTES, "%s %.2f",
                 cJSON_IsTrue(cJSON_GetObjectItem(row, "skinny_ok")) ? "ok" : "over", ours / limit);
}

static void cells_of(const cJSON *row, char out[COLUMNS][CELL_BYTES])
{
    const char *problem = word(row, "problem"), *note = word(row, "note");
    snprintf(out[0], CELL_BYTES, "%.90s", problem);
    cell_number("%.2f", number(row, "ours_ns") / 1e3, out[1]);
    cell_number("%.2f", number(row, "first_ns") / 1e3, out[2]);
    cell_number("%.2f", number(row, "best8_ns") / 1e3, out[3]);
    cell_ratio(row, "over_first", out[4]);
    cell_ratio(row, "over_best8", out[5]);
    cell_number("%.4g", number(row, "tflops"), out[6]);
    cell_number("%.4g", number(row, "gbps"), out[7]);
    cell_number("%.1f %%", 100 * number(row, "roofline_share"), out[8]);
    cell_skinny(row, out[9]);
    snprintf(out[10], CELL_BYTES, "%.90s", *note ? note : word(row, "template"));
}

/* --- geomeans of parts --- */

struct part {
    const char *name;
    bool (*has)(const cJSON *row);
};

static int64_t rows_of_problem(const cJSON *row)
{
    const char *m = strstr(word(row, "problem"), " m=");
    long long value = 0;
    if (m) sscanf(m, " m=%lld", &value);
    return value;
}

static bool is_fp8(const cJSON *row)
{
    return strcmp(word(row, "group"), "fp8") == 0;
}
static bool is_any(const cJSON *row)
{
    return !is_fp8(row);
}
static bool is_skinny(const cJSON *row)
{
    return is_any(row) && rows_of_problem(row) <= 16;
}
static bool is_middle(const cJSON *row)
{
    return is_any(row) && rows_of_problem(row) > 16 && rows_of_problem(row) < 1024;
}
static bool is_large(const cJSON *row)
{
    return is_any(row) && rows_of_problem(row) >= 1024;
}

static const struct part parts[] = {{"all but fp8", is_any},
                                    {"m <= 16", is_skinny},
                                    {"16 < m < 1024", is_middle},
                                    {"m >= 1024", is_large},
                                    {"fp8", is_fp8}};
enum { PARTS = sizeof parts / sizeof *parts };

struct mean {
    double geomean, worst;
    size_t n;
};

static struct mean mean_of(const cJSON *rows, const struct part *part, const char *ratio)
{
    struct mean mean = {0};
    double sum = 0;
    const cJSON *row;
    cJSON_ArrayForEach (row, rows) {
        double median = number(cJSON_GetObjectItem(row, ratio), "median");
        if (median <= 0 || !part->has(row)) continue;
        if (!mean.n++ || median < mean.worst) mean.worst = median;
        sum += log(median);
    }
    if (mean.n) mean.geomean = exp(sum / (double)mean.n);
    return mean;
}

static void skinny_count(const cJSON *rows, size_t *ok, size_t *n)
{
    const cJSON *row;
    *ok = *n = 0;
    cJSON_ArrayForEach (row, rows) {
        if (number(row, "skinny_limit_ns") <= 0) continue;
        ++*n;
        *ok += cJSON_IsTrue(cJSON_GetObjectItem(row, "skinny_ok"));
    }
}

/* --- table --- */

void gpubench_print(const struct gpubench_results *results)
{
    const cJSON *rows = cJSON_GetObjectItem(results->root, "rows"), *row;
    struct table table = {.headings = headings, .align = align, .n_columns = COLUMNS};
    char cells[COLUMNS][CELL_BYTES];
    cJSON_ArrayForEach (row, rows) {
        cells_of(row, cells);
        for (int i = 0; i < COLUMNS; i++) table_add(&table, "%s", cells[i]);
    }
    table_print(&table);
    printf("%s, driver %s, %s\n", word(results->root, "gpu"), word(results->root, "driver"),
           word(results->root, "vendor"));
    for (int i = 0; i < PARTS; i++) {
        struct mean first = mean_of(rows, &parts[i], "over_first"),
                    best = mean_of(rows, &parts[i], "over_best8");
        if (first.n)
            printf(
                "geomean, %s: %.3f over its first proposal (worst %.2f), %.3f over the best of eight (worst "
                "%.2f), %zu problems\n",
                parts[i].name, first.geomean, first.worst, best.geomean, best.worst, first.n);
    }
    size_t ok, n;
    skinny_count(rows, &ok, &n);
    if (n) printf("m <= 16: %zu of %zu within their limit\n", ok, n);
    printf("%s\n", results->path);
}

/* --- page --- */

static void add_means(const cJSON *rows, struct text *out)
{
    text_append(out,
                "| problems | rows | over its first proposal | worst | over the best of eight | worst |\n"
                "|---|---:|---:|---:|---:|---:|\n");
    for (int i = 0; i < PARTS; i++) {
        struct mean first = mean_of(rows, &parts[i], "over_first"),
                    best = mean_of(rows, &parts[i], "over_best8");
        if (first.n)
            text_format(out, "| %s | %zu | %.3f | %.2f | %.3f | %.2f |\n", parts[i].name, first.n,
                        first.geomean, first.worst, best.geomean, best.worst);
    }
}

static void add_rows(const cJSON *rows, struct text *out)
{
    char cells[COLUMNS][CELL_BYTES];
    const cJSON *row;
    for (int i = 0; i < COLUMNS; i++) text_format(out, "| %s ", headings[i]);
    text_append(out, "|\n");
    for (int i = 0; i < COLUMNS; i++) text_append(out, align[i] == 'r' ? "|---:" : "|---");
    text_append(out, "|\n");
    cJSON_ArrayForEach (row, rows) {
        cells_of(row, cells);
        for (int i = 0; i < COLUMNS; i++) text_format(out, "| %s ", cells[i]);
        text_append(out, "|\n");
    }
}

static void add_ruler(const cJSON *root, struct text *out)
{
    const cJSON *peaks = cJSON_GetObjectItem(root, "peaks"), *rate;
    text_format(out, "Measured there: reading %.0f GB/s, copying %.0f GB/s, a launch of nothing %.2f us",
                number(peaks, "read_gbps"), number(peaks, "copy_gbps"), number(peaks, "empty_ns") / 1e3);
    cJSON_ArrayForEach (rate, cJSON_GetObjectItem(root, "rates"))
        text_format(out, ", the library's best product of %s %.0f TFLOP/s", word(rate, "type"),
                    number(rate, "gflops") / 1e3);
    text_append(out, ".\n");
}

static void add_tuning(const cJSON *root, struct text *out)
{
    const cJSON *item;
    double seconds = 0, trials = 0;
    cJSON_ArrayForEach (item, cJSON_GetObjectItem(root, "tuned")) {
        seconds += number(item, "seconds");
        trials += number(item, "trials");
    }
    text_format(out, "Tuning took %.0f s and %.0f trials for all rows together.\n", seconds, trials);
}

enum status gpubench_page(const struct gpubench_results *results, const char *path)
{
    const cJSON *root = results->root, *rows = cJSON_GetObjectItem(root, "rows");
    struct text page = {0};
    text_format(&page, "# Matrix products on %s\n\n", word(root, "gpu"));
    text_format(&page, "Driver %s; %s; %s; Tunebook %s. Made by `%s`.\n", word(root, "driver"),
                word(root, "vendor"), word(root, "date"), word(root, "tunebook"), word(root, "command"));
    add_tuning(root, &page);
    add_ruler(root, &page);
    text_append(&page,
                "docs/gpu-bench.md says how these numbers come about. A ratio is the library's time over "
                "ours: above 1 ours is faster.\n\n");
    add_means(rows, &page);
    text_append(&page, "\n");
    add_rows(rows, &page);
    enum status status = text_status(&page);
    if (status == STATUS_OK) status = file_publish(path, page.data, page.size, 0666);
    text_free(&page);
    return status;
}
