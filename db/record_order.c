#include <string.h>
#include "db/schema.h"

static int compare_u64(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

/* 0 stands for "not measured" and ranks behind every time. */
static int compare_time(uint64_t a, uint64_t b)
{
    return compare_u64(a - 1, b - 1);
}

int record_entry_compare(const struct record_entry *a, const struct record_entry *b)
{
    int order = (int)a->evidence - (int)b->evidence;
    if (!order) order = compare_time(a->timing.high_ns, b->timing.high_ns);
    if (!order) order = compare_time(a->timing.median_ns, b->timing.median_ns);
    if (!order) order = memcmp(a->kernel.bytes, b->kernel.bytes, SHA256_BYTES);
    if (!order) order = memcmp(a->environment.bytes, b->environment.bytes, SHA256_BYTES);
    return order;
}
