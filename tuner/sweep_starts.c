/* Where a search begins: the template's default, then what this sweep has found for neighbouring problems,
 * what won for them and for sibling classes earlier, then the front-runners of the model, then those that its
 * author names. */
#include <stdlib.h>
#include <string.h>
#include "db/lookup.h"
#include "tuner/launch/problem_key.h"
#include "tuner/sweep_internal.h"

static bool any_kernel(void *context, struct book *book, const struct record_entry *entry,
                       const struct descriptor *descriptor)
{
    (void)book;
    (void)entry;
    return strcmp(descriptor->template_name, (const char *)context) == 0;
}

static bool same(const struct configuration *a, const struct configuration *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static size_t add(struct configuration *out, size_t n, size_t capacity,
                  const struct configuration *configuration)
{
    for (size_t i = 0; i < n; i++)
        if (same(&out[i], configuration)) return n;
    if (n < capacity) out[n++] = *configuration;
    return n;
}

/* Winners of this template for near shapes and sibling classes, nearest first. */
static size_t add_neighbours(struct sweep_task *task, struct tuning *tuning, struct configuration *out,
                             size_t n, size_t capacity)
{
    enum { NEIGHBOURS = 8 };
    struct key_parts parts;
    if (problem_key_parts(&task->problem, task->sweep->info->class_text, &parts) != STATUS_OK) return n;
    struct lookup_answer *answers = calloc(NEIGHBOURS, sizeof *answers);
    if (!answers) return n;
    const char *names[KEY_SIZES_MAX];
    for (uint32_t i = 0; i < parts.n_sizes; i++) names[i] = parts.names[i];
    const char *head = parts.head;
    struct book *book = task->sweep->options->book;
    struct lookup_request request = {.heads = &head,
                                     .n_heads = 1,
                                     .device_class = task->sweep->info->class_text,
                                     .target = task->scene.target,
                                     .n_sizes = parts.n_sizes,
                                     .size_names = names,
                                     .sizes = parts.sizes,
                                     .worst = MATCH_SIBLING_CLASS,
                                     .is_valid = any_kernel,
                                     .context = (void *)tuning->manifest->name};
    size_t n_answers = lookup_all(&book, 1, &request, answers, NEIGHBOURS);
    for (size_t i = 0; i < n_answers; i++) {
        struct configuration configuration;
        if (tuning_configuration(tuning, answers[i].descriptor.configuration, &configuration))
            n = add(out, n, capacity, &configuration);
        value_free(&answers[i].descriptor_bytes);
    }
    free(answers);
    return n;
}

/* What the model puts first. */
static size_t add_modelled(struct sweep_task *task, struct tuning *tuning, struct configuration *out,
                           size_t n, size_t capacity)
{
    struct ranked front[SWEEP_MODEL_STARTS];
    if (!tuning->ranking) return n;
    size_t n_front = ranking_best(tuning->ranking, SWEEP_MODEL_STARTS, SWEEP_MODEL_LOOKS,
                                  task->sweep->options->seed, front, NULL);
    for (size_t i = 0; i < n_front; i++) n = add(out, n, capacity, &front[i].configuration);
    return n;
}

/* Front-runners that the template's author names, those that are valid here. */
static size_t add_named(struct tuning *tuning, struct configuration *out, size_t n, size_t capacity)
{
    for (uint32_t i = 0; i < tuning->manifest->n_starts; i++) {
        struct configuration configuration;
        if (tuning_values_configuration(tuning, tuning->manifest->starts[i], &configuration))
            n = add(out, n, capacity, &configuration);
    }
    return n;
}

size_t sweep_starts(struct sweep_task *task, struct tuning *tuning, struct configuration *out,
                    size_t capacity)
{
    size_t n = 0;
    if (tuning->has_default) n = add(out, n, capacity, &tuning->fallback);
    struct configuration learned[SWEEP_LESSON_STARTS];
    size_t n_learned = sweep_lessons_starts(task, tuning, learned, SWEEP_LESSON_STARTS);
    task->n_learned += n_learned;
    for (size_t i = 0; i < n_learned; i++) n = add(out, n, capacity, &learned[i]);
    n = add_neighbours(task, tuning, out, n, capacity);
    n = add_modelled(task, tuning, out, n, capacity);
    return add_named(tuning, out, n, capacity);
}
