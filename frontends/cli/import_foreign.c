/* autotune import --format: other tools' files as shapes to tune and as times to compare with. */
#include "frontends/cli/import_foreign.h"

#include <stdlib.h>
#include <string.h>
#include "frontends/cli/foreign_list.h"
#include "frontends/cli/lint_report.h"
#include "tuner/base/file.h"

enum { FILE_BYTES_MAX = 256 << 20 };

struct import {
    const struct settings *settings;
    const char *path;
    char class_text[CLASS_TEXT_BYTES]; /* --class; "": not said */
    struct physics physics;            /* of --class */
    struct foreign_list list;
    struct lint_report report;
    size_t n_rows, n_impossible;
    /* of the row in hand */
    const struct foreign_row *row;
    bool impossible;
    enum status status;
};

/* --- reading --- */

static bool on_finding(void *context, const struct lint_finding *finding)
{
    struct import *import = context;
    char where[512];
    if (import->row->line)
        snprintf(where, sizeof where, "%.400s:%zu", import->path, import->row->line);
    else
        snprintf(where, sizeof where, "%.250s: %.200s", import->path, import->row->by);
    import->impossible |= finding->level == LINT_ERROR;
    lint_report_add(&import->report, where, finding);
    return true;
}

static bool on_row(void *context, const struct foreign_row *row)
{
    struct import *import = context;
    struct physics physics;
    const struct physics *known = NULL;
    import->row = row;
    import->impossible = false;
    import->n_rows++;
    if (*import->class_text)
        known = &import->physics;
    else if (physics_of_target(row->target, row->units, &physics))
        known = &physics;
    foreign_lint(row, known, on_finding, import);
    import->n_impossible += import->impossible;
    if (row->problem.op) import->status = foreign_list_add(&import->list, row, !import->impossible);
    return import->status == STATUS_OK;
}

static enum status fail_format(const char *name)
{
    struct text names = {0};
    size_t n;
    const struct foreign_format *formats = foreign_formats(&n);
    for (size_t i = 0; i < n; i++) text_format(&names, "%s%s", i ? ", " : "", formats[i].name);
    enum status status =
        status_fail(STATUS_USAGE, "--format=%s: unknown format; known: %s", name, text_string(&names));
    text_free(&names);
    return status;
}

static enum status choose_class(struct import *import)
{
    const char *name = import->settings->device_class;
    const struct device_class *known = name ? class_find(name) : NULL;
    if (!name) return STATUS_OK;
    if (!physics_of_name(name, &import->physics))
        return status_fail(STATUS_USAGE, "--class=%s: unknown; a nickname as mi300x, or target:units:GB/s",
                           name);
    if (known)
        class_format(known, import->class_text);
    else
        snprintf(import->class_text, sizeof import->class_text, "%s", name);
    return STATUS_OK;
}

static enum status read_file(struct import *import, const struct foreign_format *format, const char *bytes,
                             size_t size)
{
    const struct settings *settings = import->settings;
    struct problem problem;
    struct foreign_source source = {.name = import->path, .bytes = bytes, .size = size};
    if (settings->dtypes.n > 1)
        return status_fail(STATUS_USAGE, "--dtype: given %zu times; a file takes one type",
                           settings->dtypes.n);
    if (settings->dtypes.n) source.type = settings->dtypes.items[0];
    if (settings->problem) {
        TRY(problem_parse(settings->problem, &problem));
        source.problem = &problem;
    }
    TRY(format->read(&source, on_row, import));
    return import->status;
}

/* --- what is written --- */

static void part_text(const struct import *import, const struct foreign_item *item,
                      char out[CLASS_TEXT_BYTES])
{
    if (*import->class_text)
        snprintf(out, CLASS_TEXT_BYTES, "%s", import->class_text);
    else if (item->units)
        snprintf(out, CLASS_TEXT_BYTES, "%s:%u", *item->target ? item->target : "?", item->units);
    else
        snprintf(out, CLASS_TEXT_BYTES, "%s", *item->target ? item->target : "-");
}

/* A file for --shapes; what the other tool took stands behind each, for whoever reads it. A problem that was
 * measured on several parts is one. */
static enum status write_shapes(const struct import *import)
{
    struct text out = {0};
    size_t n = 0;
    text_format(&out, "# from %s, for --shapes; times are the other tool's\n", import->path);
    for (size_t i = 0; i < import->list.n; i++) {
        const struct foreign_item *item = &import->list.items[i];
        char problem[PROBLEM_TEXT_BYTES], last[PROBLEM_TEXT_BYTES] = "", time[NUMBER_BYTES],
                                          part[CLASS_TEXT_BYTES];
        problem_print(&item->problem, problem);
        if (i) problem_print(&import->list.items[i - 1].problem, last);
        if (strcmp(problem, last) == 0) continue;
        n++;
        part_text(import, item, part);
        text_append(&out, problem);
        if (item->calls > 1 && item->ns <= 0) text_format(&out, " calls=%.0f", item->calls);
        if (item->ns > 0)
            text_format(&out, "  # %s on %s, line %zu", number_time(item->ns, time), part, item->line);
        text_append(&out, "\n");
    }
    enum status status = text_status(&out);
    if (status == STATUS_OK) status = file_publish(import->settings->output, out.data, out.size, 0666);
    if (status == STATUS_OK) talk_note("%s: %zu problems", import->settings->output, n);
    text_free(&out);
    return status;
}

static void print_table(const struct import *import)
{
    static const char *const headings[] = {"problem", "on", "theirs", "ours", "ours/theirs", "by"};
    struct table table = {.headings = headings, .align = "llrrrl", .n_columns = 6};
    for (size_t i = 0; i < import->list.n; i++) {
        const struct foreign_item *item = &import->list.items[i];
        char problem[PROBLEM_TEXT_BYTES], time[NUMBER_BYTES], part[CLASS_TEXT_BYTES];
        problem_print(&item->problem, problem);
        part_text(import, item, part);
        table_add(&table, "%s", problem);
        table_add(&table, "%s", part);
        table_add(&table, "%s", number_time(item->ns, time));
        table_add(&table, "%s", number_time((double)item->ours_ns, time));
        if (item->ours_ns && item->ns > 0)
            table_add(&table, "%.2f", (double)item->ours_ns / item->ns);
        else
            table_add(&table, "-");
        table_add(&table, "%.60s", *item->by ? item->by : "-");
    }
    if (import->list.n) table_print(&table);
}

static cJSON *item_json(const struct import *import, const struct foreign_item *item)
{
    char problem[PROBLEM_TEXT_BYTES], part[CLASS_TEXT_BYTES];
    cJSON *object = cJSON_CreateObject();
    problem_print(&item->problem, problem);
    part_text(import, item, part);
    cJSON_AddStringToObject(object, "problem", problem);
    cJSON_AddStringToObject(object, "on", part);
    cJSON_AddNumberToObject(object, "rows", item->calls);
    cJSON_AddNumberToObject(object, "line", (double)item->line);
    cJSON_AddItemToObject(object, "ns", item->ns > 0 ? cJSON_CreateNumber(item->ns) : cJSON_CreateNull());
    json_add_text(object, "by", item->by);
    json_add_ns(object, "ours_ns", item->ours_ns);
    return object;
}

static enum status print_json(struct import *import)
{
    cJSON *root = cJSON_CreateObject();
    cJSON_AddStringToObject(root, "file", import->path);
    cJSON_AddStringToObject(root, "format", import->settings->format);
    cJSON_AddNumberToObject(root, "rows", (double)import->n_rows);
    cJSON *list = cJSON_AddArrayToObject(root, "references");
    for (size_t i = 0; i < import->list.n; i++)
        cJSON_AddItemToArray(list, item_json(import, &import->list.items[i]));
    lint_report_json(&import->report, root);
    return json_deliver(root);
}

/* --- the command --- */

/* Our times, where there is a book. One that is named must be there. */
static enum status compare(struct import *import)
{
    struct layers layers = {0};
    enum status status = books_open(import->settings->book, &layers);
    if (status == STATUS_NOT_FOUND && !import->settings->book) return STATUS_OK;
    TRY(status);
    foreign_list_compare(&import->list, &layers, *import->class_text ? import->class_text : NULL);
    books_close(&layers);
    return STATUS_OK;
}

static enum status report(struct import *import)
{
    foreign_list_merge(&import->list);
    TRY(compare(import));
    if (import->settings->output) TRY(write_shapes(import));
    if (import->settings->json) {
        TRY(print_json(import));
    } else {
        lint_report_table(&import->report);
        if (!import->settings->output) print_table(import);
        printf("%zu rows, %zu problems, %zu impossible rows\n", import->n_rows, import->list.n,
               import->n_impossible);
    }
    if (!import->n_impossible) return STATUS_OK;
    return status_fail(STATUS_NOT_FOUND, "%s: %zu rows that cannot be right; their times are left out",
                       import->path, import->n_impossible);
}

enum status import_foreign(const struct settings *settings)
{
    const struct foreign_format *format = foreign_find(settings->format);
    struct import import = {.settings = settings};
    struct text bytes = {0};
    if (!format) return fail_format(settings->format);
    if (settings->arguments.n != 1) return status_fail(STATUS_USAGE, "import: takes one FILE");
    import.path = settings->arguments.items[0];
    TRY(choose_class(&import));
    lint_report_begin(&import.report, settings->json);
    enum status status = file_read_unpacked(import.path, FILE_BYTES_MAX, &bytes);
    if (status == STATUS_NOT_FOUND) status = STATUS_IO; /* a named file that is missing is no finding */
    if (status == STATUS_OK) status = read_file(&import, format, text_string(&bytes), bytes.size);
    if (status == STATUS_OK) status = report(&import);
    lint_report_free(&import.report);
    foreign_list_free(&import.list);
    text_free(&bytes);
    return status;
}
