/* What an attention call writes, against all else that it touches. */
#include "frontends/runtime/attention_views.h"

enum { RANGES_MAX = VIEWS + 8 };

/* Memory of the call: from `begin` to `end`, without holes or (views of a larger buffer) with some, where
 * other things may lie. */
struct range {
    const char *name;
    uintptr_t begin, end;
    bool output, dense;
};

static struct range range_of_view(const struct attention_view *view)
{
    int64_t last = view->width, count = view->width;
    for (int i = 0; i < VIEW_DIMENSIONS; i++) {
        last += (view->sure[i] - 1) * *view->stride[i];
        count *= view->sure[i];
    }
    uintptr_t begin = (uintptr_t)view->base;
    return (struct range){view->name, begin, begin + (uintptr_t)last * view->element_bytes, view->output,
                          last == count};
}

static void add_table(struct range *ranges, unsigned *n, const char *name, const void *base, int64_t count)
{
    uintptr_t begin = (uintptr_t)base;
    if (base) ranges[(*n)++] = (struct range){name, begin, begin + (uintptr_t)count * 4, false, true};
}

static bool holds(const struct range *range, uintptr_t address)
{
    return address >= range->begin && address < range->end;
}

/* For certain: views that interleave are legal and cannot be told from an overlap by their ends. */
static bool overlap(const struct range *a, const struct range *b)
{
    if (a->begin == b->begin) return true;
    if (a->dense && (holds(a, b->begin) || holds(a, b->end - 1))) return true;
    return b->dense && (holds(b, a->begin) || holds(b, a->end - 1));
}

static unsigned find_ranges(const tb_attention_args *given, const struct attention_args *args,
                            const struct problem *problem, struct range ranges[RANGES_MAX])
{
    struct attention_args copy = *args;
    struct attention_view views[VIEWS];
    unsigned n = attention_views(given, problem, &copy, views);
    for (unsigned i = 0; i < n; i++) ranges[i] = range_of_view(&views[i]);
    int64_t batch = args->batch, last_scale = (batch - 1) * args->scale_stride_batch +
                                              (args->kv_heads - 1) * args->scale_stride_head;
    int64_t pages = args->page ? (args->kv_len + args->page - 1) / args->page : 0;
    add_table(ranges, &n, "q_offsets", args->q_offsets, batch + 1);
    add_table(ranges, &n, "kv_offsets", args->kv_offsets, batch + 1);
    add_table(ranges, &n, "kv_lengths", args->kv_lengths, batch);
    add_table(ranges, &n, "block_table", args->block_table, (batch - 1) * args->table_stride + pages);
    add_table(ranges, &n, "sinks", args->sinks, args->q_heads);
    add_table(ranges, &n, "k_scale", args->k_scale, last_scale + 1);
    add_table(ranges, &n, "v_scale", args->v_scale, last_scale + 1);
    return n;
}

enum status arguments_attention_overlaps(const tb_attention_args *given, const struct attention_args *args,
                                         const struct problem *problem, uint64_t workspace_bytes)
{
    struct range ranges[RANGES_MAX];
    unsigned n = find_ranges(given, args, problem, ranges);
    if (workspace_bytes) {
        uintptr_t begin = (uintptr_t)args->workspace;
        ranges[n++] = (struct range){"workspace", begin, begin + workspace_bytes, true, true};
    }
    for (unsigned i = 0; i < n; i++) {
        if (!ranges[i].output) continue;
        for (unsigned j = 0; j < n; j++)
            if (j != i && overlap(&ranges[i], &ranges[j]))
                return status_fail(STATUS_USAGE,
                                   "attention: %s and %s overlap; what is written shares memory with nothing",
                                   ranges[i].name, ranges[j].name);
    }
    return STATUS_OK;
}
