/* Which kernel answers a problem: the question to db/lookup, and what this library demands of an entry before
 * it may answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "frontends/runtime/runtime.h"
#include "tuner/launch/problem_key.h"

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
    bool covers = stored && stored->kernel
                      ? kernel_accepts(stored->kernel, finder->problem, &clause)
                      : kernel_covers(descriptor, finder->problem, &tb->info->facts, &clause);
    if (!covers)
        return refuse(finder, "kernel %s wants %s", descriptor->template_name,
                      clause ? clause : "another problem");
    return true;
}

static const struct descriptor *known_descriptor(void *context, struct book *layer, const struct hash *kernel)
{
    const tb_context *tb = ((struct finder *)context)->context;
    const struct stored_kernel *stored = context_find_kernel(tb, layer_of(tb->book, layer), kernel);
    return stored ? &stored->descriptor : NULL;
}

/* A kernel that asks for less alignment than the problem promises serves it too: the promise is cut at 7, 6,
 * ... 0. */
enum { ALIGN_MAX = 8, HEADS_MAX = ALIGN_MAX + 2 };

/* The request of a problem. A model asks for many sizes of few kinds, so the last kind's text is kept. */
struct question {
    struct problem kind; /* sizes as they were; what `parts` and `heads` were made for */
    struct key_parts parts;
    const char *size_names[KEY_SIZES_MAX];
    int size_fields[KEY_SIZES_MAX];
    bool widened;
    size_t n_heads;
    const char *heads[HEADS_MAX];
    char head_text[HEADS_MAX][256]; /* [0] stands in parts */
    struct lookup_request request;
};

static enum status add_head(struct question *question, const struct problem *problem)
{
    struct text head = {0};
    problem->op->key_head(problem, &head);
    enum status status = text_status(&head);
    if (status == STATUS_OK && head.size < sizeof question->head_text[0]) {
        char *to = question->head_text[question->n_heads];
        memcpy(to, text_string(&head), head.size + 1);
        question->heads[question->n_heads++] = to;
    }
    text_free(&head);
    return status;
}

static enum status question_widen(struct question *question, const struct finder *finder)
{
    struct problem looser = *finder->problem;
    for (int64_t limit = ALIGN_MAX - 1; limit >= 0 && !question->widened; limit--)
        if (finder->api->loosen && finder->api->loosen(&looser, limit)) TRY(add_head(question, &looser));
    question->widened = true;
    question->request.n_heads = question->n_heads;
    question->request.worst = MATCH_DEFAULT;
    return STATUS_OK;
}

/* Only sizes that stand behind the head may differ: an op may have others in it. */
static bool same_kind(const struct question *question, const struct problem *problem)
{
    const struct problem *kind = &question->kind;
    if (kind->op != problem->op) return false;
    uint32_t different = 0;
    for (unsigned i = 0; i < kind->op->n_fields; i++)
        different |= (uint32_t)(kind->value[i] != problem->value[i]) << i;
    for (uint32_t i = 0; i < question->parts.n_sizes; i++)
        different &= ~(UINT32_C(1) << question->size_fields[i]);
    return different == 0;
}

static enum status question_begin(struct question *question, const struct problem *problem,
                                  const char *class_text)
{
    question->kind.op = NULL; /* until it is whole */
    TRY(problem_key_parts(problem, class_text, &question->parts));
    for (uint32_t i = 0; i < question->parts.n_sizes; i++) {
        question->size_names[i] = question->parts.names[i];
        question->size_fields[i] = op_field_index(problem->op, problem->op->key_sizes[i]);
    }
    question->heads[0] = question->parts.head;
    question->n_heads = 1;
    question->widened = false;
    question->kind = *problem;
    return STATUS_OK;
}

/* Asks for an exact answer; question_widen asks for any. */
static enum status question_get(struct finder *finder, struct question **out)
{
    tb_context *context = finder->context;
    const struct problem *problem = finder->problem;
    if (!context->question) context->question = calloc(1, sizeof *context->question);
    struct question *question = context->question;
    if (!question) return status_fail(STATUS_NO_MEMORY, "tunebook: no memory for a lookup");
    if (!same_kind(question, problem)) TRY(question_begin(question, problem, context->info->class_text));
    for (uint32_t i = 0; i < question->parts.n_sizes; i++)
        question->parts.sizes[i] = problem->value[question->size_fields[i]];
    question->request = (struct lookup_request){
        .heads = question->heads,
        .n_heads = 1,
        .device_class = context->info->class_text,
        .target = context->info->device_class.target,
        .n_sizes = question->parts.n_sizes,
        .size_names = question->size_names,
        .sizes = question->parts.sizes,
        .worst = MATCH_EXACT,
        .is_valid = is_usable,
        .known = known_descriptor,
        .context = finder,
    };
    *out = question;
    return STATUS_OK;
}

static void answer_clear(struct lookup_answer *answer)
{
    answer->descriptor_bytes = (struct value){0};
    answer->match = MATCH_NONE;
    answer->reason[0] = '\0';
}

enum status find_kernel(struct finder *finder, struct lookup_answer *answer)
{
    struct question *question;
    const tb_book *book = finder->context->book;
    answer_clear(answer);
    TRY(question_get(finder, &question));
    if (!(finder->flags & TB_PLAN_EXACT_ONLY)) TRY(question_widen(question, finder));
    return lookup(book->layers, book->n_layers, &question->request, answer);
}

enum status find_all(struct finder *finder, struct lookup_answer *answers, size_t capacity, size_t *n)
{
    struct question *question;
    const tb_book *book = finder->context->book;
    TRY(question_get(finder, &question));
    TRY(question_widen(question, finder));
    *n = lookup_all(book->layers, book->n_layers, &question->request, answers, capacity);
    return STATUS_OK;
}
