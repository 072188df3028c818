#include "frontends/runtime/attention_views.h"

/* What the rows of a view are. */
struct rows {
    int64_t most, sure, items_most, items_sure;
};

/* With offsets all sequences are one item, and their tokens' number is on the device. */
static struct rows one_item(int64_t said, int64_t batch, int64_t bound)
{
    return (struct rows){said ? said : batch * bound, said ? said : 1, 1, 1};
}

static struct rows sequences(int64_t batch, int64_t length)
{
    return (struct rows){length, length, batch, batch};
}

static struct rows rows_of(const tb_attention_args *given, const struct problem *problem, bool keys)
{
    const int64_t *value = problem->value;
    int64_t batch = value[ATTENTION_BATCH];
    int64_t length = value[keys ? ATTENTION_KV_LEN : ATTENTION_Q_LEN], page = value[ATTENTION_PAGE];
    if (keys && page) {
        int64_t pages = given->n_pages;
        return (struct rows){page, page, pages ? pages : INT32_MAX, pages ? pages : 1};
    }
    if (value[ATTENTION_VARLEN]) return one_item(keys ? given->kv_tokens : given->q_tokens, batch, length);
    return sequences(batch, length);
}

unsigned attention_views(const tb_attention_args *given, const struct problem *problem,
                         struct attention_args *args, struct attention_view out[VIEWS])
{
    const int64_t *value = problem->value;
    int64_t d = value[ATTENTION_D], dv = value[ATTENTION_DV];
    int64_t heads = value[ATTENTION_Q_HEADS], kv_heads = value[ATTENTION_KV_HEADS];
    unsigned q_bytes = dtype_bytes((enum dtype)value[ATTENTION_Q_TYPE]);
    unsigned kv_bytes = dtype_bytes((enum dtype)value[ATTENTION_KV_TYPE]);
    unsigned o_bytes = dtype_bytes((enum dtype)value[ATTENTION_O_TYPE]);
    struct rows q = rows_of(given, problem, false), k = rows_of(given, problem, true);
#define VIEW(letter, place, is_output, bytes, align, elements, n_heads, rows)                         \
    (struct attention_view)                                                                           \
    {                                                                                                 \
        .name = #letter, .operand = place, .base = args->letter, .output = is_output,                 \
        .element_bytes = bytes, .multiple = align, .width = elements,                                 \
        .most = {n_heads, rows.most, rows.items_most}, .sure = {n_heads, rows.sure, rows.items_sure}, \
        .stride = {                                                                                   \
            &args->letter##_stride_head,                                                              \
            &args->letter##_stride_token,                                                             \
            &args->letter##_stride_batch                                                              \
        }                                                                                             \
    }
    out[0] = VIEW(q, ATTENTION_OPERAND_Q, false, q_bytes, 16, d, heads, q);
    out[1] = VIEW(k, ATTENTION_OPERAND_K, false, kv_bytes, 16, d, kv_heads, k);
    out[2] = VIEW(v, ATTENTION_OPERAND_V, false, kv_bytes, 16, dv, kv_heads, k);
    out[3] = VIEW(o, ATTENTION_OPERAND_O, true, o_bytes, 16, dv, heads, q);
    out[4] = VIEW(lse, ATTENTION_OPERAND_LSE, true, 4, 4, 1, heads, q);
#undef VIEW
    return value[ATTENTION_LSE] ? VIEWS : VIEWS - 1;
}

enum status arguments_attention_extents(const tb_attention_args *given, const struct attention_args *args,
                                        const struct problem *problem, const struct kernel_launch *launch,
                                        struct operand operands[OP_OPERANDS_MAX])
{
    struct attention_args copy = *args;
    struct attention_view views[VIEWS];
    unsigned n = attention_views(given, problem, &copy, views);
    for (uint32_t m = 0; m < launch->n_maps; m++)
        for (unsigned v = 0; v < n; v++) {
            const struct attention_view *view = &views[v];
            struct operand *operand = &operands[view->operand];
            if (!launch->maps[m].present || launch->maps[m].operand != view->operand) continue;
            if (view->most[2] != view->sure[2])
                return status_fail(STATUS_NOT_COVERED,
                                   "attention: this kernel must know where %s ends; set args.n_pages",
                                   view->name);
            if (*view->stride[0] != view->width && view->most[0] > 1)
                return status_fail(STATUS_NOT_COVERED,
                                   "attention: %s_stride_head=%lld, but this kernel wants a token's heads "
                                   "together, %lld elements each",
                                   view->name, *view->stride[0], (long long)view->width);
            /* With varlen rows are unknown to the op, and maps reach as far as they can: a launch outlives
             * the lengths that it was prepared with. */
            if (!operand->rows_unknown) operand->rows = view->sure[1];
            operand->batch = view->sure[2];
        }
    return STATUS_OK;
}
