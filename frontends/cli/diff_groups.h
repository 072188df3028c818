/* What a diff sums up: problems of one op (or model) on one device class. */
#ifndef TUNEBOOK_CLI_DIFF_GROUPS_H
#define TUNEBOOK_CLI_DIFF_GROUPS_H

#include <cjson/cJSON.h>
#include "db/diff.h"

struct diff_group {
    char name[64], device_class[64];
    uint64_t kinds[DIFF_KIND_COUNT];
    uint64_t n_timed;   /* measured in both books */
    double logarithms;  /* of their ratios, added up */
    double calls_ns[2]; /* of those, calls times median, in either book */
};

/* Sorted by name, then class. */
struct diff_groups {
    struct diff_group *items;
    size_t n, capacity;
};

/* The group of that name, made if missing; NULL without memory. Valid until the next call. */
struct diff_group *diff_groups_find(struct diff_groups *groups, const char *name, const char *device_class);
void diff_group_add(struct diff_group *group, const struct diff_row *row, double calls);
void diff_groups_free(struct diff_groups *groups);

/* A table under the heading `what`; with sums of times where there are calls. */
void diff_groups_print(const struct diff_groups *groups, const char *what, bool with_times);
cJSON *diff_groups_json(const struct diff_groups *groups, const char *what, bool with_times);

#endif
