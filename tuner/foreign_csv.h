/* Comma-separated values, strictly as RFC 4180: a field is quoted as a whole or holds no quote. */
#ifndef TUNEBOOK_FOREIGN_CSV_H
#define TUNEBOOK_FOREIGN_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include "tuner/base/status.h"

enum { CSV_FIELDS_MAX = 64 };

struct csv {
    const char *name;
    char *bytes; /* a copy, whose fields are terminated in place */
    size_t size, at;
    size_t line, next_line; /* of the row in hand, from 1 */
    const char *fields[CSV_FIELDS_MAX];
    size_t n;
};

/* csv_end in any case. */
enum status csv_begin(const char *name, const char *bytes, size_t size, struct csv *out);
void csv_end(struct csv *csv);
/* The next row that is not empty; *more is false behind the last. STATUS_BAD_DATA with FILE:LINE. */
enum status csv_next(struct csv *csv, bool *more);

#endif
