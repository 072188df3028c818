#include "tuner/key_problem.h"

#include <stdio.h>
#include <string.h>
#include "tuner/launch/problem_key.h"

const struct op *key_op(const char *head)
{
    char name[64];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(head, "/"), head);
    return op_find(name);
}

/* "gemm/a=bf16,b=bf16/nt" with sizes -> "gemm a=bf16 b=bf16 nt n=4096 ...": the words of a problem text. */
enum status key_parts_problem(const struct key_parts *parts, struct problem *out)
{
    char text[1024];
    const struct op *op = key_op(parts->head);
    if (!op) return status_fail(STATUS_BAD_DATA, "unknown op in '%s'", parts->head);
    size_t used = (size_t)snprintf(text, sizeof text, "%s", parts->head);
    for (size_t i = 0; i < used; i++)
        if (text[i] == '/' || text[i] == ',') text[i] = ' ';
    for (uint32_t i = 0; i < parts->n_sizes && op->key_sizes[i]; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, " %s=%lld", op->key_sizes[i],
                                 (long long)parts->sizes[i]);
    return problem_parse(text, out);
}

bool key_problem(const char *key, struct problem *out)
{
    struct key_parts parts;
    char again[KEY_BYTES_MAX + 1];
    struct problem problem;
    if (key_parse(key, strlen(key), &parts) != STATUS_OK) return false;
    if (key_parts_problem(&parts, &problem) != STATUS_OK) return false;
    if (problem_key(&problem, parts.device_class, again) != STATUS_OK || strcmp(again, key) != 0)
        return false;
    *out = problem;
    return true;
}
