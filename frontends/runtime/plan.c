/* Plans: a problem's kernel, found once and then handed out from the cache. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/runtime/cache.h"

enum { LOAD_TRIES = 16 };

_Static_assert((int)TB_EXACT == (int)MATCH_EXACT && (int)TB_NEAR_SHAPE == (int)MATCH_NEAR_SHAPE &&
                   (int)TB_SIBLING_CLASS == (int)MATCH_SIBLING_CLASS && (int)TB_DEFAULT == (int)MATCH_DEFAULT,
               "tb_match has the numbers of enum match");
_Static_assert((int)TB_MEASURED == (int)EVIDENCE_MEASURED && (int)TB_PREDICTED == (int)EVIDENCE_PREDICTED &&
                   (int)TB_BY_DEFAULT == (int)EVIDENCE_DEFAULT,
               "tb_evidence has the numbers of enum evidence");

/* Fills the plan from an answer, whose descriptor goes to the context. */
static enum status take_answer(tb_plan *plan, struct lookup_answer *answer, char reason[REASON_BYTES])
{
    struct stored_kernel *stored;
    TRY(context_store_kernel(plan->context, answer, &stored));
    if (stored->broken) return status_fail(STATUS_BAD_DATA, "%s", stored->broken);
    if (!(plan->flags & TB_PLAN_NO_LOAD)) TRY(context_load_kernel(plan->context, stored));
    plan->kernel = plan->flags & TB_PLAN_NO_LOAD ? NULL : stored->kernel;
    plan->stored = stored;
    plan->match = (tb_match)answer->match;
    plan->evidence = (tb_evidence)answer->evidence;
    plan->expected_ns = answer->entry.timing.median_ns;
    plan->baseline_ns = answer->baseline_ns;
    plan->record = arena_string(&plan->context->plans, answer->key);
    if (!plan->record) return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for a plan");
    _Static_assert((int)REASON_BYTES >= (int)sizeof answer->reason, "a reason fits");
    strcpy(reason, answer->reason);
    return STATUS_OK;
}

static enum status check_faster(const struct lookup_answer *answer)
{
    uint64_t ours = answer->entry.timing.median_ns, theirs = answer->baseline_ns;
    if (answer->evidence == EVIDENCE_MEASURED && ours && theirs && ours < theirs) return STATUS_OK;
    if (!ours || !theirs)
        return status_fail(STATUS_NOT_FOUND, "%s was never measured against a vendor library", answer->key);
    return status_fail(STATUS_NOT_FOUND, "%s: %llu ns, %s needs %llu ns", answer->key,
                       (unsigned long long)ours, answer->baseline_name, (unsigned long long)theirs);
}

/* The best answer whose code loads. What could not be loaded is remembered by the context and passed over. */
static enum status answer_problem(tb_plan *plan, char reason[REASON_BYTES])
{
    struct lookup_answer answer;
    struct finder finder = {plan->context, plan->api, &plan->problem, plan->flags, ""};
    enum status status = STATUS_NOT_FOUND;
    for (int i = 0; i < LOAD_TRIES; i++) {
        finder.refusal[0] = '\0';
        status = find_kernel(&finder, &answer);
        if (status != STATUS_OK) break;
        if (finder.flags & TB_PLAN_ONLY_IF_FASTER) status = check_faster(&answer);
        if (status == STATUS_OK) status = take_answer(plan, &answer, reason);
        value_free(&answer.descriptor_bytes);
        if (status == STATUS_OK && finder.refusal[0]) {
            size_t used = strlen(reason);
            snprintf(reason + used, REASON_BYTES - used, "%s%s", used ? "; " : "", finder.refusal);
        }
        if (status != STATUS_BAD_DATA) return status;
    }
    if (status != STATUS_NOT_FOUND) return status;
    return status_fail(STATUS_NOT_FOUND, "%s%s%s", answer.reason,
                       answer.reason[0] && finder.refusal[0] ? "; " : "", finder.refusal);
}

static enum status consult_books(tb_plan *plan, char reason[REASON_BYTES])
{
    const tb_book *book = plan->context->book;
    if (book->disabled) return status_fail(STATUS_NOT_FOUND, "tunebook is turned off by $TUNEBOOK_DISABLE");
    if (book->n_layers == 0)
        return status_fail(STATUS_NOT_FOUND,
                           "there is no book; tune with autotune, or name one in $TUNEBOOK%s%s",
                           book->warnings.size ? "; " : "", text_string(&book->warnings));
    return answer_problem(plan, reason);
}

static void count_plan(tb_context *context, const tb_plan *plan)
{
    context->misses++;
    if (plan->status == TB_OK)
        context->answered[plan->match]++;
    else
        context->no_kernel++;
}

/* What stays goes into the context's arena; what may pass leaves nothing there. */
static enum status plan_keep(tb_context *context, const tb_plan *made, const char *reason, tb_plan **out)
{
    tb_plan *plan = arena_copy(&context->plans, made, sizeof *made);
    if (plan) plan->reason = arena_string(&context->plans, reason);
    if (!plan || !plan->reason) return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for a plan");
    journal_plan(context, plan);
    TRY(cache_insert(context, plan));
    count_plan(context, plan);
    *out = plan;
    return STATUS_OK;
}

static enum status plan_create(tb_context *context, const struct op_api *api, const union given *canonical,
                               unsigned flags, const struct problem *problem, tb_plan **out)
{
    tb_plan plan = {.tag = plan_tag(api->problem_bytes, flags),
                    .flags = flags,
                    .given = *canonical,
                    .api = api,
                    .context = context,
                    .problem = *problem};
    char reason[REASON_BYTES];
    reason[0] = '\0';
    enum status status = consult_books(&plan, reason);
    plan.status = runtime_status(status);
    if (status == STATUS_OK) return plan_keep(context, &plan, reason, out);
    /* That there is nothing, or nothing sound, stays true; a busy file or lack of memory may pass. */
    if (status != STATUS_NOT_FOUND && status != STATUS_BAD_DATA) return status;
    char text[PROBLEM_TEXT_BYTES];
    problem_print(problem, text);
    snprintf(reason, sizeof reason, "no kernel for %s on %s: %s", text, context->info->class_text,
             status_message());
    return plan_keep(context, &plan, reason, out);
}

tb_status plan_slowly(tb_context *context, const struct op_api *api, const void *given, unsigned flags,
                      tb_plan **plan)
{
    union given canonical;
    struct problem problem;
    enum status status = problem_read(api, given, &canonical);
    if (status == STATUS_OK) status = problem_convert(api, &canonical, &problem);
    if (status != STATUS_OK) return runtime_status(status);
    tb_plan *found = cache_find_given(context, api, &canonical, flags);
    bool hit = found != NULL;
    if (!hit) {
        pthread_mutex_lock(&context->mutex);
        found = cache_find_given(context, api, &canonical, flags); /* another thread may have been first */
        hit = found != NULL;
        if (!hit) status = plan_create(context, api, &canonical, flags, &problem, &found);
        pthread_mutex_unlock(&context->mutex);
    }
    if (hit) context_count_hit(context);
    return status == STATUS_OK ? plan_hand_out(found, plan) : runtime_status(status);
}

tb_status plans_warm(const char *call, tb_context *context, const struct op_api *api, const void *problems,
                     size_t n, size_t *n_planned)
{
    if (!context || (!problems && n)) return runtime_fail(TB_INVALID, "%s: a pointer is NULL", call);
    if (*context->alive != (uint32_t)ALIVE) return runtime_fail_forked();
    size_t planned = 0, stride = 0;
    if (n) memcpy(&stride, problems, sizeof stride); /* the caller's array has the caller's size */
    tb_status status = TB_OK;
    for (size_t i = 0; i < n; i++) {
        tb_plan *plan;
        status = plan_slowly(context, api, (const char *)problems + i * stride, 0, &plan);
        planned += status == TB_OK;
        if (status != TB_OK && status != TB_NO_KERNEL && status != TB_CORRUPT) break;
        status = TB_OK;
    }
    if (n_planned) *n_planned = planned;
    return status;
}

void explanation_fill(const tb_plan *plan, tb_explanation *out)
{
    const struct descriptor *descriptor = &plan->stored->descriptor;
    *out = (tb_explanation){
        .struct_size = sizeof *out,
        .match = plan->match,
        .evidence = plan->evidence,
        .template_name = descriptor->template_name,
        .configuration = descriptor->configuration,
        .book = book_path(plan->context->book->layers[plan->stored->layer]),
        .record = plan->record,
        .reason = plan->reason,
        .expected_ns = plan->expected_ns,
        .baseline_ns = plan->baseline_ns,
    };
}

enum status explanation_write(tb_explanation *out, const tb_explanation *full)
{
    size_t writable, given = out->struct_size;
    TRY(struct_writable("tb_explanation", given, offsetof(tb_explanation, book), sizeof *full, &writable));
    memcpy(out, full, writable);
    out->struct_size = given;
    return STATUS_OK;
}

tb_status tb_plan_explain(const tb_plan *plan, tb_explanation *explanation)
{
    if (!plan || !explanation) return runtime_fail(TB_INVALID, "tb_plan_explain: a pointer is NULL");
    if (*plan->context->alive != (uint32_t)ALIVE) return runtime_fail_forked();
    tb_explanation full;
    explanation_fill(plan, &full);
    return runtime_status(explanation_write(explanation, &full));
}
