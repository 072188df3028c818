#include <string.h>
#include "db/schema.h"

/* 0 stands for "not known" and ranks behind every time. */
static int compare_time(uint64_t a, uint64_t b)
{
    return (a - 1 > b - 1) - (a - 1 < b - 1);
}

/* The shorter time, so that no ratio flatters us; of one time the greater name, and "" is the least. */
static void merge_baseline(struct record *into, const struct record *from)
{
    int order = compare_time(from->baseline_ns, into->baseline_ns);
    if (!order) order = strncmp(into->baseline_name, from->baseline_name, sizeof into->baseline_name);
    if (order >= 0) return;
    into->baseline_ns = from->baseline_ns;
    memcpy(into->baseline_name, from->baseline_name, sizeof into->baseline_name);
}

void record_merge(struct record *into, const struct record *from)
{
    for (uint32_t i = 0; i < from->n_entries; i++) record_insert(into, &from->entries[i]);
    merge_baseline(into, from);
    if (compare_time(from->default_ns, into->default_ns) < 0) into->default_ns = from->default_ns;
}
