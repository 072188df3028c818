#include "frontends/cli/regret.h"

#include <stdlib.h>
#include <string.h>
#include "tuner/key_problem.h"
#include "tuner/launch/kernel.h"

/* A kernel that would have answered, by what trials and entries call it. */
struct borrowed {
    const struct neighbour *from;
    struct hash kernel;
    char name[640]; /* "TEMPLATE CONFIGURATION" */
    double octaves;
    bool other_group;
    uint8_t evidence;
};

static const struct record_entry *best_measured(const struct record *record)
{
    const struct record_entry *best = record->n_entries ? &record->entries[0] : NULL;
    return best && best->evidence == EVIDENCE_MEASURED && best->timing.median_ns ? best : NULL;
}

/* The first entry of `from` that covers the problem, as a lookup would take it. */
static bool first_covering(const struct finder *finder, const struct neighbour *from,
                           const struct problem *problem, struct borrowed *out)
{
    for (uint32_t i = 0; i < from->record.n_entries; i++) {
        const struct record_entry *entry = &from->record.entries[i];
        struct value bytes = {0};
        struct descriptor descriptor;
        if (book_get_descriptor(from->book, &entry->kernel, &bytes, &descriptor) != STATUS_OK) continue;
        bool covers = strcmp(descriptor.target, finder->place->info->device_class.target) == 0 &&
                      kernel_covers(&descriptor, problem, &finder->place->info->facts, NULL);
        if (covers) {
            out->from = from;
            out->kernel = entry->kernel;
            out->evidence = entry->evidence;
            snprintf(out->name, sizeof out->name, "%.63s %.511s", descriptor.template_name,
                     descriptor.configuration);
        }
        value_free(&bytes);
        if (covers) return true;
    }
    return false;
}

static bool ranks_before(const struct borrowed *a, const struct borrowed *b)
{
    if (a->evidence != b->evidence) return a->evidence < b->evidence;
    if (a->other_group != b->other_group) return !a->other_group;
    return a->octaves < b->octaves;
}

/* What the record at `at` would have been answered, had it not been there. */
static bool answer_without(const struct finder *finder, const struct neighbours *neighbours,
                           const struct neighbour *at, const struct problem *problem, struct borrowed *best)
{
    bool any = false;
    for (size_t i = 0; i < neighbours->n; i++) {
        const struct neighbour *from = neighbours->items[i];
        struct borrowed here;
        if (from->sibling || from->head != at->head || strcmp(from->key, at->key) == 0) continue;
        if (!neighbour_distance(&from->parts, &at->parts, &here.octaves, &here.other_group)) continue;
        if (!first_covering(finder, from, problem, &here)) continue;
        if (any && !ranks_before(&here, best)) continue;
        *best = here;
        any = true;
    }
    return any;
}

/* ---- what it took there ---- */

struct trials {
    const char *name;
    uint64_t best_ns, its_ns;
};

static bool visit_trial(void *context, uint64_t sequence, const struct trial *trial)
{
    struct trials *trials = context;
    uint64_t ns = trial->timing.median_ns;
    (void)sequence;
    if (trial->verdict != VERDICT_OK || !ns) return true;
    if (!trials->best_ns || ns < trials->best_ns) trials->best_ns = ns;
    if (strcmp(trial->configuration, trials->name) == 0 && (!trials->its_ns || ns < trials->its_ns))
        trials->its_ns = ns;
    return true;
}

/* In the record's entries of the best one's environment, which were measured in turns; else in the trials. */
static bool time_there(const struct neighbour *at, const struct borrowed *borrowed,
                       struct regret_sample *sample)
{
    const struct record_entry *best = best_measured(&at->record);
    for (uint32_t i = 0; i < at->record.n_entries; i++) {
        const struct record_entry *entry = &at->record.entries[i];
        struct value bytes = {0};
        struct descriptor descriptor;
        char name[640] = "";
        if (entry->evidence != EVIDENCE_MEASURED || !entry->timing.median_ns ||
            memcmp(&entry->environment, &best->environment, sizeof entry->environment) != 0)
            continue;
        if (book_get_descriptor(at->book, &entry->kernel, &bytes, &descriptor) == STATUS_OK)
            snprintf(name, sizeof name, "%.63s %.511s", descriptor.template_name, descriptor.configuration);
        value_free(&bytes);
        if (strcmp(name, borrowed->name) != 0) continue;
        sample->regret = (double)entry->timing.median_ns / (double)best->timing.median_ns - 1;
        return true;
    }
    struct trials trials = {.name = borrowed->name};
    if (book_each_trial(at->book, at->key, visit_trial, &trials) != STATUS_OK || !trials.its_ns) return false;
    sample->regret = (double)trials.its_ns / (double)trials.best_ns - 1;
    sample->from_trials = true;
    return true;
}

/* ---- all together ---- */

static int by_regret(const void *a, const void *b)
{
    double x = ((const struct regret_sample *)a)->regret, y = ((const struct regret_sample *)b)->regret;
    return (x > y) - (x < y);
}

static bool seen_before(const struct neighbours *neighbours, size_t i)
{
    for (size_t j = 0; j < i; j++)
        if (strcmp(neighbours->items[j]->key, neighbours->items[i]->key) == 0) return true;
    return false;
}

void regret_estimate(const struct finder *finder, const struct neighbours *neighbours, struct regret *out)
{
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < neighbours->n; i++) {
        const struct neighbour *at = neighbours->items[i];
        struct problem problem;
        struct borrowed borrowed;
        if (at->sibling || seen_before(neighbours, i) || !best_measured(&at->record)) continue;
        if (!key_problem(at->key, &problem)) continue;
        if (!answer_without(finder, neighbours, at, &problem, &borrowed)) continue;
        out->answered++;
        struct regret_sample sample = {.at = at, .from = borrowed.from, .octaves = borrowed.octaves};
        if (time_there(at, &borrowed, &sample)) out->samples[out->n++] = sample;
    }
    if (!out->n) return;
    qsort(out->samples, out->n, sizeof *out->samples, by_regret);
    out->low = out->samples[0].regret;
    out->high = out->samples[out->n - 1].regret;
    size_t middle = out->n / 2;
    out->median = out->n % 2 ? out->samples[middle].regret
                             : (out->samples[middle - 1].regret + out->samples[middle].regret) / 2;
}
