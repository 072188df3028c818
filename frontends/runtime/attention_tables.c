/* The debugging aid of tb_attention_prepare: what stands in offsets, lengths and block table. */
#include "frontends/runtime/arguments.h"
#include "templates/attention/attention.h"

enum { CHUNK = 256 };

/* A table on the device, read a piece at a time: no allocation. */
struct reader {
    const tb_context *context;
    const int *table;
    int64_t first, n; /* what `items` holds */
    int items[CHUNK];
};

static enum status read_item(struct reader *reader, int64_t i, int64_t count, int *out)
{
    if (i < reader->first || i >= reader->first + reader->n) {
        reader->n = 0;
        int64_t n = count - i < CHUNK ? count - i : CHUNK;
        TRY(reader->context->api->download(reader->context->device, reader->items, reader->table + i,
                                           (size_t)n * sizeof reader->items[0]));
        reader->first = i;
        reader->n = n;
    }
    *out = reader->items[i - reader->first];
    return STATUS_OK;
}

/* Ascending, no step above `most`, none above `total` where that is said. */
static enum status check_offsets(const tb_context *context, const char *name, const int *offsets,
                                 int64_t batch, const char *bound, int64_t most, int64_t total)
{
    struct reader reader = {.context = context, .table = offsets};
    int before = 0, offset;
    for (int64_t b = 0; b <= batch; b++) {
        TRY(read_item(&reader, b, batch + 1, &offset));
        if (offset < before)
            return status_fail(STATUS_USAGE, "attention: %s[%lld]=%d is below %d; offsets ascend from 0",
                               name, (long long)b, offset, before);
        if (b > 0 && offset - before > most)
            return status_fail(STATUS_USAGE, "attention: %s[%lld]=%d is %d behind the one before; %s=%lld",
                               name, (long long)b, offset, offset - before, bound, (long long)most);
        if (total && offset > total)
            return status_fail(STATUS_USAGE, "attention: %s[%lld]=%d lies behind all %lld tokens", name,
                               (long long)b, offset, (long long)total);
        before = offset;
    }
    return STATUS_OK;
}

static enum status check_row(struct reader *reader, int64_t b, int64_t keys,
                             const struct attention_args *args, int64_t n_pages)
{
    int64_t pages = (keys + args->page - 1) / args->page, row = b * args->table_stride;
    for (int64_t i = 0; i < pages; i++) {
        int page;
        TRY(read_item(reader, row + i, row + pages, &page));
        if (page < 0 || page >= n_pages)
            return status_fail(STATUS_USAGE, "attention: block_table[%lld][%lld]=%d is no page; n_pages=%lld",
                               (long long)b, (long long)i, page, (long long)n_pages);
    }
    return STATUS_OK;
}

/* Lengths, and with pages the table's entries that they reach. */
static enum status check_lengths(const tb_context *context, const struct attention_args *args,
                                 int64_t n_pages)
{
    struct reader lengths = {.context = context, .table = args->kv_lengths};
    struct reader table = {.context = context, .table = args->block_table};
    for (int64_t b = 0; b < args->batch; b++) {
        int keys = (int)args->kv_len;
        if (args->kv_lengths) TRY(read_item(&lengths, b, args->batch, &keys));
        if (keys < 0 || keys > args->kv_len)
            return status_fail(STATUS_USAGE,
                               "attention: kv_lengths[%lld]=%d is out of range; it lies in 0..kv_len=%lld",
                               (long long)b, keys, args->kv_len);
        if (args->page) TRY(check_row(&table, b, keys, args, n_pages));
    }
    return STATUS_OK;
}

enum status arguments_attention_tables(const tb_context *context, const tb_attention_args *given,
                                       const struct attention_args *args, const struct problem *problem)
{
    if (args->page && !given->n_pages)
        return status_fail(STATUS_USAGE,
                           "attention: TB_ATTENTION_CHECK_TABLES with pages wants args.n_pages");
    if (problem->value[ATTENTION_VARLEN])
        TRY(check_offsets(context, "q_offsets", args->q_offsets, args->batch, "q_len", args->q_len,
                          given->q_tokens));
    if (args->kv_offsets)
        return check_offsets(context, "kv_offsets", args->kv_offsets, args->batch, "kv_len", args->kv_len,
                             given->kv_tokens);
    return check_lengths(context, args, given->n_pages);
}
