/* Sums by op and device class. */
#include <stdlib.h>
#include <string.h>
#include "db/compact_internal.h"

static enum status no_memory(const struct compact *run)
{
    return status_fail(STATUS_NO_MEMORY, "%s: no memory for a summary", run->options->path);
}

/* A row of bytes for each group, one for each kernel. */
static enum status add(struct compact *run, const char *op, size_t op_bytes)
{
    struct compact_report *report = &run->report;
    size_t n = report->n_groups, kernels = run->kernels.hashes.n;
    struct compact_group *groups = realloc(report->groups, (n + 1) * sizeof *groups);
    if (!groups) return no_memory(run);
    report->groups = groups;
    for (int side = 0; side < 2; side++) {
        uint8_t *used = realloc(run->used[side], (n + 1) * kernels + 1);
        if (!used) return no_memory(run);
        memset(used + n * kernels, 0, kernels);
        run->used[side] = used;
    }
    groups[n] = (struct compact_group){0};
    if (op_bytes >= sizeof groups[n].op) op_bytes = sizeof groups[n].op - 1;
    memcpy(groups[n].op, op, op_bytes);
    strcpy(groups[n].device_class, run->parts.device_class);
    report->n_groups++;
    return STATUS_OK;
}

enum status compact_group_of(struct compact *run, size_t *out)
{
    const struct compact_report *report = &run->report;
    const char *op = run->parts.head;
    size_t op_bytes = strcspn(op, "/");
    /* The last one is the likeliest: records come by op, and by class within a head. */
    for (size_t i = report->n_groups; i-- > 0;) {
        const struct compact_group *group = &report->groups[i];
        if (strncmp(group->op, op, op_bytes) || group->op[op_bytes < sizeof group->op ? op_bytes : 0] ||
            strcmp(group->device_class, run->parts.device_class))
            continue;
        *out = i;
        return STATUS_OK;
    }
    *out = report->n_groups;
    return add(run, op, op_bytes);
}

static int compare(const void *a, const void *b)
{
    const struct compact_group *x = a, *y = b;
    int order = strcmp(x->op, y->op);
    return order ? order : strcmp(x->device_class, y->device_class);
}

void compact_groups_end(struct compact *run)
{
    struct compact_report *report = &run->report;
    size_t kernels = run->kernels.hashes.n;
    for (size_t g = 0; g < report->n_groups; g++)
        for (int side = 0; side < 2; side++)
            for (size_t k = 0; k < kernels; k++)
                report->groups[g].kernels[side] += run->used[side][g * kernels + k];
    if (report->n_groups) qsort(report->groups, report->n_groups, sizeof *report->groups, compare);
}
