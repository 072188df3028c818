/* The rules of a record: each entry by itself, then entries against each other. */
#include <stdio.h>
#include <string.h>
#include "tuner/key_problem.h"
#include "tuner/lint.h"

struct linted {
    const struct lint_sources *sources;
    const struct record *record;
    struct key_parts parts;
    struct problem problem;
    bool has_problem, has_physics;
    struct physics physics;
    struct hash configurations[RECORD_ENTRIES_MAX]; /* of those whose kernel is known */
    bool has_configuration[RECORD_ENTRIES_MAX];
    lint_visit *visit;
    void *context;
};

#define TELL(linted, about, rule, ...) \
    lint_tell((linted)->visit, (linted)->context, about, LINT_##rule, __VA_ARGS__)

static bool same_hash(const struct hash *a, const struct hash *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static bool is_none(const struct hash *hash)
{
    static const struct hash none;
    return same_hash(hash, &none);
}

/* --- a time --- */

static bool physics_of_time(const struct linted *linted, const struct lint_finding *about, uint64_t ns,
                            bool cold_weights)
{
    if (!linted->has_problem || !linted->has_physics) return true;
    struct lint_time time = {&linted->problem, &linted->physics, (double)ns, cold_weights};
    return lint_time(&time, about, linted->visit, linted->context);
}

/* Ordered as any samples' are; `before` names the larger of two that are not. */
static bool quantiles(const struct linted *linted, const struct lint_finding *about,
                      const struct timing *timing)
{
    const struct {
        const char *name, *above_name;
        uint64_t value, above;
    } pairs[] = {{"least", "first quartile", timing->min_ns, timing->q1_ns},
                 {"first quartile", "median", timing->q1_ns, timing->median_ns},
                 {"median", "third quartile", timing->median_ns, timing->q3_ns},
                 {"interval's low end", "median", timing->low_ns, timing->median_ns},
                 {"median", "interval's high end", timing->median_ns, timing->high_ns}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        if (pairs[i].value <= pairs[i].above) continue;
        return TELL(linted, about, QUANTILES, "the %s (%llu ns) is above the %s (%llu ns)", pairs[i].name,
                    (unsigned long long)pairs[i].value, pairs[i].above_name,
                    (unsigned long long)pairs[i].above);
    }
    return true;
}

static bool timing(const struct linted *linted, const struct lint_finding *about,
                   const struct record_entry *entry)
{
    const struct timing *time = &entry->timing;
    if (time->median_ns == 0) return TELL(linted, about, NO_TIME, "measured, and its median is 0 ns");
    if ((time->samples == 0 || time->launches_per_sample == 0) &&
        !TELL(linted, about, NO_SAMPLES, "%llu ns, measured in %u samples of %u launches",
              (unsigned long long)time->median_ns, time->samples, time->launches_per_sample))
        return false;
    return quantiles(linted, about, time) && physics_of_time(linted, about, time->median_ns, true);
}

/* --- whose word it is --- */

static bool stale(const struct linted *linted, const struct lint_finding *about, const struct hash *hash)
{
    const struct lint_sources *sources = linted->sources;
    const struct hash *latest =
        sources->latest ? sources->latest(sources->context, linted->parts.device_class) : NULL;
    char mine[SHA256_HEX_BYTES], other[SHA256_HEX_BYTES];
    if (!latest || same_hash(latest, hash)) return true;
    text_hex(hash->bytes, sizeof hash->bytes, mine);
    text_hex(latest->bytes, sizeof latest->bytes, other);
    return TELL(linted, about, STALE, "environment %.8s, and the latest of %s is %.8s", mine,
                linted->parts.device_class, other);
}

static bool environment(const struct linted *linted, const struct lint_finding *about,
                        const struct record_entry *entry)
{
    const struct lint_sources *sources = linted->sources;
    const char *class_text = linted->parts.device_class;
    if (is_none(&entry->environment))
        return TELL(linted, about, NO_ENVIRONMENT, "measured, and no environment says where");
    if (sources && sources->environment_class) {
        const char *said = sources->environment_class(sources->context, &entry->environment);
        char hex[SHA256_HEX_BYTES];
        text_hex(entry->environment.bytes, sizeof entry->environment.bytes, hex);
        if (!said) return TELL(linted, about, LOST_ENVIRONMENT, "environment %.8s is not there", hex);
        if (*said && strcmp(said, class_text) != 0 &&
            !TELL(linted, about, OTHER_CLASS, "environment %.8s is of %s, the record of %s", hex, said,
                  class_text))
            return false;
    }
    return !sources || stale(linted, about, &entry->environment);
}

static bool kernel(struct linted *linted, const struct lint_finding *about, const struct hash *hash)
{
    const struct lint_sources *sources = linted->sources;
    const struct lint_kernel *kernel = sources->kernel(sources->context, hash);
    const char *class_text = linted->parts.device_class;
    size_t target = strcspn(class_text, ":"), op = strcspn(linted->parts.head, "/");
    if (!kernel) return TELL(linted, about, LOST_KERNEL, "its kernel is not there");
    if (!kernel->is_readable) return TELL(linted, about, LOST_KERNEL, "%s", kernel->why);
    linted->configurations[about->entry] = kernel->configuration;
    linted->has_configuration[about->entry] = true;
    if ((strlen(kernel->target) != target || memcmp(kernel->target, class_text, target) != 0) &&
        !TELL(linted, about, OTHER_TARGET, "a kernel for %s in a record of %s", kernel->target, class_text))
        return false;
    if ((strlen(kernel->op) != op || memcmp(kernel->op, linted->parts.head, op) != 0) &&
        !TELL(linted, about, OTHER_OP, "a kernel of %s in a record of %.*s", kernel->op, (int)op,
              linted->parts.head))
        return false;
    if (!kernel->has_code &&
        !TELL(linted, about, LOST_CODE, "%s", *kernel->why ? kernel->why : "its code is not there"))
        return false;
    return kernel->has_source || TELL(linted, about, LOST_SOURCE, "the source of its kernel is not there");
}

static bool entry(struct linted *linted, const struct lint_finding *about)
{
    const struct record_entry *entry = &linted->record->entries[about->entry];
    bool is_measured = entry->evidence == EVIDENCE_MEASURED;
    if (is_measured && !timing(linted, about, entry)) return false;
    if (is_measured && !environment(linted, about, entry)) return false;
    if (is_measured && !entry->verified &&
        !TELL(linted, about, UNVERIFIED, "measured, and never verified in that environment"))
        return false;
    return !linted->sources || !linted->sources->kernel || kernel(linted, about, &entry->kernel);
}

/* --- entries against each other --- */

static bool repetitions(const struct linted *linted, const struct lint_finding *about)
{
    const struct record_entry *entries = linted->record->entries, *mine = &entries[about->entry];
    for (int i = 0; i < about->entry; i++) {
        if (!same_hash(&entries[i].environment, &mine->environment)) continue;
        if (same_hash(&entries[i].kernel, &mine->kernel))
            return TELL(linted, about, REPEATED, "the same kernel and environment as entry %d", i);
        if (mine->evidence == entries[i].evidence && linted->has_configuration[i] &&
            linted->has_configuration[about->entry] &&
            same_hash(&linted->configurations[i], &linted->configurations[about->entry]))
            return TELL(linted, about, REMADE, "the configuration of entry %d, as another kernel", i);
    }
    return true;
}

bool lint_record(const struct lint_sources *sources, const char *key, const struct record *record,
                 lint_visit *visit, void *context)
{
    struct linted linted = {.sources = sources, .record = record, .visit = visit, .context = context};
    struct lint_finding about = {.key = key, .entry = LINT_RECORD};
    if (key_parse(key, strlen(key), &linted.parts) != STATUS_OK)
        return TELL(&linted, &about, KEY, "%.200s", status_message());
    bool is_default = !strchr(linted.parts.device_class, ':');
    linted.has_problem = !is_default && key_problem(key, &linted.problem);
    if (!linted.has_problem && !is_default &&
        !TELL(&linted, &about, KEY, "no problem of an op that this program knows"))
        return false;
    linted.has_physics = !is_default && physics_of_name(linted.parts.device_class, &linted.physics);
    if (record->default_ns && !physics_of_time(&linted, &about, record->default_ns, true)) return false;
    /* How a library was measured is not known as well: caches may have held everything. */
    if (record->baseline_ns && !physics_of_time(&linted, &about, record->baseline_ns, false)) return false;
    for (uint32_t i = 0; i < record->n_entries; i++) {
        about.entry = (int)i;
        about.kernel = &record->entries[i].kernel;
        if (!entry(&linted, &about) || !repetitions(&linted, &about)) return false;
    }
    return true;
}

static bool keep_error(void *context, const struct lint_finding *finding)
{
    enum status *status = context;
    char entry[24] = "";
    if (finding->level != LINT_ERROR) return true;
    if (finding->entry != LINT_RECORD) snprintf(entry, sizeof entry, "entry %d: ", finding->entry);
    *status = status_fail(STATUS_BAD_DATA, "%s: %s%s: %s", finding->key, entry, lint_rule_name(finding->rule),
                          finding->line);
    return false;
}

enum status lint_refuse(const struct lint_sources *sources, const char *key, const struct record *record)
{
    enum status status = STATUS_OK;
    lint_record(sources, key, record, keep_error, &status);
    return status;
}
