/* What a sweep has learned of one problem, handed to the others while it runs: the fastest few tried are
 * starts of the neighbours that open later, and a clearly better one is suggested to those that are at work.
 */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/sweep_internal.h"

/* A problem's best is news to its neighbours from here on. */
static const double news_gain = 1.03;

/* Of what a neighbour has gained and a problem has not, so much is expected there, at no distance; half of it
 * so many octaves away. */
static const double hint_share = 0.5, hint_octaves = 3;

enum { SUGGESTED_TO_MAX = 8 };

/* Octaves between two problems' sizes, all sizes together; negative where they differ in more than sizes. */
static double distance(const struct problem *a, const struct problem *b)
{
    double octaves = 0;
    if (a->op != b->op) return -1;
    for (unsigned i = 0; i < a->op->n_fields; i++) {
        if (a->value[i] == b->value[i]) continue;
        if (a->op->fields[i].kind != FIELD_SIZE || a->value[i] <= 0 || b->value[i] <= 0) return -1;
        octaves += fabs(log2((double)a->value[i] / (double)b->value[i]));
    }
    return octaves;
}

struct neighbour {
    size_t index;
    double octaves;
};

static int nearest_first(const void *a, const void *b)
{
    const struct neighbour *left = a, *right = b;
    if (left->octaves != right->octaves) return left->octaves < right->octaves ? -1 : 1;
    return left->index < right->index ? -1 : 1;
}

/* The other problems within SWEEP_NEIGHBOUR_OCTAVES, nearest first; the caller frees. 0 without memory: the
 * sweep goes on, knowing less. */
static size_t neighbours_of(const struct sweep *sweep, size_t index, struct neighbour **out)
{
    struct neighbour *found = calloc(sweep->n_problems, sizeof *found);
    size_t n = 0;
    *out = found;
    for (size_t i = 0; found && i < sweep->n_problems; i++) {
        double octaves = distance(&sweep->lessons[index].problem, &sweep->lessons[i].problem);
        if (i != index && octaves >= 0 && octaves <= SWEEP_NEIGHBOUR_OCTAVES)
            found[n++] = (struct neighbour){i, octaves};
    }
    if (found) qsort(found, n, sizeof *found, nearest_first);
    return n;
}

enum status sweep_lessons_begin(struct sweep *sweep, const struct sweep_problem *problems, size_t n)
{
    sweep->lessons = calloc(n + 1, sizeof *sweep->lessons);
    if (!sweep->lessons) return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", n);
    for (size_t i = 0; i < n; i++) sweep->lessons[i].problem = problems[i].problem;
    return STATUS_OK;
}

/* Keeps the fastest, in ascending order. */
static void insert(struct sweep_lessons *lessons, const struct tried *tried)
{
    size_t at = lessons->n;
    while (at > 0 && lessons->best[at - 1].median_ns > tried->timing.median_ns) at--;
    if (at == SWEEP_LESSONS) return;
    if (lessons->n < SWEEP_LESSONS) lessons->n++;
    memmove(&lessons->best[at + 1], &lessons->best[at], (lessons->n - 1 - at) * sizeof *lessons->best);
    int64_t slots[SLOT_COUNT];
    memcpy(slots, tried->tuning->slots, sizeof slots);
    space_values(tried->tuning->space, &tried->configuration, slots);
    struct lesson *lesson = &lessons->best[at];
    lesson->manifest = tried->tuning->manifest;
    lesson->median_ns = tried->timing.median_ns;
    for (uint32_t i = 0; i < lesson->manifest->n_parameters; i++)
        lesson->values[i] = slots[lesson->manifest->parameters[i].slot];
}

void sweep_lessons_take(struct sweep_task *task)
{
    struct sweep_lessons *lessons = &task->sweep->lessons[task->index];
    lessons->n = 0;
    lessons->first_ns = 0;
    for (size_t i = 0; i < task->n_tried; i++) {
        enum verdict verdict = task->tried[i].verdict;
        if (!lessons->first_ns && (verdict == VERDICT_OK || verdict == VERDICT_SLOW))
            lessons->first_ns = task->tried[i].timing.median_ns;
        if (task->tried[i].verdict == VERDICT_OK) insert(lessons, &task->tried[i]);
    }
}

static bool is_among(const struct configuration *list, size_t n, const struct configuration *configuration)
{
    for (size_t i = 0; i < n; i++)
        if (memcmp(&list[i], configuration, sizeof *configuration) == 0) return true;
    return false;
}

/* First the best of each, then the second best: a kernel that won twice is one start. */
size_t sweep_lessons_starts(struct sweep_task *task, struct tuning *tuning, struct configuration *out,
                            size_t capacity)
{
    struct neighbour *neighbours;
    size_t n = 0, n_neighbours = neighbours_of(task->sweep, task->index, &neighbours);
    for (size_t place = 0; place < SWEEP_LESSONS; place++)
        for (size_t i = 0; i < n_neighbours && n < capacity; i++) {
            const struct sweep_lessons *lessons = &task->sweep->lessons[neighbours[i].index];
            const struct lesson *lesson = &lessons->best[place];
            if (place >= lessons->n || lesson->manifest != tuning->manifest) continue;
            if (!tuning_values_configuration(tuning, lesson->values, &out[n])) continue;
            if (tuning->has_default && is_among(&tuning->fallback, 1, &out[n])) continue;
            if (!is_among(out, n, &out[n])) n++;
        }
    free(neighbours);
    return n;
}

/* True where the task's search takes it up. */
static bool suggest(struct sweep_task *task, const struct lesson *lesson)
{
    for (size_t i = 0; i < task->n_tunings; i++) {
        struct tuning *tuning = &task->tunings[i];
        struct configuration configuration;
        if (tuning->manifest != lesson->manifest || !tuning->search) continue;
        if (!tuning_values_configuration(tuning, lesson->values, &configuration)) return false;
        if (!search_suggest(tuning->search, &configuration)) return false;
        tuning->finished = false;
        task->n_learned++;
        return true;
    }
    return false;
}

/* Logarithm of the first median over the best. */
static double gain_of(const struct sweep_lessons *lessons)
{
    return lessons->n ? log((double)lessons->first_ns / (double)lessons->best[0].median_ns) : 0;
}

static void promise(struct prospect *prospect, const struct sweep_task *task, double gain, double octaves)
{
    const struct sweep_lessons *own = &task->sweep->lessons[task->index];
    double more = gain - gain_of(own);
    if (more <= 0 || !task->fresh_trials) return;
    prospect->hint += hint_share * more * exp2(-octaves / hint_octaves);
    prospect->hint_ns += (double)task->result.trial_ns / (double)task->fresh_trials;
}

void sweep_lessons_spread(struct sweep *sweep, size_t index, struct sweep_task *const *tasks,
                          struct prospect *prospects)
{
    struct sweep_lessons *lessons = &sweep->lessons[index];
    if (!lessons->n) return;
    double before_ns = (double)lessons->told_ns, now_ns = (double)lessons->best[0].median_ns;
    if (before_ns > 0 && before_ns < news_gain * now_ns) return;
    lessons->told_ns = lessons->best[0].median_ns;
    struct neighbour *neighbours;
    size_t n = neighbours_of(sweep, index, &neighbours), told = 0;
    for (size_t i = 0; i < n && told < SUGGESTED_TO_MAX; i++) {
        struct prospect *prospect = &prospects[neighbours[i].index];
        struct sweep_task *task = tasks[neighbours[i].index];
        if (!task || prospect->over || !suggest(task, &lessons->best[0])) continue;
        promise(prospect, task, gain_of(lessons), neighbours[i].octaves);
        told++;
    }
    free(neighbours);
}
