/* Which kernel answers a problem: the question to db/lookup, and what this library demands of an entry before
 * it may answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/runtime/runtime.h"
#include "tuner/launch/problem_key.h"

enum { ALIGN_MAX = 8, HEADS_MAX = ALIGN_MAX + 2 };

__attribute__((format(printf, 2, 3))) static bool refuse(struct finder *finder, const char *format, ...)
{
    if (finder->refusal[0] == '\0') { /* the first is the best entry's */
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(finder->refusal, sizeof finder->refusal, format, arguments);
        va_end(arguments);
    }
    return false;
}

static size_t layer_of(const tb_book *book, const struct book *layer)
{
    size_t i = 0;
    while (i < book->n_layers && book->layers[i] != layer) i++;
    return i;
}

/* Does the device understand this code and this library its arguments? */
static bool is_ours(struct finder *finder, const struct descriptor *descriptor)
{
    const struct op *op = finder->problem->op;
    const char *target = finder->context->info->device_class.target;
    if (strcmp(descriptor->op, op->name) != 0)
        return refuse(finder, "kernel %s is of op %s", descriptor->template_name, descriptor->op);
    if (descriptor->args_abi != op->args_abi)
        return refuse(finder, "kernel %s takes arguments of version %u, this library gives %u",
                      descriptor->template_name, descriptor->args_abi, op->args_abi);
    if (strcmp(descriptor->target, target) != 0)
        return refuse(finder, "kernel %s was compiled for %s", descriptor->template_name, descriptor->target);
    return true;
}

static bool is_usable(void *context, struct book *layer, const struct record_entry *entry,
                      const struct descriptor *descriptor)
{
    struct finder *finder = context;
    const tb_context *tb = finder->context;
    size_t index = layer_of(tb->book, layer);
    if (tb->runs_host_code && !(index < tb->book->n_layers && tb->book->is_private[index]))
        return refuse(
            finder,
            "%s holds code for the CPU but others can write it or its folder; chmod go-w both, and own them",
            book_path(layer));
    if (!is_ours(finder, descriptor)) return false;
    if (entry->evidence == EVIDENCE_MEASURED && !entry->verified)
        return refuse(finder, "kernel %s was measured but not verified", descriptor->template_name);
    const struct stored_kernel *stored = context_find_kernel(tb, index, &entry->kernel);
    if (stored && stored->broken) return refuse(finder, "%s", stored->broken);
    if ((finder->flags & TB_PLAN_DETERMINISTIC) && !descriptor->deterministic)
        return refuse(finder, "kernel %s is not deterministic", descriptor->template_name);
    const char *clause = NULL;
    if (!kernel_covers(descriptor, finder->problem, &tb->info->facts, &clause))
        return refuse(finder, "kernel %s wants %s", descriptor->template_name,
                      clause ? clause : "another problem");
    return true;
}

/* A kernel that asks for less alignment than the problem promises serves it too. What was tuned is one
 * alignment for all operands, or the problem's own where that is less, down to that of the elements: so the
 * promise is cut at 7, 6, ... 0. */
struct heads {
    size_t n;
    const char *list[HEADS_MAX];
    char text[HEADS_MAX][256];
};

static void heads_add(struct heads *heads, const struct problem *problem)
{
    struct text head = {0};
    problem->op->key_head(problem, &head);
    if (!head.failed && head.size < sizeof heads->text[0] && heads->n < HEADS_MAX) {
        memcpy(heads->text[heads->n], text_string(&head), head.size + 1);
        heads->list[heads->n] = heads->text[heads->n];
        heads->n++;
    }
    text_free(&head);
}

static int64_t element_alignment(const struct problem *problem, enum gemm_field type)
{
    return __builtin_ctz(dtype_bytes((enum dtype)problem->value[type]));
}

static void heads_fill(struct heads *heads, const struct problem *problem)
{
    static const enum gemm_field types[] = {GEMM_A_TYPE, GEMM_B_TYPE, GEMM_D_TYPE, GEMM_D_TYPE};
    struct problem looser = *problem;
    heads_add(heads, problem);
    for (int64_t limit = ALIGN_MAX - 1; limit >= 0; limit--) {
        bool changed = false;
        for (int i = 0; i < 4; i++) {
            int64_t *align = &looser.value[GEMM_ALIGN_A + i], least = element_alignment(problem, types[i]);
            if (*align <= limit || *align <= least) continue;
            *align = limit > least ? limit : least;
            changed = true;
        }
        if (changed) heads_add(heads, &looser);
    }
}

struct question {
    struct key_parts parts;
    const char *size_names[KEY_SIZES_MAX];
    struct heads heads;
    struct lookup_request request;
};

static enum status question_fill(struct question *question, struct finder *finder)
{
    const struct device_info *info = finder->context->info;
    TRY(problem_key_parts(finder->problem, info->class_text, &question->parts));
    for (uint32_t i = 0; i < question->parts.n_sizes; i++) question->size_names[i] = question->parts.names[i];
    question->heads.n = 1;
    question->heads.list[0] = question->parts.head;
    question->request = (struct lookup_request){
        .heads = question->heads.list,
        .n_heads = 1,
        .device_class = info->class_text,
        .target = info->device_class.target,
        .n_sizes = question->parts.n_sizes,
        .size_names = question->size_names,
        .sizes = question->parts.sizes,
        .worst = MATCH_EXACT,
        .is_valid = is_usable,
        .context = finder,
    };
    return STATUS_OK;
}

static void question_widen(struct question *question, const struct finder *finder)
{
    question->heads.n = 0;
    heads_fill(&question->heads, finder->problem);
    question->request.n_heads = question->heads.n;
    question->request.worst = MATCH_DEFAULT;
}

static void answer_clear(struct lookup_answer *answer)
{
    answer->descriptor_bytes = (struct value){0};
    answer->match = MATCH_NONE;
    answer->reason[0] = '\0';
}

enum status find_kernel(struct finder *finder, struct lookup_answer *answer)
{
    struct question question;
    const tb_book *book = finder->context->book;
    answer_clear(answer);
    TRY(question_fill(&question, finder));
    /* An exact answer comes first whatever else there is: the other heads cost nothing where there is one. */
    enum status status = lookup(book->layers, book->n_layers, &question.request, answer);
    if (status != STATUS_NOT_FOUND || (finder->flags & TB_PLAN_EXACT_ONLY)) return status;
    question_widen(&question, finder);
    answer_clear(answer);
    return lookup(book->layers, book->n_layers, &question.request, answer);
}

enum status find_all(struct finder *finder, struct lookup_answer *answers, size_t capacity, size_t *n)
{
    struct question question;
    const tb_book *book = finder->context->book;
    TRY(question_fill(&question, finder));
    question_widen(&question, finder);
    *n = lookup_all(book->layers, book->n_layers, &question.request, answers, capacity);
    return STATUS_OK;
}
