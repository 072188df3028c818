/* All usable kernels of a problem, as explanations that live as long as the context: a list is made once per
 * problem. */
#include <stdlib.h>
#include <string.h>
#include "frontends/runtime/runtime.h"
#include "tuner/base/arena.h"

enum { CANDIDATES_MAX = RECORD_ENTRIES_MAX };

struct candidate_list {
    struct candidate_list *next;
    union given given; /* canonical */
    struct arena strings;
    size_t n;
    tb_explanation list[CANDIDATES_MAX];
};

void candidates_destroy(tb_context *context)
{
    while (context->candidates) {
        struct candidate_list *list = context->candidates;
        context->candidates = list->next;
        arena_free(&list->strings);
        free(list);
    }
}

static enum status list_add(struct candidate_list *list, const tb_context *context,
                            const struct lookup_answer *answer)
{
    tb_explanation *out = &list->list[list->n];
    *out = (tb_explanation){
        .struct_size = sizeof *out,
        .match = (tb_match)answer->match,
        .evidence = (tb_evidence)answer->evidence,
        .template_name = arena_string(&list->strings, answer->descriptor.template_name),
        .configuration = arena_string(&list->strings, answer->descriptor.configuration),
        .book = book_path(context->book->layers[answer->layer]),
        .record = arena_string(&list->strings, answer->key),
        .reason = arena_string(&list->strings, answer->reason),
        .expected_ns = answer->entry.timing.median_ns,
        .baseline_ns = answer->baseline_ns,
    };
    if (!out->template_name || !out->configuration || !out->record || !out->reason)
        return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for candidates");
    list->n++;
    return STATUS_OK;
}

static enum status list_fill(struct candidate_list *list, tb_context *context, const struct op_api *api,
                             const struct problem *problem)
{
    struct lookup_answer *answers = calloc(CANDIDATES_MAX, sizeof *answers);
    if (!answers) return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for candidates");
    struct finder finder = {context, api, problem, 0, ""};
    size_t n = 0;
    enum status status = STATUS_OK;
    if (context->book->n_layers) status = find_all(&finder, answers, CANDIDATES_MAX, &n);
    for (size_t i = 0; i < n && status == STATUS_OK; i++) status = list_add(list, context, &answers[i]);
    for (size_t i = 0; i < n; i++) value_free(&answers[i].descriptor_bytes);
    free(answers);
    return status;
}

static enum status list_get(tb_context *context, const struct op_api *api, const union given *canonical,
                            const struct problem *problem, const struct candidate_list **out)
{
    struct candidate_list *list = context->candidates;
    while (list && memcmp(&list->given, canonical, sizeof *canonical) != 0) list = list->next;
    if (!list) {
        list = calloc(1, sizeof *list);
        if (!list) return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for candidates");
        list->given = *canonical;
        enum status status = list_fill(list, context, api, problem);
        if (status != STATUS_OK) {
            arena_free(&list->strings);
            free(list);
            return status;
        }
        list->next = context->candidates;
        context->candidates = list;
    }
    *out = list;
    return STATUS_OK;
}

tb_status candidates_list(const char *call, tb_context *context, const struct op_api *api, const void *given,
                          tb_explanation *out, size_t *n)
{
    if (!context || !given || !n || (!out && *n))
        return runtime_fail(TB_INVALID, "%s: a pointer is NULL", call);
    if (*context->alive != (uint32_t)ALIVE) return runtime_fail_forked();
    union given canonical;
    struct problem problem;
    const struct candidate_list *list = NULL;
    enum status status = problem_read(api, given, &canonical);
    if (status == STATUS_OK) status = problem_convert(api, &canonical, &problem);
    if (status != STATUS_OK) return runtime_status(status);
    pthread_mutex_lock(&context->mutex);
    status = list_get(context, api, &canonical, &problem, &list);
    pthread_mutex_unlock(&context->mutex);
    size_t count = status != STATUS_OK ? 0 : list->n < *n ? list->n : *n;
    size_t stride = count ? out->struct_size : 0; /* the caller's array has the caller's size */
    for (size_t i = 0; i < count && status == STATUS_OK; i++)
        status = explanation_write((tb_explanation *)((char *)out + i * stride), &list->list[i]);
    if (status == STATUS_OK) *n = count;
    return runtime_status(status);
}
