#include "frontends/cli/talk.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "tuner/base/json.h"

void talk_note(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fputs("autotune: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

void table_add(struct table *table, const char *format, ...)
{
    if (table->n_cells == table->capacity) {
        size_t capacity = table->capacity ? 2 * table->capacity : 64;
        char **cells = realloc(table->cells, capacity * sizeof *cells);
        if (!cells) return;
        table->cells = cells;
        table->capacity = capacity;
    }
    char *cell = NULL;
    va_list arguments;
    va_start(arguments, format);
    if (vasprintf(&cell, format, arguments) < 0) cell = NULL;
    va_end(arguments);
    table->cells[table->n_cells++] = cell;
}

/* Characters, not bytes, of UTF-8. */
static int width_of(const char *cell)
{
    int width = 0;
    for (; cell && *cell; cell++) width += ((unsigned char)*cell & 0xc0) != 0x80;
    return width;
}

static void print_row(const struct table *table, char *const *cells, const int *widths)
{
    for (size_t i = 0; i < table->n_columns; i++) {
        const char *cell = cells[i] ? cells[i] : "";
        int blanks = widths[i] - width_of(cell);
        bool last = i + 1 == table->n_columns;
        if (table->align[i] == 'r') printf("%*s", blanks, "");
        fputs(cell, stdout);
        if (!last && table->align[i] != 'r') printf("%*s", blanks, "");
        if (!last) fputs("  ", stdout);
    }
    putchar('\n');
}

void table_print(struct table *table)
{
    const char *no_color = getenv("NO_COLOR");
    bool bold = isatty(STDOUT_FILENO) && !(no_color && *no_color);
    int widths[TABLE_COLUMNS_MAX];
    for (size_t c = 0; c < table->n_columns; c++) {
        widths[c] = width_of(table->headings[c]);
        for (size_t i = c; i < table->n_cells; i += table->n_columns) {
            int width = width_of(table->cells[i]);
            if (width > widths[c]) widths[c] = width;
        }
    }
    char *headings[TABLE_COLUMNS_MAX];
    for (size_t c = 0; c < table->n_columns; c++) headings[c] = (char *)(uintptr_t)table->headings[c];
    if (bold) fputs("\033[1m", stdout);
    print_row(table, headings, widths);
    if (bold) fputs("\033[0m", stdout);
    for (size_t i = 0; i + table->n_columns <= table->n_cells; i += table->n_columns)
        print_row(table, table->cells + i, widths);
    for (size_t i = 0; i < table->n_cells; i++) free(table->cells[i]);
    free(table->cells);
    table->cells = NULL;
    table->n_cells = table->capacity = 0;
}

/* Three significant digits with the unit that keeps them short. */
static const char *scaled(double value, double step, const char *const *units, size_t n_units, char *out)
{
    size_t unit = 0;
    while (unit + 1 < n_units && value >= 999.5) {
        value /= step;
        unit++;
    }
    int decimals = value < 9.995 ? 2 : value < 99.95 ? 1 : 0;
    snprintf(out, NUMBER_BYTES, "%.*f%s", decimals, value, units[unit]);
    return out;
}

const char *number_time(double ns, char out[NUMBER_BYTES])
{
    static const char *const units[] = {" ns", " us", " ms", " s"};
    if (ns > 0) return scaled(ns, 1000, units, 4, out);
    snprintf(out, NUMBER_BYTES, "-");
    return out;
}

const char *number_bytes(double bytes, char out[NUMBER_BYTES])
{
    static const char *const units[] = {" B", " KiB", " MiB", " GiB", " TiB"};
    if (bytes >= 1000) return scaled(bytes, 1024, units, 5, out);
    snprintf(out, NUMBER_BYTES, "%.0f B", bytes);
    return out;
}

const char *number_count(double count, char out[NUMBER_BYTES])
{
    static const char *const units[] = {"", " k", " M", " G", " T", " P"};
    if (count >= 1e5) return scaled(count, 1000, units, 6, out);
    snprintf(out, NUMBER_BYTES, "%.0f", count);
    return out;
}

const char *number_ratio(double median, double q1, double q3, char out[NUMBER_BYTES])
{
    if (median >= 0.1)
        snprintf(out, NUMBER_BYTES, "%.2f (%.2f-%.2f)", median, q1, q3);
    else if (median > 0)
        snprintf(out, NUMBER_BYTES, "%.2g (%.2g-%.2g)", median, q1, q3);
    else
        snprintf(out, NUMBER_BYTES, "-");
    return out;
}

enum status json_deliver(cJSON *document)
{
    struct text text = {0};
    if (document) json_print(document, true, &text);
    cJSON_Delete(document);
    enum status status =
        document ? text_status(&text) : status_fail(STATUS_NO_MEMORY, "no memory for the JSON document");
    if (status == STATUS_OK) puts(text_string(&text));
    text_free(&text);
    return status;
}

void json_add_ns(cJSON *object, const char *name, uint64_t ns)
{
    if (ns)
        cJSON_AddNumberToObject(object, name, (double)ns);
    else
        cJSON_AddNullToObject(object, name);
}

void json_add_text(cJSON *object, const char *name, const char *text)
{
    if (text && *text)
        cJSON_AddStringToObject(object, name, text);
    else
        cJSON_AddNullToObject(object, name);
}
