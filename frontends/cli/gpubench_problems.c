/* Which problems `autotune gpubench` is about. */
#include <stdlib.h>
#include <string.h>
#include "frontends/cli/gpubench.h"
#include "frontends/cli/problems.h"
#include "templates/gemm/gemm.h"
#include "templates/models.h"

enum { LAST_TOKENS_MAX = 256, M_MAX = 64 };

static const char *const usual_models[] = {"llama-3-8b@tp1", "llama-3-70b@tp1", "llama-3-8b@tp8",
                                           "llama-3-70b@tp8"};
static const int64_t usual_m[] = {1, 16, 64, 256, 1024, 4096, 8192};
static const char *const usual_fp8[] = {"gemm f8e4m3 d=bf16 nt m=4096 n=4096 k=4096",
                                        "gemm f8e4m3 d=bf16 nt m=8192 n=8192 k=8192"};

static enum status add(struct gpubench_list *list, const struct problem *problem, const char *group,
                       const char *layer)
{
    for (size_t i = 0; i < list->n; i++)
        if (list->items[i].problem.op == problem->op &&
            memcmp(list->items[i].problem.value, problem->value, sizeof problem->value) == 0)
            return STATUS_OK;
    if ((list->n & (list->n - 1)) == 0) { /* full at powers of two */
        size_t capacity = list->n ? 2 * list->n : 1;
        struct gpubench_problem *items = realloc(list->items, capacity * sizeof *items);
        if (!items) return status_fail(STATUS_NO_MEMORY, "no memory for %zu problems", capacity);
        list->items = items;
    }
    struct gpubench_problem *item = &list->items[list->n++];
    *item = (struct gpubench_problem){.problem = *problem};
    snprintf(item->group, sizeof item->group, "%s", group);
    snprintf(item->layer, sizeof item->layer, "%s", layer);
    return STATUS_OK;
}

static enum status parse_m(const char *text, int64_t out[M_MAX], size_t *n)
{
    *n = 0;
    if (!text) {
        memcpy(out, usual_m, sizeof usual_m);
        *n = sizeof usual_m / sizeof *usual_m;
        return STATUS_OK;
    }
    char *copy = strdup(text);
    enum status status = copy ? STATUS_OK : status_fail(STATUS_NO_MEMORY, "no memory for --m");
    for (char *save = NULL, *word = copy ? strtok_r(copy, ",", &save) : NULL; word && status == STATUS_OK;
         word = strtok_r(NULL, ",", &save)) {
        if (*n == M_MAX || !text_parse_int64(word, &out[*n]) || out[*n] < 1 || out[*n] > INT32_MAX)
            status = status_fail(STATUS_USAGE, "--m=%s: '%s' is no number of rows; --m=1,16,64", text, word);
        ++*n;
    }
    if (status == STATUS_OK && !*n) status = status_fail(STATUS_USAGE, "--m: names no number of rows");
    free(copy);
    return status;
}

/* A model's matrices are those of its problem with one token. The last of the layers, which is asked for one
 * token of each sequence, meets no more rows than there are sequences. */
static enum status add_model(struct gpubench_list *list, const char *name, const char *dtype,
                             const int64_t *m, size_t n_m)
{
    struct model_request request = {.name = name, .phase = "decode", .dtype = dtype, .op = "gemm"};
    struct model_problem *problems;
    size_t n;
    TRY(model_problems(&request, &problems, &n));
    enum status status = STATUS_OK;
    for (size_t i = 0; i < n; i++) {
        if (problems[i].problem.value[GEMM_M] != 1) continue;
        bool last = strcmp(problems[i].layer, "lm_head") == 0;
        for (size_t j = 0; j < n_m && status == STATUS_OK; j++) {
            struct problem problem = problems[i].problem;
            problem.value[GEMM_M] = m[j];
            if (last && m[j] > LAST_TOKENS_MAX) continue;
            status = add(list, &problem, name, problems[i].layer);
        }
    }
    free(problems);
    return status;
}

static enum status add_named(const struct settings *settings, struct gpubench_list *list)
{
    struct settings named = {.arguments = settings->arguments, .shape_files = settings->shape_files};
    struct problem_list problems;
    enum status status = problems_gather(&named, &problems);
    for (size_t i = 0; i < problems.n && status == STATUS_OK; i++)
        status = add(list, &problems.items[i].problem, "named", "");
    problems_free(&problems);
    return status;
}

static enum status add_fp8(struct gpubench_list *list)
{
    struct problem problem;
    for (size_t i = 0; i < sizeof usual_fp8 / sizeof *usual_fp8; i++) {
        TRY(problem_parse(usual_fp8[i], &problem));
        TRY(add(list, &problem, "fp8", ""));
    }
    return STATUS_OK;
}

enum status gpubench_problems(const struct settings *settings, struct gpubench_list *out)
{
    int64_t m[M_MAX];
    size_t n_m;
    const char *dtype = settings->dtypes.n ? settings->dtypes.items[0] : NULL;
    *out = (struct gpubench_list){0};
    TRY(parse_m(settings->m, m, &n_m));
    TRY(add_named(settings, out));
    for (size_t i = 0; i < settings->models.n; i++)
        TRY(add_model(out, settings->models.items[i], dtype, m, n_m));
    if (out->n) return STATUS_OK;
    for (size_t i = 0; i < sizeof usual_models / sizeof *usual_models; i++)
        TRY(add_model(out, usual_models[i], dtype, m, n_m));
    return settings->m ? STATUS_OK : add_fp8(out);
}

void gpubench_list_free(struct gpubench_list *list)
{
    free(list->items);
    *list = (struct gpubench_list){0};
}
