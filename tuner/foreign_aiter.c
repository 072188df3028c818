/* AITER's tables of tuned GEMMs: CSV with a header, one row for a shape on a part. Y = X.W', X M x K, W N x
 * K, both row-major: always nt. Columns are found by name; those that only choose a kernel are passed over.
 * Times are microseconds. */
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include "tuner/foreign_csv.h"
#include "tuner/foreign_parts.h"

enum column {
    GFX,
    CU_NUM,
    M,
    N,
    K,
    BATCH,
    BIAS,
    DTYPE,
    WEIGHT_DTYPE,
    OUTDTYPE,
    LIBTYPE,
    US,
    KERNEL,
    TFLOPS,
    BW,
    COLUMNS
};
static const char *const names[COLUMNS] = {"gfx",     "cu_num", "M",          "N",         "K",
                                           "B",       "bias",   "dtype",      "q_dtype_w", "outdtype",
                                           "libtype", "us",     "kernelName", "tflops",    "bw"};

struct table {
    const struct foreign_source *source;
    struct csv csv;
    int place[COLUMNS]; /* -1: there is no such column */
    size_t n_columns;
};

static const char *cell(const struct table *table, enum column column)
{
    return table->place[column] < 0 ? "" : table->csv.fields[table->place[column]];
}

static bool is_header(const struct table *table)
{
    bool m = false, k = false;
    for (size_t i = 0; i < table->csv.n; i++) {
        m |= strcmp(table->csv.fields[i], "M") == 0;
        k |= strcmp(table->csv.fields[i], "K") == 0;
    }
    return m && k;
}

static enum status take_header(struct table *table)
{
    for (int column = 0; column < COLUMNS; column++) {
        table->place[column] = -1;
        for (size_t i = 0; i < table->csv.n; i++) {
            if (strcmp(table->csv.fields[i], names[column]) != 0) continue;
            if (table->place[column] >= 0)
                return status_fail(STATUS_BAD_DATA, "%s:%zu: column %s stands there twice",
                                   table->source->name, table->csv.line, names[column]);
            table->place[column] = (int)i;
        }
    }
    if (table->place[M] < 0 || table->place[N] < 0 || table->place[K] < 0)
        return status_fail(STATUS_BAD_DATA, "%s:%zu: no header with columns M, N and K", table->source->name,
                           table->csv.line);
    table->n_columns = table->csv.n;
    return STATUS_OK;
}

/* The part: a column of newer tables; in older ones the number of its units alone. */
static void take_part(const struct table *table, struct foreign_row *row)
{
    int64_t units;
    snprintf(row->target, sizeof row->target, "%.31s", cell(table, GFX));
    if (foreign_size(cell(table, CU_NUM), &units) && units <= 65536) row->units = (uint32_t)units;
}

static void take_times(const struct table *table, struct foreign_row *row)
{
    double us, number;
    if (foreign_number(cell(table, US), &us)) row->ns = us * 1e3;
    if (foreign_number(cell(table, TFLOPS), &number)) row->tflops = number;
    if (foreign_number(cell(table, BW), &number)) row->gbps = number;
    snprintf(row->by, sizeof row->by, "%s%s%s", cell(table, LIBTYPE), *cell(table, LIBTYPE) ? " " : "",
             cell(table, KERNEL));
}

/* Of the columns, then of the kernel's name, then of the user. */
static bool take_types(const struct table *table, struct foreign_row *row, struct foreign_product *product)
{
    const char *type = cell(table, DTYPE), *out = cell(table, OUTDTYPE);
    if (!*type) type = cell(table, WEIGHT_DTYPE);
    if (!*type && table->source->type) type = table->source->type;
    if (!*type && strstr(cell(table, KERNEL), "blockscale")) type = "fp8";
    if (!*type) {
        foreign_refuse(row, "no column says the type of its inputs; --dtype=TYPE does");
        return false;
    }
    if (!foreign_type(type, row->target, &product->a)) {
        foreign_refuse(row, "inputs of a type we do not have: %.40s", type);
        return false;
    }
    product->b = product->a;
    product->acc = product->a == DTYPE_I8 ? DTYPE_I32 : product->a == DTYPE_F64 ? DTYPE_F64 : DTYPE_F32;
    product->d = dtype_bytes(product->a) == 1 ? DTYPE_BF16 : product->a;
    if (!*out || foreign_type(out, row->target, &product->d)) return true;
    foreign_refuse(row, "an output of a type we do not have: %.40s", out);
    return false;
}

static void take_row(const struct table *table, struct foreign_row *row)
{
    struct foreign_product product = {.a_letter = 'n', .b_letter = 't', .batch = 1};
    const char *bias = cell(table, BIAS);
    if (table->csv.n != table->n_columns) {
        foreign_refuse(row, "%zu fields, and the header has %zu", table->csv.n, table->n_columns);
        return;
    }
    take_part(table, row);
    take_times(table, row);
    if (!take_types(table, row, &product)) return;
    if (!foreign_size(cell(table, M), &product.m) || !foreign_size(cell(table, N), &product.n) ||
        !foreign_size(cell(table, K), &product.k) ||
        (*cell(table, BATCH) && !foreign_size(cell(table, BATCH), &product.batch))) {
        foreign_refuse(row, "M=%.20s N=%.20s K=%.20s are no sizes", cell(table, M), cell(table, N),
                       cell(table, K));
        return;
    }
    product.bias = strcasecmp(bias, "true") == 0 || strcmp(bias, "1") == 0;
    foreign_product_problem(&product, row);
}

enum status foreign_read_aiter(const struct foreign_source *source, foreign_visit *visit, void *context)
{
    struct table table = {.source = source};
    bool more = true, first = true, go_on = true;
    enum status status = csv_begin(source->name, source->bytes, source->size, &table.csv);
    while (status == STATUS_OK && go_on) {
        status = csv_next(&table.csv, &more);
        if (status != STATUS_OK || !more) break;
        if (first || is_header(&table)) { /* tables put together keep theirs */
            status = take_header(&table);
            first = false;
            continue;
        }
        struct foreign_row row = foreign_row_of(table.csv.line);
        take_row(&table, &row);
        go_on = visit(context, &row);
    }
    if (status == STATUS_OK && first)
        status = status_fail(STATUS_BAD_DATA, "%s: an empty table", source->name);
    csv_end(&table.csv);
    return status;
}
