#include "tuner/foreign_csv.h"

#include <stdlib.h>
#include <string.h>

enum status csv_begin(const char *name, const char *bytes, size_t size, struct csv *out)
{
    *out = (struct csv){.name = name, .size = size, .next_line = 1};
    out->bytes = malloc(size + 1);
    if (!out->bytes) return status_fail(STATUS_NO_MEMORY, "%s: no memory for %zu bytes", name, size);
    if (size) memcpy(out->bytes, bytes, size);
    out->bytes[size] = '\0';
    if (size >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) out->at = 3; /* a byte order mark */
    if (memchr(out->bytes, '\0', size)) return status_fail(STATUS_BAD_DATA, "%s: a NUL byte: no text", name);
    return STATUS_OK;
}

void csv_end(struct csv *csv)
{
    free(csv->bytes);
    csv->bytes = NULL;
}

static enum status fail_at(const struct csv *csv, const char *what)
{
    return status_fail(STATUS_BAD_DATA, "%s:%zu: %s", csv->name, csv->line, what);
}

/* Behind a quote: up to its end, doubled quotes made single in place. */
static enum status quoted(struct csv *csv, char **field)
{
    char *from = csv->bytes + csv->at + 1, *to = from;
    *field = from;
    for (;; from++) {
        if (from == csv->bytes + csv->size) return fail_at(csv, "a quote that does not end");
        if (*from == '"' && from[1] != '"') break;
        if (*from == '"') from++;
        if (*from == '\n') csv->next_line++;
        *to++ = *from;
    }
    csv->at = (size_t)(from + 1 - csv->bytes);
    if (!strchr(",\r\n", csv->bytes[csv->at])) return fail_at(csv, "text behind a closing quote");
    *to = '\0';
    return STATUS_OK;
}

/* Takes a field and what ends it; *last: it was the row's. */
static enum status take_field(struct csv *csv, bool *last)
{
    char *field = csv->bytes + csv->at;
    if (*field == '"') {
        TRY(quoted(csv, &field));
    } else {
        size_t length = strcspn(field, ",\r\n\"");
        if (field[length] == '"') return fail_at(csv, "a quote inside a field that is not quoted");
        csv->at += length;
    }
    if (csv->n == CSV_FIELDS_MAX) return fail_at(csv, "more than 64 fields");
    csv->fields[csv->n++] = field;
    char end = csv->bytes[csv->at];
    *last = end != ',';
    if (end == '\r' && csv->bytes[csv->at + 1] != '\n' && csv->bytes[csv->at + 1] != '\0')
        return fail_at(csv, "a carriage return inside a row");
    csv->bytes[csv->at] = '\0';
    if (end == '\0') return STATUS_OK;
    csv->at++;
    if (end == '\r' && csv->at < csv->size) csv->at++;
    if (end != ',') csv->next_line++;
    return STATUS_OK;
}

enum status csv_next(struct csv *csv, bool *more)
{
    do {
        bool last = false;
        csv->line = csv->next_line;
        csv->n = 0;
        *more = csv->at < csv->size;
        if (!*more) return STATUS_OK;
        while (!last) TRY(take_field(csv, &last));
    } while (csv->n == 1 && !*csv->fields[0]);
    return STATUS_OK;
}
