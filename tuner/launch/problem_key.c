#include "tuner/launch/problem_key.h"

#include <stdio.h>
#include <string.h>

/* The key's short name of a size field: "n" for n, "b" for batch. */
static const char *short_name(const char *field)
{
    return strcmp(field, "batch") == 0 ? "b" : field;
}

enum status problem_key_parts(const struct problem *problem, const char *device_class, struct key_parts *out)
{
    memset(out, 0, sizeof *out);
    struct text head = {0};
    problem->op->key_head(problem, &head);
    enum status status = text_status(&head);
    if (status == STATUS_OK && head.size >= sizeof out->head)
        status = status_fail(STATUS_USAGE, "the key of this problem is longer than %zu bytes",
                             sizeof out->head - 1);
    if (status == STATUS_OK) memcpy(out->head, text_string(&head), head.size + 1);
    text_free(&head);
    TRY(status);
    if (strlen(device_class) >= sizeof out->device_class)
        return status_fail(STATUS_USAGE, "device class '%s' is longer than %zu bytes", device_class,
                           sizeof out->device_class - 1);
    memcpy(out->device_class, device_class, strlen(device_class) + 1);
    bool is_default = strchr(device_class, ':') == NULL;
    for (const char *const *name = problem->op->key_sizes; *name; name++) {
        if (out->n_sizes == KEY_SIZES_MAX)
            return status_fail(STATUS_USAGE, "%s: a key holds at most %d sizes", problem->op->name,
                               KEY_SIZES_MAX);
        snprintf(out->names[out->n_sizes], sizeof out->names[0], "%s", short_name(*name));
        out->sizes[out->n_sizes++] = is_default ? 0 : problem_size(problem, *name);
    }
    return STATUS_OK;
}

enum status problem_key(const struct problem *problem, const char *device_class, char out[KEY_BYTES_MAX + 1])
{
    struct key_parts parts;
    TRY(problem_key_parts(problem, device_class, &parts));
    return key_format(&parts, out);
}
