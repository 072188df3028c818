/* Typed access to cJSON with errors that name file and member. The tuner's; the runtime library holds no
 * JSON.
 *
 *     struct json_source src = {"gemm_cpu.json"};
 *     cJSON *root; TRY(json_parse(&src, bytes, size, &root));
 *     const char *name; TRY(json_string(&src, root, "name", &name));
 */
#ifndef TUNEBOOK_BASE_JSON_H
#define TUNEBOOK_BASE_JSON_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include "tuner/base/status.h"
#include "tuner/base/text.h"

struct json_source {
    const char *name; /* what errors call it: a path or "built-in gemm_cpu" */
};

/* Parses exactly one document: trailing bytes, duplicate members, nesting above 64 and invalid UTF-8 are
 * STATUS_BAD_DATA with line and column. The caller frees *root with cJSON_Delete. */
enum status json_parse(const struct json_source *source, const char *bytes, size_t size, cJSON **root);

/* The member's value. Missing or of another type: STATUS_BAD_DATA naming source, member and the type wanted.
 */
enum status json_string(const struct json_source *, const cJSON *object, const char *member,
                        const char **value);
enum status json_int64(const struct json_source *, const cJSON *object, const char *member, int64_t *value);
enum status json_double(const struct json_source *, const cJSON *object, const char *member, double *value);
enum status json_array(const struct json_source *, const cJSON *object, const char *member,
                       const cJSON **value);
enum status json_object(const struct json_source *, const cJSON *object, const char *member,
                        const cJSON **value);

/* Refuses members outside `known`, with the closest known name as advice. */
enum status json_only(const struct json_source *, const cJSON *object, const char *const *known,
                      size_t n_known);

/* Compact (or indented) text of a document, appended. Numbers read back as what they were; infinity and NaN
 * become null. A NULL root marks `out` failed. */
void json_print(const cJSON *root, bool indented, struct text *out);

#endif
