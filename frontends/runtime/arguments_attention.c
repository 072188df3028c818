/* The arguments of one attention call against what its plan promised: sizes, pointers, strides, scalars. */
#include <stdint.h>
#include "frontends/runtime/attention_views.h"

enum { ADDRESS_BITS = 62 };

/* ---- sizes ---- */

/* Sizes that a plan fixes: 0 is the plan's. */
static enum status check_fixed(const struct problem *planned, const tb_attention_args *given)
{
    const struct {
        const char *name;
        int64_t given;
        enum attention_field field;
    } sizes[] = {
        {"q_heads", given->q_heads, ATTENTION_Q_HEADS}, {"kv_heads", given->kv_heads, ATTENTION_KV_HEADS},
        {"head_size", given->head_size, ATTENTION_D},   {"value_size", given->value_size, ATTENTION_DV},
        {"page", given->page, ATTENTION_PAGE},          {"window", given->window, ATTENTION_WINDOW}};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        int64_t plans = planned->value[sizes[i].field];
        if (sizes[i].given && sizes[i].given != plans)
            return status_fail(STATUS_NOT_COVERED,
                               "attention: %s=%lld, but the plan is for %s=%lld; plan that problem",
                               sizes[i].name, (long long)sizes[i].given, sizes[i].name, (long long)plans);
    }
    return STATUS_OK;
}

static enum status take_sizes(const struct problem *planned, const tb_attention_args *given,
                              struct problem *problem)
{
    const struct {
        const char *name;
        int64_t given, least;
        enum attention_field field;
    } sizes[] = {{"batch", given->batch, 1, ATTENTION_BATCH},
                 {"q_len", given->q_len, 1, ATTENTION_Q_LEN},
                 {"kv_len", given->kv_len, 1, ATTENTION_KV_LEN},
                 {"q_tokens", given->q_tokens, 0, ATTENTION_FIELDS},
                 {"kv_tokens", given->kv_tokens, 0, ATTENTION_FIELDS},
                 {"n_pages", given->n_pages, 0, ATTENTION_FIELDS}};
    *problem = *planned;
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        if (sizes[i].given < sizes[i].least || sizes[i].given > INT32_MAX)
            return status_fail(STATUS_USAGE, "attention: %s=%lld is out of range; it lies in %lld..%d",
                               sizes[i].name, (long long)sizes[i].given, (long long)sizes[i].least,
                               INT32_MAX);
        if (sizes[i].field != ATTENTION_FIELDS) problem->value[sizes[i].field] = sizes[i].given;
    }
    TRY(check_fixed(planned, given));
    return problem_check(problem);
}

/* ---- pointers ---- */

enum need { NEVER, MAY, MUST };

struct pointer {
    const char *name;
    const void *given;
    enum need need;
    unsigned multiple;
    const char *why; /* what of the problem it goes with */
};

static enum status check_pointer(const struct pointer *pointer)
{
    if (!pointer->given && pointer->need == MUST)
        return status_fail(STATUS_USAGE, "attention: %s is NULL, but the problem has %s", pointer->name,
                           pointer->why);
    if (pointer->given && pointer->need == NEVER)
        return status_fail(STATUS_USAGE, "attention: %s is given, but the problem has no %s", pointer->name,
                           pointer->why);
    if ((uintptr_t)pointer->given & (pointer->multiple - 1))
        return status_fail(STATUS_NOT_COVERED, "attention: %s=%p is no multiple of %u bytes", pointer->name,
                           pointer->given, pointer->multiple);
    return STATUS_OK;
}

static enum need must_if(bool condition)
{
    return condition ? MUST : NEVER;
}

static enum status check_pointers(const struct problem *problem, const tb_attention_args *given)
{
    const int64_t *value = problem->value;
    bool varlen = value[ATTENTION_VARLEN], paged = value[ATTENTION_PAGE] > 0;
    bool narrow = attention_is_narrow((enum dtype)value[ATTENTION_KV_TYPE]);
    const struct pointer pointers[] = {
        {"q", given->q, MUST, 16, "queries"},
        {"k", given->k, MUST, 16, "keys"},
        {"v", given->v, MUST, 16, "values"},
        {"o", given->o, MUST, 16, "an output"},
        {"lse", given->lse, must_if(value[ATTENTION_LSE]), 4, "lse"},
        {"q_offsets", given->q_offsets, must_if(varlen), 4, "varlen"},
        {"kv_offsets", given->kv_offsets, must_if(varlen && !paged), 4, "varlen without pages"},
        {"kv_lengths", given->kv_lengths, !varlen ? MAY : must_if(paged), 4, "varlen with pages"},
        {"block_table", given->block_table, must_if(paged), 4, "pages"},
        {"sinks", given->sinks, must_if(value[ATTENTION_SINKS]), 4, "sinks"},
        {"k_scale", given->k_scale, narrow ? MAY : NEVER, 4, "8-bit keys and values"},
        {"v_scale", given->v_scale, narrow ? MAY : NEVER, 4, "8-bit keys and values"},
    };
    for (size_t i = 0; i < sizeof pointers / sizeof pointers[0]; i++) TRY(check_pointer(&pointers[i]));
    return STATUS_OK;
}

/* ---- strides ---- */

static const char *const stride_names[VIEW_DIMENSIONS] = {"head", "token", "batch"};

/* Strides of 0 become the tight ones: a step over all that the smaller dimensions reach. */
static void make_tight(const struct attention_view *view)
{
    int64_t reach = view->width;
    for (int i = 0; i < VIEW_DIMENSIONS; i++) {
        int64_t all;
        if (*view->stride[i] == 0) *view->stride[i] = reach;
        if (!__builtin_mul_overflow(*view->stride[i], view->most[i], &all) && all > reach) reach = all;
    }
}

static enum status check_stride(const struct attention_view *view, int i)
{
    int64_t stride = *view->stride[i], bytes;
    if (stride < view->width || __builtin_mul_overflow(stride, (int64_t)view->element_bytes, &bytes))
        return status_fail(
            STATUS_USAGE, "attention: %s_stride_%s=%lld is out of range; %s has %lld elements a head",
            view->name, stride_names[i], (long long)stride, view->name, (long long)view->width);
    if (bytes % view->multiple)
        return status_fail(STATUS_NOT_COVERED,
                           "attention: %s_stride_%s=%lld elements is no multiple of %u bytes", view->name,
                           stride_names[i], (long long)stride, view->multiple);
    return STATUS_OK;
}

/* The last byte must have an offset below 2^62. */
static enum status check_reach(const struct attention_view *view)
{
    int64_t reach = view->width, step;
    for (int i = 0; i < VIEW_DIMENSIONS; i++)
        if (__builtin_mul_overflow(view->most[i] - 1, *view->stride[i], &step) ||
            __builtin_add_overflow(reach, step, &reach))
            reach = INT64_MAX;
    if (__builtin_mul_overflow(reach, (int64_t)view->element_bytes, &reach) || reach >> ADDRESS_BITS)
        return status_fail(STATUS_USAGE, "attention: %s reaches beyond 2^%d bytes", view->name, ADDRESS_BITS);
    return STATUS_OK;
}

/* No two elements of an output lie in one place: from the smallest stride on, each steps over all before. */
static enum status check_distinct(const struct attention_view *view)
{
    int order[VIEW_DIMENSIONS] = {0, 1, 2};
    for (int i = 1; i < VIEW_DIMENSIONS; i++)
        for (int j = i; j > 0 && *view->stride[order[j]] < *view->stride[order[j - 1]]; j--) {
            int other = order[j];
            order[j] = order[j - 1];
            order[j - 1] = other;
        }
    int64_t reach = view->width;
    for (int i = 0; i < VIEW_DIMENSIONS; i++) {
        int at = order[i];
        if (view->sure[at] == 1) continue;
        if (*view->stride[at] < reach)
            return status_fail(STATUS_USAGE,
                               "attention: %s_stride_%s=%lld lets elements of %s share memory; the smaller "
                               "strides reach over %lld elements",
                               view->name, stride_names[at], *view->stride[at], view->name, (long long)reach);
        reach += (view->sure[at] - 1) * *view->stride[at];
    }
    return STATUS_OK;
}

static enum status check_views(const tb_attention_args *given, const struct problem *problem,
                               struct attention_args *args)
{
    struct attention_view views[VIEWS];
    unsigned n = attention_views(given, problem, args, views);
    for (unsigned v = 0; v < n; v++) {
        const struct attention_view *view = &views[v];
        make_tight(view);
        for (int i = 0; i < VIEW_DIMENSIONS; i++) /* a single one has no stride */
            if (view->most[i] > 1) TRY(check_stride(view, i));
        TRY(check_reach(view));
        if (view->output) TRY(check_distinct(view));
    }
    return STATUS_OK;
}

/* ---- the rest ---- */

static enum status check_table(const struct problem *problem, struct attention_args *args)
{
    int64_t page = problem->value[ATTENTION_PAGE];
    if (page) {
        int64_t least = (problem->value[ATTENTION_KV_LEN] + page - 1) / page;
        if (args->table_stride == 0) args->table_stride = least;
        if (args->table_stride < least || args->table_stride > INT32_MAX)
            return status_fail(STATUS_USAGE,
                               "attention: table_stride=%lld is out of range; kv_len=%lld needs %lld pages",
                               args->table_stride, args->kv_len, (long long)least);
    }
    if (args->scale_stride_head < 0 || args->scale_stride_batch < 0)
        return status_fail(STATUS_USAGE, "attention: scale_stride_%s=%lld is negative",
                           args->scale_stride_head < 0 ? "head" : "batch",
                           args->scale_stride_head < 0 ? args->scale_stride_head : args->scale_stride_batch);
    int64_t heads, items;
    if (__builtin_mul_overflow(args->kv_heads - 1, args->scale_stride_head, &heads) ||
        __builtin_mul_overflow(args->batch - 1, args->scale_stride_batch, &items) ||
        __builtin_add_overflow(heads, items, &items) || items >> 60)
        return status_fail(STATUS_USAGE,
                           "attention: scale_stride_head=%lld, scale_stride_batch=%lld: the scales "
                           "reach beyond 2^62 bytes",
                           args->scale_stride_head, args->scale_stride_batch);
    return STATUS_OK;
}

static enum status take_scalars(const struct problem *problem, const tb_attention_args *given,
                                struct attention_args *args)
{
    bool capped = problem->value[ATTENTION_SOFTCAP];
    float scale = given->scale, cap = given->softcap;
    if (__builtin_isnan(scale) || __builtin_isinf(scale))
        return status_fail(STATUS_USAGE, "attention: scale is no finite number");
    if (!capped && !(cap == 0))
        return status_fail(STATUS_USAGE, "attention: softcap is given, but the problem has none");
    if (capped && (!(cap > 0) || __builtin_isinf(cap)))
        return status_fail(STATUS_USAGE, "attention: the problem has softcap, which must be above 0");
    args->scale = scale != 0 ? scale : (float)(1 / __builtin_sqrt((double)problem->value[ATTENTION_D]));
    args->softcap = cap;
    return STATUS_OK;
}

static struct attention_args convert(const tb_attention_args *in, const struct problem *problem,
                                     void *workspace)
{
    const int64_t *value = problem->value;
#define STRIDES(letter)                                                                                   \
    .letter##_stride_token = in->letter##_stride_token, .letter##_stride_head = in->letter##_stride_head, \
    .letter##_stride_batch = in->letter##_stride_batch
    return (struct attention_args){
        .q = in->q,
        .k = in->k,
        .v = in->v,
        .o = in->o,
        .lse = in->lse,
        .q_offsets = in->q_offsets,
        .kv_offsets = in->kv_offsets,
        .kv_lengths = in->kv_lengths,
        .block_table = in->block_table,
        .sinks = in->sinks,
        .k_scale = in->k_scale,
        .v_scale = in->v_scale,
        .workspace = workspace,
        .batch = value[ATTENTION_BATCH],
        .q_heads = value[ATTENTION_Q_HEADS],
        .kv_heads = value[ATTENTION_KV_HEADS],
        .q_len = value[ATTENTION_Q_LEN],
        .kv_len = value[ATTENTION_KV_LEN],
        .page = value[ATTENTION_PAGE],
        .window = value[ATTENTION_WINDOW],
        STRIDES(q),
        STRIDES(k),
        STRIDES(v),
        STRIDES(o),
        STRIDES(lse),
        .table_stride = in->table_stride,
        .scale_stride_head = in->scale_stride_head,
        .scale_stride_batch = in->scale_stride_batch,
    };
#undef STRIDES
}

enum status arguments_attention(const struct problem *planned, const tb_attention_args *given,
                                void *workspace, struct attention_args *args, struct problem *problem)
{
    if (given->flags & ~(unsigned)TB_ATTENTION_CHECK_TABLES)
        return status_fail(STATUS_USAGE, "attention: unknown flags %#x", given->flags);
    TRY(take_sizes(planned, given, problem));
    TRY(check_pointers(problem, given));
    *args = convert(given, problem, workspace);
    TRY(check_views(given, problem, args));
    TRY(check_table(problem, args));
    return take_scalars(problem, given, args);
}
