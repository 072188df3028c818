#include <string.h>
#include "db/schema.h"

static bool same_evidence_source(const struct record_entry *a, const struct record_entry *b)
{
    return !memcmp(a->kernel.bytes, b->kernel.bytes, SHA256_BYTES) &&
           !memcmp(a->environment.bytes, b->environment.bytes, SHA256_BYTES);
}

static int descending(uint64_t a, uint64_t b)
{
    return (a < b) - (a > b);
}

/* Which of two measurements of one kernel in one environment stays (< 0: `a`): the better one. Its upper
 * bound already pays for few samples and for noise, while a noisy measurement takes more samples than a calm
 * one. The order of entries comes first for the sake of a full record: what falls out of it is then behind 64
 * kernels that can only get better, whatever comes later and in which order. What that order does not see
 * decides last. */
static int compare_duplicates(const struct record_entry *a, const struct record_entry *b)
{
    const struct timing *s = &a->timing, *t = &b->timing;
    int order = record_entry_compare(a, b);
    if (!order) order = descending(s->samples, t->samples);
    if (!order) order = descending(a->verified, b->verified);
    if (!order) order = descending(a->measured_at_s, b->measured_at_s);
    if (!order) order = descending(s->launches_per_sample, t->launches_per_sample);
    if (!order) order = descending(s->flags, t->flags);
    if (!order) order = descending(s->q1_ns, t->q1_ns);
    if (!order) order = descending(s->q3_ns, t->q3_ns);
    if (!order) order = descending(s->low_ns, t->low_ns);
    if (!order) order = descending(s->min_ns, t->min_ns);
    return order;
}

static void remove_at(struct record *record, uint32_t i)
{
    record->n_entries--;
    memmove(&record->entries[i], &record->entries[i + 1], (record->n_entries - i) * sizeof *record->entries);
}

void record_insert(struct record *record, const struct record_entry *entry)
{
    for (uint32_t i = 0; i < record->n_entries; i++) {
        if (!same_evidence_source(&record->entries[i], entry)) continue;
        if (compare_duplicates(&record->entries[i], entry) <= 0) return;
        remove_at(record, i);
        break;
    }
    uint32_t at = record->n_entries;
    while (at > 0 && record_entry_compare(entry, &record->entries[at - 1]) < 0) at--;
    if (at == RECORD_ENTRIES_MAX) return;
    if (record->n_entries == RECORD_ENTRIES_MAX) record->n_entries--;
    memmove(&record->entries[at + 1], &record->entries[at], (record->n_entries - at) * sizeof *entry);
    record->entries[at] = *entry;
    record->n_entries++;
}
