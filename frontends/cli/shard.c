#include "frontends/cli/shard.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/talk.h"

enum { SHARDS_MAX = 1000000 };

/* What schedulers set. `first` and `step` say how their numbers run, where they do not count from 0 by ones.
 */
static const struct scheduler {
    const char *index, *count, *first, *step;
} schedulers[] = {
    {"SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP"},
    {"JOB_COMPLETION_INDEX", NULL, NULL, NULL},
    {"OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", NULL, NULL},
};
enum { SCHEDULERS = sizeof schedulers / sizeof *schedulers };

static bool read_number(const char *text, const char **end, uint64_t *out)
{
    char *after;
    if (*text < '0' || *text > '9') return false;
    errno = 0;
    *out = strtoull(text, &after, 10);
    *end = after;
    return !errno;
}

/* A variable's number; `otherwise` where it is not set. */
static enum status read_variable(const char *name, uint64_t otherwise, uint64_t *out)
{
    const char *text = name ? getenv(name) : NULL, *end = "";
    *out = otherwise;
    if (!text || (read_number(text, &end, out) && !*end)) return STATUS_OK;
    return status_fail(STATUS_USAGE, "--shard=auto: %s is '%s', which is no number", name, text);
}

static enum status ask_scheduler(struct shard *out)
{
    const struct scheduler *found = NULL;
    for (size_t i = 0; i < SCHEDULERS && !found; i++)
        if (getenv(schedulers[i].index)) found = &schedulers[i];
    if (!found)
        return status_fail(STATUS_USAGE,
                           "--shard=auto: no scheduler has set SLURM_ARRAY_TASK_ID, JOB_COMPLETION_INDEX or "
                           "OMPI_COMM_WORLD_RANK; write --shard=1/8");
    uint64_t index, first, step, count;
    TRY(read_variable(found->index, 0, &index));
    TRY(read_variable(found->first, 0, &first));
    TRY(read_variable(found->step, 1, &step));
    TRY(read_variable(found->count, 0, &count));
    if (!out->count) out->count = count;
    if (!out->count)
        return status_fail(STATUS_USAGE,
                           "--shard=auto: %s does not say of how many; write --shard=auto/N, N the jobs",
                           found->index);
    if (index < first || !step || (index - first) % step || (index - first) / step >= out->count)
        return status_fail(STATUS_USAGE, "--shard=auto: %s is %llu, which is none of %llu shards",
                           found->index, (unsigned long long)index, (unsigned long long)out->count);
    out->index = (index - first) / step;
    return STATUS_OK;
}

static enum status malformed(const char *text)
{
    return status_fail(STATUS_USAGE, "--shard=%s: write I/N (1/8 ... 8/8), auto or auto/N", text);
}

enum status shard_parse(const char *text, struct shard *out)
{
    const char *slash = strchr(text, '/'), *end = text;
    bool asks = strncmp(text, "auto", 4) == 0 && (text[4] == '/' || !text[4]);
    *out = (struct shard){0};
    if (slash &&
        (!read_number(slash + 1, &end, &out->count) || *end || !out->count || out->count > SHARDS_MAX))
        return malformed(text);
    if (asks) return ask_scheduler(out);
    if (!slash || !read_number(text, &end, &out->index) || end != slash) return malformed(text);
    if (!out->index || out->index > out->count)
        return status_fail(STATUS_USAGE, "--shard=%s: shards of %llu are numbered 1 to %llu", text,
                           (unsigned long long)out->count, (unsigned long long)out->count);
    out->index--;
    return STATUS_OK;
}

/* ---- which problems ---- */

struct named {
    char text[PROBLEM_TEXT_BYTES];
    struct sweep_problem item;
    size_t place; /* in the list */
    bool taken;
};

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->text, ((const struct named *)b)->text);
}

static int by_place(const void *a, const void *b)
{
    size_t x = ((const struct named *)a)->place, y = ((const struct named *)b)->place;
    return x < y ? -1 : x > y;
}

enum status shard_take(const struct shard *shard, struct problem_list *list)
{
    struct named *named = calloc(list->n + 1, sizeof *named);
    if (!named) return status_fail(STATUS_NO_MEMORY, "no memory for the problems of a shard");
    for (size_t i = 0; i < list->n; i++) {
        named[i] = (struct named){.item = list->items[i], .place = i};
        problem_print(&list->items[i].problem, named[i].text);
    }
    size_t n = list->n;
    list->n = 0;
    qsort(named, n, sizeof *named, by_text);
    for (size_t i = 0; i < n; i++) named[i].taken = i % shard->count == shard->index;
    qsort(named, n, sizeof *named, by_place);
    for (size_t i = 0; i < n; i++)
        if (named[i].taken) list->items[list->n++] = named[i].item;
    free(named);
    return STATUS_OK;
}

enum status shard_apply(const struct settings *settings, struct problem_list *list)
{
    struct shard shard;
    size_t all = list->n;
    if (!settings->shard) return STATUS_OK;
    TRY(shard_parse(settings->shard, &shard));
    TRY(shard_take(&shard, list));
    talk_note("shard %llu of %llu: %zu of %zu problems", (unsigned long long)shard.index + 1,
              (unsigned long long)shard.count, list->n, all);
    return STATUS_OK;
}
