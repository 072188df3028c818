#include "frontends/cli/book_trials.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum recorded_end end_of(enum verdict verdict)
{
    switch (verdict) {
    case VERDICT_OK:
    case VERDICT_SLOW: return RECORDED_CORRECT;
    case VERDICT_INAPPLICABLE: return RECORDED_CONSTRAINTS;
    case VERDICT_COMPILE_ERROR: return RECORDED_COMPILE;
    case VERDICT_COMPILE_TIMEOUT:
    case VERDICT_HANG: return RECORDED_TIMEOUT;
    case VERDICT_WRONG:
    case VERDICT_OUT_OF_BOUNDS:
    case VERDICT_NONDETERMINISTIC: return RECORDED_CORRECTNESS;
    default: return RECORDED_RUNTIME;
    }
}

/* The book does not say how long a trial took as a whole: its launches are the least. */
static double measuring_ns(const struct timing *timing)
{
    return (double)timing->median_ns * timing->samples * timing->launches_per_sample;
}

static struct recorded result_of(const struct trial *trial)
{
    enum recorded_end end = end_of((enum verdict)trial->verdict);
    bool valid = end == RECORDED_CORRECT && trial->timing.median_ns > 0;
    return (struct recorded){.valid = valid,
                             .end = !valid && end == RECORDED_CORRECT ? RECORDED_RUNTIME : end,
                             .objective_ns = valid ? (double)trial->timing.median_ns : 0,
                             .cost_ns = (double)trial->compile_ns + measuring_ns(&trial->timing),
                             .compile_ns = (double)trial->compile_ns,
                             .finished_at_s = trial->finished_at_s};
}

static bool add(struct book_trials *trials, const struct book_trial *trial)
{
    if (trials->n == trials->capacity) {
        size_t wanted = trials->capacity ? 2 * trials->capacity : 256;
        struct book_trial *larger = realloc(trials->items, wanted * sizeof *larger);
        if (!larger) return false;
        trials->items = larger;
        trials->capacity = wanted;
    }
    trials->items[trials->n++] = *trial;
    return true;
}

struct walk {
    struct book_trials *trials;
    bool failed;
};

/* Trials are named "TEMPLATE CONFIGURATION". */
static bool keep(void *context, uint64_t sequence, const struct trial *trial)
{
    struct walk *walk = context;
    const char *space = strchr(trial->configuration, ' ');
    struct book_trial kept = {
        .environment = trial->environment, .sequence = sequence, .result = result_of(trial)};
    if (trial->verdict == VERDICT_STARTED || trial->verdict == VERDICT_PRUNED || !space || !space[1])
        return true;
    snprintf(kept.template_name, sizeof kept.template_name, "%.*s", (int)(space - trial->configuration),
             trial->configuration);
    kept.configuration = strdup(space + 1);
    if (kept.configuration && add(walk->trials, &kept)) return true;
    free(kept.configuration);
    walk->failed = true;
    return false;
}

static int compare_groups(const struct book_trial *a, const struct book_trial *b)
{
    int order = strcmp(a->template_name, b->template_name);
    return order ? order : memcmp(&a->environment, &b->environment, sizeof a->environment);
}

bool book_trials_same_group(const struct book_trial *a, const struct book_trial *b)
{
    return compare_groups(a, b) == 0;
}

static int newest_first(const void *a, const void *b)
{
    const struct book_trial *left = a, *right = b;
    int order = compare_groups(left, right);
    if (order) return order;
    uint64_t at_left = left->result.finished_at_s, at_right = right->result.finished_at_s;
    if (at_left != at_right) return at_left < at_right ? 1 : -1;
    return (left->sequence < right->sequence) - (left->sequence > right->sequence);
}

enum status book_trials_read(struct book *book, const char *key, struct book_trials *out)
{
    struct walk walk = {.trials = out};
    *out = (struct book_trials){0};
    TRY(book_each_trial(book, key, keep, &walk));
    if (walk.failed) return status_fail(STATUS_NO_MEMORY, "no memory for the trials of %s", key);
    if (out->n) qsort(out->items, out->n, sizeof *out->items, newest_first);
    return STATUS_OK;
}

void book_trials_free(struct book_trials *trials)
{
    for (size_t i = 0; i < trials->n; i++) free(trials->items[i].configuration);
    free(trials->items);
    *trials = (struct book_trials){0};
}
