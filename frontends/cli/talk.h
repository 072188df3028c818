/* What commands print: tables and numbers on stdout, notes on stderr, JSON documents. */
#ifndef TUNEBOOK_CLI_TALK_H
#define TUNEBOOK_CLI_TALK_H

#include <cjson/cJSON.h>
#include <stdint.h>
#include <stdio.h>
#include "tuner/base/status.h"

/* "autotune: ..." on stderr. */
void talk_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A table whose columns are as wide as their widest cell. `align` has one letter per column: l or r. */
enum { TABLE_COLUMNS_MAX = 12 };
struct table {
    const char *const *headings;
    const char *align;
    size_t n_columns;
    char **cells;
    size_t n_cells, capacity;
};
/* Adds one cell, row by row. A cell that finds no memory is left empty. */
void table_add(struct table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Prints to stdout (headings bold on a terminal, unless NO_COLOR) and frees. */
void table_print(struct table *table);

enum { NUMBER_BYTES = 48 };
const char *number_time(double ns, char out[NUMBER_BYTES]);     /* "1.23 ms"; "-" for 0 */
const char *number_bytes(double bytes, char out[NUMBER_BYTES]); /* "1.5 MiB" */
const char *number_count(double count, char out[NUMBER_BYTES]); /* "1234", "12.3 M" */
const char *number_ratio(double median, double q1, double q3,
                         char out[NUMBER_BYTES]); /* "1.20 (1.18-1.23)" */

/* Prints a document on stdout and deletes it. STATUS_NO_MEMORY, with nothing printed, for NULL. */
enum status json_deliver(cJSON *document);
/* Members that may be absent: null for 0, NULL or "". */
void json_add_ns(cJSON *object, const char *name, uint64_t ns);
void json_add_text(cJSON *object, const char *name, const char *text);

#endif
