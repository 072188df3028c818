/* Which configurations of a problem the model would try first. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "tuner/predict_internal.h"

enum {
    RANKED_MOST = 256,     /* of a template, before those that are alike are put together */
    LOOKED_AT_MOST = 60000 /* of a template's space, where it is larger */
};

/* Times that the model does not tell apart; and what is as good as the same where all but one parameter are
 * equal. */
static const double INDIFFERENT = 1.0005, ALIKE = 1.02;

/* One template's part. */
struct ranking_task {
    struct predict_task *task;
    struct tuning tuning;
    struct ranking *ranking;
    struct ranked list[PREDICT_RANKED];
    size_t n;
};

/* ---- one template ---- */

static bool default_index(const struct tuning *tuning, uint32_t parameter, uint16_t *out)
{
    const struct space_parameter *values = &tuning->parameters[parameter];
    for (uint32_t i = 0; i < values->n_values; i++)
        if (values->values[i] == tuning->manifest->defaults[parameter]) {
            *out = (uint16_t)i;
            return true;
        }
    return false;
}

/* Where the model is indifferent, the author's default is the better guess; and problems that are alike come
 * to want the same kernel. */
static void settle(struct ranking_task *part, struct ranked *ranked)
{
    const struct tuning *tuning = &part->tuning;
    double most_ns = ranked->estimate.ns * INDIFFERENT;
    for (uint32_t p = 0; p < tuning->spec.n_parameters; p++) {
        struct ranked moved = *ranked;
        if (!default_index(tuning, p, &moved.configuration.index[p])) continue;
        if (!space_admits(tuning->space, &moved.configuration, NULL)) continue;
        if (!ranking_estimate(part->ranking, &moved.configuration, &moved.shape, &moved.estimate)) continue;
        if (moved.estimate.ns <= most_ns) *ranked = moved;
    }
}

static unsigned differences(const struct configuration *a, const struct configuration *b)
{
    unsigned n = 0;
    for (int p = 0; p < SPACE_PARAMETERS_MAX; p++) n += a->index[p] != b->index[p];
    return n;
}

/* Is it there already, or, not to be `lenient`, one that differs in one parameter and is as good? That stands
 * for no other way to compute. */
static bool is_alike(const struct ranking_task *part, const struct ranked *ranked, bool lenient)
{
    for (size_t i = 0; i < part->n; i++) {
        unsigned n = differences(&part->list[i].configuration, &ranked->configuration);
        bool close = ranked->estimate.ns <= part->list[i].estimate.ns * ALIKE;
        if (n == 0 || (n == 1 && close && !lenient)) return true;
    }
    return false;
}

static int by_time(const void *a, const void *b)
{
    const struct ranked *left = a, *right = b;
    if (left->estimate.ns != right->estimate.ns) return left->estimate.ns < right->estimate.ns ? -1 : 1;
    return memcmp(&left->configuration, &right->configuration, sizeof left->configuration);
}

static enum status rank_template(const struct predict *predict, struct ranking_task *part)
{
    uint64_t looked_at;
    const struct problem *problem = &part->task->problem;
    TRY(ranking_create(part->tuning.manifest, problem, &predict->device_class, part->tuning.space,
                       &part->ranking));
    struct ranked *ranked = malloc(RANKED_MOST * sizeof *ranked);
    if (!ranked) return status_fail(STATUS_NO_MEMORY, "no memory for a ranking");
    size_t n =
        ranking_best(part->ranking, RANKED_MOST, LOOKED_AT_MOST, predict->options->seed, ranked, &looked_at);
    part->task->result.looked_at += looked_at;
    for (size_t i = 0; i < n; i++) settle(part, &ranked[i]);
    qsort(ranked, n, sizeof *ranked, by_time);
    for (int lenient = 0; lenient < 2; lenient++)
        for (size_t i = 0; i < n && part->n < PREDICT_RANKED; i++)
            if (!is_alike(part, &ranked[i], lenient)) part->list[part->n++] = ranked[i];
    free(ranked);
    return STATUS_OK;
}

/* ---- a front becomes a kernel ---- */

static enum status prepare(const struct ranking_task *part, const struct ranked *ranked,
                           struct predict_front *front)
{
    struct predict_kernel *kernel = calloc(1, sizeof *kernel);
    if (!kernel) return status_fail(STATUS_NO_MEMORY, "no memory for a kernel");
    struct tuning *tuning = (struct tuning *)&part->tuning;
    kernel->manifest = tuning->manifest;
    kernel->problem = part->task->problem;
    kernel->passed = VERDICT_STARTED;
    memcpy(kernel->slots, tuning->slots, sizeof kernel->slots);
    space_values(tuning->space, &ranked->configuration, kernel->slots);
    enum status status = candidate_prepare(tuning, &ranked->configuration, &kernel->candidate);
    if (status != STATUS_OK) {
        candidate_free(&kernel->candidate);
        free(kernel);
        return status;
    }
    kernel->candidate.tuning = NULL; /* which is closed before it is compiled */
    front->kernel = kernel;
    front->shape = ranked->shape;
    front->ns = ranked->estimate.ns;
    front->bound = model_part_name(ranked->estimate.bound);
    return STATUS_OK;
}

/* Puts it among the fronts by its time, and the last one out where there are enough. */
static enum status insert(const struct ranking_task *part, const struct ranked *ranked)
{
    struct predict_task *task = part->task;
    size_t at = task->n;
    while (at > 0 && ranked->estimate.ns < task->fronts[at - 1].ns) at--;
    if (at == PREDICT_RANKED) return STATUS_OK;
    struct predict_front front;
    TRY(prepare(part, ranked, &front));
    if (task->n == PREDICT_RANKED) {
        struct predict_kernel *last = task->fronts[--task->n].kernel;
        candidate_free(&last->candidate);
        free(last);
    }
    memmove(&task->fronts[at + 1], &task->fronts[at], (task->n - at) * sizeof *task->fronts);
    task->fronts[at] = front;
    task->n++;
    return STATUS_OK;
}

static enum status add_fronts(const struct predict *predict, struct ranking_task *part)
{
    enum status status = rank_template(predict, part);
    if (status != STATUS_OK) return status;
    part->task->device = *ranking_device(part->ranking);
    part->task->work = *ranking_work(part->ranking);
    for (size_t i = 0; i < part->n; i++) TRY(insert(part, &part->list[i]));
    return STATUS_OK;
}

/* ---- all templates ---- */

/* Why a template that is for this target has no part. */
static void note(struct predict_task *task)
{
    char *text = task->result.note;
    size_t used = strlen(text);
    snprintf(text + used, sizeof task->result.note - used, "%s%s", used ? "; " : "", status_message());
}

enum status predict_rank(const struct predict *predict, struct predict_task *task)
{
    const struct predict_options *options = predict->options;
    struct tuning_scene scene = {&task->problem, &predict->facts, predict->device_class.target,
                                 predict->compiler, text_string(&predict->identity)};
    for (size_t i = 0; i < options->n_templates; i++) {
        const struct manifest *manifest = options->templates[i];
        if (!manifest_has_target(manifest, scene.target)) continue;
        struct ranking_task part = {.task = task};
        enum status status = tuning_open(&scene, manifest, &part.tuning);
        if (status == STATUS_OK) status = add_fronts(predict, &part);
        if (status == STATUS_NOT_COVERED) note(task);
        ranking_free(part.ranking);
        tuning_close(&part.tuning);
        if (status != STATUS_NOT_COVERED) TRY(status);
    }
    if (task->n)
        task->result.note[0] = 0;
    else if (!*task->result.note)
        snprintf(task->result.note, sizeof task->result.note, "no template is for %s", scene.target);
    return STATUS_OK;
}
