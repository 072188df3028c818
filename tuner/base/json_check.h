/* The strict grammar of RFC 8259 before cJSON, which is lenient, builds the tree. Private to json.c. */
#ifndef TUNEBOOK_BASE_JSON_CHECK_H
#define TUNEBOOK_BASE_JSON_CHECK_H

#include "tuner/base/json.h"

enum { JSON_NESTING = 64 };

/* Refuses what is not exactly one document, with FILE:LINE:COL. The offset of every member's name, in the
 * order of the text, is appended to `names` as size_t. */
enum status json_check(const struct json_source *source, const char *bytes, size_t size, struct text *names);

/* STATUS_BAD_DATA with `FILE:LINE:COL: ` before the text. Columns count characters from 1. */
enum status json_fail_at(const struct json_source *source, const char *bytes, size_t offset,
                         const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
